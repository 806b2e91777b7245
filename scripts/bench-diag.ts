// SPDX-License-Identifier: MIT
/**
 * What diagnostics cost, in one interleaved run: npm run bench:diag -- [--rounds N] [--seconds S]
 *
 * Four targets serve the same RAM disk from the same CPUs: with RING3_DIAG=off, that once more (what these differ by is
 * the machine's noise), as it is, and with RING3_LOCKDEP=1. Each round loads each of them once, forth in one round and
 * back in the next. Of each measure the ratio to the same round's first is taken, the median of those, and the interval
 * in which that lies with 95 %. Then: what a dump does to the second it is made in, and how large it is with 1000
 * sessions. A goal is missed when the interval lies beyond it; then the exit status is 1.
 */
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { request } from '../shim/diag/request.js';
import type { Dump } from '../shim/diag/schema.js';
import { root, runProgram, shared, TargetProcess } from '../test/outside/target.js';

interface Load {
  iops: number;
  p50_us: number;
  p99_us: number;
  max_us: number;
  target_cpu_us_per_io: number;
  errors: number;
}

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '12' }, seconds: { type: 'string', default: '1' } },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);

function median(numbers: number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

interface Spread {
  median: number;
  low: number;
  high: number;
}

/** The median, and between which it lies with 95 %: by ranks, for nothing is known of how they are distributed. */
function spread(numbers: number[]): Spread {
  const sorted = numbers.toSorted((a, b) => a - b);
  const rank = Math.max(0, Math.floor((sorted.length - 1.96 * Math.sqrt(sorted.length)) / 2));
  return { median: median(numbers), low: sorted[rank]!, high: sorted[sorted.length - 1 - rank]! };
}

const percent = (ratio: number) => `${ratio >= 1 ? '+' : ''}${((ratio - 1) * 100).toFixed(1)} %`;
const percents = ({ median, low, high }: Spread) =>
  `${percent(median)} (${percent(low)} to ${percent(high)})`;

const goals: string[][] = [];
let missed = false;

/** A goal is met or missed when the whole interval of @loss is on one side of @limit; else it is as the median is. */
function judge(goal: string, measured: string, loss: Spread, limit: number): void {
  const sure = loss.high <= limit || loss.low > limit;
  const verdict = `${loss.median <= limit ? 'met' : 'missed'}${sure ? '' : ', as far as the noise lets see'}`;
  missed ||= loss.low > limit;
  goals.push([goal, measured, verdict]);
}

const exactly = (n: number): Spread => ({ median: n, low: n, high: n });

/** CPU time the threads of diagnostics have had, ms. */
function diagnosticsCpu(pid: number): number {
  let ns = 0;
  for (const tid of readdirSync(`/proc/${pid}/task`))
    try {
      const folder = `/proc/${pid}/task/${tid}`;
      if (/^ring3\/(diag|probe)$/m.test(readFileSync(`${folder}/comm`, 'utf8')))
        ns += Number(readFileSync(`${folder}/schedstat`, 'utf8').split(' ')[0]);
    } catch {} // a thread that ended
  return ns / 1e6;
}

async function buildLoad(into: string): Promise<string> {
  mkdirSync(into, { recursive: true });
  for (const name of readdirSync(join(shared, 'bench')))
    if (/\.(c|h)$|^Makefile$/.test(name)) copyFileSync(join(shared, 'bench', name), join(into, name));
  const done = await runProgram('make', ['-C', into, '--quiet'], { timeoutMs: 120_000 });
  if (done.status !== 0) throw new Error(`make of the load generator failed:\n${done.output}`);
  return join(into, 'iscsi-load');
}

const cpus = availableParallelism() >= 4 ? (['0,1', '2,3'] as const) : (['0', '0'] as const);

/** Loads @target for @secs; calls @meanwhile in the middle of it. */
async function load(
  program: string,
  target: TargetProcess,
  args: string[],
  secs = seconds,
  meanwhile?: () => Promise<unknown>,
): Promise<Load> {
  const child = spawn(
    'taskset',
    [
      '-c',
      cpus[1],
      program,
      '-d',
      String(secs),
      '-w',
      '0.3',
      '--pid',
      String(target.pid),
      ...args,
      target.url(),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let out = '';
  child.stdout.on('data', (text) => {
    out += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  if (meanwhile) {
    await new Promise((done) => setTimeout(done, 300 + secs * 500));
    await meanwhile();
  }
  const status = await ended;
  if (status !== 0) throw new Error(`the load ended with ${status}: ${out}`);
  return JSON.parse(out) as Load;
}

const WORK = ['-q', '32', '-s', '2', '-b', '4k'];

async function idleCost(program: string, targets: Map<string, TargetProcess>): Promise<void> {
  const runs = new Map([...targets.keys()].map((name) => [name, [] as Load[]]));
  const names = [...targets.keys()];
  const pid = targets.get('idle')!.pid;
  const used = diagnosticsCpu(pid);
  const from = performance.now();
  for (let round = 0; round < rounds; round++)
    for (const name of round % 2 ? names.toReversed() : names)
      runs.get(name)!.push(await load(program, targets.get(name)!, WORK));
  const idle = (diagnosticsCpu(pid) - used) / (performance.now() - from);
  const base = runs.get('off')!;
  console.log(`4 KiB random reads, 2 sessions of 32, ${rounds} rounds of ${seconds} s, interleaved\n`);
  console.log('| diagnostics | IOPS | to off | CPU us an I/O | to off | p99 us |');
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const [name, own] of runs) {
    // of each round with the same round: what the machine does besides is the same for both
    const ratio = (key: 'iops' | 'target_cpu_us_per_io') =>
      spread(own.map((run, i) => run[key] / base[i]![key]));
    const cells = [
      name,
      Math.round(median(own.map((run) => run.iops))),
      percents(ratio('iops')),
      median(own.map((run) => run.target_cpu_us_per_io)).toFixed(2),
      percents(ratio('target_cpu_us_per_io')),
      median(own.map((run) => run.p99_us)).toFixed(0),
    ];
    console.log(`| ${cells.join(' | ')} |`);
    if (name !== 'idle') continue;
    const cost = ratio('target_cpu_us_per_io');
    judge('idle: below 1 % of the CPU time of an I/O', percents(cost), cost, 1.01);
  }
  judge(
    "idle: the collector's own CPU time below 1 % of a CPU",
    `${(idle * 100).toFixed(3)} %`,
    exactly(idle),
    0.01,
  );
}

/** What the notes of locks cost, which are made whether a collector runs or not: too little to see in the table. */
async function noteCost(program: string, target: TargetProcess): Promise<void> {
  const binary = join(process.env.RING3_BUILD ?? join(root, 'build/Release'), 'diag-test');
  const done = await runProgram(binary, ['a_note_of_a_lock_costs_nanoseconds']);
  const ns = Number(/# ([\d.]+) ns/.exec(done.output)?.[1]);
  const taken = async () => {
    const dump: Dump = JSON.parse(await request(target.pid, { json: true, only: ['threads'] }));
    return dump.threads!.reduce((sum, { locksTaken = 0 }) => sum + locksTaken, 0);
  };
  const before = await taken();
  const run = await load(program, target, WORK);
  const each = ((await taken()) - before) / (run.iops * (seconds + 0.3));
  const share = (each * ns) / (run.target_cpu_us_per_io * 1000);
  console.log(
    `\nnotes of locks: ${each.toFixed(3)} an I/O, ${ns} ns each: ${(share * 100).toFixed(3)} % of its CPU time`,
  );
}

async function dumpCost(program: string, target: TargetProcess): Promise<void> {
  const work = ['-q', '8', '-s', '64', '-b', '4k'];
  const pairs: { plain: Load; dumped: Load; dump: Dump; cpu: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    let dump: Dump | undefined;
    let cpu = 0;
    const withDump = () =>
      load(program, target, work, 1, async () => {
        const used = diagnosticsCpu(target.pid);
        dump = JSON.parse(await request(target.pid, { json: true }));
        cpu = diagnosticsCpu(target.pid) - used;
      });
    const first = round % 2 ? await withDump() : undefined;
    const plain = await load(program, target, work, 1);
    pairs.push({ plain, dumped: first ?? (await withDump()), dump: dump!, cpu });
  }
  const of = (pick: (pair: (typeof pairs)[number]) => number) => median(pairs.map(pick));
  const ratio = spread(pairs.map(({ plain, dumped }) => dumped.iops / plain.iops));
  const errors = pairs.reduce((sum, { plain, dumped }) => sum + plain.errors + dumped.errors, 0);
  console.log(`\nA dump in the middle of a second of 64 sessions of 8, ${rounds} pairs\n`);
  console.log('| | without | with | |');
  console.log('| --- | --- | --- | --- |');
  const iops = [of((pair) => pair.plain.iops), of((pair) => pair.dumped.iops)];
  console.log(`| IOPS of that second | ${iops.map(Math.round).join(' | ')} | ${percents(ratio)} |`);
  console.log(
    `| longest I/O, us | ${of((pair) => pair.plain.max_us).toFixed(0)} | ${of((pair) => pair.dumped.max_us).toFixed(0)} | |`,
  );
  console.log(
    `\nthe dump: ${of(({ dump }) => dump.dumpMs)} ms, of ${of(({ dump }) => dump.threads!.length)} threads, ` +
      `caught and unwound after ${of(({ dump }) => dump.threadsCaughtMs)} ms; ${of(({ cpu }) => cpu).toFixed(1)} ms of CPU`,
  );
  const loss = { median: 2 - ratio.median, low: 2 - ratio.high, high: 2 - ratio.low };
  judge('a dump: throughput of that second dips by less than 5 %', percents(ratio), loss, 1.05);
  const cpu = spread(pairs.map((pair) => pair.cpu / 1000 / cpus[0].split(',').length));
  judge(
    "a dump: its own CPU time below 5 % of the target's CPUs in that second",
    `${(cpu.median * 100).toFixed(2)} %`,
    cpu,
    0.05,
  );
  judge('a dump: no I/O fails', `${errors} failed`, exactly(errors), 0);
  const longest = Math.max(...pairs.map(({ dump }) => dump.dumpMs));
  judge('a dump: made within 1 s', `${longest} ms at most`, exactly(longest), 1000);
}

async function dumpSize(program: string, target: TargetProcess): Promise<void> {
  let json = '';
  let text = '';
  await load(program, target, ['-q', '1', '-s', '1000', '-b', '4k'], 2, async () => {
    json = await request(target.pid, { json: true });
    text = await request(target.pid);
  });
  const dump: Dump = JSON.parse(json);
  const sessions = Array.isArray(dump.iscsi) ? dump.iscsi.length : 0;
  console.log(
    `\nwith ${sessions} sessions: ${(json.length / 1024).toFixed(0)} KiB as JSON, ${(text.length / 1024).toFixed(0)} KiB ` +
      `as text, ${dump.dumpMs} ms`,
  );
}

if (!existsSync(join(shared, 'bench'))) {
  console.log(
    `skipped: ${join(shared, 'bench')} is not here; RING3_SHARED names the folder that holds bench/`,
  );
} else {
  const tools = mkdtempSync(join(tmpdir(), 'ring3-bench-diag-'));
  const targets = new Map<string, TargetProcess>();
  try {
    const program = await buildLoad(tools);
    for (const [name, env] of [
      ['off', { RING3_DIAG: 'off' }],
      ['off again', { RING3_DIAG: 'off' }],
      ['idle', {}],
      ['lock order checked', { RING3_LOCKDEP: '1' }],
    ] as const)
      targets.set(
        name,
        await TargetProcess.start(['ram:64M'], {
          prefix: ['taskset', '-c', cpus[0]],
          args: ['--threads', '2'],
          env,
        }),
      );
    await idleCost(program, targets);
    await noteCost(program, targets.get('idle')!);
    await dumpCost(program, targets.get('idle')!);
    await dumpSize(program, targets.get('idle')!);
    console.log('\n| goal | measured | |\n| --- | --- | --- |');
    for (const goal of goals) console.log(`| ${goal.join(' | ')} |`);
    process.exitCode = missed ? 1 : 0;
  } finally {
    for (const target of targets.values()) await target.stop();
    rmSync(tools, { recursive: true });
  }
}
