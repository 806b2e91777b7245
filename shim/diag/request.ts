// SPDX-License-Identifier: MIT
/** Asks a ring3 process for its dump, over the socket its collector listens on. Needs no addon. */
import { connect } from 'node:net';
import { SECTIONS, type Section } from './schema.js';

const TIMEOUT_MS = 5000;
/** The whole of sun_path is an abstract name: unix(7). */
const NAME_BYTES = 108;

function failure(code: string, message: string, cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), { code });
}

/** Why nobody listens: it is gone, it is not ours, or it is something else. */
function explain(pid: number, cause: unknown): Error {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH')
      return failure('ESRCH', `there is no process ${pid}`, cause);
    return failure('EPERM', `process ${pid} belongs to another user`, cause);
  }
  return failure(
    'ENOTSUP',
    `process ${pid} is no ring3 process, or runs with RING3_DIAG=off\nring3 backtrace ${pid} looks at it from outside`,
    cause,
  );
}

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
    socket.setTimeout(TIMEOUT_MS, () =>
      stop(failure('ETIMEDOUT', `process ${pid} does not answer; ring3 backtrace ${pid} looks from outside`)),
    );
    socket.on('connect', () =>
      socket.write(`dump${json ? ' json' : ''}${only.length ? ` only=${only.join(',')}` : ''}\n`),
    );
    socket.on('data', (part) => parts.push(part));
    socket.on('error', (error) => stop(explain(pid, error)));
    socket.on('end', () => {
      const text = Buffer.concat(parts).toString();
      socket.end();
      if (text.startsWith('ring3-error: '))
        reject(failure('EPERM', `process ${pid}: ${text.slice(13).trim()}`));
      else if (!text) reject(failure('EPIPE', `process ${pid} closed the connection without a dump`));
      else resolve(text);
    });
  });
}
