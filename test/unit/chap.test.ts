// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { Chap, decodeBinary, isChapKey, response } from '../../scst-port/daemon/chap.js';
import { LoginError, Status } from '../../scst-port/daemon/login-error.js';
import { root } from '../outside/target.js';

const ALICE = { user: 'alice', secret: 'a secret of 20 bytes' };
const TARGET = { user: 'target', secret: 'another secret of 23 b.' };

const step = (chap: Chap, keys: Record<string, string>) =>
  Object.fromEntries(chap.step(new Map(Object.entries(keys)))) as Record<string, string>;

/** What an initiator computes, apart from the module that is judged. */
function answer(hash: string, id: string, secret: string, challenge: string): string {
  const input = Buffer.concat([
    Buffer.from([Number(id)]),
    Buffer.from(secret),
    Buffer.from(challenge.slice(2), 'hex'),
  ]);
  return `0x${createHash(hash).update(input).digest('hex')}`;
}

const denied = (run: () => unknown, message: RegExp) =>
  assert.throws(run, (error: Error) => {
    assert.ok(error instanceof LoginError, String(error));
    assert.equal(error.status, Status.AuthenticationFailure);
    assert.match(error.message, message);
    assert.ok(!error.message.includes(ALICE.secret) && !error.message.includes(TARGET.secret));
    return true;
  });

const HASHES = [
  ['5', 'md5', 16],
  ['6', 'sha1', 32],
  ['7', 'sha256', 32],
  ['8', 'sha3-256', 32],
] as const;

/** Up to our challenge. */
function challenged(hash: (typeof HASHES)[number] = HASHES[0], ours?: typeof TARGET) {
  const chap = new Chap(ALICE, ours);
  const offer = step(chap, { CHAP_A: hash[0] });
  return { chap, offer, right: answer(hash[1], offer.CHAP_I!, ALICE.secret, offer.CHAP_C!) };
}

