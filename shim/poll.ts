// SPDX-License-Identifier: MIT
/** File descriptors watched by this thread's event task. */
import { wantFunction, wholeNumber } from './check.js';
import { native } from './native.js';

/** An OR with the highest bit is negative in JavaScript. */
function eventBits(events: number): number {
  return wholeNumber('events', events, -0x8000_0000, 0xffff_ffff) >>> 0;
}

/**
 * A file descriptor watched by this thread's event task, level-triggered unless PollEvents.EdgeTriggered is
 * asked for, until remove(). It keeps the process alive unless `keepAlive` is false. The descriptor stays the
 * caller's to close, after remove(). One that is closed before it is never reported again, and whatever
 * is opened under its number meanwhile is not taken for it.
 *
 * ```ts
 * const poll = new Poll(fd, PollEvents.In, (events) => {
 *   if (events & PollEvents.Hup) poll.remove();
 *   else read(fd);
 * });
 * ```
 */
export class Poll {
  readonly #native;

  /**
   * @param fd an open descriptor that epoll takes: a socket, pipe, eventfd, timerfd, not a regular file
   * @param events what to watch for, PollEvents ORed
   * @param handler called with the events that are there; PollEvents.Err and .Hup come unasked
   * @throws TypeError for arguments out of range
   * @throws Error with `code` EBADF, EPERM (a file epoll does not take), EEXIST (watched already) or EMFILE
   */
  constructor(
    fd: number,
    events: number,
    handler: (events: number) => void,
    { keepAlive = true }: { keepAlive?: boolean } = {},
  ) {
    wholeNumber('fd', fd, 0, 0x7fff_ffff);
    wantFunction('handler', handler);
    this.#native = new native.NativePoll(fd, eventBits(events), handler, keepAlive);
  }

  /**
   * Watches for other events from now on.
   * @throws Error with `code` ENOENT after remove(), EBADF when the descriptor was closed
   */
  modify(events: number): void {
    this.#native.modify(eventBits(events));
  }

  /** The handler does not run any more. May be called twice, inside the handler, and after the fd was closed. */
  remove(): void {
    this.#native.remove();
  }
}
