// SPDX-License-Identifier: MIT
/**
 * The whole judgement, on a fresh clone too: `npm test`. Sets up, builds, then lint, types, C tests, mocha with
 * coverage (among it the outside clients). Each step prints its counts; all steps run even when one fails. The last
 * lines name what failed, and what needed a second try, and sum it all up.
 */
import { spawn } from 'node:child_process';
import { root } from './build.mjs';
import { setup } from './setup.mjs';

setup(['build', 'test']);

const npm = (script, ...args) => [
  'npm',
  ['run', '--silent', script, ...(args.length ? ['--', ...args] : [])],
];
const mocha = ['mocha', '--retries', '1', '--reporter', 'test/reporter.cjs', 'test/**/*.test.ts'];
const steps = [
  ['build', ...npm('build')],
  ['lint', ...npm('lint')],
  ['types', ...npm('types')],
  ['C tests', ...npm('test:c')],
  ['mocha', 'npx', ['--no-install', 'c8', ...mocha]],
  ['KUnit', ...npm('test:kunit')],
  ['conformance', ...npm('test:conformance')],
  ['kill -9', ...npm('test:kill', '5')],
];

/** Runs it, shows its output as it comes, and keeps it. */
async function show(command, args) {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
    process.stdout.write(text);
  });
  const status = await new Promise((resolve) => {
    child.once('error', (error) => {
      console.error(error.message);
      resolve(1);
    });
    child.once('close', (code) => resolve(code ?? 1));
  });
  return { stdout, ok: status === 0 };
}

const total = { passed: 0, failed: 0, skipped: 0 };
const verdicts = [];
const named = [];
for (const [name, command, args] of steps) {
  console.log(`\n## ${name}`);
  const start = Date.now();
  const { stdout, ok } = await show(command, args);
  verdicts.push(`${ok ? 'ok    ' : 'FAILED'} ${name} (${Math.round((Date.now() - start) / 1000)} s)`);
  named.push(...stdout.matchAll(/^(?:FAIL .*|failed +ALL.*|# (?:failed|unsteady): .*)$/gm));
  const counts = [...stdout.matchAll(/^(\d+) passed, (\d+) failed, (\d+) skipped$/gm)].at(-1);
  if (counts) {
    total.passed += Number(counts[1]);
    total.failed += Number(counts[2]);
    total.skipped += Number(counts[3]);
  } else if (name === 'mocha') {
    const number = (word) => Number(new RegExp(`^\\s*(\\d+) ${word}`, 'm').exec(stdout)?.[1] ?? 0);
    total.passed += number('passing');
    total.failed += number('failing');
    total.skipped += number('pending');
  }
  if (!ok && !total.failed) total.failed = 1;
  if (!ok && name === 'build') break;
}
if (named.length) console.log(`\n${named.map(([line]) => line.slice(0, 200)).join('\n')}`);
console.log(`\n${verdicts.join('\n')}`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed || !total.passed ? 1 : 0);
