// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { allowedCores, commandOf } from '../../scripts/kernel/runner.js';
import { parseTestOptions } from '../../scripts/kernel/test-options.js';

const all = ['cores', 'cpus', 'seconds'] as const;
const usual = { san: 'none', cores: undefined, layouts: [], seconds: undefined, patterns: [] };

describe('options of test:torture and test:kunit', () => {
  it('are few, and may be left out', () => {
    assert.deepEqual(parseTestOptions([], all), usual);
    assert.deepEqual(parseTestOptions(['spin', 'rcu'], all), { ...usual, patterns: ['spin', 'rcu'] });
    for (const [arg, san] of [
      ['--asan', 'address'],
      ['--tsan', 'thread'],
      ['--san=thread', 'thread'],
      ['--san=none', 'none'],
    ] as const)
      assert.equal(parseTestOptions([arg], []).san, san);
    assert.deepEqual(parseTestOptions(['--cpus=1+63', '--cpus=1+1', '--cores=1', '--seconds=1'], all), {
      ...usual,
      cores: 1,
      seconds: 1,
      layouts: [
        { cpus: 1, others: 63 },
        { cpus: 1, others: 1 },
      ],
    });
  });

  it('that are wrong are refused, with what was expected', () => {
    for (const [arg, said] of [
      ['--core=2', /there is no --core=2; did you mean --cores\?/],
      ['--quickly', /there is no --quickly; there are --asan, --tsan, --cores, --cpus, --seconds/],
      ['-x', /there is no -x/],
      ['--san=memory', /there is no --san=memory/],
      ['--cpus=3', /--cpus=3: event CPUs \+ others.*such as --cpus=1\+63/],
      ['--cpus=0+3', /one of each at least/],
      ['--cpus=200+57', /256 together/],
      ['--cores=0', /a whole number from 1 on/],
      ['--cores=two', /a whole number from 1 on/],
      ['--seconds=', /a whole number from 1 on/],
      [`--cores=${allowedCores().length + 1}`, /this process may use \d+ CPUs/],
    ] as const)
      assert.throws(() => parseTestOptions([arg], all), said);
    assert.throws(() => parseTestOptions(['--seconds=1'], ['cores']), /there is no --seconds=1/);
  });

  it('bind what runs to so many CPUs of the machine', function () {
    const cores = allowedCores();
    let command: string[];
    try {
      command = commandOf([{ path: 'x.ko.so' }], { cores: 1, cpus: 1, others: 63 });
    } catch {
      return this.skip(); // ring3-run is not built
    }
    assert.deepEqual(command.slice(0, 3), ['taskset', '-c', String(cores[0])]);
    assert.deepEqual(command.slice(4, 8), ['--cpus', '1', '--others', '63']);
  });
});
