// SPDX-License-Identifier: MIT
/** A short run of each fuzzer, with a seed of its own each time; npm run fuzz:login and fuzz:pdu run longer. */
import assert from 'node:assert/strict';
import { fuzzLogin } from '../outside/fuzz/login.js';
import { fuzzPdu } from '../outside/fuzz/pdu.js';
import { fuzzOptions, Random } from '../outside/fuzz/random.js';

describe('a fuzzer', () => {
  const { seed } = fuzzOptions([]);

  it(`finds no fault in the login, seed ${seed}`, async () => {
    await fuzzLogin({
      seconds: 2,
      seed,
      enough: ({ logins, full, refused, discovery }) =>
        logins > 1000 && full > 100 && refused > 100 && discovery > 30, // it gets everywhere
    });
  });
  it(`finds no fault in the PDU stream, seed ${seed}`, async () => {
    await fuzzPdu({
      seconds: 4,
      seed,
      enough: ({ sessions, answers, rejects, senses, inquiries }) =>
        sessions > 100 && answers > 1000 && rejects > 100 && senses > 100 && inquiries > 20,
    });
  });
  it('does the same again with the same seed', () => {
    const draw = () => {
      const random = new Random(7);
      return [random.word(), random.below(10), random.pick('abc'.split('')), random.bytes(4).toString('hex')];
    };
    assert.deepEqual(draw(), draw());
  });
  it('refuses options that are none', () => {
    assert.deepEqual(fuzzOptions(['--seconds', '3', '--seed', '9']), { seconds: 3, seed: 9 });
    for (const args of [['--seconds'], ['--seconds', 'x'], ['--sed', '1'], ['3'], ['--seed', '-1']])
      assert.throws(() => fuzzOptions(args), /--seconds N and --seed N are expected/);
  });
});
