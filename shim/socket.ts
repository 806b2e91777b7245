// SPDX-License-Identifier: MIT
/**
 * TCP sockets whose descriptor can be given away: accept, read and write on Node's event task, then detach().
 *
 * Node's own sockets belong to libuv for life; a login has to hand its connection to another thread.
 */
import { isIPv6 } from 'node:net';
import { getSystemErrorName } from 'node:util';
import koffi from 'koffi';
import { PollEvents } from './events.js';
import { type NativePoll, native } from './native.js';

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM_NONBLOCK_CLOEXEC = 1 | 0o4000 | 0o2000000;
const NONBLOCK_CLOEXEC = 0o4000 | 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const MSG_NOSIGNAL = 0x4000;
const BACKLOG = 1024;

const libc = koffi.load('libc.so.6');
const c = {
  socket: libc.func('int socket(int, int, int)'),
  bind: libc.func('int bind(int, const void *, uint32_t)'),
  listen: libc.func('int listen(int, int)'),
  accept4: libc.func('int accept4(int, _Out_ void *, _Inout_ uint32_t *, int)'),
  recv: libc.func('intptr_t recv(int, _Out_ void *, size_t, int)'),
  send: libc.func('intptr_t send(int, const void *, size_t, int)'),
  setsockopt: libc.func('int setsockopt(int, int, int, const void *, uint32_t)'),
  getsockname: libc.func('int getsockname(int, _Out_ void *, _Inout_ uint32_t *)'),
  getpeername: libc.func('int getpeername(int, _Out_ void *, _Inout_ uint32_t *)'),
  close: libc.func('int close(int)'),
};

/** errno as an Error like Node's own, with code and syscall. */
function lastError(syscall: string, what = ''): NodeJS.ErrnoException {
  const errno = koffi.errno();
  const code = getSystemErrorName(-errno);
  return Object.assign(new Error(`${syscall}${what ? ` ${what}` : ''}: ${code}`), { errno, code, syscall });
}

function wouldBlock(): boolean {
  const errno = koffi.errno();
  return errno === koffi.os.errno.EAGAIN || errno === koffi.os.errno.EINTR;
}

/** A sockaddr_in or sockaddr_in6. */
function encodeAddress(address: string, port: number): Buffer {
  if (!isIPv6(address)) {
    const sockaddr = Buffer.alloc(16);
    sockaddr.writeUInt16LE(AF_INET, 0);
    sockaddr.writeUInt16BE(port, 2);
    Buffer.from(address.split('.').map(Number)).copy(sockaddr, 4);
    return sockaddr;
  }
  const sockaddr = Buffer.alloc(28);
  sockaddr.writeUInt16LE(AF_INET6, 0);
  sockaddr.writeUInt16BE(port, 2);
  const [head = '', tail] = address.split('::');
  const words = (part: string) => (part ? part.split(':').map((word) => Number.parseInt(word, 16)) : []);
  const [left, right] = [words(head), words(tail ?? '')];
  const all =
    tail === undefined ? left : [...left, ...Array(8 - left.length - right.length).fill(0), ...right];
  all.forEach((word, index) => {
    sockaddr.writeUInt16BE(word, 8 + index * 2);
  });
  return sockaddr;
}

/** "1.2.3.4:80" or "[::1]:80". */
function decodeAddress(sockaddr: Buffer): { address: string; port: number; text: string } {
  const port = sockaddr.readUInt16BE(2);
  if (sockaddr.readUInt16LE(0) === AF_INET) {
    const address = [...sockaddr.subarray(4, 8)].join('.');
    return { address, port, text: `${address}:${port}` };
  }
  const words = Array.from({ length: 8 }, (_, i) => sockaddr.readUInt16BE(8 + i * 2).toString(16));
  const address = words
    .join(':')
    .replace(/\b(?:0(?::|$)){2,}/, '::')
    .replace(/:{3,}/, '::');
  return { address, port, text: `[${address}]:${port}` };
}

type NameCall = (fd: number, name: Buffer, length: [number]) => number;

function nameOf(call: NameCall, fd: number): ReturnType<typeof decodeAddress> {
  const sockaddr = Buffer.alloc(128);
  if (call(fd, sockaddr, [128]) < 0) throw lastError('getsockname');
  return decodeAddress(sockaddr);
}

/** Waits for one readiness of @fd; @signal rejects with its reason. */
function ready(fd: number, events: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    let poll: NativePoll | undefined;
    const end = (action: () => void) => {
      poll?.remove();
      signal?.removeEventListener('abort', abort);
      action();
    };
    const abort = () => end(() => reject(signal?.reason));
    signal?.addEventListener('abort', abort);
    poll = new native.NativePoll(fd, events | PollEvents.RdHup, () => end(resolve), true);
  });
}

