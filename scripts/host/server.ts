// SPDX-License-Identifier: MIT
/** The control socket of a process that hosts modules: `ring3 run`, `ring3 target`. */
import { unlinkSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { type Kernel, KernelError } from '../../kernel-api/index.js';
import { CONNECTIONS_MAX, REQUEST_MAX, type Reply, type Request, socketPath } from './protocol.js';

const EPROTO = 71;

/** Requests of one connection that wait for their turn; then no more are read. */
const WAITING_MAX = 32;

/** A request as it may come: anything. @throws KernelError EPROTO */
function parseRequest(line: string): Request {
  const bad = (what: string) => new KernelError(EPROTO, `bad request: ${what}`);
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(line);
  } catch {
    throw bad('no JSON');
  }
  const text = (name: string): string => {
    const field = value?.[name];
    if (typeof field !== 'string') throw bad(`${name} is ${typeof field}, should be a string`);
    return field;
  };
  switch (value?.op) {
    case 'hello':
    case 'lsmod':
    case 'dmesg':
    case 'uevents':
      return { op: value.op };
    case 'insmod':
      return { op: 'insmod', path: text('path'), params: text('params') };
    case 'rmmod':
      return { op: 'rmmod', name: text('name') };
    case 'tree':
      return { op: 'tree', path: text('path') };
    case 'treeWrite':
      return { op: 'treeWrite', path: text('path'), value: text('value') };
    case 'follow':
      return {
        op: 'follow',
        from: text('from') === 'now' ? 'now' : 'start',
        what: value.what === 'uevents' ? 'uevents' : 'dmesg',
      };
    default:
      throw bad(
        `op is ${JSON.stringify(value?.op)?.slice(0, 40)}, should be hello, insmod, rmmod, lsmod, dmesg, uevents, tree, treeWrite or follow`,
      );
  }
}

function refusal(error: unknown): Reply {
  const { errno = 5, code = 'EIO', message } = error as KernelError;
  return { ok: false, errno, code: String(code), message };
}

export class HostServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(
    readonly kernel: Kernel,
    readonly name: string,
    readonly path: string,
    server: Server,
  ) {
    this.#server = server;
  }

  /** Listens; requests may come at once. @throws Error when the socket cannot be made */
  static async listen(kernel: Kernel, name: string): Promise<HostServer> {
    const path = socketPath(name, process.pid);
    try {
      unlinkSync(path); // of a process that had our number before
    } catch {}
    const server = createServer();
    const host = new HostServer(kernel, name, path, server);
    server.on('connection', (socket) => host.#serve(socket));
    // The mode is right from the first moment: bind() takes it from the mask.
    const mask = process.umask(0o177);
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(path, () => resolve());
      });
    } finally {
      process.umask(mask);
    }
    server.unref();
    return host;
  }

  /** Ends all connections, and takes the socket away. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #serve(socket: Socket): void {
    socket.on('error', () => {});
    if (this.#sockets.size >= CONNECTIONS_MAX) {
      socket.end(
        `${JSON.stringify(refusal(new KernelError(11, `${CONNECTIONS_MAX} commands speak with this host, which is the limit`)))}\n`,
      );
      return;
    }
    this.#sockets.add(socket);
    const end = new AbortController();
    socket.once('close', () => {
      this.#sockets.delete(socket);
      end.abort();
    });
    socket.unref();
    /** Resolves when the peer has taken most of it: one who does not read is not answered, nor heard, any more. */
    const send = async (reply: Reply) => {
      if (!socket.write(`${JSON.stringify(reply)}\n`) && !end.signal.aborted)
        await new Promise<void>((resolve) => {
          const go = () => {
            socket.off('drain', go);
            end.signal.removeEventListener('abort', go);
            resolve();
          };
          socket.on('drain', go);
          end.signal.addEventListener('abort', go);
        });
    };
    let waiting = 0;
    let buffered = '';
    let turn: Promise<void> = Promise.resolve();
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      buffered += chunk;
      for (let at = buffered.indexOf('\n'); at >= 0; at = buffered.indexOf('\n')) {
        const line = buffered.slice(0, at);
        buffered = buffered.slice(at + 1);
        if (line.length > REQUEST_MAX) {
          buffered = line;
          break;
        }
        if (++waiting === WAITING_MAX) socket.pause();
        turn = turn
          .then(() => this.#answer(line, send, end.signal))
          .finally(() => {
            if (waiting-- === WAITING_MAX) socket.resume();
          });
      }
      if (buffered.length <= REQUEST_MAX) return;
      buffered = '';
      socket.end(
        `${JSON.stringify(refusal(new KernelError(EPROTO, `a request has more than ${REQUEST_MAX} bytes`)))}\n`,
      );
    });
  }

  async #answer(line: string, send: (reply: Reply) => Promise<void>, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return; // nobody hears the answer
    try {
      const request = parseRequest(line);
      if (request.op !== 'follow') return await send(await this.#do(request));
      // As fast as it is read: a slow reader loses records and is told, the host's memory does not grow.
      const { from } = request;
      if (request.what === 'uevents')
        for await (const event of this.kernel.followUevents({ from, signal }))
          await send({ ok: true, event });
      else
        for await (const record of this.kernel.followDmesg({ from, signal }))
          await send({ ok: true, record });
    } catch (error) {
      await send(refusal(error));
    }
  }

  async #do(request: Exclude<Request, { op: 'follow' }>): Promise<Reply> {
    const { kernel, name } = this;
    switch (request.op) {
      case 'hello':
        return { ok: true, name, pid: process.pid, cpus: kernel.cpus };
      case 'insmod': {
        const { id } = await kernel.insmodText(request.path, request.params);
        const module = kernel.lsmod().find((one) => one.id === id);
        return module ? { ok: true, module } : { ok: true };
      }
      case 'rmmod':
        await kernel.rmmod(request.name);
        return { ok: true };
      case 'lsmod':
        return { ok: true, modules: kernel.lsmod() };
      case 'dmesg':
        return { ok: true, records: kernel.dmesg() };
      case 'uevents':
        return { ok: true, events: kernel.uevents() };
      case 'tree': {
        const { tree } = kernel;
        const { kind } = await tree.stat(request.path);
        if (kind === 'directory') return { ok: true, entries: await tree.list(request.path) };
        return { ok: true, data: (await tree.readBytes(request.path)).toString('base64') };
      }
      case 'treeWrite':
        await kernel.tree.write(request.path, request.value);
        return { ok: true };
    }
  }
}
