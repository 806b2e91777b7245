// SPDX-License-Identifier: MIT
/**
 * The addon's whole surface, with types. This is the only file that loads it.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Stall } from './diag/schema.js';

/** Counters of one event task since it was made; readable at any time, each by itself. */
export interface EventTaskStats {
  rounds: number;
  sleeps: number;
  spins: number;
  wakeups: number;
  callbacks: number;
  lowPriorityCallbacks: number;
  polls: number;
  alarms: number;
  /** The longest round so far: what a handler that blocks shows in. */
  longestRoundNs: number;
  busyNs: number;
  idleNs: number;
  /** When its last round began, CLOCK_MONOTONIC nanoseconds. */
  heartbeatNs: number;
  /** Most callbacks run in one round. */
  queueMax: number;
  /** Now. */
  alarmsArmed: number;
  pollsAdded: number;
}

export interface NativePoll {
  modify(events: number): void;
  remove(): void;
}

export interface NativeAlarm {
  arm(inNanoseconds: number, periodNanoseconds: number): void;
  cancel(): boolean;
  missed(): number;
  isArmed(): boolean;
}

export interface NativeCallback {
  schedule(lowPriority: boolean): boolean;
  cancel(): boolean;
}

export interface NativeBufferCache {
  /** @param place told in dumps and leak reports where memory is counted by call site */
  alloc(zeroed: boolean, place?: string): Buffer;
  destroy(): void;
  out(): number;
}

/** One cache or size class of the engine's memory. */
export interface MemoryCache {
  name: string;
  objectBytes: number;
  /** Ever. */
  allocations: number;
  frees: number;
  /** Objects in use now. */
  used: number;
  /** Pages of 4096 bytes now. */
  pages: number;
}

/** The engine's memory as a whole, bytes. */
export interface MemoryUsage {
  /** Address space; costs nothing. */
  reservedBytes: number;
  /** What may be in use. */
  limitBytes: number;
  /** In slabs and runs of pages now, free objects in them included. */
  usedBytes: number;
  peakBytes: number;
  /** Given back to the system, ever. */
  givenBackBytes: number;
}

export interface NativeTask {
  call(done: () => void): void;
  stop(): void;
  stats(): EventTaskStats;
  describe(): string;
}

/** A descriptor that this thread's loop watches, of a worker thread too; keeps it alive unless unref()ed. */
export interface FdWatch {
  close(): void;
  ref(): void;
  unref(): void;
}

export interface Native {
  /** Calls @handler while @fd is readable. */
  FdWatch: new (
    fd: number,
    handler: () => void,
  ) => FdWatch;
  NativePoll: new (
    fd: number,
    events: number,
    handler: (events: number) => void,
    keepAlive: boolean,
  ) => NativePoll;
  NativeAlarm: new (handler: () => void, keepAlive: boolean) => NativeAlarm;
  NativeCallback: new (handler: () => void) => NativeCallback;
  NativeBufferCache: new (name: string, bytes: number, align: number) => NativeBufferCache;
  detachBuffer(buffer: Buffer): void;
  memoryCaches(): MemoryCache[];
  memoryUsage(): MemoryUsage;
  /** RING3_MEM=count or leaks. */
  memoryCounted: boolean;
  memoryTrim(): number;
  memoryLimit(bytes: number): number;
  NativeTask: new (name: string, cpu: number, spinNs: number) => NativeTask;
  /** Takes memory away that C owns: the length of it and of its views is 0 from now on. */
  detachMemory(memory: ArrayBuffer): void;
  /** Calls the C function `void fn(void *)` with @arg on this thread as its environment ends, whatever ends it. */
  atThreadEnd(fn: bigint, arg: bigint): void;
  notAtThreadEnd(arg: bigint): void;
  nodeTaskStats(): EventTaskStats;
  /** See shim/diag/diag.ts. */
  diagOnStall(listener: (stall: Stall) => void): void;
  diagBudgets(
    taskNs: number,
    callbackNs: number,
    kthreadNs: number,
    lockNs: number,
    ioNs: number,
    nodeNs: number,
  ): void;
  diagBacktrace(pid: number, core: string, tid: number, flags: number): string | number;
  nodeTaskDescribe(): string;
}

/** The package's own folder, whether this runs from sources or from dist/. */
function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'binding.gyp'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`ring3: no binding.gyp above ${fileURLToPath(import.meta.url)}`);
    folder = parent;
  }
  return folder;
}

/** Where the native parts were built: $RING3_BUILD, or build/Release of the package. */
export const buildFolder: string = process.env.RING3_BUILD ?? join(packageRoot(), 'build/Release');

/** The path of the shared library that holds shim, aio and kernel-api. */
export const libraryPath: string = join(buildFolder, 'libring3.so');

function load(): Native {
  const path = join(buildFolder, 'ring3_node.node');
  try {
    return createRequire(import.meta.url)(path) as Native;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const mend = existsSync(path)
      ? `it was built for another Node than ${process.version} or lacks a library: npm run build`
      : 'it is not built: npm run build';
    throw new Error(`ring3: cannot load ${path}: ${why.split('\n')[0]}\nPossible solution: ${mend}`, {
      cause: error,
    });
  }
}

export const native: Native = load();
