// SPDX-License-Identifier: MIT
/**
 * Lines to a stream that may be read slowly, or not at all. Node keeps what a pipe does not take, without limit: a pager
 * left alone for a week would fill the memory with what peers cause. Here there is a limit; beyond it lines are dropped,
 * counted, and told when there is room again.
 */
import { fstatSync, writeFileSync } from 'node:fs';
import type { Writable } from 'node:stream';

/** Kept for a slow reader, bytes. */
const KEPT_MAX = 1 << 20;

export class Output {
  #dropped = 0;
  #broken = false;

  /** @param lost what to say of @count lines that were dropped */
  constructor(
    readonly stream: Writable,
    readonly lost: (count: number) => string,
  ) {
    stream.on('error', () => {
      this.#broken = true; // who read us has left: what we do goes on
    });
  }

  /** False: it was dropped. */
  write(text: string): boolean {
    if (this.#broken) return false;
    if (this.stream.writableLength > KEPT_MAX) {
      this.#dropped++;
      return false;
    }
    if (this.#dropped) {
      const count = this.#dropped;
      this.#dropped = 0;
      this.stream.write(this.lost(count));
    }
    this.stream.write(text);
    return true;
  }

  /** Resolves when all is written, at most after @timeoutMs. */
  async flush(timeoutMs: number): Promise<void> {
    if (this.#broken || !this.stream.writableLength) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.stream.write('', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

let printed = false;

/**
 * Writes all of @text to stdout. False: who read it has left, as head(1) does, and wants no more.
 * @throws Error whose second line says what to do: a full disk
 */
export async function print(text: string | Uint8Array): Promise<boolean> {
  if (!printed) process.stdout.on('error', () => {}); // told below
  printed = true;
  const failed = (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return false;
    const message = `stdout: ${error.message}\nwhat it has is not whole: give it another place`;
    throw Object.assign(new Error(message, { cause: error }), { code: error.code });
  };
  try {
    // A stream over a file forgets what a full disk did not take.
    if (fstatSync(process.stdout.fd).isFile()) writeFileSync(process.stdout.fd, text);
    else
      await new Promise<void>((resolve, reject) => {
        process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
      });
    return true;
  } catch (error) {
    return failed(error as NodeJS.ErrnoException);
  }
}
