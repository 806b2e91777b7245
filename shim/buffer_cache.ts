// SPDX-License-Identifier: MIT
/** Buffers over the engine's memory, counted by their holders. */
import { wholeNumber } from './check.js';
import { type NativeBufferCache, native } from './native.js';

/**
 * One buffer of a BufferCache. Whoever keeps it beyond a call holds it, and drops it after. With the last
 * drop the memory goes back to the cache and every view of it becomes empty, so no late reader sees
 * another's data. One that is forgotten is collected as any object, and its memory goes back then.
 */
export class CachedBuffer {
  #buffer: Buffer | undefined;
  #holders = 1;

  /** @internal made by BufferCache.alloc() */
  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  /** The memory. @throws Error with `code` ERR_BUFFER_DROPPED after the last drop() */
  get buffer(): Buffer {
    return this.#live();
  }

  get holders(): number {
    return this.#holders;
  }

  /** One holder more. @throws Error with `code` ERR_BUFFER_DROPPED after the last drop() */
  hold(): this {
    this.#live();
    this.#holders++;
    return this;
  }

  /**
   * One holder less; true when it was the last.
   * @throws Error with `code` ERR_BUFFER_DROPPED when nobody holds it any more: one drop too many
   */
  drop(): boolean {
    const buffer = this.#live();
    if (--this.#holders) return false;
    this.#buffer = undefined;
    native.detachBuffer(buffer);
    return true;
  }

  #live(): Buffer {
    if (this.#buffer) return this.#buffer;
    throw Object.assign(new Error('the buffer was dropped by its last holder'), {
      code: 'ERR_BUFFER_DROPPED',
    });
  }
}

/** "fill at queue.ts:12": who called @fn. Slow: a stack is made for it. */
function callerOf(fn: (...args: never[]) => unknown): string | undefined {
  const holder: { stack?: string } = {};
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 1;
  Error.captureStackTrace(holder, fn);
  Error.stackTraceLimit = limit;
  const [, name, file, line] =
    /^ +at (?:(.+) \()?(?:.*[/\\])?(.+?):(\d+):\d+\)?$/m.exec(holder.stack ?? '') ?? [];
  return file && `${name ? `${name} at ` : ''}${file}:${line}`.slice(-63);
}

/**
 * A cache of equal buffers outside of V8's heap: allocated from the engine's magazines, aligned as direct I/O
 * wants them, never moved, and visible to native code by their address.
 *
 * ```ts
 * const cache = new BufferCache('requests', 4096, { align: 4096 });
 * const request = cache.alloc();
 * request.buffer.write('hello');
 * request.drop();
 * const slice = cache.alloc().buffer.subarray(0, 16); // keeps its memory, bytes [0, 4096), as long as it is reachable
 * console.log(cache.out, slice.length); // until then destroy() throws EBUSY
 * ```
 */
export class BufferCache {
  readonly #native: NativeBufferCache;
  readonly name: string;
  /** Of each buffer. */
  readonly bytes: number;

  /**
   * @param name shown in statistics and reports
   * @param bytes of each buffer, 1 to 16 MiB
   * @param options.align a power of two to 4096
   * @throws TypeError for arguments out of range
   * @throws Error with `code` ENOMEM when there are 512 caches, or no memory
   */
  constructor(name: string, bytes: number, { align = 64 }: { align?: number } = {}) {
    if (typeof name !== 'string') throw new TypeError(`name is ${typeof name}, should be a string`);
    wholeNumber('bytes', bytes, 1, 1 << 24);
    wholeNumber('align', align, 1, 4096);
    if (align & (align - 1)) throw new TypeError(`align is ${align}, should be a power of two`);
    this.name = name;
    this.bytes = bytes;
    this.#native = new native.NativeBufferCache(name, bytes, align);
  }

  /**
   * A buffer with one holder, the caller; its contents are what was there before unless @options.zeroed.
   * @throws Error with `code` ENOMEM at the limit of memory, ENOENT after destroy()
   */
  alloc({ zeroed = false }: { zeroed?: boolean } = {}): CachedBuffer {
    if (!native.memoryCounted) return new CachedBuffer(this.#native.alloc(zeroed));
    return new CachedBuffer(this.#native.alloc(zeroed, callerOf(this.alloc)));
  }

  /** Buffers whose memory is not back yet: held, or dropped and not yet let go by V8. */
  get out(): number {
    return this.#native.out();
  }

  /**
   * Ends the cache; may be called twice.
   * @throws Error with `code` EBUSY while buffers are out
   */
  destroy(): void {
    this.#native.destroy();
  }
}
