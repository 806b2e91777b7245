// SPDX-License-Identifier: MIT
/** Waiting for a kernel: completions and wait queues, on the main thread and on others. */
import assert from 'node:assert/strict';
import { Completion, Kernel, Mutex, WaitQueue } from '../../kernel-api/index.js';
import { DEADLINE_MS, until } from '../until.js';
import { failsWith, fixture, onKernel, pause, runWorker, workersEnded } from './kernel-fixture.js';

describe('kernel waits', () => {
  onKernel();

  describe('Completion', () => {
    it('lets as many pass as it was completed', async () => {
      const done = new Completion();
      assert.equal(done.done, false);
      assert.equal(await done.wait({ timeoutMs: 0 }), false);
      const passed: number[] = [];
      const waits = [0, 1, 2].map(async (n) =>
        passed.push((await done.wait({ timeoutMs: DEADLINE_MS })) ? n : -1),
      );
      done.complete();
      await Promise.race(waits);
      await pause(30);
      assert.equal(passed.length, 1);
      done.complete();
      done.complete();
      await Promise.all(waits);
      assert.ok(passed.every((n) => n >= 0));
      assert.equal(done.done, false);
      done.dispose();
    });

    it('counts what is completed twice', async () => {
      const done = new Completion();
      done.complete();
      done.complete();
      assert.equal(await done.wait(), true);
      assert.equal(done.tryWait(), true);
      assert.equal(done.tryWait(), false);
      done.completeAll();
      done.completeAll();
      for (let i = 0; i < 5; i++) assert.equal(await done.wait(), true);
      done.reinit();
      assert.equal(done.done, false);
      done.dispose();
    });

    it('times out', async () => {
      const done = new Completion();
      const start = performance.now();
      assert.equal(await done.wait({ timeoutMs: 60 }), false);
      assert.ok(performance.now() - start >= 59);
      for (const timeoutMs of [-1, 0.5, Number.NaN, 1e15, '1' as unknown as number])
        await assert.rejects(done.wait({ timeoutMs }), TypeError);
      done.dispose();
    });

    it('is completed by a module, and by another thread', async () => {
      const kernel = Kernel.attach();
      const demo = await kernel.insmod(fixture('demo'));
      const done = new Completion();
      const wait = done.wait({ timeoutMs: DEADLINE_MS });
      demo.symbol('void demo_complete(struct completion *done)')(done.address);
      assert.equal(await wait, true);
      await kernel.rmmod(demo);
      const other = done.wait({ timeoutMs: DEADLINE_MS });
      runWorker({ job: 'complete', completion: done.handle });
      assert.equal(await other, true);
      const messages = runWorker({ job: 'wait', completion: done.handle });
      assert.equal(await messages.next(), 'waits');
      done.complete();
      assert.equal(await messages.next(), true);
      done.dispose();
    });

    it('is gone after dispose()', async () => {
      const done = new Completion();
      const { handle } = done;
      done.dispose();
      assert.equal(done.disposed, true);
      for (const use of [
        () => done.complete(),
        () => done.done,
        () => done.tryWait(),
        () => done.address,
        () => done.handle,
        () => done.dispose(),
      ])
        assert.throws(use, failsWith('EINVAL', /was disposed of/));
      await assert.rejects(done.wait(), failsWith('EINVAL', /was disposed of/));
      assert.throws(() => Completion.from(handle), failsWith('ENOENT', /was disposed of/));
      assert.throws(() => Mutex.from(handle as never), TypeError);
      assert.throws(() => Completion.from({ kind: 'completion', id: 99_999_999 }), failsWith('ENOENT', /./));
      assert.throws(() => Completion.from({ kind: 'completion', id: -1 }), failsWith('ENOENT', /./));
      assert.throws(() => Completion.from({ kind: 'completion', id: 'x' as unknown as number }), TypeError);
    });

    it('bounds the waits of a thread', async () => {
      const done = new Completion();
      const waits = Array.from({ length: 256 }, () => done.wait());
      await assert.rejects(done.wait(), failsWith('ENOSPC', /256 calls under way/));
      done.completeAll();
      assert.ok((await Promise.all(waits)).every(Boolean));
      done.dispose();
    });

    it('is one of 4096 primitives at most', () => {
      const all: Completion[] = [];
      assert.throws(
        () => {
          for (let i = 0; i < 5000; i++) all.push(new Completion());
        },
        failsWith('ENOSPC', /may be 4096/),
      );
      assert.equal(all.length, 4096);
      for (const one of all) one.dispose();
      new Completion().dispose();
    });
  });

  describe('WaitQueue', () => {
    it('asks the condition first, and at each wake-up', async () => {
      const queue = new WaitQueue();
      let asked = 0;
      assert.equal(await queue.wait(() => ++asked > 0), true);
      assert.equal(asked, 1);
      let ready = false;
      const wait = queue.wait(() => {
        asked++;
        return ready;
      });
      queue.wakeUp();
      await until(() => asked >= 3);
      ready = true;
      queue.wakeUp();
      assert.equal(await wait, true);
      assert.ok(asked >= 4, String(asked));
      queue.dispose();
    });

    it('wakes one exclusive waiter at a time, and all others', async () => {
      const queue = new WaitQueue();
      let woken = 0;
      const waits = Array.from({ length: 4 }, () =>
        queue.wait(undefined, { exclusive: true }).then(() => woken++),
      );
      const plain = queue.wait();
      queue.wakeUp();
      assert.equal(await plain, true);
      await until(() => woken >= 1);
      await pause(20); // time for one too many
      assert.equal(woken, 1);
      queue.wakeUp(2);
      await until(() => woken >= 3);
      await pause(20);
      assert.equal(woken, 3);
      queue.wakeUpAll();
      await Promise.all(waits);
      queue.dispose();
    });

    it('times out, and passes on what the condition throws', async () => {
      const queue = new WaitQueue();
      assert.equal(await queue.wait(() => false, { timeoutMs: 30 }), false);
      assert.equal(await queue.wait(undefined, { timeoutMs: 0 }), false);
      let calls = 0;
      assert.equal(await queue.wait(() => calls++ > 0, { timeoutMs: 30 }), true); // true at the last look
      await assert.rejects(
        queue.wait(() => {
          throw new Error('no idea');
        }),
        /no idea/,
      );
      await assert.rejects(queue.wait('x' as never), TypeError);
      assert.throws(() => queue.wakeUp(0), TypeError);
      queue.dispose();
    });

    it('is in use while somebody waits', async () => {
      const queue = new WaitQueue();
      const wait = queue.wait();
      assert.throws(() => queue.dispose(), failsWith('EBUSY', /is in use/));
      queue.wakeUp();
      await wait;
      queue.dispose();
    });

    it('is woken by another thread', async () => {
      const queue = new WaitQueue();
      const memory = new SharedArrayBuffer(4);
      runWorker({ job: 'wake', queue: queue.handle, memory });
      assert.equal(
        await queue.wait(() => Atomics.load(new Int32Array(memory), 0) === 1, { timeoutMs: DEADLINE_MS }),
        true,
      );
      await workersEnded(); // and have let go of it
      queue.dispose();
    });
  });
});
