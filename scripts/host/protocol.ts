// SPDX-License-Identifier: MIT
/**
 * How commands speak with a running host: a unix socket, one JSON object per line each way. A request is answered by
 * one line, `{"ok":true,...}` or `{"ok":false,"errno":2,"code":"ENOENT","message":"..."}`; what is followed by many.
 *
 * The folder is the user's alone (0700), and each socket (0600): who may connect may load code.
 */
import { chmodSync, mkdirSync, readdirSync, statSync, unlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { LogRecord, ModuleInfo, TreeEntry, Uevent } from '../../kernel-api/index.js';

/** Bytes of a request; connections of a host at a time. */
export const REQUEST_MAX = 128 << 10;
export const CONNECTIONS_MAX = 16;
/** sockaddr_un's path, without its end. */
const PATH_MAX = 107;

export type Request =
  | { op: 'hello' }
  | { op: 'insmod'; path: string; params: string }
  | { op: 'rmmod'; name: string }
  | { op: 'lsmod' }
  | { op: 'dmesg' }
  | { op: 'tree'; path: string }
  | { op: 'treeWrite'; path: string; value: string }
  | { op: 'uevents' }
  | { op: 'follow'; from: 'start' | 'now'; what: 'dmesg' | 'uevents' };

export interface Refusal {
  ok: false;
  errno: number;
  code: string;
  message: string;
}

export interface Hello {
  ok: true;
  name: string;
  pid: number;
  cpus: number;
}

/** A directory, or a file, in base64. */
export type TreeReply = { ok: true; entries: TreeEntry[] } | { ok: true; data: string };

export type Reply =
  | Refusal
  | Hello
  | TreeReply
  | { ok: true; module: ModuleInfo }
  | { ok: true; modules: ModuleInfo[] }
  | { ok: true; records: LogRecord[] }
  | { ok: true; record: LogRecord }
  | { ok: true; events: Uevent[] }
  | { ok: true; event: Uevent }
  | { ok: true };

export interface HostAddress {
  name: string;
  pid: number;
  path: string;
}

/** $XDG_RUNTIME_DIR/ring3, or where there is none $XDG_STATE_HOME/ring3. */
export function socketFolder(): string {
  const runtime = process.env.XDG_RUNTIME_DIR;
  return runtime
    ? join(runtime, 'ring3')
    : join(process.env.XDG_STATE_HOME || join(homedir(), '.local/state'), 'ring3');
}

const NAME = /^[A-Za-z0-9_.]{1,32}$/;

/** Why it cannot be a host's name, or undefined. */
export const badName = (name: string): string | undefined =>
  NAME.test(name) && !/^\d+$/.test(name)
    ? undefined
    : `'${name}' is no name of a host: 1 to 32 letters, digits, _ or . and not only digits`;

/** Where a host listens; the folder is made. @throws Error when the path is too long, or the folder is another's */
export function socketPath(name: string, pid: number): string {
  const folder = socketFolder();
  const path = join(folder, `${name}-${pid}.sock`);
  if (Buffer.byteLength(path) > PATH_MAX)
    throw new Error(
      `${path} is longer than ${PATH_MAX} bytes, which is the limit of sockets\nset XDG_RUNTIME_DIR to a shorter one`,
    );
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid } = statSync(folder);
  if (process.getuid && uid !== process.getuid())
    throw new Error(`${folder} belongs to another user\nset XDG_RUNTIME_DIR to a folder of yours`);
  chmodSync(folder, 0o700);
  return path;
}

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/** Hosts that run; what is left of those that died is removed. */
export function runningHosts(): HostAddress[] {
  const folder = socketFolder();
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names.sort().flatMap((file) => {
    const match = /^([A-Za-z0-9_.]{1,32})-(\d{1,10})\.sock$/.exec(file);
    if (!match) return [];
    const host = { name: match[1]!, pid: Number(match[2]), path: join(folder, file) };
    if (alive(host.pid)) return [host];
    try {
      unlinkSync(host.path);
    } catch {} // another command was faster
    return [];
  });
}
