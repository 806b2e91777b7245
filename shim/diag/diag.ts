// SPDX-License-Identifier: MIT
/**
 * Dumps and stacks of this process and of others, and what the watchdogs find.
 *
 * ```ts
 * import { backtrace, onStall, sigdump } from 'ring3/shim';
 *
 * onStall(({ what, stack }) => console.error(what, stack));
 * const dump = await sigdump();             // of this process
 * const other = await sigdump({ pid: 4711, only: ['locks'] });
 * const stacks = await backtrace({ pid: 4711 }); // any process of ours, ring3's or not
 * ```
 */
import { native } from '../native.js';
import { failure, look, noCore, noProcess, ptraceScope, whyNotTraced } from './process.js';
import { request } from './request.js';
import type { Backtrace, Dump, Section, Stall } from './schema.js';

/**
 * A dump of a ring3 process: of this one, or of `pid`.
 * @throws Error with `code` ESRCH (gone), EPERM (not ours), ENOTSUP (no ring3 process), ETIMEDOUT (stopped, or it does
 * not answer), EBUSY (asked by too many), EPIPE (it ended meanwhile), EINVAL; the second line of `message` says what to do
 */
export async function sigdump({
  pid = process.pid,
  only = [],
}: {
  pid?: number;
  only?: readonly Section[];
} = {}): Promise<Dump> {
  return JSON.parse(await request(pid, { json: true, only }));
}

const OUT_JSON = 1;
const OUT_JS = 2;

/** Why there are no stacks of it: what was seen, and the next step. */
function noStacks(errno: number, { pid, core, tid }: { pid: number; core: string; tid: number }): Error {
  const denied = errno === 1 || errno === 13;
  if (core) {
    if (denied) return failure('EACCES', `${core} may not be read`, 'ask as its owner, or as root');
    if (errno === 2) return failure('ENOENT', `${core}: there is no such file`, 'give a PID or a core file');
    if (errno === 3) return failure('ESRCH', `${core} has no thread ${tid}`, 'without --thread it shows all');
    if (errno === 61)
      return failure('ENODATA', `${core} is a core file that is cut off: no threads are in it`, WHOLE_CORE);
    if (errno === 8)
      return failure(
        'ENOEXEC',
        `${core} ${noCore(core)}; expected: a core file of an x86-64 process`,
        WHOLE_CORE,
      );
  } else {
    if (errno === 22)
      return failure('EINVAL', `process ${pid} is this one`, 'give the number of another process');
    const none = noProcess(pid);
    if (none) return none;
    if (denied) return whyNotTraced(pid, look(pid)!, process.geteuid!(), ptraceScope());
    if (errno === 3 && tid)
      return failure('ESRCH', `process ${pid} has no thread ${tid}`, `ps -L -p ${pid} lists those it has`);
  }
  return failure('EIO', `${core || `process ${pid}`}: error ${errno}`, 'this is a bug');
}

const WHOLE_CORE = 'ulimit -c unlimited, and room on the disk, make whole ones';

/** Stacks taken from outside, as text or as JSON; blocks while the other process stands still, some milliseconds. */
export function backtraceText({
  pid = 0,
  core = '',
  tid = 0,
  json = false,
  jsOnly = false,
}: {
  pid?: number;
  core?: string;
  tid?: number;
  json?: boolean;
  jsOnly?: boolean;
}): string {
  if (!core && pid !== process.pid) {
    const seen = look(pid);
    if (seen && seen.process !== pid) throw noProcess(pid); // the kernel takes a thread for its process
  }
  const text = native.diagBacktrace(pid, core, tid, (json ? OUT_JSON : 0) | (jsOnly ? OUT_JS : 0));
  if (typeof text === 'string') return text;
  throw Object.assign(noStacks(-text, { pid, core, tid }), { errno: text });
}

/**
 * Stacks of all threads of a process or of a core file. This process tells its own; another one is stopped by ptrace
 * for some milliseconds, and need be none of ring3's.
 * @throws Error with `code` ESRCH, EPERM, EACCES, ENOENT, ENOTSUP (a kernel thread), ENODATA (a core that is cut off) or
 * ENOEXEC; the second line of `message` says what to do
 */
export async function backtrace({
  pid = process.pid,
  core = '',
  tid = 0,
}: {
  pid?: number;
  core?: string;
  tid?: number;
} = {}): Promise<Backtrace> {
  if (core || pid !== process.pid) return JSON.parse(backtraceText({ pid, core, tid, json: true }));
  const dump = await sigdump({ only: ['threads'] });
  const threads = (dump.threads ?? [])
    .filter((thread) => !tid || thread.tid === tid)
    .map(({ stack, ...thread }) => ({ ...thread, frames: dump.stacks?.[stack ?? -1]?.frames ?? [] }));
  return { ring3Backtrace: 1, pid, threads };
}

/**
 * Calls @listener for each finding; one listener, the last. From Node's main thread only. Node's loop is watched from
 * then on, with a budget of 2 s unless setBudgets() or RING3_WATCHDOG said another.
 */
export function onStall(listener: (stall: Stall) => void): void {
  if (typeof listener !== 'function')
    throw new TypeError(`listener is ${typeof listener}, should be a function`);
  native.diagOnStall(listener);
}

const BUDGETS = ['task', 'callback', 'kthread', 'lock', 'io', 'node'] as const;

/** What counts as too long, milliseconds; Infinity switches a watchdog off. What is not named stays. */
export function setBudgets(budgets: Partial<Record<(typeof BUDGETS)[number], number>>): void {
  const unknown = Object.keys(budgets).find((name) => !(BUDGETS as readonly string[]).includes(name));
  if (unknown !== undefined)
    throw new TypeError(`there is no budget '${unknown}'; there are ${BUDGETS.join(', ')}`);
  const [task, callback, kthread, lock, io, node] = BUDGETS.map((name) => {
    const ms = budgets[name];
    if (ms !== undefined && !(ms > 0))
      throw new TypeError(`${name} is ${ms}, should be milliseconds above 0, or Infinity`);
    return (ms ?? 0) * 1e6;
  }) as [number, number, number, number, number, number];
  native.diagBudgets(task, callback, kthread, lock, io, node);
}
