// SPDX-License-Identifier: MIT
/** A TypeScript program that blocks, and a watchdog that tells it. */
import { onStall, setBudgets, sigdump } from '../../../shim/index.js';

function countSlowly(until: number): number {
  let n = 0;
  while (Date.now() < until) n++;
  return n;
}

onStall(({ kind, what, stack }) => process.stdout.write(`${JSON.stringify({ kind, what, stack })}\n`));
setBudgets({ node: 300 });
process.stdout.write('"ready"\n');
setTimeout(() => countSlowly(Date.now() + 1500), 50);
setTimeout(async () => {
  const dump = await sigdump({ only: ['threads', 'watchdogs'] });
  process.stdout.write(`${JSON.stringify({ dump })}\n`, () => process.exit(0));
}, 2000);
