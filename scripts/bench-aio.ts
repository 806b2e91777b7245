// SPDX-License-Identifier: MIT
/**
 * Random reads of 4 KiB through aio, beside what others make of the same file: `npm run bench:aio -- [options]`.
 *
 * All ways run in turn, round after round, on one CPU, so that what else the machine does hits all alike; the
 * table has medians, the spread, and ratios to the rival of each part.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
// @ts-expect-error a script without types
import { build, outputFolder } from './build.mjs';

interface Rate {
  /** I/O per second. */
  iops: number;
  /** CPU time of all threads, microseconds per I/O: less disturbed by what else the machine does. */
  cpuUs: number;
}

interface Way {
  name: string;
  /** undefined: it cannot run here. */
  run: (file: string, seconds: number, cpu: number) => Rate | undefined;
}

interface Part {
  title: string;
  ways: Way[];
  /** Index of ours, and the goal: a ratio to the best of the rivals. */
  ours: string;
  rivals: string[];
  goal: number;
  /**
   * What the goal is about. Reads from the page cache never sleep: on a CPU of their own their rate is 1 / CPU time, and
   * on a machine that does other things too that time is the steadier measure.
   */
  by: keyof Rate;
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    seconds: { type: 'string', default: '1' },
    size: { type: 'string', default: '512' },
    folder: { type: 'string', default: '/var/tmp' },
    cpu: { type: 'string', default: String(Math.max(availableParallelism() - 1, 0)) },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(`usage: npm run bench:aio -- [--rounds 9] [--seconds 1] [--size MIB] [--folder DIR] [--cpu N] [--only cache|direct] [--json]
The file is made in DIR, which should be on a disk, and removed again.`);
  process.exit(0);
}
const [rounds, seconds, megabytes, cpu] = [values.rounds, values.seconds, values.size, values.cpu].map(
  Number,
) as [number, number, number, number];
if (
  ![rounds, megabytes].every((value) => Number.isInteger(value) && value > 0) ||
  !(seconds > 0) ||
  !(cpu >= 0)
) {
  console.error('bench-aio: --rounds and --size take whole numbers, --seconds and --cpu numbers');
  process.exit(64);
}

build({ targets: ['aio-bench'], quiet: true });
const binary = join(outputFolder(), 'aio-bench');

function ours(way: string, depth: number): Way['run'] {
  return (file, time, on) => {
    const done = spawnSync(binary, [way, file, String(time), String(depth), String(on)], {
      encoding: 'utf8',
    });
    const [iops, cpuUs] = done.stdout.split(' ').map(Number);
    if (done.status === 0 && iops && cpuUs) return { iops, cpuUs };
    console.error(done.error?.message ?? done.stderr.trim());
    return undefined;
  };
}

function fio(engine: string, depth: number): Way['run'] {
  return (file, time, on) => {
    const done = spawnSync(
      'fio',
      [
        '--name=bench',
        `--filename=${file}`,
        '--readonly',
        `--ioengine=${engine}`,
        ...(engine === 'io_uring' ? ['--registerfiles', '--fixedbufs'] : []),
        '--direct=1',
        '--rw=randread',
        '--bs=4k',
        `--iodepth=${depth}`,
        `--runtime=${time}`,
        '--time_based',
        '--norandommap',
        '--randrepeat=0',
        `--cpus_allowed=${on}`,
        '--output-format=json',
      ],
      { encoding: 'utf8' },
    );
    if (done.status !== 0) return undefined;
    const { read, usr_cpu, sys_cpu } = JSON.parse(done.stdout.slice(done.stdout.indexOf('{'))).jobs[0];
    return { iops: read.iops, cpuUs: ((usr_cpu + sys_cpu) * 1e4) / read.iops };
  };
}

