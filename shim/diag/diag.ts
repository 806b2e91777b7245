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

const ASK_ROOT = 'ask as its user or as root; kernel.yama.ptrace_scope may forbid it, too';
const REASONS: Record<number, [code: string, why: string, next: string]> = {
  1: ['EPERM', 'not permitted: it belongs to another user, or somebody traces it', ASK_ROOT],
  2: ['ENOENT', 'no such file', 'give a PID or a core file'],
  3: ['ESRCH', 'no such process, or no such thread in it', 'ps -eL lists those there are'],
  8: ['ENOEXEC', 'no core file of this machine', 'give one of an x86-64 process, whole'],
  61: [
    'ENODATA',
    'a core file that is cut off: it has no threads',
    'give a whole one (ulimit -c, disk space)',
  ],
  13: ['EACCES', 'not permitted', ASK_ROOT],
  22: ['EINVAL', 'no process that can be looked at from here', 'give the number of another process'],
};

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
  const text = native.diagBacktrace(pid, core, tid, (json ? OUT_JSON : 0) | (jsOnly ? OUT_JS : 0));
  if (typeof text === 'string') return text;
  const [code, why, next] = REASONS[-text] ?? ['EIO', `error ${-text}`, 'this is a bug'];
  throw Object.assign(new Error(`${core || `process ${pid}`}: ${why}\n${next}`), { code, errno: text });
}

/**
 * Stacks of all threads of a process or of a core file. This process tells its own; another one is stopped by ptrace
 * for some milliseconds, and need be none of ring3's.
 * @throws Error with `code` ESRCH, EPERM, EACCES, ENOENT or ENOEXEC
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
  const [task, callback, kthread, lock, io, node] = BUDGETS.map((name) => {
    const ms = budgets[name];
    if (ms !== undefined && !(ms > 0))
      throw new TypeError(`${name} is ${ms}, should be milliseconds above 0, or Infinity`);
    return (ms ?? 0) * 1e6;
  }) as [number, number, number, number, number, number];
  native.diagBudgets(task, callback, kthread, lock, io, node);
}
