// SPDX-License-Identifier: MIT
/**
 * A whole target, in node, built with a sanitizer, under load from libiscsi and qemu:
 * `tsx test/outside/sanitized.ts address|thread [--verbose]`. Part of `npm run test:asan` and `test:tsan`.
 *
 * Each client's run must go well, and no report may name our code. A leak is ours if we are near to its allocation: V8
 * leaves memory of its own behind when node ends, allocated while it ran a handler that we called.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram, root, runProgram, TargetProcess } from './target.js';

const OURS = /libring3|ring3_node|\.ko\.so|(?:shim|aio|kernel-api|scst-port)\/\w/;

function environment(san: string, logs: string): NodeJS.ProcessEnv {
  const library = execFileSync('gcc', [`-print-file-name=lib${san === 'address' ? 'asan' : 'tsan'}.so`]);
  return {
    RING3_BUILD: join(root, `build-${san}/build/Release`),
    LD_PRELOAD: library.toString().trim(),
    ASAN_OPTIONS: `log_path=${logs}/report:exitcode=0:detect_leaks=1:detect_stack_use_after_return=0`,
    UBSAN_OPTIONS: 'print_stacktrace=1',
    TSAN_OPTIONS: `log_path=${logs}/report:exitcode=0:ignore_noninstrumented_modules=1:second_deadlock_stack=1`,
  };
}

/** Frames from the allocator on that tell whose a leak is. */
const LEAK_FRAMES = 4;

/** The reports that name our code, each as its text. */
function reports(logs: string): string[] {
  return readdirSync(logs)
    .flatMap((name) => readFileSync(join(logs, name), 'utf8').split(/^(?==+\s*$|=+\d+=+ERROR)/m))
    .flatMap((text) =>
      /LeakSanitizer/.test(text) ? text.split(/\n\n+|^(?=(?:Ind|D)irect leak of)/m) : [text],
    )
    .filter((text) => {
      const frames = text.split('\n').slice(0, /leak of/.test(text) ? 1 + LEAK_FRAMES : undefined);
      return /WARNING|ERROR: Addr|runtime error|leak of/.test(text) && OURS.test(frames.join('\n'));
    });
}

type Load = [name: string, program: string, runs: (target: TargetProcess) => string[][]];

/** Each load is one or more commands that run at the same time. */
const SUITES = [
  'iSCSITMF',
  'ProutReserve',
  'MultipathIO',
  'CompareAndWrite',
  'Unmap',
  'WriteSame16',
  'ModeSense6',
];
const LUNS = SUITES.length + 1;

const LOADS: Load[] = [
  [
    `conformance suites on ${SUITES.length} LUNs at once`,
    'iscsi-test-cu',
    (target) =>
      SUITES.map((suite, lun) => {
        const paths = suite === 'MultipathIO' ? [target.url(lun), target.url(lun)] : [target.url(lun)];
        return ['iscsi-test-cu', '--dataloss', '--test', `ALL.${suite}`, ...paths];
      }),
  ],
  [
    '24 sessions at once',
    'iscsi-inq',
    (target) =>
      Array.from({ length: 24 }, (_, i) => [
        'iscsi-inq',
        '-i',
        `iqn.2026-11.dev.ring3:${i}`,
        target.url(i % LUNS),
      ]),
  ],
  [
    'iscsi-perf on two LUNs',
    'iscsi-perf',
    (target) => [0, 1].map((lun) => ['iscsi-perf', '-t', '4', '-r', '-m', '32', target.url(lun)]),
  ],
  [
    'qemu-io writes, flushes, discards, verifies on two LUNs',
    'qemu-io',
    (target) =>
      [0, LUNS - 1].map((lun) => [
        ...['qemu-io', '-f', 'raw', '-c', 'write -P 7 0 8M', '-c', 'flush', '-c', 'read -P 7 0 8M'],
        ...['-c', 'discard 1M 1M', '-c', 'write -f -P 9 3M 64k', '-c', 'read -P 9 3M 64k', target.url(lun)],
      ]),
  ],
];

async function main(): Promise<number> {
  const san = process.argv[2] ?? '';
  if (!['address', 'thread'].includes(san)) {
    console.error(`sanitized: '${san}': expected address or thread`);
    return 2;
  }
  const build = [join(root, 'scripts/build.mjs'), `--san=${san}`, '--quiet'];
  execFileSync(process.execPath, build, { stdio: ['ignore', 'ignore', 'inherit'] });
  const folder = mkdtempSync(join(tmpdir(), 'ring3-san-'));
  const logs = mkdtempSync(join(tmpdir(), 'ring3-san-logs-'));
  let [passed, failed, skipped] = [0, 0, 0];
  const tell = (good: boolean, what: string, why = '') => {
    good ? passed++ : failed++;
    console.log(`${good ? 'ok    ' : 'FAILED'} ${what}${good ? '' : `\n${why}`}`);
  };
  try {
    const disks = [...SUITES.map(() => 'ram:64M'), `${join(folder, 'disk.img')},size=64M`];
    // TSan's shadow wants addresses where it expects them: no randomisation.
    const prefix = san === 'thread' ? ['setarch', '-R'] : [];
    const target = await TargetProcess.start(disks, {
      env: environment(san, logs),
      prefix,
      args: ['--threads', '2'],
    });
    for (const [name, program, runs] of LOADS) {
      if (!findProgram(program)) {
        console.log(`skipped ${name}: ${program} is not installed`);
        skipped++;
        continue;
      }
      const start = Date.now();
      const done = await Promise.all(
        runs(target).map(([command, ...args]) => runProgram(command!, args, { timeoutMs: 240_000 })),
      );
      const bad = done.find((end) => end.status !== 0);
      const seconds = ((Date.now() - start) / 1000).toFixed(1);
      tell(
        !bad && target.alive,
        `${name} (${seconds} s)`,
        `${bad?.output.slice(-3000)}\n${target.stderr.slice(-3000)}`,
      );
      if (!target.alive) break;
    }
    const code = await target.stop('SIGINT', 60_000);
    tell(code === 0, 'ends with exit code 0', `ended with ${code}: ${target.stderr.slice(-3000)}`);
    const found = reports(logs);
    tell(
      found.length === 0,
      `silent under the ${san} sanitizer`,
      found.slice(0, 5).join('\n').slice(0, 20_000),
    );
  } finally {
    rmSync(folder, { recursive: true });
    rmSync(logs, { recursive: true });
  }
  console.log(`a whole target under the ${san} sanitizer:`);
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed ? 1 : 0;
}

process.exitCode = await main();
