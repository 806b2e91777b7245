// SPDX-License-Identifier: MIT
/**
 * Runs a command that talks much, and shows little of it: one line that changes on a terminal, one line in all on a
 * pipe, none when there was nothing to do. Where it fails, all that matters: its errors, and what to run next.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Lines of output that are shown of a command that failed. */
const TAIL = 40;

/** What a line of make's says that it works on: "  CC(target) Release/obj.target/host/aio/src/lane.o". */
const worksOn = (line) => /^\s+\w+\(target\) Release\/(?:obj\.target\/[^/]+\/)?(\S+)/.exec(line)?.[1];

/**
 * @param title "build: native parts"
 * @param next what to do when it fails
 * @returns whether there was anything to do, as far as its output tells; a failure ends this process
 */
export async function progress(title, command, args, { cwd, next }) {
  const { isTTY, columns = 80 } = process.stdout;
  const begin = Date.now();
  const lines = [];
  let steps = 0;
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      const file = worksOn(line);
      if (!file) return;
      if (!steps++ && !isTTY) console.log(`${title}...`);
      if (isTTY) process.stdout.write(`\r\x1b[K${`${title}: ${steps}  ${file}`.slice(0, columns - 1)}`);
    });
  const code = await new Promise((resolve) => {
    child.once('error', (error) => {
      lines.push(error.message);
      resolve(1);
    });
    child.once('close', (status, signal) => resolve(signal ? 1 : status));
  });
  if (steps && isTTY) process.stdout.write('\r\x1b[K');
  if (code !== 0) {
    const errors = lines.filter((line) => !worksOn(line)).slice(-TAIL);
    console.error(`${errors.join('\n')}\n${title}: failed\n  ${next}`);
    process.exit(1);
  }
  if (steps) console.log(`${title}: ${steps} steps, ${((Date.now() - begin) / 1000).toFixed(1)} s`);
  return steps > 0;
}
