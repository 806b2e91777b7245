// SPDX-License-Identifier: MIT
/** A TypeScript program that blocks, and a watchdog that tells it. */
import { onStall, setBudgets, sigdump } from '../../../shim/index.js';

function countSlowly(until: number): number {
  let n = 0;
  while (Date.now() < until) n++;
  return n;
}

setInterval(() => {}, 1000); // alive until it was told
setBudgets({ node: 300 });
process.stdout.write('"ready"\n');
setTimeout(() => countSlowly(Date.now() + 3000), 50);
onStall(async ({ kind, what, stack }) => {
  process.stdout.write(`${JSON.stringify({ kind, what, stack })}\n`);
  if (!/countSlowly/.test(stack)) return; // a slow start
  const dump = await sigdump({ only: ['threads', 'watchdogs'] });
  process.stdout.write(`${JSON.stringify({ dump })}\n`, () => process.exit(0));
});
