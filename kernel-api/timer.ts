// SPDX-License-Identifier: MIT
/** linux/timer.h for TypeScript. */
import { c, KernelError, wantFunction, wholeNumber } from './library.js';
import { type Closable, closed, drop, dropCookie, hold, newCookie, opened, thePort } from './port.js';

/** Of a delay, milliseconds: a year. */
export const DELAY_MAX = 365 * 24 * 3600 * 1000;

/**
 * Fires once for each arm(), on an event CPU; the handler then runs on the thread that made it. Resolution 1 ms.
 * Keeps the process alive while armed. The handler may arm it again. Other threads do not touch it.
 *
 * ```ts
 * const timer = new Timer(() => { console.log('tick'); timer.arm(100); });
 * timer.arm(100);
 * ```
 */
export class Timer implements Closable {
  readonly #cookie: number;
  #address: bigint | null;
  #held = false;

  /** @throws KernelError ENODEV: no kernel runs; ENOMEM. What @handler throws is an uncaught exception. */
  constructor(handler: () => void) {
    wantFunction('handler', handler);
    this.#cookie = newCookie(() => {
      if (!this.pending) this.#release();
      handler();
    });
    this.#address = c.timerNew(thePort().address, this.#cookie) as bigint | null;
    if (!this.#address) {
      dropCookie(this.#cookie);
      throw new KernelError(12, 'no memory for a timer');
    }
    opened(this);
  }

  #here(): bigint {
    if (this.#address === null) throw new KernelError(22, 'this timer was disposed of');
    return this.#address;
  }

  #release(): void {
    if (this.#held) drop();
    this.#held = false;
  }

  /**
   * Fires @ms milliseconds from now; 0 = as soon as may be. One that is armed is moved.
   * @returns whether it was armed
   */
  arm(ms: number): boolean {
    const was = (c.timerArm(this.#here(), wholeNumber('ms', ms, 0, DELAY_MAX)) as number) !== 0;
    if (!this.#held) hold();
    this.#held = true;
    return was;
  }

  /**
   * The handler does not run any more, not even if the timer has fired and the event loop has not seen it.
   * @returns whether it would have
   */
  cancel(): boolean {
    const was = (c.timerCancel(this.#here()) as number) !== 0;
    this.#release();
    return was;
  }

  /** Armed, and not fired. */
  get pending(): boolean {
    return this.#address !== null && (c.timerPending(this.#address) as number) !== 0;
  }

  /** Cancels it and gives it back. May be called twice, and in its handler. */
  dispose(): void {
    if (this.#address === null) return;
    c.timerFree(this.#address);
    this.#address = null;
    this.#release();
    dropCookie(this.#cookie);
    closed(this);
  }

  /** @internal */
  close(): void {
    this.dispose();
  }
}
