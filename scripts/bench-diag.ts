// SPDX-License-Identifier: MIT
/**
 * What diagnostics cost, in one interleaved run: npm run bench:diag -- [--rounds N] [--seconds S]
 *
 * Three targets serve the same RAM disk from the same CPUs: with RING3_DIAG=off, as it is, and with RING3_LOCKDEP=1.
 * Each round loads each of them once, in turn. CPU time of an I/O is the measure that other work on the machine
 * disturbs least. Then: what a dump does to the second it is made in, and how large it is with 1000 sessions.
 */
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
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
  options: { rounds: { type: 'string', default: '9' }, seconds: { type: 'string', default: '1' } },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);

function median(numbers: number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
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
  for (let round = 0; round < rounds; round++)
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + round) % names.length]!; // each goes first as often
      runs.get(name)!.push(await load(program, targets.get(name)!, WORK));
    }
  const base = runs.get('off')!;
  console.log(`4 KiB random reads, 2 sessions of 32, ${rounds} rounds of ${seconds} s, interleaved\n`);
  console.log('| diagnostics | IOPS | of off | CPU us an I/O | of off | p99 us |');
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const [name, own] of runs) {
    // of each round with the same round: what the machine does besides is the same for both
    const ratio = (key: 'iops' | 'target_cpu_us_per_io') =>
      median(own.map((run, i) => run[key] / base[i]![key])).toFixed(3);
    const cells = [
      name,
      Math.round(median(own.map((run) => run.iops))),
      ratio('iops'),
      median(own.map((run) => run.target_cpu_us_per_io)).toFixed(2),
      ratio('target_cpu_us_per_io'),
      median(own.map((run) => run.p99_us)).toFixed(0),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
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
  const pairs: { plain: Load; dumped: Load; dump: Dump }[] = [];
  for (let round = 0; round < rounds; round++) {
    let dump: Dump | undefined;
    const dumped = await load(program, target, ['-q', '8', '-s', '64', '-b', '4k'], 1, async () => {
      dump = JSON.parse(await request(target.pid, { json: true }));
    });
    const plain = await load(program, target, ['-q', '8', '-s', '64', '-b', '4k'], 1);
    pairs.push({ plain, dumped, dump: dump! });
  }
  const of = (pick: (pair: (typeof pairs)[number]) => number) => median(pairs.map(pick));
  console.log(`\nA dump in the middle of a second of 64 sessions of 8, ${rounds} pairs\n`);
  console.log('| | without | with | ratio |');
  console.log('| --- | --- | --- | --- |');
  const iops = [of((pair) => pair.plain.iops), of((pair) => pair.dumped.iops)];
  console.log(
    `| IOPS of that second | ${iops.map(Math.round).join(' | ')} | ${of(({ plain, dumped }) => dumped.iops / plain.iops).toFixed(3)} |`,
  );
  console.log(
    `| longest I/O, us | ${of((pair) => pair.plain.max_us).toFixed(0)} | ${of((pair) => pair.dumped.max_us).toFixed(0)} | |`,
  );
  console.log(`| errors | 0 | ${pairs.reduce((sum, { dumped }) => sum + dumped.errors, 0)} | |`);
  console.log(
    `\nthe dump: ${of(({ dump }) => dump.dumpMs)} ms, of ${of(({ dump }) => dump.threads!.length)} threads, ` +
      `caught and unwound after ${of(({ dump }) => dump.threadsCaughtMs)} ms`,
  );
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
  } finally {
    for (const target of targets.values()) await target.stop();
    rmSync(tools, { recursive: true });
  }
}
