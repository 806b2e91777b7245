// SPDX-License-Identifier: MIT
/** Waiting for a ring of the kernel's to grow: an eventfd, seen by Node's loop. */
import { readSync } from 'node:fs';
import { type FdWatch, native } from '../shim/native.js';

/** Keeps the process alive until it is closed. */
export class Bell {
  readonly #count = Buffer.alloc(8);
  readonly #poll: FdWatch;
  readonly #onAbort = () => this.#ring();
  #ring: () => void = () => {};
  #next = this.#silence();

  /**
   * @param fd an eventfd, the bell's from here on
   * @param give what closes it
   * @param signal rings too
   */
  constructor(
    readonly fd: number,
    readonly give: (fd: number) => void,
    readonly signal?: AbortSignal,
  ) {
    this.#poll = new native.FdWatch(fd, () => {
      try {
        readSync(fd, this.#count); // the eventfd's counter: sets it to 0
      } catch {} // EAGAIN: it was read already
      this.#ring();
    });
    signal?.addEventListener('abort', this.#onAbort);
  }

  #silence(): Promise<void> {
    return new Promise<void>((resolve) => {
      this.#ring = resolve;
    });
  }

  /** Resolves when it rang since the last time this did. */
  async rung(): Promise<void> {
    await this.#next;
    this.#next = this.#silence();
  }

  close(): void {
    this.signal?.removeEventListener('abort', this.#onAbort);
    this.#poll.close();
    this.give(this.fd);
  }
}
