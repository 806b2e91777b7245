// SPDX-License-Identifier: MIT
/**
 * The kernel's own tests and its torture with 64 virtual CPUs on two of the machine's, and with the fewest on four:
 * `npm run test:cores -- [--asan|--tsan] [PATTERN...]`. Fails when one of them does.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../scripts/kernel/paths.js';
import { allowedCores } from '../../scripts/kernel/runner.js';

/** One event CPU is the least, and one for all other threads. */
const settings = [
  { cpus: '16+48', cores: 2 },
  { cpus: '1+1', cores: 4 },
];

/** Its output is shown as it comes; resolves to its last line. */
function runScript(script: string, args: string[]): Promise<{ status: number; last: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...process.execArgv, join(packageRoot, script), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      process.stdout.write(chunk);
    });
    child.once('error', reject);
    child.once('close', (status) =>
      resolve({ status: status ?? 1, last: text.trimEnd().split('\n').at(-1) ?? '' }),
    );
  });
}

const rest = process.argv.slice(2);
const results: string[] = [];
let failed = 0;
for (const { cpus, cores } of settings) {
  const used = Math.min(cores, allowedCores().length);
  for (const [name, script, ...more] of [
    ['KUnit', 'scripts/kernel/test-kunit.ts'],
    ['torture', 'test/torture/torture.ts', '--seconds=1'],
  ] as const) {
    const { status, last } = await runScript(script, [`--cpus=${cpus}`, `--cores=${used}`, ...more, ...rest]);
    failed += status ? 1 : 0;
    results.push(`${name}, ${cpus} virtual CPUs on ${used} cores: ${last}`);
  }
}
for (const result of results) console.log(result);
process.exit(failed ? 1 : 0);
