// SPDX-License-Identifier: MIT
/**
 * Side by side in one run: ring3, Debian's tgtd, and what the loopback can carry at best.
 *
 *   npm run bench:target -- [compare.py options, such as -w b-4kr -r 3 -d 2]
 *
 * Each serves a 1 GiB file on tmpfs; targets and client are pinned to different CPUs. Prints compare.py's medians,
 * then the ratios, as a table for the docs, with the floors that hold; below one, the exit code is 1.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram, runProgram, shared, TargetProcess } from '../test/outside/target.js';

const TGTD_PORT = 23260;
const CEILING_PORT = 23999;
const IQN = 'iqn.2026-11.dev.ring3:tgtd';

/** Compiles the load generator outside its own folder, which may not be ours to write. */
async function buildTools(into: string): Promise<void> {
  const source = join(shared, 'bench');
  mkdirSync(into, { recursive: true });
  for (const name of readdirSync(source))
    if (/\.(c|h|py)$|^Makefile$/.test(name)) copyFileSync(join(source, name), join(into, name));
  const done = await runProgram('make', ['-C', into, '--quiet'], { timeoutMs: 120_000 });
  if (done.status !== 0)
    throw new Error(`make of the load generator failed (libiscsi-dev missing?):\n${done.output}`);
}

/** 1 GiB of written pages: a hole would be read from one page that the processor's cache holds. */
function writeDisk(path: string): void {
  const chunk = randomBytes(1 << 20);
  const file = openSync(path, 'w');
  for (let i = 0; i < 1024; i++) writeSync(file, chunk);
  closeSync(file);
}

/** tgtd in the foreground, its own control port, one LUN of @file. */
async function startTgtd(file: string, cpus: string): Promise<ChildProcess> {
  const control = String(process.pid);
  const args = ['-c', cpus, 'tgtd', '-f', '-C', control, '--iscsi', `portal=127.0.0.1:${TGTD_PORT}`];
  const child = spawn('taskset', args, { stdio: 'ignore' });
  await new Promise((resolve) => setTimeout(resolve, 500));
  const admin = ['--lld', 'iscsi', '-C', control];
  for (const rest of [
    ['--op', 'new', '--mode', 'target', '--tid', '1', '-T', IQN],
    ['--op', 'new', '--mode', 'logicalunit', '--tid', '1', '--lun', '1', '-b', file],
    ...['HeaderDigest', 'DataDigest'].map((name) => [
      ...['--op', 'update', '--mode', 'target', '--tid', '1', '-n', name, '-v', 'CRC32C,None'],
    ]),
    ['--op', 'bind', '--mode', 'target', '--tid', '1', '-I', 'ALL'],
  ]) {
    const done = await runProgram('tgtadm', [...admin, ...rest]);
    if (done.status !== 0) throw new Error(`tgtadm ${rest.join(' ')}: ${done.output}`);
  }
  return child;
}

interface Run {
  target: string;
  workload: string;
  iops: number;
  p50_us: number;
}

interface Floor {
  what: 'IOPS' | 'p50';
  rival: 'tgtd' | 'ceiling';
  workload: RegExp;
  /** IOPS at least so many times the rival's; the median latency at most. */
  ratio: number;
}

