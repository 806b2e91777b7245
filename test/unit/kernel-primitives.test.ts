// SPDX-License-Identifier: MIT
/** The kernel's primitives before it runs, and when it stops. */
import assert from 'node:assert/strict';
import {
  Completion,
  callAsync,
  Kernel,
  Mutex,
  SpinLock,
  Timer,
  WaitQueue,
  Work,
  Workqueue,
} from '../../kernel-api/index.js';
import { failsWith, fixture } from './kernel-fixture.js';

describe('kernel primitives', () => {
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
