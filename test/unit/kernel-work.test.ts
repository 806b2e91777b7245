// SPDX-License-Identifier: MIT
/** Works, delayed works and their queues, with functions of TypeScript. */
import assert from 'node:assert/strict';
import { DelayedWork, Work, Workqueue } from '../../kernel-api/index.js';
import { until } from '../until.js';
import { failsWith, onKernel, pause, runWorker, uncaught } from './kernel-fixture.js';

describe('kernel works', () => {
  onKernel();

  describe('Workqueue and Work', () => {
    it('runs a work once for each time that it was queued', async () => {
      const queue = new Workqueue('tests');
      let runs = 0;
      const work = new Work(() => runs++, queue);
      assert.equal(work.queue(), true);
      assert.equal(await work.flush(), true);
      assert.equal(runs, 1);
      assert.equal(await work.flush(), false);
      assert.equal(work.queue(), true);
      await queue.flush();
      await work.flush();
      assert.equal(runs, 2);
      await work.dispose();
      await work.dispose();
      await queue.dispose();
      assert.throws(() => work.queue(), failsWith('EINVAL', /disposed of/));
    });

    it('is queued once at a time, and may queue itself', async () => {
      let runs = 0;
      const work: Work = new Work(() => {
        if (++runs < 10) assert.equal(work.queue(), true);
      });
      work.queue();
      while (runs < 10) await work.flush();
      await work.flush();
      assert.equal(runs, 10);
      await work.dispose();
    });

    it('keeps the order and maxActive, of asynchronous functions too', async () => {
      for (const maxActive of [1, 3]) {
        const queue = maxActive === 1 ? Workqueue.ordered('one') : new Workqueue('three', { maxActive });
        let active = 0;
        let most = 0;
        const order: number[] = [];
        const results = await Promise.all(
          Array.from({ length: 12 }, (_, i) =>
            queue.run(async () => {
              most = Math.max(most, ++active);
              await until(() => most >= maxActive);
              await pause(3); // time for one too many
              active--;
              order.push(i);
              return i * i;
            }),
          ),
        );
        assert.deepEqual(
          results,
          Array.from({ length: 12 }, (_, i) => i * i),
        );
        assert.equal(most, maxActive);
        if (maxActive === 1)
          assert.deepEqual(
            order,
            Array.from({ length: 12 }, (_, i) => i),
          );
        await queue.dispose();
        assert.throws(() => new Work(() => {}, queue), failsWith('EINVAL', /disposed of/));
      }
    });

    it('rejects as the function does', async () => {
      const queue = new Workqueue('fails');
      await assert.rejects(
        queue.run(() => {
          throw new Error('at once');
        }),
        /at once/,
      );
      await assert.rejects(
        queue.run(async () => {
          await pause(1);
          throw new Error('later');
        }),
        /later/,
      );
      const work = new Work(() => {
        throw new Error('of a work');
      }, queue);
      assert.equal((await uncaught(() => work.queue())).message, 'of a work');
      await work.dispose();
      assert.throws(() => queue.run(1 as never), TypeError);
      await queue.dispose();
    });

    it('cancels what waits, and waits for what runs', async () => {
      const queue = Workqueue.ordered('cancel');
      let over = false;
      let started = () => {};
      const begun = new Promise<void>((resolve) => {
        started = resolve;
      });
      const slow: Work = new Work(async () => {
        started();
        await pause(50);
        over = true;
        assert.equal(slow.queue(), false); // it is being cancelled
      }, queue);
      const waiting = new Work(() => assert.fail('was cancelled'), queue);
      slow.queue();
      waiting.queue();
      await begun;
      assert.equal(waiting.pending, true);
      assert.equal(waiting.cancel(), true);
      assert.equal(waiting.cancel(), false);
      assert.equal(slow.pending, false);
      assert.equal(await slow.cancelSync(), false);
      assert.equal(over, true);
      await waiting.dispose();
      await slow.dispose();
      await queue.dispose();
    });

    it('delays, moves and cancels', async () => {
      let runs = 0;
      const work = new DelayedWork(() => runs++);
      const start = performance.now();
      assert.equal(work.queue(600_000), true);
      assert.equal(work.queue(1), false);
      assert.equal(work.mod(30), true);
      assert.equal(await work.flush(), true);
      assert.ok(performance.now() - start >= 29);
      assert.equal(runs, 1);
      assert.equal(work.mod(600_000), false);
      assert.equal(await work.cancelSync(), true);
      assert.equal(runs, 1);
      for (const ms of [-1, 0.1, 1e12]) assert.throws(() => work.queue(ms), TypeError);
      await work.dispose();
    });

    it('is shared between threads: maxActive counts for all', async () => {
      const queue = new Workqueue('shared', { maxActive: 2 });
      const memory = new SharedArrayBuffer(8);
      const workers = [1, 2, 3].map(() => runWorker({ job: 'work', queue: queue.handle, memory }));
      for (const { next } of workers) assert.equal(await next(), 'done');
      assert.deepEqual([...new Int32Array(memory)], [0, 2]);
      await queue.dispose();
    });

    it('refuses what is no queue', () => {
      assert.throws(() => new Workqueue(''), TypeError);
      for (const maxActive of [0, 17, 1.5]) assert.throws(() => new Workqueue('x', { maxActive }), TypeError);
      assert.throws(() => new Work(undefined as never), TypeError);
    });
  });
});
