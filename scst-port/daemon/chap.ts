// SPDX-License-Identifier: MIT
/** CHAP (RFC 1994; RFC 7143, 9.2.1 and 12.1.3). Pure but for the random challenge. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { LoginError, Status } from './login-error.js';
import { quoted } from './text.js';

/** By CHAP_A's number: MD5, and those of RFC 7143's registry. */
const ALGORITHMS: ReadonlyMap<string, string> = new Map([
  ['5', 'md5'],
  ['6', 'sha1'],
  ['7', 'sha256'],
  ['8', 'sha3-256'],
]);

export interface Credentials {
  user: string;
  /** At least 12 bytes (RFC 7143, 9.2.1: 96 bits); text is taken as UTF-8. */
  secret: string | Buffer;
}

const fail = (why: string) => new LoginError(Status.AuthenticationFailure, why);

/** "0x0a1b" or "0bBase64" (RFC 7143, 6.1); at most 1024 bytes. */
export function decodeBinary(key: string, text: string): Buffer {
  if (text.length <= 2050 && /^0x([0-9a-f]{2})+$/i.test(text)) return Buffer.from(text.slice(2), 'hex');
  const base64 = /^0b((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==))$/i.exec(
    text,
  );
  if (base64 && base64[1]!.length <= 1368) {
    const bytes = Buffer.from(base64[1]!, 'base64');
    if (bytes.length <= 1024) return bytes;
  }
  throw fail(`${key} is no hexadecimal or base64 value of 1 to 1024 bytes`);
}

/** @param algorithm a name of node:crypto's */
export function response(algorithm: string, id: number, secret: string | Buffer, challenge: Buffer): Buffer {
  return createHash(algorithm)
    .update(Buffer.from([id]))
    .update(secret)
    .update(challenge)
    .digest();
}

/** The keys that belong to CHAP. */
export const isChapKey = (key: string): boolean => /^CHAP_[A-Z]$/.test(key);

/**
 * Our side of one authentication: offer a challenge, check the answer, prove ourselves when asked. Each step may come
 * once, in that order: a second challenge in one login would be a second guess.
 */
export class Chap {
  #step: 'algorithm' | 'response' | 'done' = 'algorithm';
  #algorithm = '';
  readonly #id: number;
  #challenge = Buffer.alloc(0);

  /** @param random for tests only */
  constructor(
    readonly credentials: Credentials,
    readonly ours?: Credentials | undefined,
    readonly random: (bytes: number) => Buffer = randomBytes,
  ) {
    this.#id = random(1)[0]!;
  }

  /** Whether the initiator has proved itself. */
  get done(): boolean {
    return this.#step === 'done';
  }

  /** CHAP keys of one request in, our answers out. @throws LoginError for wrong ones, and for those out of turn */
  step(keys: ReadonlyMap<string, string>): [string, string][] {
    const given = [...keys.keys()].filter(isChapKey);
    const expected = {
      algorithm: ['CHAP_A'],
      response: ['CHAP_N', 'CHAP_R', 'CHAP_I', 'CHAP_C'],
      done: [] as string[],
    }[this.#step];
    const odd = given.find((key) => !expected.includes(key));
    if (odd) throw fail(`${odd} is out of turn, ${expected.join(', ') || 'no more CHAP'} is expected`);
    if (this.#step === 'algorithm') return this.#offer(keys.get('CHAP_A'));
    return this.#step === 'response' ? this.#check(keys) : [];
  }

  #offer(offer: string | undefined): [string, string][] {
    if (offer === undefined) throw fail('CHAP_A is missing');
    const chosen = offer.split(',').find((one) => ALGORITHMS.has(one));
    if (!chosen)
      throw fail(`CHAP_A is ${quoted(offer)}, one of ${[...ALGORITHMS.keys()].join(',')} is expected`);
    this.#algorithm = ALGORITHMS.get(chosen)!;
    this.#challenge = Buffer.from(this.random(this.#algorithm === 'md5' ? 16 : 32));
    this.#step = 'response';
    return [
      ['CHAP_A', chosen],
      ['CHAP_I', String(this.#id)],
      ['CHAP_C', `0x${this.#challenge.toString('hex')}`],
    ];
  }

  #check(keys: ReadonlyMap<string, string>): [string, string][] {
    const [name, answer] = [keys.get('CHAP_N'), keys.get('CHAP_R')];
    if (name === undefined || answer === undefined) throw fail('CHAP_N or CHAP_R is missing');
    const expected = response(this.#algorithm, this.#id, this.credentials.secret, this.#challenge);
    const given = decodeBinary('CHAP_R', answer);
    const right = given.length === expected.length && timingSafeEqual(given, expected);
    if (name !== this.credentials.user || !right) throw fail(`CHAP of user ${quoted(name)} is wrong`);
    const proof = this.#prove(keys.get('CHAP_I'), keys.get('CHAP_C'));
    this.#step = 'done';
    return proof;
  }

  #prove(id: string | undefined, challengeText: string | undefined): [string, string][] {
    if (id === undefined && challengeText === undefined) return [];
    if (!this.ours) throw fail('the initiator wants us to authenticate, and no mutual secret is set');
    if (!/^\d{1,3}$/.test(id ?? '') || Number(id) > 255)
      throw fail(`CHAP_I is ${quoted(id ?? '')}, 0 to 255 is expected`);
    const challenge = decodeBinary('CHAP_C', challengeText ?? '');
    // Answering our own challenge would lend our secret's answer to the peer (RFC 7143, 9.2.1).
    if (challenge.equals(this.#challenge)) throw fail('the initiator sent our own challenge back');
    const proof = response(this.#algorithm, Number(id), this.ours.secret, challenge);
    return [
      ['CHAP_N', this.ours.user],
      ['CHAP_R', `0x${proof.toString('hex')}`],
    ];
  }
}
