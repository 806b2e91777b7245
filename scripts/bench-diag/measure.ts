// SPDX-License-Identifier: MIT
/** What bench-diag.ts measures with: one slice of load on a target, a thread that is held, and pairs of numbers. */
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';
import { findProgram, runProgram, shared, type TargetProcess } from '../../test/outside/target.js';

/** CPUs of the target, and of the load. */
export const cpus = availableParallelism() >= 4 ? (['0,1', '2,3'] as const) : (['0', '0'] as const);

/** The threads of @target whose name fits. */
export function threads({ pid }: TargetProcess, name: RegExp): number[] {
  const found = readdirSync(`/proc/${pid}/task`).filter((tid) => {
    try {
      return name.test(readFileSync(`/proc/${pid}/task/${tid}/comm`, 'utf8').trim());
    } catch {
      return false; // it ended
    }
  });
  return found.map(Number);
}

/** CPU time they have had, us. To the nanosecond for those that sleep; of one that runs, as of the last tick. */
export function cpuTime({ pid }: TargetProcess, tids: number[]): number {
  const ns = tids.map((tid) =>
    Number(readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'utf8').split(' ')[0]),
  );
  return ns.reduce((sum, one) => sum + one, 0) / 1e3;
}

const EVENTS = ['instructions:u', 'instructions:k'];

/** The counts of EVENTS in what `perf stat -x,` wrote; NaN where this machine does not count. */
function counts(file: string): number[] {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.split(','));
  return EVENTS.map((name) => Number(lines.find((fields) => fields[2] === name)?.[0] ?? Number.NaN));
}

/** What one slice of load did, and what that took of the threads that serve it. */
export interface Slice {
  ios: number;
  iops: number;
  longestUs: number;
  errors: number;
  cpuUs: number;
  /** Instructions; NaN where they cannot be counted. */
  user: number;
  kernel: number;
}

export class Loader {
  private constructor(
    private readonly folder: string,
    private readonly program: string,
    /** Can instructions be counted here? */
    readonly counts: boolean,
  ) {}

  /** Builds the load generator in @folder. */
  static async build(folder: string): Promise<Loader> {
    mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(join(shared, 'bench')))
      if (/\.(c|h)$|^Makefile$/.test(name)) copyFileSync(join(shared, 'bench', name), join(folder, name));
    const done = await runProgram('make', ['-C', folder, '--quiet'], { timeoutMs: 120_000 });
    if (done.status !== 0) throw new Error(`make of the load generator failed:\n${done.output}`);
    let counted = false;
    if (findProgram('perf')) {
      const file = join(folder, 'perf');
      const tried = await runProgram('perf', ['stat', '-x,', '-o', file, '-e', EVENTS.join(), 'true']);
      counted = tried.status === 0 && counts(file).every((count) => count > 0);
    }
    return new Loader(folder, join(folder, 'iscsi-load'), counted);
  }

  /** Loads @target for @seconds; calls @meanwhile in the middle of it. */
  async slice(
    target: TargetProcess,
    load: string[],
    seconds: number,
    meanwhile?: () => Promise<unknown>,
  ): Promise<Slice> {
    const served = threads(target, /^ring3\/\d+$/);
    const file = join(this.folder, 'perf');
    const perf = ['perf', 'stat', '-x,', '-o', file, '-e', EVENTS.join(), '-t', served.join(), '--'];
    // no warm-up: then all that is counted belongs to I/Os that are counted
    const own = [this.program, '-d', String(seconds), '-w', '0', ...load, target.url()];
    const [command, ...args] = [...(this.counts ? perf : []), 'taskset', '-c', cpus[1], ...own];
    const before = cpuTime(target, served);
    const child = spawn(command!, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (text) => {
      out += text;
    });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    await meanwhile?.();
    const status = await ended;
    // 2: I/Os failed, as the report says
    if (status !== 0 && status !== 2) throw new Error(`the load ended with ${status}: ${out}`);
    const report = JSON.parse(out);
    const [user, kernel] = this.counts ? counts(file) : [Number.NaN, Number.NaN];
    return {
      ...{ ios: report.reads, iops: report.iops, longestUs: report.max_us, errors: report.errors },
      ...{ cpuUs: cpuTime(target, served) - before, user: user!, kernel: kernel! },
    };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

const libc = koffi.load('libc.so.6');
const ptrace = libc.func('long ptrace(long request, int tid, size_t addr, size_t data)');
const waitpid = libc.func('int waitpid(int tid, void *status, int options)');
const SEIZE = 0x4206;
const INTERRUPT = 0x4207;
const DETACH = 17;
const WALL = 0x40000000;

/** A thread of a child that stands still until it is released, or this process ends: ptrace(2). */
export class Holder {
  /** @throws Error where that is not permitted */
  constructor(private readonly tid: number) {
    if (ptrace(SEIZE, tid, 0, 0) !== 0 || ptrace(INTERRUPT, tid, 0, 0) !== 0)
      throw new Error(`ptrace(2) does not hold thread ${tid}: errno ${koffi.errno()}`);
    waitpid(tid, null, WALL);
  }

  release(): void {
    ptrace(DETACH, this.tid, 0, 0);
  }
}

export interface Spread {
  median: number;
  low: number;
  high: number;
}

export const exactly = (n: number): Spread => ({ median: n, low: n, high: n });

export function median(numbers: number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * The median, and between which it lies with 95 %: by ranks, for nothing is known of how they are distributed, but that
 * a busy machine makes some of them wild.
 */
export function spread(numbers: number[]): Spread {
  const sorted = numbers.toSorted((a, b) => a - b);
  const rank = Math.max(0, Math.floor((sorted.length - 1.96 * Math.sqrt(sorted.length)) / 2));
  return { median: median(numbers), low: sorted[rank]!, high: sorted[sorted.length - 1 - rank]! };
}

/** @all in another order each time. */
export function shuffled<T>(all: readonly T[]): T[] {
  const rest = [...all];
  for (let i = rest.length; i-- > 1; ) {
    const j = Math.floor(Math.random() * (i + 1));
    [rest[i], rest[j]] = [rest[j]!, rest[i]!];
  }
  return rest;
}
