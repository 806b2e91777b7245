// SPDX-License-Identifier: MIT
/** Event tasks with threads of their own, and what there is to know of this thread's. */
import { wholeNumber } from './check.js';
import { type EventTaskStats, native } from './native.js';

/**
 * An event task with a native thread of its own: what native code posts its work to. stop() it when done: until
 * then it lives. Node's own thread, and each worker thread, is an event task as well: Poll, Alarm and
 * Callback are on that of the thread that makes them.
 *
 * ```ts
 * const task = new EventTask({ name: 'disk', cpu: 2 });
 * await task.call();
 * console.log(task.stats.callbacks, String(task));
 * task.stop();
 * ```
 *
 * In a worker thread it is the same. One that is not stopped ends with its worker; its calls that are under way then never
 * settle.
 *
 * ```ts
 * const task = new EventTask({ name: 'of a worker' });
 * await task.call();
 * parentPort?.postMessage(EventTask.nodeStats.rounds); // of the worker's own event task
 * task.stop();
 * ```
 */
export class EventTask {
  readonly #native;

  /**
   * @param options.name shown by ps and gdb, 15 characters
   * @param options.cpu the CPU it is pinned to; -1 = any
   * @param options.spinUs how long it may spin before it sleeps, microseconds; adaptive: it does so only while waits are
   *   about as short. 0 = never. Without it 20 where there is more than one CPU
   * @throws TypeError for arguments out of range
   * @throws Error with `code` EAGAIN, EMFILE or ENOMEM when the system gives no thread, descriptor or memory
   */
  constructor({ name = 'ring3', cpu = -1, spinUs }: { name?: string; cpu?: number; spinUs?: number } = {}) {
    if (typeof name !== 'string') throw new TypeError(`name is ${typeof name}, should be a string`);
    wholeNumber('cpu', cpu, -1, 1023);
    if (spinUs !== undefined) wholeNumber('spinUs', spinUs, 0, 1_000_000);
    this.#native = new native.NativeTask(name, cpu, spinUs === undefined ? -1 : spinUs * 1000);
  }

  /**
   * Resolves after a callback went through the task's queue and home again.
   * @throws Error with `code` ESRCH after stop()
   */
  async call(): Promise<void> {
    return new Promise((resolve) => this.#native.call(resolve));
  }

  /** Ends its thread, after what was posted to it; calls under way come home. May be called twice. */
  stop(): void {
    this.#native.stop();
  }

  /** Its counters; after stop() those it ended with. */
  get stats(): EventTaskStats {
    return this.#native.stats();
  }

  /** One line about what it does and has done. */
  toString(): string {
    return this.#native.describe();
  }

  /** Counters of this thread's own event task: Node's, or the worker's. */
  static get nodeStats(): EventTaskStats {
    return native.nodeTaskStats();
  }

  /** One line about this thread's own event task. */
  static describeNode(): string {
    return native.nodeTaskDescribe();
  }
}
