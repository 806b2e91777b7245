// SPDX-License-Identifier: MIT
/** How what happens in the kernel comes to this thread's event loop, and what this thread made of it. One port per thread. */
import { readSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { type FdWatch, native } from '../shim/native.js';
import { Call, c, check, KernelError, type Kind } from './library.js';

/** Deliveries in one turn of the event loop; the rest waits for the next. */
const TURN = 256;

export interface Port {
  address: bigint;
  handlers: Map<number, (value: number) => void>;
  calls: number;
  holds: number;
  poll: FdWatch;
}

let port: Port | undefined;
let nextCookie = 1;

/** What has to be given back before the kernel stops. */
export interface Closable {
  /** Gives it back, whatever state it is in. */
  close(): void | Promise<void>;
}
const open = new Set<Closable>();

export function opened(one: Closable): void {
  open.add(one);
}

export function closed(one: Closable): void {
  open.delete(one);
}

function deliver(at: Port): void {
  const pair = Buffer.alloc(16);
  for (let n = 0; n < TURN; n++) {
    // One at a time: a handler may cancel what would come next.
    if (port !== at || (c.portTake(at.address, pair, 1) as number) === 0) return;
    const handler = at.handlers.get(Number(pair.readBigInt64LE(0)));
    try {
      handler?.(Number(pair.readBigInt64LE(8)));
    } catch (error) {
      // As from a timer of Node's: an uncaught exception, and the others are delivered.
      setImmediate(() => {
        throw error;
      });
    }
  }
  setImmediate(deliver, at);
}

/** This thread's. @throws KernelError ENODEV: no kernel runs; ENOSPC: 64 threads have one */
export function thePort(): Port {
  if (port) return port;
  const out: [bigint | null] = [null];
  const fd = c.portOpen(out) as number;
  check(fd, fd === -19 ? 'no kernel runs in this process: Kernel.start() first' : 'this thread gets no port');
  const count = Buffer.alloc(8);
  const made: Port = {
    address: out[0]!,
    handlers: new Map(),
    calls: 0,
    holds: 0,
    poll: new native.FdWatch(fd, () => {
      try {
        readSync(fd, count); // the eventfd's counter: sets it to 0
      } catch {} // EAGAIN
      deliver(made);
    }),
  };
  made.poll.unref();
  // A worker thread may end at any moment, without a line of JavaScript.
  if (!isMainThread) native.atThreadEnd(c.portCloseAddress, made.address);
  port = made;
  return made;
}

/** A number under which @handler is called with each value that comes. */
export function newCookie(handler: (value: number) => void): number {
  const cookie = nextCookie++;
  thePort().handlers.set(cookie, handler);
  return cookie;
}

export function dropCookie(cookie: number): void {
  port?.handlers.delete(cookie);
}

/** The process stays alive until drop() was called as often: something is awaited. */
export function hold(): void {
  const at = thePort();
  if (at.holds++ === 0) at.poll.ref();
}

export function drop(): void {
  if (port && --port.holds === 0) port.poll.unref();
}

/** A call that may block, on a thread of the kernel's. Resolves with its result, 0 or -errno. */
export function portCall(call: (typeof Call)[keyof typeof Call], id: number, arg = 0): Promise<number> {
  const at = thePort();
  return new Promise((resolve, reject) => {
    if (closing && call !== Call.put) throw new KernelError(125, 'the kernel is being stopped');
    const cookie = newCookie((value) => {
      dropCookie(cookie);
      at.calls--;
      drop();
      resolve(value);
    });
    const rc = c.call(at.address, cookie, call, id, arg) as number;
    if (rc < 0) {
      dropCookie(cookie);
      const limit = 'this thread has 256 calls under way, which is the limit';
      reject(new KernelError(-rc, rc === -28 ? limit : 'the call cannot be made'));
      return;
    }
    at.calls++;
    hold();
  });
}

const soon = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Whether this thread's port is being closed: waits end. */
export let closing = false;

/** Gives all back that this thread made. Waits reject with ECANCELED. */
export async function closePort(): Promise<void> {
  const at = port;
  if (!at) return;
  closing = true;
  try {
    c.portCancel(at.address);
    for (const one of [...open].reverse())
      try {
        await one.close();
      } catch (error) {
        // Another thread uses it: the kernel's stop() will say so.
        if (!(error instanceof KernelError)) throw error;
        open.delete(one);
      }
    while (at.calls) await soon(1);
    at.poll.close();
    if (!isMainThread) native.notAtThreadEnd(at.address);
    port = undefined;
    c.portClose(at.address);
  } finally {
    closing = false;
  }
}

/** What names a primitive in another thread: for postMessage() and workerData. */
export interface Handle<K extends keyof typeof Kind = keyof typeof Kind> {
  kind: K;
  id: number;
}
