// SPDX-License-Identifier: MIT
/**
 * The engine beside its rivals: `npm run bench:engine -- [--rounds N] [--seconds S] [--json FILE] [PATTERN...]`.
 *
 * Compiles scripts/bench-engine/*.c against libring3.so and whichever rivals' development packages are installed
 * (Debian: libuv1-dev libevent-dev libmimalloc-dev libjemalloc-dev liburcu-dev), then takes turns: each round runs every
 * measure once, in a process of its own. Printed are medians, and for each rival the ratio of ring3 to it, more than 1 where
 * ring3 is better, with the goal where there is one.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, release } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
// @ts-expect-error a plain script, without types
import { build, outputFolder, root } from './build.mjs';

/** mimalloc and jemalloc are loaded, not linked: see memory.c. */
const RIVALS = [
  { name: 'libuv', header: 'uv.h', library: '-luv', package: 'libuv1-dev' },
  { name: 'libevent', header: 'event2/event.h', library: '-levent', package: 'libevent-dev' },
  { name: 'mimalloc', header: 'mimalloc.h', library: '', package: 'libmimalloc-dev' },
  { name: 'jemalloc', header: 'jemalloc/jemalloc.h', library: '', package: 'libjemalloc-dev' },
  { name: 'liburcu', header: 'urcu/wfcqueue.h', library: '-lurcu-common', package: 'liburcu-dev' },
];

/** For all measures alike: jemalloc, loaded, wants more static TLS than a program has to spare. */
const ENVIRONMENT = { ...process.env, GLIBC_TUNABLES: 'glibc.rtld.optional_static_tls=16384' };

