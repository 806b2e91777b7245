// SPDX-License-Identifier: MIT
/** The kernel's primitives for TypeScript: used, and misused. */
import assert from 'node:assert/strict';
import {
  addressOf,
  Completion,
  callAsync,
  DelayedWork,
  Kernel,
  KmemCache,
  kfree,
  kmalloc,
  Mutex,
  SpinLock,
  Timer,
  WaitQueue,
  Work,
  Workqueue,
} from '../../kernel-api/index.js';
import { DEADLINE_MS, until } from '../until.js';
import { failsWith, fixture, after as pause, runWorker, workersEnded } from './kernel-fixture.js';

const JIFFY_MS = 1;

/** What is thrown out of an event, as from a timer of Node's. */
async function uncaught(provoke: () => void): Promise<Error> {
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  try {
    return await new Promise<Error>((resolve) => {
      process.once('uncaughtException', resolve);
      provoke();
    });
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const listener of listeners) process.on('uncaughtException', listener);
  }
}

describe('kernel primitives', () => {
  let kernel: Kernel;

  it('want a kernel that runs', () => {
    assert.equal(Kernel.running, false);
    for (const make of [
      () => new Completion(),
      () => new WaitQueue(),
      () => new Mutex(),
      () => new SpinLock(),
      () => new Workqueue('w'),
      () => new Work(() => {}),
      () => new Timer(() => {}),
      () => Kernel.attach(),
    ])
      assert.throws(make, failsWith('ENODEV', /no kernel runs/));
  });

  describe('on one', () => {
    before(async () => {
      kernel = await Kernel.start({ cpus: 2 });
      kernel.consoleLogLevel = -1;
    });
    after(async () => {
      await workersEnded();
      await kernel.stop();
    });

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
        assert.throws(
          () => Completion.from({ kind: 'completion', id: 99_999_999 }),
          failsWith('ENOENT', /./),
        );
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

    describe('Mutex and SpinLock', () => {
      for (const kind of ['mutex', 'spinLock'] as const)
        it(`${kind}: keeps a counter right between threads`, async () => {
          const lock = kind === 'mutex' ? new Mutex() : new SpinLock();
          const memory = new SharedArrayBuffer(4);
          const rounds = 3000;
          const workers = [1, 2, 3].map(() =>
            runWorker({ job: 'count', [kind]: lock.handle, memory, rounds }),
          );
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
      assert.ok(kernel.dmesg().some(({ text }) => /ended with a mutex that it held/.test(text)));
    });

    describe('Timer', () => {
      it('fires once for each arm', async () => {
        let fired = 0;
        const timer = new Timer(() => fired++);
        const start = performance.now();
        assert.equal(timer.arm(DEADLINE_MS), false);
        assert.equal(timer.pending, true);
        assert.equal(timer.arm(50), true);
        await until(() => fired > 0);
        assert.ok(performance.now() - start >= 49);
        await pause(30);
        assert.equal(fired, 1);
        assert.equal(timer.pending, false);
        timer.dispose();
      });

      it('is armed and cancelled in its handler', async () => {
        let fired = 0;
        const done = new Promise<void>((resolve) => {
          const timer = new Timer(() => {
            if (++fired < 5) assert.equal(timer.arm(1), false);
            else {
              timer.arm(1);
              assert.equal(timer.cancel(), true);
              timer.dispose();
              resolve();
            }
          });
          timer.arm(0);
        });
        await done;
        await pause(20);
        assert.equal(fired, 5);
      });

      it('does not fire after cancel(), even if its time was over', async () => {
        let fired = 0;
        const timer = new Timer(() => fired++);
        for (let i = 0; i < 20; i++) {
          timer.arm(1);
          const end = performance.now() + 3;
          while (performance.now() < end); // it fires, and nobody looks
          assert.equal(timer.cancel(), true);
          await pause(1);
        }
        assert.equal(fired, 0);
        assert.equal(timer.cancel(), false);
        timer.dispose();
        timer.dispose();
        assert.throws(() => timer.arm(1), failsWith('EINVAL', /disposed of/));
        assert.throws(() => timer.cancel(), failsWith('EINVAL', /disposed of/));
      });

      it('cancels another in a handler, before that one runs', async () => {
        const ran: string[] = [];
        const one = new Timer(() => {
          ran.push('one');
          two.cancel();
        });
        const two = new Timer(() => {
          ran.push('two');
          one.cancel();
        });
        one.arm(1);
        two.arm(1);
        const end = performance.now() + 10;
        while (performance.now() < end);
        await until(() => ran.length > 0);
        await pause(20); // time for the other
        assert.equal(ran.length, 1);
        one.dispose();
        two.dispose();
      });

      it('refuses what is no time, and no handler', () => {
        const timer = new Timer(() => {});
        for (const ms of [-1, 1.5, Number.NaN, 1e12, '5' as unknown as number])
          assert.throws(() => timer.arm(ms), TypeError);
        timer.dispose();
        assert.throws(() => new Timer(undefined as never), TypeError);
      });

      it('passes on what its handler throws, and fires on', async () => {
        let fired = 0;
        const timer = new Timer(() => {
          fired++;
          throw new Error('of the handler');
        });
        assert.equal((await uncaught(() => timer.arm(1))).message, 'of the handler');
        assert.equal((await uncaught(() => timer.arm(1))).message, 'of the handler');
        assert.equal(fired, 2);
        timer.dispose();
      });

      it('many fire in the order of their times', async () => {
        const fired: number[] = [];
        const timers = Array.from({ length: 500 }, (_, i) => new Timer(() => fired.push(i)));
        // When each is due is known to be between two looks at the clock.
        const due = timers.map((timer, i) => {
          const ms = 20 + 4 * (i % 50);
          const before = performance.now();
          timer.arm(ms);
          return { early: before + ms, late: performance.now() + ms + JIFFY_MS };
        });
        await until(() => fired.length === timers.length);
        let last = 0;
        for (const i of fired) {
          assert.ok(
            due[i]!.late >= last,
            `timer ${i} fired after one that was due ${last - due[i]!.late} ms later`,
          );
          last = Math.max(last, due[i]!.early);
        }
        for (const timer of timers) timer.dispose();
      });
    });

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
        for (const maxActive of [0, 17, 1.5])
          assert.throws(() => new Workqueue('x', { maxActive }), TypeError);
        assert.throws(() => new Work(undefined as never), TypeError);
      });
    });

    describe('KmemCache and kmalloc', () => {
      it('gives zeros at aligned addresses that do not move', () => {
        const cache = new KmemCache('tests', 100, { align: 64 });
        const buffers = Array.from({ length: 300 }, () => cache.alloc());
        assert.equal(new Set(buffers.map(addressOf)).size, 300);
        for (const buffer of buffers) {
          assert.equal(buffer.length, 100);
          assert.equal(addressOf(buffer) % 64n, 0n);
          assert.ok(buffer.every((byte) => byte === 0));
          buffer.fill(0xaa);
        }
        assert.equal(cache.used, 300);
        for (const buffer of buffers) cache.free(buffer);
        assert.ok(cache.alloc().every((byte) => byte === 0));
        assert.equal(cache.used, 1);
      });

      it('takes freed memory away from all that looked at it', () => {
        const cache = new KmemCache('gone', 64);
        const buffer = cache.alloc();
        const slice = buffer.subarray(8, 16);
        assert.equal(addressOf(slice), addressOf(buffer) + 8n);
        cache.free(buffer);
        assert.equal(buffer.length, 0);
        assert.equal(slice.length, 0);
        assert.equal(buffer[0], undefined);
        assert.throws(() => buffer.writeUInt8(1, 0), RangeError);
        assert.throws(() => addressOf(buffer), failsWith('EINVAL', /was freed/));
        cache.dispose();
      });

      it("refuses a second free, and what is another's", () => {
        const cache = new KmemCache('one', 64);
        const other = new KmemCache('other', 64);
        const buffer = cache.alloc();
        assert.throws(() => other.free(buffer), failsWith('EINVAL', /not of cache other/));
        assert.throws(() => kfree(buffer), failsWith('EINVAL', /not of kmalloc/));
        assert.throws(() => cache.free(Buffer.alloc(64)), failsWith('EINVAL', /none of cache one/));
        assert.throws(() => cache.dispose(), failsWith('EBUSY', /1 objects of 64 bytes were not freed/));
        cache.free(buffer);
        assert.throws(() => cache.free(buffer), failsWith('EINVAL', /freed before/));
        cache.dispose();
        other.dispose();
        assert.throws(() => cache.alloc(), failsWith('EINVAL', /disposed of/));
        assert.throws(() => cache.dispose(), failsWith('EINVAL', /disposed of/));
      });

      it('refuses sizes that cannot be', () => {
        for (const size of [0, -1, 65_537, 1.5]) assert.throws(() => new KmemCache('x', size), TypeError);
        for (const align of [0, 24, 8192]) assert.throws(() => new KmemCache('x', 64, { align }), TypeError);
        for (const bytes of [0, -1, (4 << 20) + 1]) assert.throws(() => kmalloc(bytes), TypeError);
        assert.throws(() => new KmemCache('', 64), TypeError);
      });

      it('kmalloc() is memory for modules', async () => {
        const demo = await kernel.insmod(fixture('demo'), { label: 'abc' });
        const buffer = kmalloc(32);
        const label = demo.symbol('char *demo_label(const char *suffix, void *buf, unsigned long bytes)');
        label('def', addressOf(buffer), buffer.length);
        assert.equal(buffer.toString('latin1', 0, 7), 'abcdef\0');
        kfree(buffer);
        assert.throws(() => kfree(buffer), failsWith('EINVAL', /freed before/));
        await kernel.rmmod(demo);
      });
    });
  });

  describe('when the kernel stops', () => {
    it('waits are given up, and it starts again', async () => {
      const first = await Kernel.start({ cpus: 1 });
      const done = new Completion();
      const queue = new WaitQueue();
      const mutex = new Mutex();
      const works = Workqueue.ordered('left');
      const timer = new Timer(() => assert.fail('was stopped'));
      let inside = () => {};
      const begun = new Promise<void>((resolve) => {
        inside = resolve;
      });
      const given = [
        done.wait(),
        queue.wait(),
        works.run(() => {
          inside();
          return new Promise(() => {});
        }),
        works.run(() => assert.fail('never its turn')),
      ].map((wait) => assert.rejects(wait, failsWith('ECANCELED', /stopped/)));
      timer.arm(100_000);
      mutex.lock();
      await begun;
      await first.stop();
      await Promise.all(given);
      assert.throws(() => done.complete(), failsWith('EINVAL', /disposed of/));
      assert.throws(() => mutex.lock(), failsWith('EINVAL', /disposed of/));
      assert.throws(() => timer.arm(1), failsWith('EINVAL', /disposed of/));
      const second = await Kernel.start({ cpus: 1 });
      const again = new Completion();
      again.complete();
      assert.equal(await again.wait(), true);
      await second.stop();
    });

    it('is refused while a module is in use', async () => {
      const one = await Kernel.start({ cpus: 1 });
      one.consoleLogLevel = -1;
      const demo = await one.insmod(fixture('demo'));
      const call = callAsync(demo.symbol('int demo_wait(void)'));
      await assert.rejects(
        one.stop(),
        failsWith('EBUSY', /does not stop: fix_demo: is in use: 1 references/),
      );
      demo.symbol('void demo_release(void)')();
      await call;
      await one.stop();
      assert.equal(Kernel.running, false);
    });
  });
});
