// SPDX-License-Identifier: MIT
/** What the daemon knows about sessions: their identities (TSIH), and who is behind each. Pure. */
import { LoginError, Status } from './login-error.js';

/** Largest TSIH; 0 is none (RFC 7143, 11.13.2). */
const TSIH_MAX = 0xffff;

export interface SessionInfo {
  tsih: number;
  initiator: string;
  peer: string;
  portal: string;
  /** CHAP's, or "". */
  user: string;
  /** Date.now() of its login. */
  since: number;
}

/** Sessions by TSIH, from when one is reserved until the kernel side says that it is gone. */
export class SessionTable {
  readonly #used = new Map<number, SessionInfo | undefined>();
  #last = 0;

  get size(): number {
    return this.#used.size;
  }

  /** An identity that no session has; the longest unused ones come first. @throws LoginError when there is none */
  reserve(): number {
    if (this.#used.size >= TSIH_MAX)
      throw new LoginError(Status.OutOfResources, `${TSIH_MAX} sessions are there, no more are possible`);
    do this.#last = (this.#last % TSIH_MAX) + 1;
    while (this.#used.has(this.#last));
    this.#used.set(this.#last, undefined);
    return this.#last;
  }

  describe(info: SessionInfo): void {
    this.#used.set(info.tsih, info);
  }

  get(tsih: number): SessionInfo | undefined {
    return this.#used.get(tsih);
  }

  release(tsih: number): SessionInfo | undefined {
    const info = this.#used.get(tsih);
    this.#used.delete(tsih);
    return info;
  }

  /** Those that are known by name. */
  *known(): Generator<SessionInfo> {
    for (const info of this.#used.values()) if (info) yield info;
  }
}
