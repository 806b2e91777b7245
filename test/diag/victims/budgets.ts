// SPDX-License-Identifier: MIT
/** Loads the module of planted bugs in the state its argument names; what the watchdogs find goes to stdout. */
import { join } from 'node:path';
import { Kernel } from '../../../kernel-api/index.js';
import { onStall, setBudgets } from '../../../shim/index.js';
import { buildFolder } from '../../../shim/native.js';
import { hungIo } from './hung.mjs';

const [what = '', kind = 'callback', ms = '150'] = process.argv.slice(2);
if (kind !== 'order') setBudgets({ [kind]: Number(ms) });
onStall((stall) => process.stdout.write(`${JSON.stringify(stall)}\n`));
const kernel = await Kernel.start({ cpus: 1 });
const more = what === 'hung-io' ? hungIo(buildFolder) : {};
await kernel.insmod(join(buildFolder, 'diag_victim.ko.so'), { what, ...more });
process.stdout.write('"ready"\n');
setInterval(() => {}, 1000);
