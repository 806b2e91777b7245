// SPDX-License-Identifier: MIT
/**
 * What diagnostics cost: npm run bench:diag -- [--pairs N] [--rounds N]
 *
 * Idle: a target serves a RAM disk; in slices of 60 ms, in pairs, its collector is held with ptrace(2) in one of the
 * two and not in the other, by chance first or second. So both are one process, whose memory lies where it lies, and
 * neighbours in time; what the machine does besides is the same for both, by and large. What noise cannot touch
 * stands beside it: the collector's own CPU time, and the notes that locks make whether it runs or not, counted.
 * Lock order: targets with RING3_DIAG=off, as they are, and with RING3_LOCKDEP=1, in rounds.
 * A dump: seconds with many of them beside seconds with none, 64 sessions under load; its size with 1000.
 * Ratios are of neighbours; printed are their median and where that lies with 95 %. A goal is missed when the whole
 * interval lies beyond it; then the exit status is 1.
 */
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { request } from '../shim/diag/request.js';
import type { Dump } from '../shim/diag/schema.js';
import { root, runProgram, shared, TargetProcess } from '../test/outside/target.js';
import {
  cpus,
  cpuTime,
  exactly,
  Holder,
  Loader,
  median,
  type Slice,
  type Spread,
  shuffled,
  spread,
  threads,
} from './bench-diag/measure.js';

const { values } = parseArgs({
  options: { pairs: { type: 'string', default: '500' }, rounds: { type: 'string', default: '30' } },
});
const pairs = Number(values.pairs);
const rounds = Number(values.rounds);

const percent = (ratio: number, digits = 2) =>
  `${ratio >= 1 ? '+' : ''}${((ratio - 1) * 100).toFixed(digits)} %`;
const percents = ({ median, low, high }: Spread) =>
  `${percent(median)} (${percent(low)} to ${percent(high)})`;

const goals: string[][] = [];
let missed = false;

const isSure = ({ low, high }: Spread, limit: number) => high <= limit || low > limit;

/** A goal is met or missed when the whole interval of @loss is on one side of @limit; else it is as its middle is. */
function judge(goal: string, measured: string, loss: Spread, limit: number): void {
  const doubt = isSure(loss, limit) ? '' : ', as far as the noise lets see';
  const verdict = `${loss.median <= limit ? 'met' : 'missed'}${doubt}`;
  missed ||= loss.low > limit;
  goals.push([goal, measured, verdict]);
}

