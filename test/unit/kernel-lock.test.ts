// SPDX-License-Identifier: MIT
/** Mutexes and spinlocks between threads, and threads that end with one. */
import assert from 'node:assert/strict';
import { Kernel, Mutex, SpinLock } from '../../kernel-api/index.js';
import { failsWith, onKernel, runWorker, workersEnded } from './kernel-fixture.js';

describe('kernel locks', () => {
  onKernel();

  describe('Mutex and SpinLock', () => {
    for (const kind of ['mutex', 'spinLock'] as const)
      it(`${kind}: keeps a counter right between threads`, async () => {
        const lock = kind === 'mutex' ? new Mutex() : new SpinLock();
        const memory = new SharedArrayBuffer(4);
        const rounds = 3000;
        const workers = [1, 2, 3].map(() => runWorker({ job: 'count', [kind]: lock.handle, memory, rounds }));
        const counter = new Int32Array(memory);
        for (let i = 0; i < rounds; i++) lock.withLock(() => counter[0]!++);
        for (const { next } of workers) assert.equal(await next(), 'done');
        assert.equal(counter[0], 4 * rounds);
        lock.dispose();
      });

    it('answer misuse with errors', async () => {
      for (const lock of [new Mutex(), new SpinLock()]) {
        assert.throws(() => lock.unlock(), failsWith('EPERM', /does not have this lock/));
        lock.lock();
        assert.throws(() => lock.lock(), failsWith('EDEADLK', /wait for itself/));
        assert.equal(lock.tryLock(), false);
        assert.throws(() => lock.dispose(), failsWith('EBUSY', /in use/));
        lock.unlock();
        assert.throws(() => lock.unlock(), failsWith('EPERM', /./));
        assert.equal(lock.tryLock(), true);
        lock.unlock();
        assert.throws(
          () =>
            lock.withLock(() => {
              throw new Error('in the middle');
            }),
          /in the middle/,
        );
        assert.throws(() => lock.withLock(async () => {}), TypeError);
        assert.throws(() => lock.withLock(1 as never), TypeError);
        assert.equal(
          lock.withLock(() => 'given up each time'),
          'given up each time',
        );
        lock.dispose();
      }
    });

    it('a thread with a spinlock may not sleep', () => {
      const spin = new SpinLock();
      const mutex = new Mutex();
      spin.withLock(() => assert.throws(() => mutex.lock(), failsWith('EDEADLK', /a spinlock/)));
      mutex.withLock(() => {});
      spin.dispose();
      mutex.dispose();
    });

    it("another thread's is waited for, and not unlocked", async () => {
      const mutex = new Mutex();
      const memory = new SharedArrayBuffer(4);
      const messages = runWorker({ job: 'hold', mutex: mutex.handle, memory, ms: 50 });
      assert.equal(await messages.next(), 'held');
      assert.equal(mutex.tryLock(), false);
      assert.throws(() => mutex.unlock(), failsWith('EPERM', /does not have/));
      const told = new Int32Array(memory);
      Atomics.store(told, 0, 1);
      Atomics.notify(told, 0);
      mutex.lock();
      mutex.unlock();
      await workersEnded();
      mutex.dispose();
    });
  });

  it('a thread that is terminated gives back all that it had', async () => {
    const mutex = new Mutex();
    const { next, worker } = runWorker({ job: 'leave', mutex: mutex.handle });
    assert.equal(await next(), 'left');
    assert.equal(mutex.tryLock(), false);
    await worker.terminate();
    assert.equal(mutex.tryLock(), true);
    mutex.unlock();
    mutex.dispose();
    assert.ok(
      Kernel.attach()
        .dmesg()
        .some(({ text }) => /ended with a mutex that it held/.test(text)),
    );
  });
});
