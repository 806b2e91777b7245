// SPDX-License-Identifier: MIT
/** Completions and wait queues, shared between threads and with modules. */
import { Call, c, check, KernelError, wantFunction, wholeNumber } from './library.js';
import { SharedObject } from './object.js';
import { drop, dropCookie, type Handle, hold, newCookie, portCall, thePort } from './port.js';

/** Of time-outs, milliseconds: a year. */
const TIMEOUT_MAX = 365 * 24 * 3600 * 1000;

const timeoutOf = (timeoutMs: number | undefined): number =>
  timeoutMs === undefined ? -1 : wholeNumber('timeoutMs', timeoutMs, 0, TIMEOUT_MAX);

/**
 * linux/completion.h: "it is done", once or many times. Each complete() lets one waiter pass, now or later; completeAll()
 * all of them for ever.
 *
 * ```ts
 * const done = new Completion();
 * module.symbol('void demo_start(void *completion)')(done.address);
 * if (!(await done.wait({ timeoutMs: 1000 }))) console.error('demo does not answer');
 * done.dispose();
 * ```
 */
export class Completion extends SharedObject<'completion'> {
  /** @throws KernelError ENODEV: no kernel runs; ENOSPC: 4096 primitives exist */
  constructor(handle?: Handle<'completion'>) {
    super('completion', handle);
  }

  /** One of another thread's. @throws KernelError ENOENT: it is disposed of */
  static from(handle: Handle<'completion'>): Completion {
    return new Completion(handle);
  }

  /** Lets one waiter pass. Counts: twice lets two pass. Any thread. */
  complete(): void {
    c.complete(this.address, 0);
  }

  /** Lets everybody pass, until reinit(). */
  completeAll(): void {
    c.complete(this.address, 1);
  }

  /** Whether a waiter would pass now. */
  get done(): boolean {
    return (c.completionIsDone(this.address) as number) !== 0;
  }

  /** Takes one complete() if there is one; does not wait. */
  tryWait(): boolean {
    return (c.completionTry(this.address) as number) !== 0;
  }

  /** Not done again. Nobody may wait meanwhile. */
  reinit(): void {
    c.completionReinit(this.address);
  }

  /**
   * Waits for a complete(), and takes it. Many may wait; each that does takes a thread of the kernel's, 256 at most per
   * thread of Node's.
   * @returns false when @timeoutMs passed first
   * @throws KernelError ECANCELED: the kernel stopped; ENOSPC: the limit
   */
  async wait({ timeoutMs }: { timeoutMs?: number } = {}): Promise<boolean> {
    const limit = timeoutOf(timeoutMs);
    if (this.tryWait()) return true;
    const rc = await portCall(Call.wait, this.id, limit);
    if (rc === -110) return false;
    check(rc, 'the wait was given up: the kernel stopped');
    return true;
  }

  /** Gives this thread's reference back; waits under way go on. */
  dispose(): void {
    this.put();
  }

  /** @internal */
  close(): void {
    this.put();
  }
}

/**
 * linux/wait.h: waiting for a condition that somebody else makes true, and who then wakes the queue.
 *
 * ```ts
 * const queue = new WaitQueue();
 * setTimeout(() => { ready = true; queue.wakeUp(); }, 100);
 * await queue.wait(() => ready);
 * ```
 */
export class WaitQueue extends SharedObject<'waitQueue'> {
  readonly #cancels = new Set<(error: Error) => void>();

  /** @throws KernelError ENODEV: no kernel runs; ENOSPC: 4096 primitives exist */
  constructor(handle?: Handle<'waitQueue'>) {
    super('waitQueue', handle);
  }

  static from(handle: Handle<'waitQueue'>): WaitQueue {
    return new WaitQueue(handle);
  }

  /** Wakes all that wait plainly, and @exclusive of those that wait exclusively. Any thread. */
  wakeUp(exclusive = 1): void {
    c.wakeUp(this.address, wholeNumber('exclusive', exclusive, 1, 1 << 30));
  }

  wakeUpAll(): void {
    c.wakeUp(this.address, 0);
  }

  /** Until it is woken, or @ready is true at the first look, or @timeoutMs passed. */
  #once(
    exclusive: boolean,
    ready: () => boolean,
    timeoutMs: number | undefined,
  ): Promise<'ready' | 'woken' | 'late'> {
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const cookie = newCookie(() => finish(resolve));
      const wait = c.waitAdd(thePort().address, cookie, this.address, exclusive ? 1 : 0) as bigint | null;
      const finish = (then: (how: 'woken' | 'late') => void) => {
        clearTimeout(timer);
        dropCookie(cookie);
        this.#cancels.delete(cancel);
        drop();
        then(wait && (c.waitDel(wait) as number) !== 0 ? 'woken' : 'late');
      };
      const cancel = (error: Error) => finish(() => reject(error));
      this.#cancels.add(cancel);
      hold();
      if (!wait) return cancel(new KernelError(12, 'no memory to wait'));
      try {
        // In the queue first, then the look: who makes it true after sees us.
        if (ready()) return finish(() => resolve('ready'));
      } catch (error) {
        return cancel(error as Error);
      }
      if (timeoutMs !== undefined) timer = setTimeout(() => finish(resolve), timeoutMs);
    });
  }

  /**
   * Waits until @condition returns true; it is asked first, and after each wake-up, on this thread. Without one: until
   * the first wake-up.
   * @param options.exclusive one that wakeUp() counts
   * @returns false when @timeoutMs passed and it is still not true
   * @throws what @condition throws; KernelError ECANCELED: the kernel stopped
   */
  async wait(
    condition?: () => boolean,
    { timeoutMs, exclusive = false }: { timeoutMs?: number; exclusive?: boolean } = {},
  ): Promise<boolean> {
    if (condition !== undefined) wantFunction('condition', condition);
    const limit = timeoutOf(timeoutMs);
    const end = Date.now() + limit;
    for (;;) {
      const left = limit < 0 ? undefined : Math.max(0, end - Date.now());
      const how = await this.#once(exclusive, () => condition?.() ?? false, left);
      if (how === 'ready') return true;
      if (!condition) return how === 'woken';
      if (how === 'late') return condition();
    }
  }

  /** @throws KernelError EBUSY: somebody waits */
  dispose(): void {
    this.put();
  }

  /** @internal */
  close(): void {
    for (const cancel of [...this.#cancels])
      cancel(new KernelError(125, 'the wait was given up: the kernel stopped'));
    this.put();
  }
}
