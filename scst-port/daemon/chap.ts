// SPDX-License-Identifier: MIT
/** CHAP (RFC 1994; RFC 7143, 9.2.1 and 12.1.3). Pure but for the random challenge. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { LoginError, Status } from './login-error.js';

const ALGORITHMS: ReadonlyMap<string, string> = new Map([
  ['5', 'md5'],
  ['6', 'sha1'],
  ['7', 'sha256'],
  ['8', 'sha3-256'],
]);

export interface Credentials {
  user: string;
  secret: string;
}

const fail = (why: string) => new LoginError(Status.AuthenticationFailure, why);

/** "0x0a1b" or "0bBase64" (RFC 7143, 6.1); at most 1024 bytes. */
export function decodeBinary(key: string, text: string): Buffer {
  if (text.length <= 2050 && /^0x([0-9a-f]{2})+$/i.test(text)) return Buffer.from(text.slice(2), 'hex');
  if (text.length <= 2050 && /^0b[A-Za-z0-9+/]+=*$/i.test(text)) return Buffer.from(text.slice(2), 'base64');
  throw fail(`${key} is no hexadecimal or base64 value of at most 1024 bytes`);
}

export function response(algorithm: string, id: number, secret: string, challenge: Buffer): Buffer {
  return createHash(algorithm)
    .update(Buffer.from([id]))
    .update(secret, 'latin1')
    .update(challenge)
    .digest();
}

/** Our side of one authentication: offer a challenge, check the answer, prove ourselves when asked. */
export class Chap {
  #algorithm: string | undefined;
  readonly #id = randomBytes(1)[0]!;
  #challenge = Buffer.alloc(0);

  constructor(
    readonly credentials: Credentials,
    readonly ours?: Credentials,
  ) {}

  /** CHAP_A in, our choice and challenge out. */
  challenge(offer: string | undefined): [string, string][] {
    const chosen = offer?.split(',').find((one) => ALGORITHMS.has(one));
    if (!chosen)
      throw fail(`CHAP_A is '${offer ?? ''}', one of ${[...ALGORITHMS.keys()].join(',')} is expected`);
    this.#algorithm = ALGORITHMS.get(chosen)!;
    this.#challenge = randomBytes(this.#algorithm === 'md5' ? 16 : 32);
    return [
      ['CHAP_A', chosen],
      ['CHAP_I', String(this.#id)],
      ['CHAP_C', `0x${this.#challenge.toString('hex')}`],
    ];
  }

  /** CHAP_N and CHAP_R in; what they ask of us out. */
  check(keys: ReadonlyMap<string, string>): [string, string][] {
    const [name, answer] = [keys.get('CHAP_N'), keys.get('CHAP_R')];
    if (!this.#algorithm || name === undefined || answer === undefined)
      throw fail('CHAP_N or CHAP_R is missing');
    const expected = response(this.#algorithm, this.#id, this.credentials.secret, this.#challenge);
    const given = decodeBinary('CHAP_R', answer);
    const right = given.length === expected.length && timingSafeEqual(given, expected);
    if (name !== this.credentials.user || !right) throw fail(`CHAP of user '${name.slice(0, 64)}' is wrong`);
    return this.#prove(keys.get('CHAP_I'), keys.get('CHAP_C'));
  }

  #prove(id: string | undefined, challengeText: string | undefined): [string, string][] {
    if (id === undefined && challengeText === undefined) return [];
    if (!this.ours) throw fail('the initiator wants us to authenticate, and no mutual secret is set');
    if (!/^\d{1,3}$/.test(id ?? '') || Number(id) > 255)
      throw fail(`CHAP_I is '${id}', 0 to 255 is expected`);
    const challenge = decodeBinary('CHAP_C', challengeText ?? '');
    // Answering our own challenge would lend our secret's answer to the peer (RFC 7143, 9.2.1).
    if (challenge.equals(this.#challenge)) throw fail('the initiator sent our own challenge back');
    const proof = response(this.#algorithm!, Number(id), this.ours.secret, challenge);
    return [
      ['CHAP_N', this.ours.user],
      ['CHAP_R', `0x${proof.toString('hex')}`],
    ];
  }
}
