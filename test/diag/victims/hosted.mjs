// SPDX-License-Identifier: MIT
/**
 * As hosted.ts, without a compiler in the process: what that reserves for its WebAssembly would be in a core of it.
 * RING3_ADDON names the addon, beside which the module lies.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import koffi from 'koffi';

createRequire(import.meta.url)(process.env.RING3_ADDON);
const folder = dirname(process.env.RING3_ADDON);
const library = koffi.load(join(folder, 'libring3.so'));
const start = library.func('int ring3_kernel_start(const unsigned int *options)');
const insmod = library.func('int ring3_insmod(const char *path, const char *params)');
const options = new Uint32Array(64);
options[0] = 1; // event CPUs
options[1] = 4; // others

if (start(options) || insmod(join(folder, 'diag_victim.ko.so'), `what=${process.argv[2] ?? ''}`))
  process.exit(1);
process.stdout.write('ready\n');
setInterval(() => {}, 1000);
