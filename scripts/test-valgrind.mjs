// SPDX-License-Identifier: MIT
/**
 * The C tests under valgrind's memcheck: `npm run test:valgrind -- [ROOM...] [--minutes N] [PATTERN...]`.
 *
 * Each room's binary is one process of valgrind's, and each of its tests one that it forks. A test fails as it does
 * without valgrind, or when memcheck found something in its process or one that it forked: an access to memory that
 * is not its own, that was freed, or a decision or system call upon what nobody wrote. The engine tells valgrind what
 * of its memory is free (shim/src/mem_watch.h) where valgrind's header was there when it was built.
 *
 * ROOM is shim, aio, kernel-api or scst; all of them otherwise. A room that takes longer than N minutes (20) is ended
 * and failed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, outputFolder, root } from './build.mjs';

const ROOMS = ['shim', 'aio', 'kernel-api', 'scst'];

/** Tests that cannot run under valgrind, and why. */
const LEFT_OUT = [
  {
    room: 'kernel-api',
    test: 'module_init_that_writes_to_null',
    why: 'crashes on purpose, which memcheck reports',
  },
  {
    room: 'shim',
    test: 'nofault_dies_of_a_wild_pointer',
    why: 'crashes on purpose, which memcheck reports',
  },
];

/** What memcheck says before the frames of an error; it says other things with frames only as a process dies. */
const FRAME = /^==\d+== {4}at 0x/;

/** The errors of a process's log, each with its frames. */
export function errorsOf(log) {
  const lines = log.split('\n');
  const errors = [];
  for (const [at, line] of lines.entries()) {
    if (!FRAME.test(line)) continue;
    let from = at;
    while (from > 0 && /^==\d+== \S/.test(lines[from - 1])) from--;
    const what = lines[from] ?? '';
    // A note about the error before: where its block was freed. Or a death, which its test judges.
    if (/^==\d+== {2}\S/.test(lines[at - 1] ?? '') || /Process terminating/.test(what)) continue;
    let to = at;
    while (to < lines.length && /^==\d+== +\S/.test(lines[to])) to++;
    errors.push(lines.slice(from, to).join('\n'));
  }
  return errors;
}

function runRoom(room, patterns, minutes) {
  const folder = mkdtempSync(join(tmpdir(), 'ring3-valgrind-'));
  const leftOut = LEFT_OUT.filter((one) => one.room === room);
  const done = spawnSync(
    'valgrind',
    [
      // The leak search would read all of the reserved region; the engine has one of its own (RING3_MEM=leaks).
      ...['--quiet', '--leak-check=no', '--error-exitcode=99', '--fair-sched=try', '--num-callers=20'],
      // Damaged modules make the dynamic linker take megabytes of stack at once.
      ...['--max-stackframe=8388608', `--log-file=${folder}/%p`],
      `--suppressions=${join(root, 'test/c/valgrind.supp')}`,
      ...[join(outputFolder(), `${room}-test`), '--timeout', '120'],
      ...leftOut.flatMap(({ test }) => ['--without', test]),
      ...patterns,
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      encoding: 'utf8',
      maxBuffer: 1 << 26,
      timeout: minutes * 60_000,
      killSignal: 'SIGKILL',
    },
  );
  process.stdout.write(done.stdout ?? '');
  const counts = /^(\d+) passed, (\d+) failed, (\d+) skipped$/m.exec(done.stdout ?? '');
  const logs = readdirSync(folder).map((name) => errorsOf(readFileSync(join(folder, name), 'utf8')));
  const found = logs.filter((errors) => errors.length);
  for (const errors of found) console.log(errors.join('\n'));
  rmSync(folder, { recursive: true });
  if (!counts) {
    console.log(
      `# ${room}: ${done.error?.code === 'ETIMEDOUT' ? `not done in ${minutes} minutes` : `ended with ${done.status ?? done.signal}`}`,
    );
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const [passed = 0, failed = 0, skipped = 0] = counts.slice(1).map(Number);
  // A test in whose own process an error was found has failed by its exit status; one that forks or dies has not.
  const more = Math.max(0, found.length - failed);
  return { passed: passed - more, failed: failed + more, skipped };
}

function main(args) {
  let minutes = 20;
  const rooms = [];
  const patterns = [];
  for (let at = 0; at < args.length; at++) {
    if (args[at] === '--minutes') minutes = Number(args[++at]);
    else if (ROOMS.includes(args[at])) rooms.push(args[at]);
    else patterns.push(args[at]);
  }
  if (!(minutes > 0)) {
    console.error('test-valgrind: --minutes: expected a number above 0');
    process.exit(64);
  }
  const chosen = rooms.length ? rooms : ROOMS;
  const version = spawnSync('valgrind', ['--version'], { encoding: 'utf8' });
  if (version.status !== 0) {
    console.log('# skipped: valgrind is not installed: sudo apt-get install valgrind');
    console.log(`0 passed, 0 failed, ${chosen.length} skipped`);
    process.exit(0);
  }
  build({ quiet: true });
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const room of chosen) {
    if (!existsSync(join(outputFolder(), `${room}-test`))) continue;
    const begin = Date.now();
    console.log(`# ${room} under ${version.stdout.trim()}`);
    for (const one of LEFT_OUT) if (one.room === room) console.log(`# left out: ${one.test}: ${one.why}`);
    const counts = runRoom(room, patterns, minutes);
    console.log(`# ${room}: ${((Date.now() - begin) / 1000).toFixed(0)} s`);
    for (const name of Object.keys(total)) total[name] += counts[name];
  }
  console.log('C under valgrind:');
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  process.exit(total.failed || !total.passed ? 1 : 0);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2));
