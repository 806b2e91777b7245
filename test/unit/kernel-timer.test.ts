// SPDX-License-Identifier: MIT
/** Timers of the kernel for TypeScript. */
import assert from 'node:assert/strict';
import { Timer } from '../../kernel-api/index.js';
import { DEADLINE_MS, until } from '../until.js';
import { failsWith, onKernel, pause, uncaught } from './kernel-fixture.js';

const JIFFY_MS = 1;

describe('kernel timers', () => {
  onKernel();

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
});
