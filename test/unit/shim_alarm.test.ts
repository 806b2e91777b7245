// SPDX-License-Identifier: MIT
/** Alarms and callbacks of Node's event task: in time, in order, and misused. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Alarm, Callback, EventTask } from '../../shim/index.js';
import { until } from '../until.js';

describe('Alarm', () => {
  it('fires never early, and keeps fractions of a millisecond', async () => {
    /** How much later than asked an alarm fires, in ms. */
    const late = async (wait: number) => {
      const from = performance.now();
      await new Promise<void>((resolve) => new Alarm(resolve).arm(wait));
      const error = performance.now() - from - wait;
      // performance.now() itself is good to some microseconds.
      assert(error > -0.01, `it fired ${-error} ms early`);
      return error;
    };
    for (let i = 0; i < 40; i++) await late(0.3 + (i % 7) * 0.35);
    // A timer of whole milliseconds is never less than 0.7 late here; a busy machine lets one in time through.
    await until(async () => (await late(0.3)) < 0.6, 'one of 0.3 ms fires before 0.9 ms have passed');
  });

  it('is moved by arming it again, and fires once', async () => {
    let fired = 0;
    const alarm = new Alarm(() => fired++);
    alarm.arm(60_000);
    alarm.arm(5);
    alarm.arm(1);
    assert.equal(alarm.armed, true);
    await until(() => fired > 0);
    assert.equal(alarm.armed, false);
    await sleep(10);
    assert.equal(fired, 1);
  });

  it('cancelled twice is cancelled once, and stays quiet', async () => {
    let fired = 0;
    const alarm = new Alarm(() => fired++);
    assert.equal(alarm.cancel(), false);
    alarm.arm(2);
    assert.equal(alarm.cancel(), true);
    assert.equal(alarm.cancel(), false);
    await sleep(8);
    assert.equal(fired, 0);
  });

  it('finds nothing to cancel inside its handler, and may be armed there', async () => {
    const seen: boolean[] = [];
    const alarm: Alarm = new Alarm(() => {
      seen.push(alarm.cancel());
      if (seen.length < 3) alarm.arm(0);
    });
    alarm.arm(0);
    await until(() => seen.length === 3);
    assert.deepEqual(seen, [false, false, false]);
  });

  it('repeats without drift, leaves out what it missed, and cancels itself', async () => {
    let fired = 0;
    const from = performance.now();
    const alarm: Alarm = new Alarm(() => {
      if (++fired === 3) while (performance.now() - from < 60);
      if (fired === 10) assert.equal(alarm.cancel(), true);
    });
    alarm.every(5);
    await until(() => fired === 10);
    const took = performance.now() - from;
    assert(alarm.missed >= 5, `${alarm.missed} were missed`);
    // Ten served and those missed, 5 ms each.
    assert(took >= (10 + alarm.missed) * 5 - 0.1, `${took} ms for 10 and ${alarm.missed}`);
    await sleep(15);
    assert.equal(fired, 10);
    assert.equal(alarm.armed, false);
  });

  it('never runs a handler inside arm()', async () => {
    let inside = false;
    let fired = 0;
    const alarms = Array.from(
      { length: 20 },
      () =>
        new Alarm(() => {
          assert.equal(inside, false);
          fired++;
        }),
    );
    inside = true;
    for (const alarm of alarms) alarm.arm(0);
    const end = performance.now() + 3;
    while (performance.now() < end) alarms[0]!.arm(0);
    inside = false;
    await until(() => fired === 20);
  });

  it('refuses what is no time and no function', () => {
    const alarm = new Alarm(() => undefined);
    for (const bad of [-1, NaN, Infinity, 1e13, '1', null, undefined])
      assert.throws(() => alarm.arm(bad as number), /delay is .*, should be from 0/);
    assert.throws(() => alarm.every(0), /period is 0, should be from 0.001/);
    assert.throws(() => alarm.every(1, -1), /first is -1/);
    assert.throws(() => new Alarm('x' as never), /handler is string/);
    assert.equal(alarm.armed, false);
  });

  it('counts a hundred thousand that are armed at once', async () => {
    const before = EventTask.nodeStats.alarmsArmed;
    const alarms = Array.from(
      { length: 100_000 },
      () => new Alarm(() => assert.fail('fired'), { keepAlive: false }),
    );
    for (const [index, alarm] of alarms.entries()) alarm.arm(60_000 + index);
    assert.equal(EventTask.nodeStats.alarmsArmed, before + 100_000);
    assert(alarms.every((alarm) => alarm.cancel()));
    assert.equal(EventTask.nodeStats.alarmsArmed, before);
  });
});

describe('Callback', () => {
  it('runs once for any number of schedules, later and in order', async () => {
    const ran: string[] = [];
    const first = new Callback(() => ran.push('first'));
    const second = new Callback(() => ran.push('second'));
    const low = new Callback(() => ran.push('low'));
    assert.equal(low.schedule({ lowPriority: true }), true);
    assert.equal(first.schedule(), true);
    assert.equal(second.schedule(), true);
    assert.equal(first.schedule(), false);
    assert.deepEqual(ran, []);
    await until(() => ran.length === 3);
    assert.deepEqual(ran, ['first', 'second', 'low']);
    assert.equal(first.schedule(), true);
    await until(() => ran.length === 4);
  });

  it('is cancelled, twice, and inside its handler', async () => {
    let ran = 0;
    const callback: Callback = new Callback(() => {
      ran++;
      assert.equal(callback.cancel(), false);
      assert.equal(callback.schedule(), true);
      assert.equal(callback.cancel(), true);
      assert.equal(callback.cancel(), false);
    });
    callback.schedule();
    assert.equal(callback.cancel(), true);
    assert.equal(callback.cancel(), false);
    await sleep(5);
    assert.equal(ran, 0);
    callback.schedule();
    await until(() => ran === 1);
    await sleep(5);
    assert.equal(ran, 1);
  });

  it('that schedules itself for ever does not starve timers and the loop', async () => {
    let ran = 0;
    let end = false;
    const callback: Callback = new Callback(() => {
      ran++;
      if (!end) callback.schedule();
    });
    callback.schedule();
    await until(() => ran > 100); // which looks from a timer
    end = true;
  });
});