const parts: Part[] = [
  {
    title: 'page cache',
    ways: [
      { name: 'aio_try', run: ours('try', 1) },
      { name: 'aio_submit x32', run: ours('cached-submit', 32) },
      { name: 'pread', run: ours('pread', 1) },
      { name: 'io_uring x32', run: ours('uring', 32) },
      { name: 'io_uring x32, file not registered', run: ours('uring-plain', 32) },
      { name: 'io_uring x32, memory registered', run: ours('uring-fixed', 32) },
    ],
    ours: 'aio_try',
    rivals: ['pread', 'io_uring x32', 'io_uring x32, memory registered'],
    goal: 0.95,
    by: 'cpuUs',
  },
  {
    title: 'direct, 32 at once',
    ways: [
      { name: 'aio, io_uring', run: ours('submit', 32) },
      { name: 'aio, libaio', run: ours('submit-libaio', 32) },
      { name: 'aio, threads', run: ours('submit-threads', 32) },
      { name: 'fio, io_uring', run: fio('io_uring', 32) },
      { name: 'fio, libaio', run: fio('libaio', 32) },
    ],
    ours: 'aio, io_uring',
    rivals: ['fio, io_uring'],
    goal: 0.95,
    by: 'iops',
  },
];

const median = (values: number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
const kilo = (value: number) => `${(value / 1000).toFixed(value < 99_950 ? 1 : 0)} k`;

function measure({ ways }: Part, file: string): Map<string, Rate[]> {
  const rates = new Map<string, Rate[]>(ways.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (let index = 0; index < ways.length; index++) {
      // Another one begins each round: none is always behind the same one.
      const { name, run } = ways[(index + round) % ways.length] as Way;
      const rate = run(file, seconds, cpu);
      if (rate) rates.get(name)?.push(rate);
    }
  return rates;
}

function report({ title, ways, ours: own, rivals, goal, by }: Part, rates: Map<string, Rate[]>): void {
  const of = (name: string, key: keyof Rate) => median((rates.get(name) ?? []).map((rate) => rate[key]));
  const running = rivals.filter((name) => rates.get(name)?.length);
  const best = Math.max(...running.map((name) => of(name, 'iops')));
  const cheapest = Math.min(...running.map((name) => of(name, 'cpuUs')));
  const row = (...cells: string[]) =>
    console.log(
      cells.map((cell, index) => (index ? cell.padStart(index === 2 ? 20 : 10) : cell.padEnd(36))).join(''),
    );
  console.log(`\n4 KiB random reads, ${title}`);
  row('', 'IOPS', 'least .. most', 'ratio', 'CPU us/IO', 'ratio');
  for (const { name } of ways) {
    const all = (rates.get(name) ?? []).map(({ iops }) => iops);
    const cpuUs = of(name, 'cpuUs');
    if (all.length)
      row(
        name,
        kilo(of(name, 'iops')),
        `${kilo(Math.min(...all))} .. ${kilo(Math.max(...all))}`,
        (of(name, 'iops') / best).toFixed(2),
        cpuUs.toFixed(2),
        (cheapest / cpuUs).toFixed(2),
      );
    else row(name, '-', 'does not run here');
  }
  const ratio = by === 'iops' ? of(own, 'iops') / best : cheapest / of(own, 'cpuUs');
  if (Number.isFinite(ratio))
    console.log(
      `${own} has ${ratio.toFixed(2)} of the best of ${running.join(' / ')}, by ${by === 'iops' ? 'IOPS' : 'CPU time'}; ` +
        `the goal is ${goal}: ${ratio >= goal ? 'met' : 'missed'}`,
    );
  else console.log('no rival to compare with: apt-get install fio');
}

const folder = mkdtempSync(join(values.folder, 'ring3-bench-'));
const file = join(folder, 'file');
try {
  const fd = openSync(file, 'w');
  const chunk = Buffer.alloc(1 << 20, 0x5a);
  for (let at = 0; at < megabytes; at++) writeSync(fd, chunk);
  fsyncSync(fd);
  closeSync(fd);
  if (!values.json)
    console.log(
      `${cpus()[0]?.model}, CPU ${cpu}; ${megabytes} MiB in ${values.folder}; ${rounds} rounds of ${seconds} s each, medians`,
    );
  for (const part of parts) {
    if (!part.title.includes(values.only)) continue;
    const rates = measure(part, file);
    if (values.json)
      console.log(JSON.stringify({ title: part.title, seconds, rates: Object.fromEntries(rates) }));
    else report(part, rates);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
