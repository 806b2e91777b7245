// SPDX-License-Identifier: MIT
/** The commands' side of the control socket. */
import { createConnection, type Socket } from 'node:net';
import { KernelError, type LogRecord, type Uevent } from '../../kernel-api/index.js';
import { UsageError } from '../options.js';
import { type HostAddress, type Refusal, type Reply, type Request, runningHosts } from './protocol.js';

/** None runs, or several do. The second line is the mend. */
class HostError extends Error {
  override name = 'HostError';
  readonly code = 'ENOHOST';
}

/** The host that is meant: by name or PID, or the only one. @throws HostError, UsageError */
export function chooseHost(wanted: string | undefined): HostAddress {
  const hosts = runningHosts();
  const list = hosts.map(({ name, pid }) => `${name} (PID ${pid})`).join(', ');
  const chosen = hosts.filter(
    ({ name, pid }) => wanted === undefined || wanted === name || wanted === String(pid),
  );
  if (chosen.length === 1) return chosen[0]!;
  if (!hosts.length)
    throw new HostError('no host runs\nstart one: ring3 run [MODULE.ko.so...], or ring3 target');
  if (!chosen.length) throw new HostError(`no host is called ${wanted}\nthese run: ${list}`);
  const example = chosen[0]!;
  throw new UsageError(
    `${chosen.length} hosts ${wanted === undefined ? 'run' : `are called ${wanted}`}: ${list}; choose with --host ${
      wanted === undefined ? example.name : example.pid
    }`,
  );
}

async function connect(host: HostAddress): Promise<Socket> {
  const socket = createConnection(host.path);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new HostError(
      `host ${host.name} (PID ${host.pid}) does not answer: ${code}\nit is starting or ending; ring3 backtrace ${host.pid} shows what it does`,
    );
  }
  socket.setEncoding('utf8');
  return socket;
}

function refused({ errno, message }: Refusal): KernelError {
  return new KernelError(errno, message.replace(/ \(errno \d+\)$/, ''));
}

/** Answers, until the host ends them. @throws KernelError what it refuses; HostError when it ends in the middle */
async function* replies(host: HostAddress, request: Request): AsyncGenerator<Exclude<Reply, Refusal>> {
  const socket = await connect(host);
  try {
    socket.write(`${JSON.stringify(request)}\n`);
    let buffered = '';
    for await (const chunk of socket as AsyncIterable<string>) {
      buffered += chunk;
      for (let at = buffered.indexOf('\n'); at >= 0; at = buffered.indexOf('\n')) {
        const reply = JSON.parse(buffered.slice(0, at)) as Reply;
        buffered = buffered.slice(at + 1);
        if (!reply.ok) throw refused(reply);
        yield reply;
      }
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
  } finally {
    socket.destroy();
  }
}

/** One answer. @throws KernelError, HostError */
export async function ask<T extends Exclude<Reply, Refusal>>(
  host: HostAddress,
  request: Request,
): Promise<T> {
  for await (const reply of replies(host, request)) return reply as T;
  throw new HostError(
    `host ${host.name} (PID ${host.pid}) ended before it answered\nif it crashed, it said why on its stderr`,
  );
}

/** The log as it grows, until the host ends. */
export async function* followHost(host: HostAddress, from: 'start' | 'now'): AsyncGenerator<LogRecord> {
  for await (const reply of replies(host, { op: 'follow', from, what: 'dmesg' }))
    if ('record' in reply) yield reply.record;
}

/** Its uevents as they come, until it ends. */
export async function* followHostUevents(host: HostAddress, from: 'start' | 'now'): AsyncGenerator<Uevent> {
  for await (const reply of replies(host, { op: 'follow', from, what: 'uevents' }))
    if ('event' in reply) yield reply.event;
}