const table = (head: string[], rows: string[][]) =>
  console.log(
    ['', ...[head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`)].join('\n'),
  );

/** CPU time the threads of diagnostics have had, ms. */
const diagnosticsCpu = (target: TargetProcess) =>
  cpuTime(target, threads(target, /^ring3\/(diag|probe)$/)) / 1e3;

/** Where noise leaves it undecided whether idling costs too much, the pairs are made so many times at most. */
const PATIENCE = 4;

const WORK = ['-q', '32', '-s', '2', '-b', '4k'];

const cpuOf = ({ cpuUs, ios }: Slice) => cpuUs / ios;
const userOf = ({ user, ios }: Slice) => user / ios;
const ratios = (of: (slice: Slice) => number, these: Slice[], those: Slice[]) =>
  spread(these.map((slice, i) => of(slice) / of(those[i]!)));

interface Pairs {
  held: Slice[];
  idle: Slice[];
  /** CPU time of the collector while it was not held, and how long that was, ms. */
  own: number;
  wall: number;
}

/** @count more pairs of slices, with and without the collector. */
async function addPairs(pairs: Pairs, loader: Loader, target: TargetProcess, count: number): Promise<void> {
  const [collector] = threads(target, /^ring3\/diag$/);
  for (let i = 0; i < count; i++)
    for (const name of shuffled(['held', 'idle'] as const)) {
      const holder = name === 'held' ? new Holder(collector!) : undefined;
      const from = [performance.now(), diagnosticsCpu(target)] as const;
      pairs[name].push(await loader.slice(target, WORK, 0.06));
      holder?.release();
      if (holder) continue;
      pairs.wall += performance.now() - from[0];
      pairs.own += diagnosticsCpu(target) - from[1];
    }
}

async function idleCost(loader: Loader, target: TargetProcess): Promise<void> {
  const none = (): Pairs => ({ held: [], idle: [], own: 0, wall: 0 });
  const all = none();
  const ratio = (of: (slice: Slice) => number) => ratios(of, all.idle, all.held);
  await addPairs(none(), loader, target, 5); // compiles, and fills caches
  for (let turn = 0; turn < PATIENCE && !(turn && isSure(ratio(cpuOf), 1.01)); turn++)
    await addPairs(all, loader, target, pairs);
  console.log(`4 KiB random reads, 2 sessions of 32, ${all.idle.length} pairs of slices of 60 ms`);
  const row = (name: string, of: (slice: Slice) => number, digits: number) => [
    name,
    ...[all.held, all.idle].map((slices) => median(slices.map(of)).toFixed(digits)),
    percents(ratio(of)),
  ];
  table(
    ['', 'collector held', 'idle', 'idle to held'],
    [
      row('IOPS', ({ iops }) => iops, 0),
      row('CPU time of an I/O, us', cpuOf, 3),
      ...(loader.counts ? [row('instructions of an I/O, in user mode', userOf, 0)] : []),
    ],
  );
  if (!loader.counts) console.log('\ninstructions are not compared: perf(1) does not count them here');
  const judgeRatio = (what: string, of: (slice: Slice) => number) =>
    judge(`idle: below 1 % of the ${what} of an I/O`, percents(ratio(of)), ratio(of), 1.01);
  judgeRatio('CPU time', cpuOf);
  if (loader.counts) judgeRatio('instructions', userOf);
  const own = all.own / all.wall;
  judge("idle: the collector's own, below 1 % of a CPU", `${(own * 100).toFixed(3)} %`, exactly(own), 0.01);
}

async function orderCost(loader: Loader, targets: Map<string, TargetProcess>): Promise<void> {
  const slices = new Map([...targets.keys()].map((name) => [name, [] as Slice[]]));
  for (let round = 0; round < rounds; round++)
    for (const [name, target] of shuffled([...targets]))
      slices.get(name)!.push(await loader.slice(target, WORK, 0.25));
  const off = slices.get('off')!;
  console.log(`\nThe same load on targets beside each other, ${rounds} rounds of 250 ms each`);
  const rows = [...slices].map(([name, own]) => [
    name,
    median(own.map(({ iops }) => iops)).toFixed(0),
    median(own.map(cpuOf)).toFixed(3),
    own === off ? '' : percents(ratios(cpuOf, own, off)),
    loader.counts ? median(own.map(userOf)).toFixed(0) : '',
    own === off || !loader.counts ? '' : percents(ratios(userOf, own, off)),
  ]);
  table(['diagnostics', 'IOPS', 'CPU us an I/O', 'to off', 'instructions an I/O', 'to off'], rows);
}

/** The number before @unit that the C test @name prints. */
async function told(name: string, unit: string): Promise<number> {
  const binary = join(process.env.RING3_BUILD ?? join(root, 'build/Release'), 'diag-test');
  const { output } = await runProgram(binary, [name]);
  const found = new RegExp(`# .*?([\\d.]+) ${unit}`).exec(output);
  if (!found) throw new Error(`${binary} ${name} does not tell its ${unit}:\n${output}`);
  return Number(found[1]);
}

/** What the notes of locks cost, which are made whether a collector runs or not: too little to see in the table. */
async function noteCost(loader: Loader, target: TargetProcess): Promise<void> {
  const ns = await told('a_note_of_a_lock_costs_nanoseconds', 'ns');
  const taken = async () => {
    const dump: Dump = JSON.parse(await request(target.pid, { json: true, only: ['threads'] }));
    return dump.threads!.reduce((sum, { locksTaken = 0 }) => sum + locksTaken, 0);
  };
  const before = await taken();
  const slice = await loader.slice(target, WORK, 1);
  const each = ((await taken()) - before) / slice.ios;
  const share = (each * ns * slice.ios) / (slice.cpuUs * 1000);
  judge(
    "notes of locks, made even when off: below 1 % of an I/O's CPU time",
    `${(share * 100).toFixed(3)} %: ${each.toFixed(3)} an I/O, ${ns} ns each`,
    exactly(share),
    0.01,
  );
}

const DUMPS_A_SECOND = 20;

/**
 * What one dump takes from 64 sessions under load. One is too little to be seen in a second of a busy machine, so
 * slices with many are compared to slices with none; of what those lose, each dump has its part.
 */
async function dumpCost(loader: Loader, target: TargetProcess): Promise<void> {
  const work = ['-q', '8', '-s', '64', '-b', '4k'];
  const seconds: { without: Slice; dumped: Slice; dumps: number }[] = [];
  const dumps: Dump[] = [];
  let made = 0;
  let cpu = 0;
  for (let round = 0; round < rounds; round++) {
    const pair = {} as (typeof seconds)[number];
    for (const name of shuffled(['without', 'dumped'] as const)) {
      const used = diagnosticsCpu(target);
      const before = made;
      pair[name] = await loader.slice(target, work, 1, async () => {
        const end = performance.now() + 950;
        while (name === 'dumped' && performance.now() < end) {
          const next = performance.now() + 1000 / DUMPS_A_SECOND;
          dumps.push(JSON.parse(await request(target.pid, { json: true })));
          made++;
          await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - performance.now())));
        }
      });
      if (name === 'without') continue;
      cpu += diagnosticsCpu(target) - used;
      pair.dumps = made - before;
    }
    seconds.push(pair);
  }
  const of = (pick: (pair: (typeof seconds)[number]) => number) => median(seconds.map(pick));
  const errors = seconds.reduce((sum, { without, dumped }) => sum + without.errors + dumped.errors, 0);
  const each = spread(seconds.map((pair) => 1 + (1 - pair.dumped.iops / pair.without.iops) / pair.dumps));
  const sessions = median(dumps.map(({ iscsi }) => (Array.isArray(iscsi) ? iscsi.length : 0)));
  console.log(
    `\n64 sessions of 8, ${rounds} pairs of seconds, without and with ${of(({ dumps }) => dumps)} dumps (of ` +
      `${sessions} sessions, ${median(dumps.map(({ threads }) => threads!.length))} threads)`,
  );
  table(
    ['', 'without', 'with'],
    [
      ['IOPS', ...[of((pair) => pair.without.iops), of((pair) => pair.dumped.iops)].map((n) => n.toFixed(0))],
      [
        'longest I/O, us',
        ...[of((pair) => pair.without.longestUs), of((pair) => pair.dumped.longestUs)].map((n) =>
          n.toFixed(0),
        ),
      ],
    ],
  );
  console.log(
    `\na dump: ${median(dumps.map(({ dumpMs }) => dumpMs))} ms, threads caught and unwound after ` +
      `${median(dumps.map(({ threadsCaughtMs }) => threadsCaughtMs))} ms, ${(cpu / made).toFixed(1)} ms of CPU`,
  );
  judge('a dump: below 5 % of the throughput of its second', percents(each), each, 1.05);
  const share = cpu / made / 1000 / cpus[0].split(',').length;
  judge(
    "a dump: its own CPU time below 5 % of the target's CPUs in that second",
    `${(share * 100).toFixed(2)} %`,
    exactly(share),
    0.05,
  );
  judge('a dump: no I/O fails', `${errors} failed`, exactly(errors), 0);
  const longest = dumps.reduce((most, { dumpMs }) => Math.max(most, dumpMs), 0);
  judge('a dump: made within 1 s', `${longest} ms at most, of ${made}`, exactly(longest), 1000);
}

