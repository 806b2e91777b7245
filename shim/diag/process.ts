// SPDX-License-Identifier: MIT
/** What proc(5) and a file's header say of what was to be looked at, and why that cannot be: sentences for people. */
import { closeSync, openSync, readFileSync, readlinkSync, readSync, statSync } from 'node:fs';

/** An error a user reads: its message is what was seen, and in a second line what to do. */
export function failure(code: string, seen: string, next: string, cause?: unknown): Error {
  return Object.assign(new Error(`${seen}\n${next}`, { cause }), { code });
}

export interface Seen {
  /** proc(5)'s letter. */
  state: string;
  /** The process that it is a thread of. */
  process: number;
  user: number;
  /** The process that traces it, 0 = none. */
  tracer: number;
  /** What it calls itself: its number in its own namespace. */
  ownPid: number;
  /** It has no memory of its own: a kernel thread, or one that has ended. */
  hollow: boolean;
}

/** Nothing: it is gone, or hidden (hidepid). */
export function look(pid: number): Seen | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8');
    const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(text)?.[1]?.split(/\s+/) ?? [];
    return {
      state: field('State')[0] ?? '',
      process: Number(field('Tgid')[0]),
      user: Number(field('Uid')[1]),
      tracer: Number(field('TracerPid')[0] ?? 0),
      ownPid: Number(field('NSpid').at(-1) ?? pid),
      hollow: !field('VmSize').length,
    };
  } catch {
    return undefined;
  }
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Why @pid is nothing that has stacks. */
export function noProcess(pid: number): Error | undefined {
  const seen = look(pid);
  if (!seen && exists(pid))
    return failure('EPERM', `process ${pid} is hidden from you (hidepid)`, 'ask as its user, or as root');
  if (!seen) return failure('ESRCH', `there is no process ${pid}`, 'ps -e lists those there are');
  if (seen.process !== pid)
    return failure(
      'ESRCH',
      `${pid} is a thread of process ${seen.process}`,
      `ask that one; ring3 backtrace ${seen.process} --thread ${pid} shows the thread`,
    );
  if (seen.state === 'Z' || seen.state === 'X')
    return failure('ESRCH', `process ${pid} has ended, and its parent has not noticed yet`, 'ask another');
  if (seen.hollow)
    return failure('ENOTSUP', `${pid} is a thread of the kernel`, `as root: cat /proc/${pid}/stack`);
  return undefined;
}

const nameOf = (pid: number): string => {
  try {
    return ` (${readFileSync(`/proc/${pid}/comm`, 'utf8')
      .trim()
      .replace(/\p{Cc}/gu, '?')})`;
  } catch {
    return '';
  }
};

/** "process 12 (gdb)" */
export const tracerOf = ({ tracer }: Seen): string => `process ${tracer}${nameOf(tracer)}`;

/** @scope kernel.yama.ptrace_scope, 0 where there is none */
export function whyNotTraced(pid: number, seen: Seen, asker: number, scope: number): Error {
  const who = `process ${pid}`;
  if (seen.tracer)
    return failure(
      'EPERM',
      `${who} is traced by ${tracerOf(seen)}, and has one tracer at a time`,
      'end that first',
    );
  if (asker && seen.user !== asker)
    return failure('EPERM', `${who} belongs to user ${seen.user}`, 'ask as that user, or as root');
  if (scope === 3)
    return failure(
      'EPERM',
      `${who}: kernel.yama.ptrace_scope is 3, so nobody may look`,
      'only a reboot ends that',
    );
  if (asker && scope)
    return failure(
      'EPERM',
      `${who}: kernel.yama.ptrace_scope is ${scope}, so ${scope === 1 ? 'only its parent and root may look' : 'only root may look'}`,
      'ask as root, or: sysctl kernel.yama.ptrace_scope=0',
    );
  return failure('EPERM', `${who} may not be looked at`, 'it needs CAP_SYS_PTRACE: a container may lack it');
}

export function ptraceScope(): number {
  try {
    return Number(readFileSync('/proc/sys/kernel/yama/ptrace_scope', 'utf8'));
  } catch {
    return 0;
  }
}

/** False: it is reached by no socket of ours. */
export function sameNetwork(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`) === readlinkSync('/proc/self/ns/net');
  } catch {
    return true;
  }
}

const MACHINES: ReadonlyMap<number, string> = new Map([
  [3, 'i386'],
  [40, 'Arm'],
  [62, 'x86-64'],
  [183, 'AArch64'],
  [243, 'RISC-V'],
]);

/** What a file is that should have been a core of this machine. */
export function noCore(path: string): string {
  const head = Buffer.alloc(64);
  let got = 0;
  try {
    if (!statSync(path).isFile()) return 'is no file';
    const fd = openSync(path, 'r');
    got = readSync(fd, head);
    closeSync(fd);
  } catch {
    return 'cannot be read';
  }
  if (!got) return 'is empty';
  if (head.readUInt32BE(0) !== 0x7f454c46) return 'is no ELF file';
  const machine = head.readUInt16LE(18);
  if (machine !== 62 || head[4] !== 2)
    return `is of another machine (${MACHINES.get(machine) ?? `number ${machine}`}${machine === 62 ? ', 32 bits' : ''})`;
  if (head.readUInt16LE(16) !== 4) return 'is a program or a library, not a core';
  return 'is a core file that is damaged or cut off';
}
