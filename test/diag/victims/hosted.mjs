// SPDX-License-Identifier: MIT
/**
 * As hosted.ts, without a compiler in the process: what that reserves for its WebAssembly would be in a core of it.
 * RING3_ADDON names the addon, beside which the module lies. A second argument `watch` makes watchdogs impatient.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import koffi from 'koffi';
import { hungIo } from './hung.mjs';

createRequire(import.meta.url)(process.env.RING3_ADDON);
const folder = dirname(process.env.RING3_ADDON);
const library = koffi.load(join(folder, 'libring3.so'));
const start = library.func('int ring3_kernel_start(const unsigned int *options)');
const insmod = library.func('int ring3_insmod(const char *path, const char *params)');
const options = new Uint32Array(64);
options[0] = 1; // event CPUs
options[1] = 4; // others
const [what = '', watch] = process.argv.slice(2);

if (watch)
  library.func('void diag_budgets_set(const uint64_t *budgets)')(new BigUint64Array(6).fill(300_000_000n));
if (what === 'no-memory') library.func('size_t mem_limit_set(size_t bytes)')(64 << 20);
let params = `what=${what}`;
if (what === 'hung-io') {
  const { file, buf } = hungIo(folder);
  params += ` file=${file} buf=${buf}`;
}
if (start(options) || insmod(join(folder, 'diag_victim.ko.so'), params)) process.exit(1);
process.stdout.write('ready\n');
setInterval(() => {}, 1000);