describe('CHAP', () => {
  // Computed with another implementation (Python's hashlib).
  for (const [hash, hex] of [
    ['md5', '7fbf0c1dd657653a8e3da6445eeef9d5'],
    ['sha1', '5af45f74e6dd4780c7cdbe2561580c6a01d86d57'],
    ['sha256', 'fc03366c53117aa59c3852174408be243ccd9800bdaf2f521792b9193c039ae6'],
    ['sha3-256', '0dbc21e865988ed05e54fe3ed071c27b3e3d2fd315a00707117ba7113d0fb924'],
  ] as const)
    it(`computes ${hash} as others do`, () =>
      assert.equal(
        response(
          hash,
          0x2a,
          'a secret of 20 bytes',
          Buffer.from(Array.from({ length: 16 }, (_, i) => i)),
        ).toString('hex'),
        hex,
      ));

  for (const hash of HASHES) {
    it(`lets who knows the secret in, with ${hash[1]}`, () => {
      const { chap, offer, right } = challenged(hash);
      assert.deepEqual(Object.keys(offer), ['CHAP_A', 'CHAP_I', 'CHAP_C']);
      assert.equal(offer.CHAP_A, hash[0]);
      assert.equal(offer.CHAP_C!.length, 2 + 2 * hash[2]);
      assert.equal(chap.done, false);
      assert.deepEqual(step(chap, { CHAP_N: 'alice', CHAP_R: right }), {});
      assert.equal(chap.done, true);
    });
    it(`proves itself when asked, with ${hash[1]}`, () => {
      const { chap, right } = challenged(hash, TARGET);
      const [id, challenge] = ['200', `0x${'5a'.repeat(20)}`];
      assert.deepEqual(step(chap, { CHAP_N: 'alice', CHAP_R: right, CHAP_I: id, CHAP_C: challenge }), {
        CHAP_N: 'target',
        CHAP_R: answer(hash[1], id, TARGET.secret, challenge),
      });
      assert.equal(chap.done, true);
    });
  }

  it('takes the first algorithm that it has', () => {
    assert.equal(step(new Chap(ALICE), { CHAP_A: '99,constructor,7,5' }).CHAP_A, '7');
    assert.equal(step(new Chap(ALICE), { CHAP_A: '5,7' }).CHAP_A, '5');
  });
  for (const offer of ['', '0', '9', '05', 'md5', '5 ', 'constructor', '__proto__'])
    it(`refuses the algorithms '${offer}'`, () =>
      denied(() => step(new Chap(ALICE), { CHAP_A: offer }), /CHAP_A is '.*', one of 5,6,7,8 is expected/));

  it('takes an answer in base64, and in capitals', () => {
    for (const change of [
      (right: string) => `0b${Buffer.from(right.slice(2), 'hex').toString('base64')}`,
      (right: string) => `0X${right.slice(2).toUpperCase()}`,
    ]) {
      const { chap, right } = challenged();
      step(chap, { CHAP_N: 'alice', CHAP_R: change(right) });
      assert.ok(chap.done);
    }
  });

  for (const [what, change] of [
    ['one bit off', (right: string) => right.slice(0, -1) + (right.endsWith('0') ? '1' : '0')],
    ['too short', (right: string) => right.slice(0, -2)],
    ['too long', (right: string) => `${right}00`],
  ] as const)
    it(`refuses an answer that is ${what}`, () => {
      const { chap, right } = challenged();
      denied(() => step(chap, { CHAP_N: 'alice', CHAP_R: change(right) }), /CHAP of user 'alice' is wrong/);
      assert.equal(chap.done, false);
    });

  it('refuses another user with the right answer, in the same words as a wrong answer', () => {
    const { chap, right } = challenged();
    denied(() => step(chap, { CHAP_N: 'bob', CHAP_R: right }), /^CHAP of user 'bob' is wrong$/);
  });

  for (const value of ['', '0x', '0xabc', '0xzz', '0b', '0b!!!!', '0bQUI', 'abcd', `0x${'00'.repeat(1025)}`])
    it(`refuses ${value.slice(0, 20)}... as CHAP_R`, () => {
      const { chap } = challenged();
      denied(() => step(chap, { CHAP_N: 'alice', CHAP_R: value }), /CHAP_R is no hexadecimal or base64/);
    });

  it('is not skipped over', () => {
    denied(() => step(new Chap(ALICE), {}), /CHAP_A is missing/);
    denied(
      () => step(new Chap(ALICE), { CHAP_N: 'alice', CHAP_R: '0x00' }),
      /CHAP_N is out of turn, CHAP_A is/,
    );
    denied(() => step(challenged().chap, {}), /CHAP_N or CHAP_R is missing/);
    denied(() => step(challenged().chap, { CHAP_N: 'alice' }), /CHAP_N or CHAP_R is missing/);
    denied(() => step(challenged().chap, { CHAP_R: challenged().right }), /CHAP_N or CHAP_R is missing/);
  });

  it('gives no second challenge, and no second guess', () => {
    denied(() => step(challenged().chap, { CHAP_A: '5' }), /CHAP_A is out of turn/);
    const { chap, right } = challenged();
    step(chap, { CHAP_N: 'alice', CHAP_R: right });
    denied(() => step(chap, { CHAP_N: 'alice', CHAP_R: right }), /out of turn, no more CHAP is expected/);
    denied(() => step(chap, { CHAP_X: '1' }), /CHAP_X is out of turn/);
    assert.deepEqual(step(chap, {}), {});
  });

  it('does not answer its own challenge', () => {
    const { chap, offer, right } = challenged(HASHES[0], TARGET);
    const reflected = { CHAP_N: 'alice', CHAP_R: right, CHAP_I: offer.CHAP_I!, CHAP_C: offer.CHAP_C! };
    denied(() => step(chap, reflected), /sent our own challenge back/);
    assert.equal(chap.done, false);
  });
  it('does not answer its own challenge in base64 either', () => {
    const { chap, offer, right } = challenged(HASHES[0], TARGET);
    const same = `0b${Buffer.from(offer.CHAP_C!.slice(2), 'hex').toString('base64')}`;
    denied(
      () => step(chap, { CHAP_N: 'alice', CHAP_R: right, CHAP_I: '1', CHAP_C: same }),
      /sent our own challenge back/,
    );
  });
  it('proves nothing to who has not proved itself', () => {
    const { chap, right } = challenged(HASHES[0], TARGET);
    const wrong = right.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
    denied(
      () => step(chap, { CHAP_N: 'alice', CHAP_R: wrong, CHAP_I: '1', CHAP_C: `0x${'11'.repeat(16)}` }),
      /is wrong/,
    );
  });

  for (const [id, challenge, message] of [
    ['256', '0x11', /CHAP_I is '256', 0 to 255 is expected/],
    ['-1', '0x11', /CHAP_I is '-1'/],
    ['0x1', '0x11', /CHAP_I is '0x1'/],
    ['', '0x11', /CHAP_I is ''/],
    [undefined, '0x11', /CHAP_I is ''/],
    ['1', undefined, /CHAP_C is no hexadecimal/],
    ['1', '', /CHAP_C is no hexadecimal/],
    ['1', '0x1', /CHAP_C is no hexadecimal/],
  ] as const)
    it(`refuses CHAP_I=${id} with CHAP_C=${challenge}`, () => {
      const { chap, right } = challenged(HASHES[0], TARGET);
      const keys: Record<string, string> = { CHAP_N: 'alice', CHAP_R: right };
      if (id !== undefined) keys.CHAP_I = id;
      if (challenge !== undefined) keys.CHAP_C = challenge;
      denied(() => step(chap, keys), message);
    });

  it('cannot prove itself without a secret', () => {
    const { chap, right } = challenged();
    denied(
      () => step(chap, { CHAP_N: 'alice', CHAP_R: right, CHAP_I: '1', CHAP_C: '0x11' }),
      /no mutual secret is set/,
    );
  });

  it('has another challenge each time', () => {
    const seen = new Set(Array.from({ length: 50 }, () => challenged().offer.CHAP_C));
    assert.equal(seen.size, 50);
  });

  it('compares answers in constant time', () => {
    const source = readFileSync(join(root, 'scst-port/daemon/chap.ts'), 'utf8');
    assert.match(source, /timingSafeEqual\(given, expected\)/);
    assert.doesNotMatch(source, /given\.equals\(|given === expected|Buffer\.compare/);
  });

  it('knows its keys', () => {
    assert.deepEqual(['CHAP_A', 'CHAP_Z'].map(isChapKey), [true, true]);
    assert.deepEqual(['CHAP_', 'CHAP_AA', 'CHAP_a', 'XCHAP_A'].map(isChapKey), [false, false, false, false]);
  });
});

describe('a binary value', () => {
  it('comes back from hexadecimal and from base64', () =>
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 1024 }), (bytes) => {
        const buffer = Buffer.from(bytes);
        assert.deepEqual(decodeBinary('K', `0x${buffer.toString('hex')}`), buffer);
        assert.deepEqual(decodeBinary('K', `0b${buffer.toString('base64')}`), buffer);
      }),
    ));
  it('is bytes or a LoginError, whatever is given', () =>
    fc.assert(
      fc.property(fc.tuple(fc.constantFrom('', '0x', '0b', '0X', '0B'), fc.string()), ([prefix, text]) => {
        try {
          const { length } = decodeBinary('K', prefix + text);
          return length > 0 && length <= 1024;
        } catch (error) {
          return error instanceof LoginError;
        }
      }),
    ));
});
