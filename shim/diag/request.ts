// SPDX-License-Identifier: MIT
/** Asks a ring3 process for its dump, over the socket its collector listens on. Needs no addon. */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { SECTIONS, type Section } from './schema.js';

const TIMEOUT_MS = 5000;
/** How often one that is quiet is looked at: it may be stopped, or gone. */
const LOOK_MS = 500;
/** The whole of sun_path is an abstract name: unix(7). */
const NAME_BYTES = 108;

function failure(code: string, message: string, cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), { code });
}

/** What proc(5) says of it: a letter for its state, and the process that it is a thread of. Nothing: it is gone. */
function look(pid: number): { state: string; process: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8');
    const field = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(text)?.[1] ?? '';
    return { state: field('State'), process: Number(field('Tgid')) };
  } catch {
    return undefined;
  }
}

const FROM_OUTSIDE = (pid: number) => `ring3 backtrace ${pid} looks at it from outside`;

/** Why nobody listens or answers: it is gone, not ours, stopped, or something else. */
function explain(pid: number, cause?: unknown): Error {
  const seen = look(pid);
  const { code, message } = (cause ?? {}) as NodeJS.ErrnoException;
  if (!seen) return failure('ESRCH', `there is no process ${pid}\nps -e lists those there are`, cause);
  if (seen.process !== pid)
    return failure('ESRCH', `${pid} is a thread of process ${seen.process}\nask that one`, cause);
  if (seen.state === 'Z')
    return failure(
      'ESRCH',
      `process ${pid} has ended, and its parent has not noticed yet\nask another`,
      cause,
    );
  if (seen.state === 'T' || seen.state === 't')
    return failure(
      'ETIMEDOUT',
      `process ${pid} is stopped, and answers when it goes on: kill -CONT ${pid}\n${FROM_OUTSIDE(pid)}`,
      cause,
    );
  if (code === 'EAGAIN')
    return failure('EBUSY', `process ${pid} is asked by too many at once\ntry again in a second`, cause);
  if (code === 'ECONNRESET' || code === 'EPIPE')
    return failure('EPIPE', `process ${pid} closed the connection: ${message}\n${FROM_OUTSIDE(pid)}`, cause);
  if (!code) return failure('ETIMEDOUT', `process ${pid} does not answer\n${FROM_OUTSIDE(pid)}`);
  try {
    process.kill(pid, 0);
  } catch {
    return failure('EPERM', `process ${pid} belongs to another user\nask as that user, or as root`, cause);
  }
  return failure(
    'ENOTSUP',
    `process ${pid} is no ring3 process, or runs with RING3_DIAG=off\n${FROM_OUTSIDE(pid)}`,
    cause,
  );
}

/** A whole dump ends with how long it took; what was cut off does not. */
const isWhole = (text: string, json: boolean) => (json ? /"dumpMs":\d+\}\n$/ : /\ndumpMs=\d+\n$/).test(text);

/** The dump of process @pid. @throws Error with `code` and a sentence. */
export function request(
  pid: number,
  { json = false, only = [] }: { json?: boolean; only?: readonly Section[] } = {},
): Promise<string> {
  if (!Number.isInteger(pid) || pid <= 0 || pid > 0x7fff_ffff)
    return Promise.reject(failure('EINVAL', `pid is ${pid}, should be the number of a process`));
  const unknown = only.find((name) => !SECTIONS.includes(name));
  if (unknown !== undefined)
    return Promise.reject(failure('EINVAL', `'${unknown}' is no section; there are ${SECTIONS.join(', ')}`));
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const socket = connect({ path: `\0ring3-diag-${pid}`.padEnd(NAME_BYTES, '\0') });
    const stop = (error: Error) => {
      socket.destroy();
      reject(error);
    };
    let quiet = 0;
    socket.setTimeout(LOOK_MS, () => {
      quiet += LOOK_MS;
      const state = look(pid)?.state ?? 'Z';
      if (quiet >= TIMEOUT_MS || 'TtZX'.includes(state)) stop(explain(pid));
      else socket.setTimeout(LOOK_MS);
    });
    socket.on('connect', () =>
      socket.write(`dump${json ? ' json' : ''}${only.length ? ` only=${only.join(',')}` : ''}\n`),
    );
    socket.on('data', (part) => {
      quiet = 0;
      parts.push(part);
    });
    socket.on('error', (error) => stop(explain(pid, error)));
    socket.on('end', () => {
      const text = Buffer.concat(parts).toString();
      socket.end();
      if (text.startsWith('ring3-error: '))
        reject(failure('EPERM', `process ${pid}: ${text.slice(13).trim()}\n${FROM_OUTSIDE(pid)}`));
      else if (!isWhole(text, json))
        reject(
          failure(
            'EPIPE',
            `process ${pid} closed the connection ${text ? 'in the middle of its' : 'without a'} dump\nit may have ended`,
          ),
        );
      else resolve(text);
    });
  });
}