async function dumpSize(loader: Loader, target: TargetProcess): Promise<void> {
  let json = '';
  let text = '';
  await loader.slice(target, ['-q', '1', '-s', '1000', '-b', '4k'], 2, async () => {
    await new Promise((done) => setTimeout(done, 1500)); // all are there
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

async function manyThreads(): Promise<void> {
  const name = 'takes_less_than_a_second_with_a_thousand_threads';
  const times: number[] = [];
  for (let i = 0; i < 5; i++) times.push(await told(name, 'ms'));
  const longest = Math.max(...times);
  judge(
    'a dump of 1000 threads: made within 1 s',
    `${median(times)} ms, ${longest} ms at most, of 5`,
    exactly(longest),
    1000,
  );
}

const start = (env: NodeJS.ProcessEnv) =>
  TargetProcess.start(['ram:64M'], {
    prefix: ['taskset', '-c', cpus[0]],
    args: ['--threads', '2'],
    env: { RING3_DIAG: '', RING3_LOCKDEP: '', ...env },
  });

if (!existsSync(join(shared, 'bench'))) {
  console.log(
    `skipped: ${join(shared, 'bench')} is not here; RING3_SHARED names the folder that holds bench/`,
  );
} else {
  const loader = await Loader.build(mkdtempSync(join(tmpdir(), 'ring3-bench-diag-')));
  const targets = new Map<string, TargetProcess>();
  try {
    for (const [name, env] of [
      ['off', { RING3_DIAG: 'off' }],
      ['idle', {}],
      ['lock order checked', { RING3_LOCKDEP: '1' }],
    ] as const)
      targets.set(name, await start(env));
    const idle = targets.get('idle')!;
    await idleCost(loader, idle);
    await noteCost(loader, idle);
    await orderCost(loader, targets);
    await dumpCost(loader, idle);
    await dumpSize(loader, idle);
    await manyThreads();
    table(['goal', 'measured', ''], goals);
    process.exitCode = missed ? 1 : 0;
  } finally {
    for (const target of targets.values()) await target.stop();
    loader.remove();
  }
}