/** The other side ended the connection before what was waited for had come. */
export class TcpClosedError extends Error {
  override name = 'TcpClosedError';
  constructor(
    readonly expectedBytes: number,
    readonly receivedBytes: number,
  ) {
    super(`connection closed after ${receivedBytes} of ${expectedBytes} bytes`);
  }
}

/** A connected socket. One read and one write at a time. */
export class TcpSocket {
  /** "ip:port" or "[ip6]:port" of the other side and of ours. */
  readonly peer: string;
  readonly local: string;
  #fd: number;

  /** Owns @fd, a connected non-blocking socket. */
  constructor(fd: number) {
    this.#fd = fd;
    this.peer = nameOf(c.getpeername as NameCall, fd).text;
    this.local = nameOf(c.getsockname as NameCall, fd).text;
    c.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, Buffer.from([1, 0, 0, 0]), 4);
  }

  #open(): number {
    if (this.#fd < 0) throw new Error('the socket is closed, or given away');
    return this.#fd;
  }

  /**
   * Exactly @bytes bytes, and not one more from the kernel.
   * @throws TcpClosedError at the end of the stream; the signal's reason when aborted.
   */
  async readExactly(bytes: number, signal?: AbortSignal): Promise<Buffer> {
    const all = Buffer.alloc(bytes);
    let received = 0;
    while (received < bytes) {
      signal?.throwIfAborted();
      const got = Number(c.recv(this.#open(), all.subarray(received), bytes - received, 0));
      if (got > 0) received += got;
      else if (got === 0) throw new TcpClosedError(bytes, received);
      else if (wouldBlock()) await ready(this.#open(), PollEvents.In, signal);
      else throw lastError('recv');
    }
    return all;
  }

  /** All of @data. */
  async write(data: Buffer, signal?: AbortSignal): Promise<void> {
    let sent = 0;
    while (sent < data.length) {
      signal?.throwIfAborted();
      const put = Number(c.send(this.#open(), data.subarray(sent), data.length - sent, MSG_NOSIGNAL));
      if (put >= 0) sent += put;
      else if (wouldBlock()) await ready(this.#open(), PollEvents.Out, signal);
      else throw lastError('send');
    }
  }

  /** The descriptor, still ours. */
  get fd(): number {
    return this.#open();
  }

  /** The descriptor, now the caller's. */
  detach(): number {
    const fd = this.#open();
    this.#fd = -1;
    return fd;
  }

  /** May be called twice. */
  close(): void {
    if (this.#fd >= 0) c.close(this.#fd);
    this.#fd = -1;
  }
}

/** A listening socket. */
export class TcpListener {
  readonly address: string;
  readonly port: number;
  #fd: number;
  readonly #closing = new AbortController();

  private constructor(fd: number) {
    this.#fd = fd;
    const name = nameOf(c.getsockname as NameCall, fd);
    this.address = name.address;
    this.port = name.port;
  }

  /**
   * Listens at a literal IPv4 or IPv6 address; port 0 = any free one.
   * @throws Error with code EADDRINUSE, EADDRNOTAVAIL, EACCES
   */
  static listen(address: string, port: number): TcpListener {
    const six = isIPv6(address);
    const one = Buffer.from([1, 0, 0, 0]);
    const fd = c.socket(six ? AF_INET6 : AF_INET, SOCK_STREAM_NONBLOCK_CLOEXEC, 0) as number;
    if (fd < 0) throw lastError('socket');
    const sockaddr = encodeAddress(address, port);
    c.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, one, 4);
    if (six) c.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, one, 4);
    for (const [name, rc] of [
      ['bind', () => c.bind(fd, sockaddr, sockaddr.length)],
      ['listen', () => c.listen(fd, BACKLOG)],
    ] as [string, () => number][])
      if (rc() < 0) {
        const error = lastError(name, `${address}:${port}`);
        c.close(fd);
        throw error;
      }
    return new TcpListener(fd);
  }

  /** The next connection. Rejects with code ECANCELED after close(), EMFILE when descriptors run out. */
  async accept(signal?: AbortSignal): Promise<TcpSocket> {
    const stop = signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal;
    for (;;) {
      stop.throwIfAborted();
      const fd = c.accept4(this.#fd, Buffer.alloc(128), [128], NONBLOCK_CLOEXEC) as number;
      if (fd >= 0) {
        try {
          return new TcpSocket(fd);
        } catch {
          c.close(fd); // it left between accept and getpeername
          continue;
        }
      }
      if (koffi.errno() === koffi.os.errno.ECONNABORTED) continue;
      if (!wouldBlock()) throw lastError('accept4');
      await ready(this.#fd, PollEvents.In, stop);
    }
  }

  /** Stops listening; a waiting accept() rejects. May be called twice. */
  close(): void {
    if (this.#fd < 0) return;
    this.#closing.abort(Object.assign(new Error('the listener was closed'), { code: 'ECANCELED' }));
    c.close(this.#fd);
    this.#fd = -1;
  }
}
