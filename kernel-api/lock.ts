// SPDX-License-Identifier: MIT
/** Mutexes and spinlocks, between worker threads, the main thread, and modules. */
import { c, check, KernelError, wantFunction } from './library.js';
import { SharedObject } from './object.js';
import type { Handle } from './port.js';

type LockKind = 'mutex' | 'spinLock';

/** Held by a thread, not by a promise: from lock() to unlock() nothing else runs on it. */
abstract class Lock<K extends LockKind> extends SharedObject<K> {
  #held = false;

  protected abstract take(): number;
  protected abstract tryTake(): number;
  protected abstract give(): number;

  /**
   * Blocks this thread, and its event loop, until the lock is its own.
   * @throws KernelError EDEADLK: this thread has it already, or has a spinlock and may not sleep
   */
  lock(): void {
    check(this.take(), 'this thread would wait for itself: it has this lock, or a spinlock');
    this.#held = true;
  }

  /** The same without waiting: false when another has it, or this thread. */
  tryLock(): boolean {
    const taken = this.tryTake() === 1;
    this.#held ||= taken;
    return taken;
  }

  /** @throws KernelError EPERM: this thread does not have it */
  unlock(): void {
    check(this.give(), 'this thread does not have this lock');
    this.#held = false;
  }

  /**
   * Runs @fn with the lock, and gives it up whatever happens.
   * @throws what @fn throws; TypeError when it returns a promise: the lock would be given up before that is over
   */
  withLock<T>(fn: () => T): T {
    wantFunction('fn', fn);
    this.lock();
    try {
      const result = fn();
      if (result instanceof Promise) {
        result.catch(() => {}); // its own error, if any, is the lesser news
        throw new TypeError(
          'a function that runs under a lock cannot be async: it would go on without the lock',
        );
      }
      return result;
    } finally {
      this.unlock();
    }
  }

  /** @throws KernelError EBUSY: somebody has it */
  dispose(): void {
    this.put();
  }

  /** @internal */
  close(): void {
    if (this.#held) this.unlock();
    try {
      this.put();
    } catch (error) {
      // Another thread has it: stop() will say that the kernel is in use.
      if (!(error instanceof KernelError)) throw error;
    }
  }
}

/**
 * linux/mutex.h. For short sections: who waits, waits with its whole event loop.
 *
 * ```ts
 * const mutex = new Mutex();
 * new Worker(file, { workerData: mutex.handle });      // there: Mutex.from(workerData)
 * mutex.withLock(() => counter[0]++);
 * ```
 */
export class Mutex extends Lock<'mutex'> {
  /** @throws KernelError ENODEV: no kernel runs; ENOSPC: 4096 primitives exist */
  constructor(handle?: Handle<'mutex'>) {
    super('mutex', handle);
  }
  static from(handle: Handle<'mutex'>): Mutex {
    return new Mutex(handle);
  }
  protected take(): number {
    return c.mutexLock(this.address) as number;
  }
  protected tryTake(): number {
    return c.mutexTrylock(this.address) as number;
  }
  protected give(): number {
    return c.mutexUnlock(this.address) as number;
  }
}

/**
 * linux/spinlock.h: for a few instructions. While it is held this thread owns its virtual CPU and may not sleep: a
 * mutex answers with EDEADLK, a module's function that sleeps is a BUG.
 */
export class SpinLock extends Lock<'spinLock'> {
  /** @throws KernelError ENODEV: no kernel runs; ENOSPC: 4096 primitives exist */
  constructor(handle?: Handle<'spinLock'>) {
    super('spinLock', handle);
  }
  static from(handle: Handle<'spinLock'>): SpinLock {
    return new SpinLock(handle);
  }
  protected take(): number {
    return c.spinLock(this.address) as number;
  }
  protected tryTake(): number {
    return c.spinTrylock(this.address) as number;
  }
  protected give(): number {
    return c.spinUnlock(this.address) as number;
  }
}
