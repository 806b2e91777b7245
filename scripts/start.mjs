// SPDX-License-Identifier: MIT
/** `npm start [-- DISK... options]`: sets up, builds what is older than its sources, and serves. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from './build.mjs';
import { progress } from './progress.mjs';
import { setup } from './setup.mjs';

setup(['build']);
const native = ['ring3_node', 'scst.ko', 'scst_vdisk.ko', 'iscsi_scst.ko'];
await progress(
  'build: native parts',
  process.execPath,
  [join(root, 'scripts/build.mjs'), '--quiet', ...native],
  { cwd: root, next: 'npm run build shows all of it; node scripts/setup.mjs build installs what it needs' },
);
const tsc = join(root, 'node_modules/typescript/bin/tsc');
await progress(
  'build: TypeScript',
  process.execPath,
  [tsc, '-p', 'tsconfig.build.json', '--incremental', '--tsBuildInfoFile', 'dist/.tsbuildinfo'],
  { cwd: root, next: 'npm run types shows all of it; node_modules may be incomplete: npm ci' },
);

const args = [join(root, 'dist/scripts/ring3.js'), 'target', ...process.argv.slice(2)];
const child = spawn(process.execPath, args, { stdio: 'inherit' });
// The terminal's Ctrl-C reaches the child by itself; a signal sent to us alone is passed on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => (signal === 'SIGINT' && process.stdin.isTTY) || child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
