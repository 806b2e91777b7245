// SPDX-License-Identifier: MIT
/** linux/slab.h for TypeScript: memory outside of V8's heap, as Buffers, at addresses that do not move. */
import koffi from 'koffi';
import { native } from '../shim/native.js';
import { c, check, KernelError, wantText, wholeNumber } from './library.js';
import { type Closable, closed, opened } from './port.js';

/** Whose memory a Buffer is; of this thread. */
const owners = new WeakMap<ArrayBufferLike, { owner: object; address: bigint }>();

function toBuffer(owner: object, address: bigint, bytes: number): Buffer {
  const memory = koffi.view(address, bytes);
  owners.set(memory, { owner, address });
  return Buffer.from(memory);
}

/** The address of what alloc() or kmalloc() returned, for functions of modules. @throws KernelError EINVAL */
export function addressOf(buffer: Buffer): bigint {
  const known = owners.get(buffer.buffer);
  if (!known) throw new KernelError(22, 'this Buffer is none of alloc() or kmalloc(), or was freed');
  return known.address + BigInt(buffer.byteOffset);
}

/** The memory leaves JavaScript first: a stale Buffer has length 0, and touches nothing. */
function release(owner: object, buffer: Buffer, whose: string): bigint {
  const known = owners.get(buffer.buffer);
  if (!known) throw new KernelError(22, `this Buffer is none of ${whose}, or was freed before`);
  if (known.owner !== owner) throw new KernelError(22, `this Buffer is not of ${whose}`);
  owners.delete(buffer.buffer);
  native.detachMemory(buffer.buffer as ArrayBuffer);
  return known.address;
}

/**
 * A pool of objects of one size. Buffers belong to the thread that allocated them; one that is dropped without free()
 * leaks, as in the kernel, and keeps the cache from being disposed of.
 *
 * ```ts
 * const cache = new KmemCache('requests', 512, { align: 64 });
 * const request = cache.alloc();
 * request.writeUInt32LE(1, 0);
 * cache.free(request);
 * cache.dispose();
 * ```
 */
export class KmemCache implements Closable {
  #address: bigint | null;
  #used = 0;

  /**
   * @param name shown by diagnostics
   * @param size bytes of an object, 1 to 65536
   * @param options.align a power of 2, 8 to 4096; 8
   * @throws TypeError for those; KernelError ENOMEM
   */
  constructor(
    readonly name: string,
    readonly size: number,
    { align = 8 }: { align?: number } = {},
  ) {
    wantText('name', name, 64);
    wholeNumber('size', size, 1, 65_536);
    wholeNumber('align', align, 8, 4096);
    if (align & (align - 1)) throw new TypeError(`align is ${align}, should be a power of 2`);
    this.#address = c.poolNew(name, size, align) as bigint | null;
    if (!this.#address) throw new KernelError(12, 'no memory for a cache');
    opened(this);
  }

  #here(): bigint {
    if (this.#address === null) throw new KernelError(22, `cache ${this.name} was disposed of`);
    return this.#address;
  }

  /** Objects that are out. */
  get used(): number {
    return this.#used;
  }

  /**
   * One object.
   * @param options.zero as zeros; true. Else it holds what its last user left.
   * @throws KernelError ENOMEM
   */
  alloc({ zero = true }: { zero?: boolean } = {}): Buffer {
    const address = c.poolAlloc(this.#here(), zero ? 1 : 0) as bigint | null;
    if (!address) throw new KernelError(12, `no memory for an object of cache ${this.name}`);
    this.#used++;
    return toBuffer(this, address, this.size);
  }

  /**
   * Gives one back; its length is 0 from then on, and that of its slices.
   * @throws KernelError EINVAL: it is not of this cache, or was freed before
   */
  free(buffer: Buffer): void {
    const pool = this.#here();
    c.poolFree(pool, release(this, buffer, `cache ${this.name}`));
    this.#used--;
  }

  /** @throws KernelError EBUSY: objects are out */
  dispose(): void {
    check(
      c.poolDestroy(this.#here()) as number,
      `cache ${this.name}: ${this.#used} objects of ${this.size} bytes were not freed`,
    );
    this.#address = null;
    closed(this);
  }

  /** @internal memory does not need a kernel that runs */
  close(): void {}
}

const KMALLOC = {};

/** kmalloc(): @bytes from 1 to 4 MiB, zeros. @throws KernelError ENOMEM */
export function kmalloc(bytes: number): Buffer {
  const address = c.kmalloc(wholeNumber('bytes', bytes, 1, 4 << 20), 1) as bigint | null;
  if (!address) throw new KernelError(12, `no memory for ${bytes} bytes`);
  return toBuffer(KMALLOC, address, bytes);
}

/** @throws KernelError EINVAL: it is none of kmalloc()'s, or was freed before */
export function kfree(buffer: Buffer): void {
  c.kfree(release(KMALLOC, buffer, 'kmalloc()'));
}
