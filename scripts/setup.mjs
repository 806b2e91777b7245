// SPDX-License-Identifier: MIT
/**
 * Installs what is missing: `node scripts/setup.mjs [build] [test]`. Plain JavaScript without dependencies, since it
 * runs before there are any. As root it installs Debian packages; otherwise it prints the one command to run.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const NODE_MAJOR = 20;

function fail(seen, mend) {
  console.error(`setup: ${seen}\n  ${mend}`);
  process.exit(1);
}

function isInstalled(name) {
  const query = spawnSync('dpkg-query', ['-W', '-f', '$' + '{Status}', name], { encoding: 'utf8' });
  return query.status === 0 && query.stdout.includes('install ok installed');
}

function installPackages(kinds) {
  const lists = JSON.parse(readFileSync(join(root, 'scripts/debian-packages.json'), 'utf8'));
  const missing = kinds.flatMap((kind) => lists[kind]).filter((name) => !isInstalled(name));
  if (!missing.length) return;
  const command = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (process.getuid() !== 0)
    fail(`these packages are missing: ${missing.join(' ')}`, `run: sudo ${command}`);
  console.log(`setup: installing ${missing.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', ['update', '-qq'], { stdio: 'inherit', env });
  if (spawnSync('sh', ['-c', `${command} -qq >/dev/null`], { stdio: 'inherit', env }).status !== 0)
    fail('apt-get failed', `run it by hand: ${command}`);
}

/** node_modules is fresh when npm's own record in it is younger than the lock file. */
function installModules() {
  const record = join(root, 'node_modules/.package-lock.json');
  const lock = join(root, 'package-lock.json');
  if (existsSync(record) && statSync(record).mtimeMs >= statSync(lock).mtimeMs) return;
  console.log('setup: npm ci');
  const args = ['ci', '--ignore-scripts', '--no-fund', '--no-audit', '--loglevel=error'];
  if (spawnSync('npm', args, { cwd: root, stdio: 'inherit' }).status !== 0)
    fail('npm ci failed', 'its own message above says why');
}

export function setup(kinds = ['build']) {
  if (Number(process.versions.node.split('.')[0]) < NODE_MAJOR)
    fail(`Node is ${process.version}`, `Node ${NODE_MAJOR} or later is needed`);
  installPackages(kinds);
  installModules();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const kinds = process.argv.slice(2);
  setup(kinds.length ? kinds : ['build']);
}
