// SPDX-License-Identifier: MIT
/** Watchdogs: what they find is an event in TypeScript; and Node's loop is watched where that was asked for. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Stall } from '../../shim/diag/schema.js';
import { setBudgets, sigdump } from '../../shim/index.js';
import { TargetProcess } from '../outside/target.js';
import { addon, start, type Victim, victims } from './victim.js';

const told = (victim: Victim): Stall[] =>
  victim
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line));

describe('watchdogs', () => {
  let victim: Victim;
  afterEach(() => victim?.end());

  const FINDINGS: [kind: Stall['kind'], state: string, fn: string, says: RegExp][] = [
    ['callback', 'slow-callback', 'slow_timer', /a callback on event task "ring3\/0" .* has run for \d+ ms/],
    ['task', 'endless-softirq', 'loop_in_timer', /event task "ring3\/0" .* in one round for \d+ ms/],
    ['lock', 'holder', 'holder_thread', /has held lock victim_first for \d+ ms, taken in holder_thread/],
    ['kthread', 'lost-wakeup', 'lost_wakeup_thread', /slept uninterruptibly/],
    ['order', 'order', 'order_thread', /circular lock order/],
  ];
  for (const [kind, state, fn, says] of FINDINGS)
    it(`${kind}: names ${fn}() in an event, on stderr and in the counts`, async () => {
      victim = await start(
        process.execPath,
        [
          ...[
            '--import',
            'tsx',
            join(victims, 'budgets.ts'),
            state,
            kind,
            kind === 'callback' ? '150' : '500',
          ],
        ],
        { env: { RING3_LOCKDEP: '1' } },
      );
      // A callback may be over when its stack is taken; it comes again.
      const culprit = new RegExp(`${fn} at .*diag_victim\\.c:\\d+`);
      await victim.until(new RegExp(`^\\{"kind":"${kind}".*${culprit.source}.*\\}$`, 'm'));
      const stall = told(victim).find((one) => one.kind === kind && culprit.test(one.stack))!;
      assert.match(stall.what, says);
      const lasts = kind === 'order' || (stall.tid > 0 && stall.durationMs > 0);
      assert.ok(lasts && stall.count >= 1, JSON.stringify(stall));
      await victim.until(new RegExp(`ring3: stall \\(${kind}\\)`));
      const { watchdogs } = await sigdump({ pid: victim.pid, only: ['watchdogs'] });
      assert.ok(watchdogs && watchdogs[kind] >= stall.count, JSON.stringify(watchdogs));
    });

  it('io: names the operation in an event, on stderr and in the counts', async function () {
    victim = await start(
      process.execPath,
      ['--import', 'tsx', join(victims, 'budgets.ts'), 'hung-io', 'io', '500'],
      { ready: /^/ },
    );
    await Promise.race([victim.until(/^\{"kind":"io".*\}$/m), victim.closed]);
    if (victim.child.exitCode === 77) this.skip();
    const stall = told(victim).find(({ kind }) => kind === 'io')!;
    assert.match(
      stall.what,
      /^read of 4096 bytes at 0 of file descriptor \d+ has been in flight for \d+ ms$/,
    );
    await victim.until(/ring3: stall \(io\)/);
    const { watchdogs } = await sigdump({ pid: victim.pid, only: ['watchdogs'] });
    assert.ok(watchdogs && watchdogs.io >= stall.count, JSON.stringify(watchdogs));
  });

  it('tells slow callbacks at most once a second, and counts all', async () => {
    victim = await start(process.execPath, [
      ...['--import', 'tsx', join(victims, 'budgets.ts'), 'slow-callback', 'callback', '150'],
    ]);
    const from = performance.now();
    for (let counted = 0; counted < 4; ) {
      await new Promise((done) => setTimeout(done, 100));
      counted = (await sigdump({ pid: victim.pid, only: ['watchdogs'] })).watchdogs?.callback ?? 0;
    }
    const seconds = (performance.now() - from) / 1000;
    const events = told(victim).filter(({ kind }) => kind === 'callback');
    assert.ok(events.length <= seconds + 2, `${events.length} in ${seconds} s`); // 2: those before `from`
    for (const [i, { count }] of events.entries()) assert.ok(i === 0 || count > events[i - 1]!.count);
  });

  const budgetOfNode = async (pid: number) =>
    (await sigdump({ pid, only: ['watchdogs'] })).watchdogBudgetsMs?.node;

  it("does not watch Node's loop for who only loads the addon", async () => {
    victim = await start(process.execPath, [join(victims, 'stuck.mjs'), 'spin'], {
      env: { RING3_ADDON: addon, RING3_WATCHDOG: undefined },
    });
    assert.equal(await budgetOfNode(victim.pid), undefined);
  });

  for (const [value, ms] of [
    ['on', 2000],
    ['1', 2000],
    ['700', 700],
    ['off', undefined],
    ['0', undefined],
    ['', undefined],
  ] as const)
    it(`RING3_WATCHDOG=${value}: ${ms ?? 'off'}`, async () => {
      victim = await start(process.execPath, [join(victims, 'stuck.mjs'), 'idle'], {
        env: { RING3_ADDON: addon, RING3_WATCHDOG: value },
      });
      assert.equal(await budgetOfNode(victim.pid), ms);
    });

  it('RING3_WATCHDOG that is no number is told, and changes nothing', async () => {
    for (const value of ['2s', '-1', 'yes', '99999999999']) {
      victim = await start(process.execPath, [join(victims, 'stuck.mjs'), 'idle'], {
        env: { RING3_ADDON: addon, RING3_WATCHDOG: value },
      });
      assert.equal(
        victim.stderr(),
        `ring3: RING3_WATCHDOG is '${value}', should be on, off or milliseconds up to 1000000000\n`,
      );
      assert.equal(await budgetOfNode(victim.pid), undefined);
      await victim.end();
    }
  });

  it('budgets that are none', () => {
    for (const bad of [0, -1, Number.NaN, null, 'x', {}])
      assert.throws(
        () => setBudgets({ io: bad as number }),
        /^TypeError: io is .*, should be milliseconds above 0/,
      );
    assert.throws(
      () => setBudgets({ tasks: 5 } as object),
      /^TypeError: there is no budget 'tasks'; there are task, /,
    );
  });

  it('RING3_WATCHDOG names the function that blocks the loop', async () => {
    victim = await start(process.execPath, [join(victims, 'stuck.mjs'), 'spin'], {
      env: { RING3_ADDON: addon, RING3_WATCHDOG: '300' },
    });
    await victim.until(/ring3: stall \(node\)[\s\S]*js spinForEver at /);
  });

  it('ring3 target watches its loop, and RING3_WATCHDOG=off has it let be', async () => {
    for (const [env, ms] of [
      [{}, 2000],
      [{ RING3_WATCHDOG: 'off' }, undefined],
    ] as const) {
      const target = await TargetProcess.start(['ram:1M'], { env });
      try {
        assert.equal(await budgetOfNode(target.child.pid!), ms);
      } finally {
        await target.stop();
      }
    }
  });
});
