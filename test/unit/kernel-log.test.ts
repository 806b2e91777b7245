// SPDX-License-Identifier: MIT
/** printk and dmesg from TypeScript. */
import assert from 'node:assert/strict';
import { Kernel, KernelError, type LogRecord, parseLevels, printk } from '../../kernel-api/index.js';
import { DEADLINE_MS } from '../until.js';
import { failsWith, pause } from './kernel-fixture.js';

describe('kernel log', () => {
  let kernel: Kernel;
  before(async () => {
    kernel = await Kernel.start({ cpus: 1 });
    kernel.consoleLogLevel = -1;
  });
  after(() => kernel.stop());

  /** What @provoke writes, once @count of it came. */
  async function follow(
    count: number,
    provoke: () => void,
    options: { from?: 'start' | 'now'; level?: number } = {},
  ): Promise<LogRecord[]> {
    const got: LogRecord[] = [];
    const end = new AbortController();
    const timer = setTimeout(() => end.abort(), DEADLINE_MS);
    const reading = (async () => {
      for await (const record of kernel.followDmesg({ from: 'now', ...options, signal: end.signal }))
        if (got.push(record) === count) break;
    })();
    await pause(5);
    provoke();
    await reading;
    clearTimeout(timer);
    return got;
  }

  it('is written with a level by name or number, a record per line', () => {
    printk('one', 'err');
    printk('two\nthree', 7);
    kernel.printk('four');
    const tail = kernel.dmesg().slice(-4);
    assert.deepEqual(
      tail.map(({ level, text }) => [level, text]),
      [
        [3, 'one'],
        [7, 'two'],
        [7, 'three'],
        [6, 'four'],
      ],
    );
    for (let i = 1; i < 4; i++) {
      assert.equal(tail[i]!.seq, tail[i - 1]!.seq + 1);
      assert.ok(tail[i]!.time >= tail[i - 1]!.time);
    }
    for (const level of [-1, 8, 1.5, 'loud', Number.NaN])
      assert.throws(() => printk('x', level as number), TypeError);
  });

  it('keeps 239 bytes of a line, whatever is in them', () => {
    printk('x'.repeat(5000));
    assert.equal(kernel.dmesg().at(-1)!.text, 'x'.repeat(239));
    printk('a\0b % %s %n \u001b[2J');
    assert.equal(kernel.dmesg().at(-1)!.text, 'a\ufffdb % %s %n \u001b[2J');
    printk('');
    assert.equal(kernel.dmesg().at(-1)!.text, '');
  });

  it('is followed from now or from the start, down to a level', async () => {
    const some = await follow(
      2,
      () => {
        printk('not urgent', 'debug');
        printk('urgent', 'crit');
        printk('as urgent', 'err');
      },
      { level: 3 },
    );
    assert.deepEqual(
      some.map(({ text }) => text),
      ['urgent', 'as urgent'],
    );
    const all = kernel.dmesg().length;
    const again = await follow(all, () => {}, { from: 'start' });
    assert.equal(again.length, all);
    assert.equal(again[0]!.seq, kernel.dmesg()[0]!.seq);
  });

  it('ends with its signal, at once and later', async () => {
    for await (const _ of kernel.followDmesg({ signal: AbortSignal.abort() }))
      assert.fail('was aborted before');
    const end = new AbortController();
    setTimeout(() => end.abort(), 30);
    for await (const _ of kernel.followDmesg({ from: 'now', signal: end.signal }));
  });

  it('is followed 16 times at most, and each that ends makes room', async () => {
    const followers = Array.from({ length: 16 }, () => kernel.followDmesg());
    for (const one of followers) await one.next();
    await assert.rejects(kernel.followDmesg().next(), failsWith('EMFILE', /16 times already/));
    for (const one of followers) await one.return();
    for (let i = 0; i < 40; i++) {
      const one = kernel.followDmesg();
      assert.equal((await one.next()).done, false);
      await one.return();
    }
  });

  it('says how many records a slow reader lost', async () => {
    const slow = kernel.followDmesg({ from: 'now' });
    const first = slow.next();
    await pause(5);
    printk('the first');
    assert.equal(((await first).value as LogRecord).text, 'the first');
    for (let i = 0; i < 5000; i++) printk(`line ${i}`);
    const lost = (await slow.next()).value as LogRecord;
    assert.deepEqual([lost.level, lost.text], [4, `${5000 - 2048} records were lost before they were read`]);
    assert.equal(((await slow.next()).value as LogRecord).text, `line ${5000 - 2048}`);
    await slow.return();
    assert.equal(kernel.dmesg().length, 2048);
  });

  it('levels are words', () => {
    assert.deepEqual([...parseLevels('err')], [3]);
    assert.deepEqual([...parseLevels('crit+,7')].sort(), [0, 1, 2, 7]);
    for (const bad of ['', 'error', 'err-', '8', 'err,', '+'])
      assert.throws(() => parseLevels(bad), KernelError);
  });
});
