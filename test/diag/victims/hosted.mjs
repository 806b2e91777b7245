// SPDX-License-Identifier: MIT
/**
 * As hosted.ts, without a compiler in the process: what that reserves for its WebAssembly would be in a core of it.
 * RING3_ADDON names the addon, beside which the module lies. A second argument `watch` makes watchdogs impatient.
 */
import { fsyncSync, mkdtempSync, openSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
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
const [what = '', watch] = process.argv.slice(2);

if (watch)
  library.func('void diag_budgets_set(const uint64_t *budgets)')(new BigUint64Array(6).fill(300_000_000n));
if (what === 'no-memory') library.func('size_t mem_limit_set(size_t bytes)')(64 << 20);
let params = `what=${what}`;
if (what === 'hung-io') {
  const { bottomless } = createRequire(import.meta.url)(join(folder, 'diag_victim_node.node'));
  const memory = bottomless(4096);
  if (!memory) process.exit(77); // not permitted
  const file = join(mkdtempSync(join(tmpdir(), 'ring3-hung-')), 'file');
  const fd = openSync(file, 'w');
  writeSync(fd, Buffer.alloc(4096));
  fsyncSync(fd);
  koffi.load('libc.so.6').func('int posix_fadvise(int, int64_t, int64_t, int)')(fd, 0, 0, 4); // not in the cache
  params += ` file=${file} buf=${memory}`;
}
if (start(options) || insmod(join(folder, 'diag_victim.ko.so'), params)) process.exit(1);
process.stdout.write('ready\n');
setInterval(() => {}, 1000);
