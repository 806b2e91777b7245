// SPDX-License-Identifier: MIT
/** `npm start [-- DISK... options]`: sets up, builds what is older than its sources, and serves. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { build, root, run } from './build.mjs';
import { setup } from './setup.mjs';

setup(['build']);
build({ quiet: true, targets: ['ring3_node', 'scst.ko', 'scst_vdisk.ko', 'iscsi_scst.ko'] });
run('npx', [
  '--no-install',
  'tsc',
  '-p',
  'tsconfig.build.json',
  '--incremental',
  '--tsBuildInfoFile',
  'dist/.tsbuildinfo',
]);
const args = [join(root, 'dist/scripts/ring3.js'), 'target', ...process.argv.slice(2)];
const child = spawn(process.execPath, args, { stdio: 'inherit' });
// The terminal's Ctrl-C reaches the child by itself; a signal sent to us alone is passed on.
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => process.stdin.isTTY || child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
