// SPDX-License-Identifier: MIT
/** Arguments judged in TypeScript, before anything native sees them: each error names what was given and expected. */

export function wholeNumber(name: string, value: unknown, low: number, high: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < low || value > high)
    throw new TypeError(`${name} is ${String(value)}, should be a whole number from ${low} to ${high}`);
  return value;
}

export function wantFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw new TypeError(`${name} is ${typeof value}, should be a function`);
}

/** Milliseconds, fractions allowed. */
export function milliseconds(name: string, value: unknown, low = 0): number {
  if (typeof value !== 'number' || !(value >= low && value <= 1e12))
    throw new TypeError(`${name} is ${String(value)}, should be from ${low} to 1e12`);
  return value;
}