/** What the ratio to a rival should be, by the start of the case's name and the contender's. */
const GOALS: [pattern: RegExp, rival: RegExp, ratio: number][] = [
  [/^callback\//, /libuv/, 10],
  [/^callback\//, /liburcu/, 1],
  [/^echo\//, /libuv|libevent/, 1.2],
  [/^alarm\/cancel/, /libuv/, 10],
  [/^alarm\/cancel/, /libevent/, 5],
  [/^memory\//, /mimalloc|jemalloc/, 1],
  [/^memory\//, /glibc/, 2],
];

/** What ring3's own number should be at most. */
const LIMITS: [pattern: RegExp, most: number][] = [
  [/^same task\/callback$/, 25],
  [/^alarm\/p99 late/, 100],
];

function hasHeader(header: string): boolean {
  const done = spawnSync('cc', ['-fsyntax-only', '-xc', '-'], { input: `#include <${header}>\n` });
  return done.status === 0;
}

function compile(): string {
  build({ targets: ['ring3'], quiet: true });
  const output: string = outputFolder();
  const sources = join(root, 'scripts/bench-engine');
  const binary = join(output, 'bench-engine');
  const found = RIVALS.filter((rival) => hasHeader(rival.header));
  for (const rival of RIVALS)
    if (!found.includes(rival)) console.log(`${rival.name}: not measured, ${rival.package} is not installed`);
  mkdirSync(output, { recursive: true });
  execFileSync(
    'cc',
    [
      ...['-std=gnu11', '-D_GNU_SOURCE', '-O2', '-g', '-Wall', '-Wextra', '-Werror', '-o', binary],
      ...['-I', join(root, 'shim/include'), '-I', join(root, 'aio/include')],
      ...readdirSync(sources)
        .filter((name) => name.endsWith('.c'))
        .map((name) => join(sources, name)),
      join(output, 'libring3.so'),
      `-Wl,-rpath,${output}`,
      ...found.map((rival) => rival.library).filter(Boolean),
      ...['-lpthread', '-ldl'],
    ],
    { stdio: 'inherit' },
  );
  return binary;
}

interface Measure {
  /** GROUP/CASE */
  subject: string;
  contender: string;
  unit: string;
  values: number[];
  skipped?: string;
}

/** All measures that match, those of one case together, ring3's first. */
function list(binary: string, patterns: string[]): Measure[] {
  const found: Measure[] = execFileSync(binary, ['--list'], { encoding: 'utf8' })
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [name = '', unit = ''] = line.split('\t');
      const at = name.lastIndexOf('/');
      return { subject: name.slice(0, at), contender: name.slice(at + 1), unit, values: [] };
    })
    .filter(
      ({ subject, contender }) =>
        !patterns.length || patterns.some((pattern) => `${subject}/${contender}`.includes(pattern)),
    );
  const subjects = [...new Set(found.map((measure) => measure.subject))];
  return subjects.flatMap((subject) => found.filter((measure) => measure.subject === subject));
}

function take(binary: string, measure: Measure, seconds: number): void {
  if (measure.skipped) return;
  const done = spawnSync(binary, [`${measure.subject}/${measure.contender}`, String(seconds)], {
    encoding: 'utf8',
    env: ENVIRONMENT,
    timeout: 60_000 + seconds * 10_000,
  });
  const said = done.stdout?.trim() ?? '';
  if (said.startsWith('skipped')) measure.skipped = said.slice(8);
  else if (done.status !== 0 || !Number.isFinite(Number(said)) || said === '')
    throw new Error(`${measure.subject}/${measure.contender}: ${done.stderr || done.signal || said}`);
  else measure.values.push(Number(said));
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

function show(value: number, unit: string): string {
  if (unit !== '/s') return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${unit}`;
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} M/s`;
  return `${(value / 1e3).toFixed(1)} k/s`;
}

interface Row {
  subject: string;
  contender: string;
  median: number;
  unit: string;
  ratio?: number;
  goal?: number;
}

function rows(measures: Measure[]): Row[] {
  const own = new Map(
    measures.filter((m) => m.contender === 'ring3').map((m) => [m.subject, median(m.values)]),
  );
  return measures
    .filter((measure) => measure.values.length)
    .map((measure) => {
      const { subject, contender, unit } = measure;
      const value = median(measure.values);
      const row: Row = { subject, contender, unit, median: value };
      const ours = own.get(subject);
      if (contender === 'ring3') {
        const limit = LIMITS.find(([pattern]) => pattern.test(subject))?.[1];
        if (limit !== undefined) {
          row.goal = limit;
          row.ratio = limit / value;
        }
      } else if (ours !== undefined) {
        row.ratio = unit === '/s' ? ours / value : value / ours;
        const goal = GOALS.find(([pattern, rival]) => pattern.test(subject) && rival.test(contender));
        if (goal) row.goal = goal[2];
      }
      return row;
    });
}

function verdict(row: Row): string {
  if (row.ratio === undefined) return '';
  if (row.contender === 'ring3')
    return row.ratio >= 1 ? `goal <= ${row.goal}: met` : `goal <= ${row.goal}: MISSED`;
  const ratio = `${row.ratio.toFixed(2)}x`;
  if (row.goal === undefined) return ratio;
  return `${ratio}, goal ${row.goal}x: ${row.ratio >= row.goal ? 'met' : 'MISSED'}`;
}

function print(all: Row[], measures: Measure[]): void {
  const width = Math.max(...all.map((row) => row.contender.length));
  let subject = '';
  for (const row of all) {
    if (row.subject !== subject) console.log(`\n${row.subject}`);
    subject = row.subject;
    console.log(
      `  ${row.contender.padEnd(width)}  ${show(row.median, row.unit).padStart(12)}  ${verdict(row)}`,
    );
  }
  for (const measure of measures)
    if (measure.skipped)
      console.log(`\n${measure.subject}/${measure.contender}: not measured, ${measure.skipped}`);
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) {
    console.error(`bench-engine: ${name} is ${text}, should be a number above 0`);
    process.exit(64);
  }
  return value;
}

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '0.4' },
    json: { type: 'string' },
  },
});
const rounds = Math.ceil(positive('--rounds', options.rounds));
const seconds = positive('--seconds', options.seconds);
const binary = compile();
if (!existsSync(binary)) throw new Error(`${binary} was not built`);
const measures = list(binary, positionals);
if (!measures.length) {
  console.error(`bench-engine: no measure matches ${positionals.join(' ')}`);
  process.exit(64);
}
console.log(
  `${cpus()[0]?.model ?? 'unknown CPU'}, ${availableParallelism()} CPUs, Linux ${release()}; medians of ${rounds} rounds of ${seconds} s`,
);
for (let round = 1; round <= rounds; round++) {
  if (process.stderr.isTTY) process.stderr.write(`round ${round} of ${rounds}\r`);
  for (const measure of measures) take(binary, measure, seconds);
}
const all = rows(measures);
print(all, measures);
if (options.json) writeFileSync(options.json, `${JSON.stringify(all, null, 2)}\n`);
