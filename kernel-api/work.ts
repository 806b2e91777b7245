// SPDX-License-Identifier: MIT
/** linux/workqueue.h for TypeScript: functions of this thread that queues run. */
import { Call, c, check, KernelError, wantFunction, wantText, wholeNumber } from './library.js';
import { SharedObject } from './object.js';
import {
  type Closable,
  closed,
  closing,
  drop,
  dropCookie,
  type Handle,
  hold,
  newCookie,
  opened,
  portCall,
  thePort,
} from './port.js';
import { DELAY_MAX } from './timer.js';

export interface WorkqueueOptions {
  /** Works of it that run at once, 1 to 16; 16. */
  maxActive?: number;
}

/**
 * A queue that runs works, each by a worker thread of the kernel's that waits until its function, and the promise it
 * returned, is over: so maxActive, order and flushing count for TypeScript as they do for modules, and several threads
 * may put works into one queue.
 *
 * ```ts
 * const queue = new Workqueue('uploads', { maxActive: 2 });
 * const results = await Promise.all(files.map((file) => queue.run(() => upload(file))));
 * await queue.dispose();
 * ```
 */
export class Workqueue extends SharedObject<'workqueue'> {
  /**
   * @param name its threads', 15 characters are shown
   * @throws KernelError ENODEV: no kernel runs; ENOSPC: 4096 primitives exist
   */
  constructor(name: string, { maxActive = 16 }: WorkqueueOptions = {}, handle?: Handle<'workqueue'>) {
    wantText('name', name, 200);
    super('workqueue', handle, name, wholeNumber('maxActive', maxActive, 1, 16));
  }

  /** One work at a time, in the order of queueing. */
  static ordered(name: string): Workqueue {
    return new Workqueue(name, { maxActive: 1 });
  }

  static from(handle: Handle<'workqueue'>): Workqueue {
    return new Workqueue('shared', {}, handle);
  }

  /** @internal */
  get workqueueId(): number {
    return this.id;
  }

  /** Runs @fn once, in its turn; resolves or rejects as it does. */
  run<T>(fn: () => T | Promise<T>): Promise<T> {
    wantFunction('fn', fn);
    return new Promise((resolve, reject) => {
      const work = new Work(async () => {
        try {
          resolve(await fn());
        } catch (error) {
          reject(error);
        } finally {
          setImmediate(() => work.dispose());
        }
      }, this);
      work.canceled = () => reject(new KernelError(125, 'the work was given up: the kernel stopped'));
      work.queue();
    });
  }

  /** Resolves when all that was queued before has run. */
  async flush(): Promise<void> {
    check(await portCall(Call.flush, this.id), 'the queue cannot be flushed');
  }

  /** Resolves when the queue is empty and nothing of it runs, also what works queued meanwhile. */
  async drain(): Promise<void> {
    check(await portCall(Call.drain, this.id), 'the queue cannot be drained');
  }

  /** Lets what is queued run, and ends its threads. Its works may not be queued any more. */
  async dispose(): Promise<void> {
    await this.drain();
    await this.putAsync();
  }

  /** @internal */
  async close(): Promise<void> {
    await this.putAsync();
  }
}

/**
 * A function that a queue runs, on the thread that made it, once for each time that it was queued. It is queued once at
 * a time, and may queue itself. Other threads do not touch it. Keeps the process alive while it is queued or runs.
 *
 * ```ts
 * const work = new Work(async () => { await save(); });
 * work.queue();
 * await work.flush();
 * await work.dispose();
 * ```
 */
export class Work implements Closable {
  readonly #cookie: number;
  readonly #queue: Workqueue | undefined;
  #address: bigint | null;
  #queued = 0;
  #ended = 0;
  #cancelling = false;
  #waiters: { target: number; resolve: () => void }[] = [];
  /** @internal a run that was queued will not come */
  canceled: (() => void) | undefined;