const FLOORS: Floor[] = [
  { what: 'IOPS', rival: 'tgtd', workload: /^b-4kr-q32-s1$/, ratio: 3 },
  { what: 'IOPS', rival: 'tgtd', workload: /^b-4kr-q32-s4$/, ratio: 6 },
  { what: 'IOPS', rival: 'tgtd', workload: /./, ratio: 1 },
  { what: 'IOPS', rival: 'ceiling', workload: /^b-4kr-q32-s[14]$/, ratio: 0.6 },
  { what: 'p50', rival: 'ceiling', workload: /^[ab]-.*-q1-s1$/, ratio: 1.15 },
];

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Prints ring3 as a multiple of its rivals, a line a workload. @returns how many floors do not hold. */
function ratios(runs: Run[]): number {
  let broken = 0;
  const of = (workload: string, target: string, key: 'iops' | 'p50_us') =>
    median(
      runs
        .filter((run) => run.workload === workload && run.target.replace('+digest', '') === target)
        .map((run) => run[key]),
    );
  console.log('\n| workload | ring3 IOPS | x tgtd | x ceiling | p50 us | x ceiling | floors |');
  console.log('| --- | --- | --- | --- | --- | --- | --- |');
  for (const workload of new Set(runs.map((run) => run.workload))) {
    const ours = { IOPS: of(workload, 'ring3', 'iops'), p50: of(workload, 'ring3', 'p50_us') };
    const ratio = (what: Floor['what'], rival: string) =>
      ours[what] / of(workload, rival, what === 'IOPS' ? 'iops' : 'p50_us');
    const verdicts = FLOORS.filter((floor) => floor.workload.test(workload)).flatMap((floor) => {
      const seen = ratio(floor.what, floor.rival);
      if (!Number.isFinite(seen)) return [];
      const holds = floor.what === 'IOPS' ? seen >= floor.ratio : seen <= floor.ratio;
      if (!holds) broken++;
      const sign = floor.what === 'IOPS' ? '>=' : '<=';
      return [`${holds ? 'ok' : 'BELOW'}: ${floor.what} ${sign} ${floor.ratio} ${floor.rival}`];
    });
    const cells = [
      ...[workload, Math.round(ours.IOPS), ratio('IOPS', 'tgtd').toFixed(1)],
      ...[ratio('IOPS', 'ceiling').toFixed(2), ours.p50.toFixed(1), ratio('p50', 'ceiling').toFixed(2)],
      verdicts.join(', '),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
  return broken;
}

async function main(): Promise<number> {
  if (!existsSync(join(shared, 'bench'))) {
    console.log(
      `skipped: ${join(shared, 'bench')} is not here; RING3_SHARED names the folder that holds bench/`,
    );
    return 0;
  }
  const cpus = availableParallelism();
  const [ours, theirs] = cpus >= 4 ? ['0,1', '2,3'] : ['0', '1'];
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'ring3-bench-'));
  const tools = join(tmpdir(), 'ring3-bench-tools');
  const children: ChildProcess[] = [];
  let target: TargetProcess | undefined;
  try {
    await buildTools(tools);
    for (const name of ['ring3.img', 'tgtd.img']) writeDisk(join(folder, name));
    const prefix = ['taskset', '-c', ours!];
    const threads = String(ours!.split(',').length);
    target = await TargetProcess.start([join(folder, 'ring3.img')], {
      prefix,
      compiled: true,
      args: ['--threads', threads],
    });
    const targets = [`ring3=${target.url()},${target.pid}`, `ring3+digest=${target.url()},${target.pid}`];
    const ceiling = spawn('taskset', [
      '-c',
      ours!,
      join(tools, 'loopback-ceiling'),
      'server',
      '-p',
      String(CEILING_PORT),
      '-t',
      threads,
      '-m',
      '1024',
    ]);
    children.push(ceiling);
    targets.push(`ceiling=127.0.0.1:${CEILING_PORT},${ceiling.pid}`);
    if (findProgram('tgtd')) {
      const tgtd = await startTgtd(join(folder, 'tgtd.img'), ours!);
      children.push(tgtd);
      const url = `iscsi://127.0.0.1:${TGTD_PORT}/${IQN}/1`;
      targets.push(`tgtd=${url},${tgtd.pid}`, `tgtd+digest=${url},${tgtd.pid}`);
    } else console.log('tgtd is not installed (apt-get install tgt): measured without it');
    const record = join(folder, 'runs.jsonl');
    const args = [join(tools, 'compare.py'), '--client-cpus', theirs!, '-d', '1', '-o', record];
    args.push(...process.argv.slice(2), ...targets);
    const compare = spawn('python3', args, { stdio: 'inherit' });
    const code = await new Promise<number>((resolve) => compare.once('exit', (end) => resolve(end ?? 1)));
    if (code || !existsSync(record)) return code;
    const lines = readFileSync(record, 'utf8').trim().split('\n');
    return ratios(lines.map((line) => JSON.parse(line) as Run)) ? 1 : 0;
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await target?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
