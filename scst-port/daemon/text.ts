// SPDX-License-Identifier: MIT
/** Text keys on the wire: key=value in UTF-8, each ended by a zero byte (RFC 7143, 6.1). Pure. */
import { LoginError, Status } from './login-error.js';

/** What all PDUs of one exchange may carry together, bytes; either way. */
export const TEXT_LIMIT = 65_536;

/** Longest value of a key, bytes (RFC 7143, 6.1); of a binary one: 1024 bytes as "0x" and two digits each. */
const VALUE_LIMIT = 255;
const BINARY_LIMIT = 2050;
const BINARY_KEYS: ReadonlySet<string> = new Set(['CHAP_C', 'CHAP_R']);

/** Key names are of these characters, at most 63 (RFC 7143, 6.1). */
const KEY = /^[A-Z][A-Za-z0-9.\-+@_#]{0,62}$/;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** For a message: what a peer sent, cut, and without what would upset a terminal. */
export const quoted = (text: string): string =>
  `'${text.slice(0, 64).replace(/\p{C}/gu, '?')}${text.length > 64 ? '...' : ''}'`;

const wrong = (why: string) => new LoginError(Status.InitiatorError, why);

function decode(data: Buffer): string {
  try {
    return utf8.decode(data);
  } catch {
    throw wrong('the keys are not UTF-8');
  }
}

/** @throws LoginError for what is no Key=value, is too long, or comes twice */
export function parseText(data: Buffer): Map<string, string> {
  const keys = new Map<string, string>();
  for (const pair of decode(data).split('\0')) {
    if (!pair) continue;
    const equals = pair.indexOf('=');
    const key = pair.slice(0, Math.max(equals, 0));
    if (!KEY.test(key)) throw wrong(`${quoted(pair)} is no Key=value`);
    if (keys.has(key)) throw wrong(`the key ${key} comes twice`);
    const value = pair.slice(equals + 1);
    const limit = BINARY_KEYS.has(key) ? BINARY_LIMIT : VALUE_LIMIT;
    const bytes = Buffer.byteLength(value);
    if (bytes > limit) throw wrong(`the value of ${key} has ${bytes} bytes, at most ${limit} are allowed`);
    keys.set(key, value);
  }
  return keys;
}

export function formatText(pairs: Iterable<readonly [string, string]>): Buffer {
  return Buffer.from(Array.from(pairs, ([key, value]) => `${key}=${value}\0`).join(''));
}

/** Cuts @data into parts of at most @bytes; no data is one empty part. */
export function* parts(data: Buffer, bytes: number): Generator<{ part: Buffer; last: boolean }> {
  for (let at = 0; ; at += bytes) {
    const last = at + bytes >= data.length;
    yield { part: data.subarray(at, at + bytes), last };
    if (last) return;
  }
}
