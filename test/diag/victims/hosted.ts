// SPDX-License-Identifier: MIT
/** Loads the module of planted bugs into this process, in the state its argument names. */
import { join } from 'node:path';
import { Kernel } from '../../../kernel-api/index.js';
import { buildFolder } from '../../../shim/native.js';

const kernel = await Kernel.start({ cpus: 1 });
await kernel.insmod(join(buildFolder, 'diag_victim.ko.so'), { what: process.argv[2] ?? '' });
process.stdout.write('ready\n');
setInterval(() => {}, 1000);
