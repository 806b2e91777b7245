// SPDX-License-Identifier: MIT
/** Alarms of this thread's event task. */
import { milliseconds, wantFunction } from './check.js';
import { native } from './native.js';

/**
 * An alarm of this thread's event task. It fires by the engine's timer wheel: never early, some 20 us late on an
 * idle machine, and not rounded to milliseconds as setTimeout() is. Arming and cancelling cost the
 * same however many are armed. Keeps the process alive while armed, unless `keepAlive` is false.
 *
 * ```ts
 * const alarm = new Alarm(() => console.log('half a millisecond is over'));
 * alarm.arm(0.5);
 * const beat = new Alarm(() => console.log('tick'), { keepAlive: false });
 * beat.every(100);
 * console.log(beat.cancel(), beat.missed); // true, and how many of its times went by unserved
 * ```
 */
export class Alarm {
  readonly #native;

  /** @throws TypeError when @handler is no function */
  constructor(handler: () => void, { keepAlive = true }: { keepAlive?: boolean } = {}) {
    wantFunction('handler', handler);
    this.#native = new native.NativeAlarm(handler, keepAlive);
  }

  /**
   * Fires once, @delay milliseconds from now (fractions count, 0 = as soon as may be); an armed one is moved.
   * @throws TypeError when that is no number from 0 on
   */
  arm(delay: number): void {
    this.#native.arm(milliseconds('delay', delay) * 1e6, 0);
  }

  /**
   * Fires every @period milliseconds, at least 0.001, without drift: at multiples of it from the first time, which is
   * @first from now. Times that went by while the thread was busy are left out, see `missed`.
   * @throws TypeError for a @period below 0.001, a @first below 0, or what is no number
   */
  every(period: number, first: number = period): void {
    milliseconds('period', period, 0.001);
    this.#native.arm(milliseconds('first', first) * 1e6, Math.round(period * 1e6));
  }

  /** True when it was armed, and will not fire. May be called twice, and inside the handler. */
  cancel(): boolean {
    return this.#native.cancel();
  }

  get armed(): boolean {
    return this.#native.isArmed();
  }

  /** How many times of every() went by unserved. */
  get missed(): number {
    return this.#native.missed();
  }
}
