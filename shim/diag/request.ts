// SPDX-License-Identifier: MIT
/** Asks a ring3 process for its dump, over the socket its collector listens on. Needs no addon. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { failure, look, noProcess, sameNetwork, tracerOf } from './process.js';
import { SECTIONS, type Section } from './schema.js';

const TIMEOUT_MS = 5000;
/** However it trickles. */
const WHOLE_MS = 30_000;
/** No dump is as large. */
const LARGEST = 64 << 20;
/** How often one that is quiet is looked at: it may be stopped, or gone. */
const LOOK_MS = 500;
/** The whole of sun_path is an abstract name: unix(7). */
const NAME_BYTES = 108;

const FROM_OUTSIDE = (pid: number) => `ring3 backtrace ${pid} looks at it from outside`;

/** Why nobody listens or answers: it is gone, not ours, stopped, or something else. */
function explain(pid: number, cause?: unknown): Error {
  const none = noProcess(pid);
  const seen = look(pid);
  const { code, message } = (cause ?? {}) as NodeJS.ErrnoException;
  if (none || !seen) return none ?? failure('ESRCH', `process ${pid} has ended`, 'ask another', cause);
  if (seen.state === 't')
    return failure(
      'ETIMEDOUT',
      `process ${pid} is stopped by ${tracerOf(seen)}`,
      'let it go on there',
      cause,
    );
  if (seen.state === 'T')
    return failure(
      'ETIMEDOUT',
      `process ${pid} is stopped, and answers when it goes on: kill -CONT ${pid}`,
      FROM_OUTSIDE(pid),
      cause,
    );
  if (code === 'EAGAIN')
    return failure('EBUSY', `process ${pid} is asked by too many at once`, 'try again in a second', cause);
  if (code === 'ECONNRESET' || code === 'EPIPE')
    return failure('EPIPE', `process ${pid} closed the connection: ${message}`, FROM_OUTSIDE(pid), cause);
  if (!code) return failure('ETIMEDOUT', `process ${pid} does not answer`, FROM_OUTSIDE(pid));
  if (!sameNetwork(pid))
    return failure(
      'ENOTSUP',
      `process ${pid} is in another network namespace, where it cannot be asked from here`,
      `${FROM_OUTSIDE(pid)}; nsenter -n -t ${pid} goes there`,
      cause,
    );
  const asker = process.geteuid!();
  if (asker && seen.user !== asker)
    return failure(
      'EPERM',
      `process ${pid} belongs to user ${seen.user}`,
      'ask as that user, or as root',
      cause,
    );
  return failure(
    'ENOTSUP',
    `process ${pid} is no ring3 process, or runs with RING3_DIAG=off`,
    FROM_OUTSIDE(pid),
    cause,
  );
}

/** Whose socket that is: anybody may have taken the name. Undefined: it cannot be seen. */
function listens(pid: number, name: string): boolean | undefined {
  try {
    const shown = `@${name.slice(1)}`;
    const sockets = new Set<string>();
    for (const line of readFileSync('/proc/net/unix', 'latin1').split('\n')) {
      const [, , , , , , inode, path = ''] = line.split(/\s+/);
      if (path.replace(/@+$/, '') === shown) sockets.add(`socket:[${inode}]`);
    }
    if (!sockets.size) return undefined; // nobody: connect() says so
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      try {
        return sockets.has(readlinkSync(`/proc/${pid}/fd/${fd}`));
      } catch {
        return false; // closed meanwhile
      }
    });
  } catch {
    return undefined;
  }
}

/** A whole dump ends with how long it took; what was cut off does not. */
const isWhole = (text: string, json: boolean) => (json ? /"dumpMs":\d+\}\n$/ : /\ndumpMs=\d+\n$/).test(text);

function isJson(text: string): boolean {
  try {
    return JSON.parse(text) !== null;
  } catch {
    return false;
  }
}

/** Nothing in what another process says moves a terminal's cursor. */
const plain = (text: string): string => text.replace(/[^\P{Cc}\n\t]/gu, '?');

/** Why @text, all that process @pid answered, is no dump. */
function whyNoDump(pid: number, text: string, json: boolean): Error | undefined {
  const refusal = /^ring3-error: ([^\n]*)/.exec(text)?.[1];
  if (refusal !== undefined)
    return failure('EPERM', `process ${pid}: ${plain(refusal)}`, 'ask as that user, or as root');
  if (!isWhole(text, json))
    return failure(
      'EPIPE',
      `process ${pid} closed the connection ${text ? 'in the middle of its' : 'without a'} dump`,
      'it may have ended',
    );
  return json && !isJson(text) ? noDump(pid) : undefined;
}

const noDump = (pid: number) => failure('EPIPE', `process ${pid} answers what is no dump`, FROM_OUTSIDE(pid));

/** Says @line to the socket @name of process @pid. @returns all that is answered @throws as request() */
function converse(pid: number, name: string, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const socket = connect({ path: name.padEnd(NAME_BYTES, '\0') });
    let bytes = 0;
    const stop = (error: Error) => {
      clearTimeout(limit);
      socket.destroy();
      reject(error);
    };
    const limit = setTimeout(
      () => stop(failure('ETIMEDOUT', `process ${pid} does not come to an end`, FROM_OUTSIDE(pid))),
      WHOLE_MS,
    );
    let quiet = 0;
    socket.setTimeout(LOOK_MS, () => {
      quiet += LOOK_MS;
      const state = look(pid)?.state ?? 'Z';
      if (quiet >= TIMEOUT_MS || 'TtZX'.includes(state)) stop(explain(pid));
      else socket.setTimeout(LOOK_MS);
    });
    socket.on('connect', () => socket.write(line));
    socket.on('data', (part) => {
      quiet = 0;
      parts.push(part);
      bytes += part.length;
      if (bytes > LARGEST) stop(noDump(pid));
    });
    socket.on('error', (error) => stop(explain(pid, error)));
    socket.on('end', () => {
      clearTimeout(limit);
      socket.end();
      resolve(Buffer.concat(parts).toString());
    });
  });
}

/** The dump of process @pid. @throws Error with `code` and a sentence. */
export async function request(
  pid: number,
  { json = false, only = [] }: { json?: boolean; only?: readonly Section[] } = {},
): Promise<string> {
  if (!Number.isInteger(pid) || pid <= 0 || pid > 0x7fff_ffff)
    throw failure(
      'EINVAL',
      `pid is ${pid}, should be the number of a process`,
      'ps -e lists those there are',
    );
  const unknown = only.find((name) => !SECTIONS.includes(name));
  if (unknown !== undefined)
    throw failure(
      'EINVAL',
      `'${unknown}' is no section; there are ${SECTIONS.join(', ')}`,
      'without any it shows all',
    );
  const seen = look(pid);
  if (seen?.process !== pid) throw noProcess(pid) ?? explain(pid);
  const name = `\0ring3-diag-${seen.ownPid}`;
  if (listens(pid, name) === false)
    throw failure(
      'EPERM',
      `another process has taken the name that process ${pid} would answer by`,
      FROM_OUTSIDE(pid),
    );
  const line = `dump${json ? ' json' : ''}${only.length ? ` only=${only.join(',')}` : ''}\n`;
  const text = await converse(pid, name, line);
  const wrong = whyNoDump(pid, text, json);
  if (wrong) throw wrong;
  return json ? text : plain(text);
}
