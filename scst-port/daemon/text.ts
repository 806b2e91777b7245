// SPDX-License-Identifier: MIT
/** Text keys on the wire: key=value, each ended by a zero byte (RFC 7143, 6.1). */
import { LoginError, Status } from './login-error.js';

/** What all PDUs of one exchange may carry together, bytes. */
export const TEXT_LIMIT = 65_536;

/** Key names are of these characters, at most 63 (RFC 7143, 6.1). */
const KEY = /^[A-Z][A-Za-z0-9.\-+@_#]{0,62}$/;

/** @throws LoginError for what is no key=value, and for a key that comes twice */
export function parseText(data: Buffer): Map<string, string> {
  const keys = new Map<string, string>();
  for (const pair of data.toString('latin1').split('\0')) {
    if (!pair) continue;
    const equals = pair.indexOf('=');
    const key = pair.slice(0, Math.max(equals, 0));
    if (!KEY.test(key)) throw new LoginError(Status.InitiatorError, `'${pair.slice(0, 40)}' is no Key=value`);
    if (keys.has(key)) throw new LoginError(Status.InitiatorError, `the key ${key} comes twice`);
    keys.set(key, pair.slice(equals + 1));
  }
  return keys;
}

export function formatText(pairs: Iterable<readonly [string, string]>): Buffer {
  return Buffer.from(Array.from(pairs, ([key, value]) => `${key}=${value}\0`).join(''), 'latin1');
}
