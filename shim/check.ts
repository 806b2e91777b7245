// SPDX-License-Identifier: MIT
/** Arguments judged in TypeScript, before anything native sees them: each error names what was given and expected. */

export function wholeNumber(name: string, value: unknown, low: number, high: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < low || value > high)
    throw new TypeError(`${name} is ${String(value)}, should be a whole number from ${low} to ${high}`);
  return value;
}

/**
 * Options of a call that starts something: a name that is none would be a wish that nobody hears.
 * @param known all that there are
 * @returns what is wrong, or undefined
 */
export function wrongOptions(call: string, options: unknown, known: readonly string[]): string | undefined {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    return `${call}: options are ${options === null ? 'null' : Array.isArray(options) ? 'an array' : typeof options}, should be an object`;
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  return unknown === undefined
    ? undefined
    : `${call}: there is no option ${JSON.stringify(unknown.slice(0, 60))}; there are ${known.join(', ')}`;
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
