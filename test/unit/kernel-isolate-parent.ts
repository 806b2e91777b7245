// SPDX-License-Identifier: MIT
/** A program with an isolated kernel, for kernel-isolate.test.ts: says its PID, and that it still answers after a Ctrl-C. */
import { Kernel } from '../../kernel-api/index.js';

const kernel = await Kernel.start({ cpus: 1, isolate: true });
void kernel.crashed.then((crash) => process.stdout.write(`crashed ${crash.message}\n`));
process.on('SIGINT', () => {
  void kernel.lsmod().then((modules) => process.stdout.write(`answers ${modules.length}\n`));
});
process.stdout.write(`pid ${kernel.pid}\n`);
