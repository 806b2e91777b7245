// SPDX-License-Identifier: MIT
/** Callbacks in the queues of this thread's event task. */
import { wantFunction } from './check.js';
import { native } from './native.js';

/**
 * A callback that waits its turn in a queue of this thread's event task, among those that other tasks post to it.
 * Between two looks at the descriptors 100 normal ones run and 26 of low priority: so neither the
 * descriptors nor the low priority starve, however fast callbacks are scheduled.
 *
 * ```ts
 * const flush = new Callback(() => writeOut(pending));
 * flush.schedule();
 * flush.schedule(); // false: it will run once
 * ```
 */
export class Callback {
  readonly #native;

  /** @throws TypeError when @handler is no function */
  constructor(handler: () => void) {
    wantFunction('handler', handler);
    this.#native = new native.NativeCallback(handler);
  }

  /** Runs the handler once, soon, never inside this call. False when it was scheduled already. */
  schedule({ lowPriority = false }: { lowPriority?: boolean } = {}): boolean {
    return this.#native.schedule(lowPriority);
  }

  /** True when it was scheduled, and will not run. */
  cancel(): boolean {
    return this.#native.cancel();
  }
}
