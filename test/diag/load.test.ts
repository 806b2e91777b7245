// SPDX-License-Identifier: MIT
/** Dumps of a target under the full load of many sessions: each is whole, and no command notices. */
import assert from 'node:assert/strict';
import type { Dump, IscsiSession } from '../../shim/diag/schema.js';
import { sigdump } from '../../shim/index.js';
import { TargetProcess } from '../outside/target.js';
import { until } from '../until.js';
import { LoadSession } from './load.js';
import { schemaErrors } from './schema.js';

const SESSIONS = 64;

describe('a target under the load of 64 sessions', () => {
  let target: TargetProcess;
  let sessions: LoadSession[] = [];
  before(async () => {
    target = await TargetProcess.start(['ram:64M'], { args: ['--threads', '2'] });
    for (let i = 0; i < SESSIONS; i++) sessions.push(await LoadSession.start(target, i));
  });
  after(async () => {
    for (const session of sessions) session.abandon();
    assert.equal(await target.stop(), 0, target.stderr);
  });

  /** Each session has served commands since the last time. */
  async function progress(): Promise<void> {
    const seen = sessions.map(({ done }) => done);
    await until(() => {
      for (const session of sessions) session.check();
      return sessions.every(({ done }, i) => done > seen[i]!);
    }, 'all sessions go on');
  }

  /** False: its section of sessions says that nobody answered in time, as it may where the CPUs are taken. */
  function check(dump: Dump): boolean {
    assert.deepEqual(dump.locks!.deadlocks, []);
    assert.ok(dump.threads!.length > 2 && dump.stacks!.length > 2);
    assert.equal(dump.tasks!.filter(({ name }) => /^ring3\/[01]$/.test(name)).length, 2);
    if (typeof dump.iscsi === 'string') {
      assert.match(dump.iscsi, /^(no answer|not asked): /);
      return false;
    }
    const shown = dump.iscsi as IscsiSession[];
    assert.deepEqual(
      shown.map(({ initiator }) => initiator).sort(),
      sessions.map((_, i) => `iqn.2026-11.dev.ring3.test:load${i}`).sort(),
    );
    for (const { initiator, state, inFlight, inFlightOmitted, lastErrors, errors } of shown) {
      const { itt, cmdSn } = sessions[Number(/\d+$/.exec(initiator)![0])]!.held;
      assert.equal(state, 'up');
      assert.deepEqual([inFlightOmitted, errors, lastErrors], [0, 0, []]);
      // the oldest comes first
      const { ageMs, ...oldest } = inFlight[0]!;
      assert.deepEqual(oldest, {
        ...{ itt, cmdSn, opcode: 0x2a, name: 'WRITE(10)', lun: 0, state: 'data-out', expectedBytes: 4096 },
      });
      assert.ok(ageMs >= 0);
      for (const { name } of inFlight.slice(1)) assert.match(name, /^(READ\(10\)|WRITE\(10\)|)$/);
    }
    return true;
  }

  it('is dumped again and again, whole each time', async () => {
    const dumps: Dump[] = [];
    await until(async () => {
      const dump = await sigdump({ pid: target.pid });
      await progress();
      if (check(dump)) dumps.push(dump);
      return dumps.length === 10;
    }, 'ten dumps with all sessions');
    assert.deepEqual(schemaErrors([dumps[0], dumps[9]], 'Dump'), []);
  });

  it('is dumped by five at once', async () => {
    let whole = 0;
    await until(async () => {
      const dumps = await Promise.all(Array.from({ length: 5 }, () => sigdump({ pid: target.pid })));
      await progress();
      if (dumps.filter(check).length === 5) whole++;
      return whole === 4;
    }, 'four times five dumps with all sessions');
  });

  it('has served each command, and given back what was written', async () => {
    await progress();
    await Promise.all(sessions.map((session) => session.finish()));
    sessions = [];
    await until(async () => {
      const { iscsi } = await sigdump({ pid: target.pid, only: ['iscsi'] });
      return iscsi?.length === 0;
    }, 'all sessions to be gone');
  });
});
