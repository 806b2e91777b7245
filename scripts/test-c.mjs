// SPDX-License-Identifier: MIT
/**
 * Builds and runs the C tests: `node scripts/test-c.mjs [--san=address|thread] [--here] [PATTERN...]`.
 * A PATTERN is part of a test's or a file's name. Prints each room's TAP and one line of counts for all. Without a
 * PATTERN a test that fails a check gets a second try, and a line `# unsteady: NAME: why`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { build, outputFolder } from './build.mjs';

const BINARIES = ['shim-test', 'diag-test', 'aio-test', 'kernel-api-test', 'scst-test'];
const sanitizerOptions = {
  ASAN_OPTIONS: 'abort_on_error=0:exitcode=99:detect_stack_use_after_return=0',
  UBSAN_OPTIONS: 'print_stacktrace=1',
  TSAN_OPTIONS: 'exitcode=99:halt_on_error=1:second_deadlock_stack=1:atexit_sleep_ms=20',
};

const args = process.argv.slice(2);
const san = args.find((arg) => arg.startsWith('--san='))?.slice(6) ?? 'none';
const rest = args.filter((arg) => !arg.startsWith('--san='));
build({ san, quiet: true });

const total = { passed: 0, failed: 0, skipped: 0 };
const named = [];
const folder = outputFolder({ san });
for (const name of BINARIES) {
  const binary = join(folder, name);
  if (!existsSync(binary)) continue;
  console.log(`# ${name}${san === 'none' ? '' : ` (${san} sanitizer)`}`);
  // TSan's shadow wants addresses where it expects them: no randomisation.
  const command = san === 'thread' ? ['setarch', '-R', binary] : [binary];
  const done = spawnSync(
    command[0],
    [
      ...command.slice(1),
      ...['--timeout', san === 'none' ? '30' : '120'],
      ...['--tries', rest.length ? '1' : '2'],
      ...rest,
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...sanitizerOptions },
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    },
  );
  process.stdout.write(done.stdout.replace(/^# unsteady: .*\n/gm, ''));
  for (const [line, , failed] of done.stdout.matchAll(/^(# unsteady: .*|not ok \d+ - (.*))$/gm))
    named.push(failed ? `# failed: ${name}: ${failed}` : line);
  const counts = /^(\d+) passed, (\d+) failed, (\d+) skipped$/m.exec(done.stdout);
  if (!counts) {
    console.error(`${name}: ended with ${done.status ?? done.signal} and no counts`);
    total.failed++;
    continue;
  }
  total.passed += Number(counts[1]);
  total.failed += Number(counts[2]);
  total.skipped += Number(counts[3]);
}
for (const line of named) console.log(line);
console.log(`C${san === 'none' ? '' : ` under the ${san} sanitizer`}:`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed || !total.passed ? 1 : 0);
