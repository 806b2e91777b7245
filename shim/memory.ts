// SPDX-License-Identifier: MIT
/** The engine's memory: numbers, a limit, and giving back. RING3_MEM=... in the environment checks it, see README.md. */
import { wholeNumber } from './check.js';
import { type MemoryCache, type MemoryUsage, native } from './native.js';

/**
 * ```ts
 * for (const { name, used, objectBytes } of Memory.caches) if (used) console.log(name, used * objectBytes);
 * Memory.setLimit(256 << 20);
 * console.log(Memory.trim(), 'bytes given back');
 * ```
 */
export const Memory = {
  /** Every cache and size class, those of the hosted kernel code among them. */
  get caches(): MemoryCache[] {
    return native.memoryCaches();
  },

  get usage(): MemoryUsage {
    return native.memoryUsage();
  },

  /** Gives what is free back to the system. Returns bytes given now. */
  trim(): number {
    return native.memoryTrim();
  },

  /**
   * Allows no more than @bytes in use: allocations beyond fail with ENOMEM, what is in use stays.
   * @returns the limit before, bytes
   * @throws TypeError for what is no whole number from 0 to 2^53 - 1
   */
  setLimit(bytes: number): number {
    return native.memoryLimit(wholeNumber('bytes', bytes, 0, Number.MAX_SAFE_INTEGER));
  },
};
