// SPDX-License-Identifier: MIT
/**
 * Builds the native parts: `node scripts/build.mjs [--debug] [--san=address|thread] [TARGET...]`.
 *
 * A plain build lands in build/Release (or build/Debug). A sanitizer's lands in build-NAME/build/Release: node-gyp
 * knows one output folder only, so that folder is a second root made of links to the sources.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const LINKED = [
  'aio',
  'binding.gyp',
  'kernel-api',
  'node_modules',
  'package.json',
  'scripts',
  'scst-port',
  'shim',
  'test',
];

/** Where node's own headers are installed, when they are: saves node-gyp a download. */
function nodedir() {
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  return existsSync(join(prefix, 'include/node/node_version.h')) ? [`--nodedir=${prefix}`] : [];
}

/** The folder that holds the artefacts of a build. */
export function outputFolder({ san = 'none', debug = false } = {}) {
  const base = san === 'none' ? root : join(root, `build-${san}`);
  return join(base, 'build', debug ? 'Debug' : 'Release');
}

/** Runs a command in the foreground; a failure ends this process with its status. */
export function run(command, args, options = {}) {
  const done = spawnSync(command, args, { stdio: 'inherit', cwd: root, ...options });
  if (done.error) {
    console.error(`${command}: ${done.error.message}; is it installed? node scripts/setup.mjs tells`);
    process.exit(1);
  }
  if (done.status !== 0) process.exit(done.status ?? 1);
}

export function build({ san = 'none', debug = false, targets = [], quiet = false } = {}) {
  const base = san === 'none' ? root : join(root, `build-${san}`);
  if (san !== 'none') {
    mkdirSync(base, { recursive: true });
    for (const name of LINKED) {
      rmSync(join(base, name), { force: true });
      symlinkSync(join(root, name), join(base, name));
    }
  }
  const gyp = join(root, 'node_modules/node-gyp/bin/node-gyp.js');
  const common = [
    ...nodedir(),
    debug ? '--debug' : '--release',
    quiet ? '--loglevel=error' : '--loglevel=warn',
  ];
  run(process.execPath, [gyp, 'configure', ...common, '--', `-Dsan=${san}`], { cwd: base });
  const make = [`BUILDTYPE=${debug ? 'Debug' : 'Release'}`, '-C', 'build', `-j${availableParallelism()}`];
  run('make', [...make, ...(quiet ? ['--quiet'] : []), ...targets], { cwd: base });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const options = { targets: [] };
  for (const arg of process.argv.slice(2)) {
    const san = /^--san=(address|thread)$/.exec(arg);
    if (san) options.san = san[1];
    else if (arg === '--debug') options.debug = true;
    else if (arg === '--quiet') options.quiet = true;
    else if (arg.startsWith('-')) {
      console.error(`build: ${arg}: expected --debug, --quiet, --san=address or --san=thread, then targets`);
      process.exit(64);
    } else options.targets.push(arg);
  }
  build(options);
}
