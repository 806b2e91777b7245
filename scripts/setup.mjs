// SPDX-License-Identifier: MIT
/**
 * Installs what is missing: `node scripts/setup.mjs [build] [test]`. Plain JavaScript without dependencies, since it
 * runs before there are any. As root it installs Debian packages; otherwise it prints the one command to run.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const NODE_MAJOR = 20;

function fail(seen, mend) {
  console.error(`setup: ${seen}\n  ${mend}`);
  process.exit(1);
}

/** A program that a package is wanted for: where that is there, the package need not be. */
const PROGRAM_OF = new Map([
  ['libiscsi-bin', 'iscsi-ls'],
  ['qemu-utils', 'qemu-img'],
  ['util-linux', 'taskset'],
  ['xz-utils', 'xz'],
]);

const onPath = (program) =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => folder && existsSync(join(folder, program)));

function isInstalled(name) {
  if (onPath(PROGRAM_OF.get(name) ?? name)) return true;
  const query = spawnSync('dpkg-query', ['-W', '-f', '$' + '{Status}', name], { encoding: 'utf8' });
  return query.status === 0 && query.stdout.includes('install ok installed');
}

/** Installs what is missing of @kind, as root; else says how. Without test packages, tests are skipped. */
function installPackages(kind) {
  const lists = JSON.parse(readFileSync(join(root, 'scripts/debian-packages.json'), 'utf8'));
  const missing = lists[kind].filter((name) => !isInstalled(name));
  if (!missing.length) return;
  const names = missing.join(' ');
  const command = `apt-get install -y --no-install-recommends ${names}`;
  const isDebian = onPath('apt-get');
  if (process.getuid() !== 0 || !isDebian) {
    const mend = isDebian
      ? `run: sudo ${command}`
      : `install them, or what this system calls them, with its package manager`;
    if (kind === 'build') fail(`missing: ${names}`, mend);
    console.log(`setup: missing: ${names}; tests that need them are skipped\n  ${mend}`);
    return;
  }
  console.log(`setup: installing ${names}`);
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
  console.log('setup: installing npm packages (npm ci)');
  const args = ['ci', '--ignore-scripts', '--no-fund', '--no-audit', '--loglevel=error'];
  if (spawnSync('npm', args, { cwd: root, stdio: 'inherit' }).status !== 0)
    fail('npm ci failed', 'its own message above says why; it needs the network once');
}

export function setup(kinds = ['build']) {
  if (Number(process.versions.node.split('.')[0]) < NODE_MAJOR)
    fail(`Node is ${process.version}`, `Node ${NODE_MAJOR} or later is needed`);
  for (const kind of kinds) installPackages(kind);
  installModules();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const kinds = process.argv.slice(2);
  setup(kinds.length ? kinds : ['build']);
}
