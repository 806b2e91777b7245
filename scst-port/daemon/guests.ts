// SPDX-License-Identifier: MIT
/**
 * Connections that Node's thread serves itself: logins under way, and discovery sessions. Each has a deadline; there is
 * a limit to their number, and a newcomer takes the place of the one that has been silent longest, so that who connects
 * and says nothing cannot shut others out.
 */

/** A connection, as far as this table is concerned. */
export interface Guest {
  /** Aborted with an Error that says why. */
  readonly signal: AbortSignal;
  /** Ends it when nothing is heard within @timeoutMs from now. */
  deadline(timeoutMs: number, why: string): void;
  /** It has said something that makes sense: others go before it does. */
  heard(): void;
  /** Its place is free again. May be called twice. */
  leave(): void;
}

class Entry implements Guest {
  readonly controller = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(readonly table: Guests) {}

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  deadline(timeoutMs: number, why: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.controller.abort(new Error(why)), timeoutMs);
  }

  heard(): void {
    this.table.move(this);
  }

  leave(): void {
    clearTimeout(this.#timer);
    this.table.remove(this);
  }
}

export class Guests {
  /** Oldest first. */
  readonly #silent = new Set<Entry>();
  readonly #talking = new Set<Entry>();

  constructor(readonly limit: number) {}

  get size(): number {
    return this.#silent.size + this.#talking.size;
  }

  /** A place for one more; the longest silent one, or else the oldest, is sent away for it. */
  enter(): Guest {
    if (this.size >= this.limit) {
      const [victim] = this.#silent.size ? this.#silent : this.#talking;
      this.#silent.delete(victim!);
      this.#talking.delete(victim!);
      victim!.controller.abort(new Error(`ended for a newer connection, ${this.limit} are served at once`));
    }
    const entry = new Entry(this);
    this.#silent.add(entry);
    return entry;
  }

  move(entry: Entry): void {
    if (this.#silent.delete(entry)) this.#talking.add(entry);
  }

  remove(entry: Entry): void {
    this.#silent.delete(entry);
    this.#talking.delete(entry);
  }

  /** Ends all. */
  abort(reason: Error): void {
    for (const entry of [...this.#silent, ...this.#talking]) entry.controller.abort(reason);
  }
}

/** Lets @limit in at once; others queue, first come first served. */
export class Gate {
  #inside = 0;
  readonly #waiting = new Set<() => void>();

  constructor(readonly limit: number) {}

  /** Resolves when it is our turn; leave() gives it on. Rejects with the signal's reason when that comes first. */
  async enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#inside < this.limit) {
      this.#inside++;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const abort = () => {
        this.#waiting.delete(go);
        reject(signal.reason);
      };
      const go = () => {
        this.#waiting.delete(go);
        signal.removeEventListener('abort', abort);
        resolve();
      };
      this.#waiting.add(go);
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  leave(): void {
    const [next] = this.#waiting;
    if (next) next();
    else this.#inside--;
  }
}