  /**
   * @param queue none = the system's
   * @throws KernelError ENODEV: no kernel runs; EINVAL: @queue was disposed of. What @fn throws, or its promise rejects
   * with, is an uncaught exception.
   */
  constructor(fn: () => unknown, queue?: Workqueue) {
    wantFunction('fn', fn);
    const id = queue?.workqueueId ?? 0;
    this.#queue = queue;
    this.#cookie = newCookie(() => void this.#run(fn));
    this.#address = c.workNew(thePort().address, this.#cookie, id) as bigint | null;
    if (!this.#address) {
      dropCookie(this.#cookie);
      throw new KernelError(12, 'no memory for a work');
    }
    opened(this);
  }

  #here(): bigint {
    if (this.#address === null) throw new KernelError(22, 'this work was disposed of');
    return this.#address;
  }

  async #run(fn: () => unknown): Promise<void> {
    try {
      await fn();
    } catch (error) {
      setImmediate(() => {
        throw error;
      });
    } finally {
      if (this.#address !== null) c.workDone(this.#address);
      this.#end();
    }
  }

  /** One of those that were queued is over, or will not come. */
  #end(): void {
    this.#ended++;
    drop();
    const over = this.#waiters.filter(({ target }) => target <= this.#ended);
    this.#waiters = this.#waiters.filter(({ target }) => target > this.#ended);
    for (const { resolve } of over) resolve();
  }

  #usable(): bigint {
    if (this.#queue?.disposed) throw new KernelError(22, 'the queue of this work was disposed of');
    return this.#here();
  }

  #count(fresh: boolean): void {
    if (!fresh) return;
    this.#queued++;
    hold();
  }

  /** False: it is queued already, or is being cancelled. */
  queue(): boolean {
    return this.queueAfter(0);
  }

  /** @internal DelayedWork.queue() */
  protected queueAfter(ms: number): boolean {
    const address = this.#usable();
    if (this.#cancelling) return false;
    const fresh = (c.workQueue(address, ms) as number) !== 0;
    this.#count(fresh);
    return fresh;
  }

  /** @internal DelayedWork.mod() */
  protected moveTo(ms: number): boolean {
    const address = this.#usable();
    if (this.#cancelling) return false;
    const was = (c.workMod(address, ms) as number) !== 0;
    this.#count(!was);
    return was;
  }

  /** Queued, and not running yet. */
  get pending(): boolean {
    return this.#address !== null && (c.workPending(this.#address) as number) !== 0;
  }

  /** Takes it out of the queue. @returns false: it was not queued. A run that began goes on. */
  cancel(): boolean {
    const was = (c.workCancel(this.#here()) as number) !== 0;
    if (was) this.#end();
    return was;
  }

  /** The same, and resolves when it does not run either. Its function cannot queue it meanwhile. Not inside itself. */
  async cancelSync(): Promise<boolean> {
    this.#cancelling = true;
    try {
      const was = this.cancel();
      await this.flush();
      return was;
    } finally {
      this.#cancelling = false;
    }
  }

  /** Resolves when what was queued before has run; false: there was nothing to wait for. Not inside itself. */
  async flush(): Promise<boolean> {
    this.#here();
    if (this.#ended >= this.#queued) return false;
    const target = this.#queued;
    await new Promise<void>((resolve) => this.#waiters.push({ target, resolve }));
    return true;
  }

  /** Cancels it, waits for a run, and gives it back. May be called twice. */
  async dispose(): Promise<void> {
    if (this.#address === null) return;
    if (!closing) await this.cancelSync();
    await this.#free();
  }

  async #free(): Promise<void> {
    const address = this.#address;
    if (address === null) return;
    this.#address = null;
    // Its worker has our answer, but may not have got round to it.
    while ((c.workFree(address) as number) < 0) await new Promise((resolve) => setTimeout(resolve, 1));
    dropCookie(this.#cookie);
    closed(this);
  }

  /** @internal */
  async close(): Promise<void> {
    const missing = this.#queued - this.#ended;
    await this.#free();
    for (let i = 0; i < missing && this.#ended < this.#queued; i++) this.#end();
    if (missing) this.canceled?.();
  }
}

/** A work that is queued after a while. */
export class DelayedWork extends Work {
  /**
   * @param ms milliseconds from now, up to a year
   * @returns false: it is queued already, or its time runs
   */
  override queue(ms = 0): boolean {
    return this.queueAfter(wholeNumber('ms', ms, 0, DELAY_MAX));
  }

  /** Queues it or moves its time: mod_delayed_work(). @returns whether it was queued or its time ran */
  mod(ms: number): boolean {
    return this.moveTo(wholeNumber('ms', ms, 0, DELAY_MAX));
  }
}
