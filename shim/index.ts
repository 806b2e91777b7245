// SPDX-License-Identifier: MIT
/**
 * The engine for TypeScript: Node's own thread as an event task, and tasks with threads of their own.
 *
 * ```ts
 * import { Alarm, Poll, PollEvents } from 'ring3/shim';
 *
 * const alarm = new Alarm(() => console.log('half a millisecond is over'));
 * alarm.arm(0.5);
 * const poll = new Poll(fd, PollEvents.In, (events) => read(fd));
 * poll.remove();
 * ```
 */
import { type EventTaskStats, native } from './native.js';

export { backtrace, onStall, setBudgets, sigdump } from './diag/diag.js';
export type { Backtrace, Dump, Frame, Section, Stall } from './diag/schema.js';
export { PollEvents } from './events.js';
export type { EventTaskStats } from './native.js';
export { TcpClosedError, TcpListener, TcpSocket } from './socket.js';

function wholeNumber(name: string, value: unknown, low: number, high: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < low || value > high)
    throw new TypeError(`${name} is ${String(value)}, should be a whole number from ${low} to ${high}`);
  return value;
}

function wantFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw new TypeError(`${name} is ${typeof value}, should be a function`);
}

/**
 * A file descriptor watched by Node's event task, level-triggered, until remove(). It keeps the process alive
 * unless `keepAlive` is false. The descriptor stays the caller's to close, after remove().
 */
export class Poll {
  readonly #native;

  /** @throws Error with `code` EBADF, EPERM or EEXIST when epoll does not take @fd. */
  constructor(
    fd: number,
    events: number,
    handler: (events: number) => void,
    { keepAlive = true }: { keepAlive?: boolean } = {},
  ) {
    wholeNumber('fd', fd, 0, 0x7fff_ffff);
    wholeNumber('events', events, 0, 0xffff_ffff);
    wantFunction('handler', handler);
    this.#native = new native.NativePoll(fd, events, handler, keepAlive);
  }

  /** Watches for other events. */
  modify(events: number): void {
    this.#native.modify(wholeNumber('events', events, 0, 0xffff_ffff));
  }

  /** The handler does not run any more. May be called twice, and inside the handler. */
  remove(): void {
    this.#native.remove();
  }
}

/** An alarm of Node's event task; fires once for each arm(). Keeps the process alive while armed. */
export class Alarm {
  readonly #native;

  constructor(handler: () => void) {
    wantFunction('handler', handler);
    this.#native = new native.NativeAlarm(handler);
  }

  /** Fires @milliseconds from now (fractions count, 0 = as soon as may be); an armed one is moved. */
  arm(milliseconds: number): void {
    if (!(milliseconds >= 0 && milliseconds <= 1e12))
      throw new TypeError(`milliseconds is ${milliseconds}, should be from 0 to 1e12`);
    this.#native.arm(milliseconds * 1e6);
  }

  /** True when it was armed, and will not fire. */
  cancel(): boolean {
    return this.#native.cancel();
  }
}

/** An event task with a native thread of its own. stop() it when done: until then it lives. */
export class EventTask {
  readonly #native;

  /**
   * @param options.name shown by ps and gdb, 15 characters
   * @param options.cpu the CPU it is pinned to; -1 = any
   * @param options.spinUs how long it may spin before it sleeps, microseconds
   */
  constructor({
    name = 'ring3',
    cpu = -1,
    spinUs = 0,
  }: { name?: string; cpu?: number; spinUs?: number } = {}) {
    if (typeof name !== 'string') throw new TypeError(`name is ${typeof name}, should be a string`);
    wholeNumber('cpu', cpu, -1, 1023);
    wholeNumber('spinUs', spinUs, 0, 1_000_000);
    this.#native = new native.NativeTask(name, cpu, spinUs * 1000);
  }

  /** Resolves after a callback went through the task's queue and home again. */
  call(): Promise<void> {
    return new Promise((resolve) => this.#native.call(resolve));
  }

  /** Ends its thread; may be called twice. */
  stop(): void {
    this.#native.stop();
  }

  get stats(): EventTaskStats {
    return this.#native.stats();
  }

  /** Counters of Node's own event task. */
  static get nodeStats(): EventTaskStats {
    return native.nodeTaskStats();
  }
}
