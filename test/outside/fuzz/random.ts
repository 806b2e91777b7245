// SPDX-License-Identifier: MIT
/** Random numbers that come again with their seed, and what fuzzers make of them. */

export class Random {
  #state: number;

  constructor(readonly seed: number) {
    this.#state = seed >>> 0;
  }

  /** 32 bits (mulberry32: a counter, mixed). */
  word(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** From 0 to @limit - 1. */
  below(limit: number): number {
    return this.word() % limit;
  }

  /** True once in @times. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }

  bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.below(256)));
  }

  /** A copy of @bytes with some of them changed. */
  spoil(bytes: Buffer, changes = 1 + this.below(4)): Buffer {
    const copy = Buffer.from(bytes);
    for (let i = 0; i < changes && copy.length; i++) {
      const at = this.below(copy.length);
      copy[at] = this.pick([this.below(256), copy[at]! ^ (1 << this.below(8)), 0, 0xff, 0x7f, 0x80]);
    }
    return copy;
  }
}

/** A number beside which things go wrong. */
export const edgeNumber = (random: Random): number =>
  random.pick([
    ...[0, 1, 2, 7, 47, 48, 511, 512, 513, 4096, 8191, 8192, 8193, 65_535, 65_536, 262_144, 262_145],
    ...[0xff_ff_ff, 0x7f_ff_ff_ff, 0x80_00_00_00, 0xff_ff_ff_fe, 0xff_ff_ff_ff],
    random.word(),
  ]);

export interface FuzzOptions {
  seconds: number;
  seed: number;
}

/** "--seconds 10 --seed 7". @throws Error */
export function fuzzOptions(args: string[]): FuzzOptions {
  const options = { seconds: 10, seed: (Date.now() ^ (process.pid << 16)) >>> 0 };
  for (let i = 0; i < args.length; i += 2) {
    const [name, value] = [args[i]?.replace(/^--/, ''), Number(args[i + 1])];
    if ((name !== 'seconds' && name !== 'seed') || !Number.isSafeInteger(value) || value < 0)
      throw new Error(`${args[i]}: --seconds N and --seed N are expected`);
    options[name] = value;
  }
  return options;
}
