// SPDX-License-Identifier: MIT
/** A target that serves, until SIGUSR2 puts its only event task into an endless loop. Says where it listens. */
import { join } from 'node:path';
import koffi from 'koffi';
import { Target } from '../../../scst-port/index.js';
import { buildFolder } from '../../../shim/native.js';

const target = await Target.start({ disks: ['ram:1M'], listen: ['127.0.0.1:0'], threads: 1 });
const library = koffi.load(join(buildFolder, 'libring3.so'));
const insmod = library.func('int ring3_insmod(const char *path, const char *params)');

process.on('SIGUSR2', () => {
  if (insmod(join(buildFolder, 'diag_victim.ko.so'), 'what=deaf-softirq')) process.exit(1);
  process.stdout.write('stuck\n');
});
process.stdout.write(`${JSON.stringify({ portal: target.portals[0], iqn: target.iqn })}\nready\n`);
