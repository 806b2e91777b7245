// SPDX-License-Identifier: MIT
/** Dumps of a serving target: every section, under load, while its Node thread is stuck. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Dump, IscsiSession } from '../../shim/diag/schema.js';
import { sigdump } from '../../shim/index.js';
import { Initiator, Op, type Pdu } from '../outside/initiator.js';
import { findProgram, root, TargetProcess } from '../outside/target.js';
import { until } from '../until.js';
import { schemaErrors } from './schema.js';
import { lineOf, ring3, start, victims } from './victim.js';

/** What Initiator calls itself. */
const INITIATOR = 'iqn.2026-11.dev.ring3.test:hostile';

interface Session {
  initiator: string;
  state: string;
  expCmdSn: number;
  maxCmdSn: number;
  commands: number;
  tcp: { rttUs: number; cwnd: number; mss: number; retransmits: number } | null;
}

describe('a serving target', () => {
  let target: TargetProcess;
  before(async () => {
    target = await TargetProcess.start(['ram:64M', 'null:1T'], { args: ['--threads', '2'] });
  });
  after(async () => assert.equal(await target.stop(), 0, target.stderr));

  it('shows all sections', async () => {
    const dump = await sigdump({ pid: target.child.pid! });
    assert.deepEqual(
      dump.tasks?.map(({ name }) => name).filter((name) => name.startsWith('ring3/')),
      ['ring3/0', 'ring3/1'],
    );
    assert.ok(dump.threads!.some(({ role }) => role === 'event task'));
    const modules = dump.modules as Exclude<Dump['modules'], string | undefined>;
    assert.deepEqual(modules.map(({ name }) => name).sort(), ['iscsi_scst', 'scst', 'scst_vdisk']);
    assert.deepEqual(dump.iscsi, []);
    const memory = dump.memory as Exclude<Dump['memory'], string | undefined>;
    assert.ok(memory.length > 3 && memory.every(({ used, allocs, frees }) => used === allocs - frees));
    assert.ok(Array.isArray(dump.aio));
    assert.deepEqual(dump.locks?.deadlocks, []);
    assert.equal(dump.watchdogs?.task, 0);
  });

  it('is dumped ten times under load, and no command fails', async function () {
    if (!findProgram('qemu-img')) {
      console.log('      skipped: qemu-img is not installed');
      this.skip();
    }
    const load = spawn(
      'qemu-img',
      ['bench', '-f', 'raw', '-t', 'none', '-c', '300000', '-d', '32', '-s', '4096', target.url(0)],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let said = '';
    load.stdout.on('data', (text) => {
      said += text;
    });
    load.stderr.on('data', (text) => {
      said += text;
    });
    const ended = once(load, 'exit');
    let seen: Session | undefined;
    for (let i = 0; (i < 10 || !seen) && load.exitCode === null; i++) {
      const dump = await sigdump({ pid: target.child.pid! });
      if (Array.isArray(dump.iscsi) && dump.iscsi.length) seen = dump.iscsi[0] as Session;
      await new Promise((done) => setTimeout(done, 100));
    }
    const [status] = await ended;
    assert.equal(status, 0, said);
    assert.ok(seen, 'a session was shown');
    assert.equal(seen.state, 'up');
    assert.ok(seen.tcp && seen.tcp.mss > 0 && seen.tcp.cwnd > 0, JSON.stringify(seen));
    assert.ok(seen.maxCmdSn >= seen.expCmdSn - 1);
    assert.equal(target.stderr.includes('ring3: stall'), false, target.stderr);
  });

  it('shows a write whose data stays out, its last error, and why a session ended', async () => {
    const pid = target.child.pid!;
    const peer = await Initiator.login(target.portal, target.iqn, {
      InitialR2T: 'Yes',
      ImmediateData: 'No',
    });
    const WRITE_10 = [0x2a, 0, 0, 0, 0, 0, 0, 0, 8];
    let itt = 0;
    for (let pdu: Pdu | undefined; pdu?.opcode !== Op.R2T; ) {
      itt = peer.command(WRITE_10, { write: 4096 }); // the first may end with a unit attention
      pdu = await peer.receive();
      assert.ok(pdu);
    }
    const since = performance.now();
    const words = { 20: 0xffffffff, 24: 0, 28: peer.expStatSn };
    peer.send({ opcode: Op.DataOut, flags: 0x80, itt: 0xbad, words, data: Buffer.alloc(4) });
    assert.equal((await peer.receive())?.opcode, Op.Reject);
    await new Promise((done) => setTimeout(done, 200));
    const waited = performance.now() - since;
    const dump = await sigdump({ pid, only: ['iscsi'] });
    assert.deepEqual(schemaErrors([dump], 'Dump'), []);
    const [session] = dump.iscsi as IscsiSession[];
    const [command, ...others] = session!.inFlight;
    assert.deepEqual([others.length, session!.inFlightOmitted], [0, 0]);
    assert.deepEqual(
      { ...command, ageMs: 0 },
      {
        ...{ itt, cmdSn: peer.cmdSn - 1, opcode: 0x2a, name: 'WRITE(10)', lun: 0 },
        ...{ state: 'data-out', ageMs: 0, expectedBytes: 4096 },
      },
    );
    assert.ok(command!.ageMs >= Math.floor(waited) - 1, `${command!.ageMs} ms, waited ${waited}`);
    assert.match(session!.lastErrors[0]!.text, /^Data-Out: itt 0x00000bad, expected one of/);
    assert.ok(session!.lastErrors[0]!.ageMs >= 190);
    const { stdout } = await ring3(['sigdump', String(pid), '--only', 'iscsi']);
    assert.match(stdout, /state=data-out|"state":"data-out"/);

    peer.socket.destroy();
    await until(async () => {
      const { iscsi, iscsiEnded } = await sigdump({ pid, only: ['iscsi'] });
      const [last] = Array.isArray(iscsiEnded) ? iscsiEnded : [];
      return (
        iscsi?.length === 0 &&
        last?.initiator === INITIATOR &&
        /closed the connection|error/.test(last.reason)
      );
    }, 'the session among those that ended');
  });

  it('ring3 sigdump --only tasks shows its event tasks as text', async () => {
    const { status, stdout } = await ring3(['sigdump', String(target.child.pid), '--only', 'tasks']);
    assert.equal(status, 0);
    assert.match(stdout, /name=ring3\/0 .*rounds=\d+/);
    assert.doesNotMatch(stdout, /-- threads --/);
  });

  it('ring3 top shows how busy they are', async () => {
    const args = ['top', String(target.child.pid), '--count', '2', '--interval', '0.2'];
    const { status, stdout, stderr } = await ring3(args);
    assert.equal(status, 0, stderr);
    assert.equal(stdout.match(/^event task +busy/gm)?.length, 2);
    assert.match(stdout, /^ring3\/0 +\d+%/m);
    for (const bad of [
      ['--interval', '0'],
      ['--count', '0'],
      ['--count', 'x'],
    ]) {
      const done = await ring3(['top', String(target.child.pid), ...bad]);
      assert.match(done.stderr, /should be/);
      assert.equal(done.stdout, '');
    }
  });
});

describe('a target whose only event task is stuck', () => {
  it('tells which sessions ended, and what its event task does', async () => {
    const victim = await start(process.execPath, ['--import', 'tsx', join(victims, 'stuck-target.ts')]);
    try {
      const { portal, iqn } = JSON.parse(victim.output().split('\n')[0]!);
      const peer = await Initiator.login(portal, iqn);
      const stays = await Initiator.login(portal, iqn);
      peer.socket.destroy();
      const ended = (dump: Dump) => Array.isArray(dump.iscsiEnded) && dump.iscsiEnded[0]?.initiator;
      await until(
        async () => ended(await sigdump({ pid: victim.pid, only: ['iscsi'] })) === INITIATOR,
        'the session among those that ended',
      );
      victim.child.kill('SIGUSR2');
      await victim.until(/stuck/);
      const line = lineOf(join(root, 'test/diag/module/diag_victim.c'), 'culprit: deaf_in_timer */');
      let dump = await sigdump({ pid: victim.pid });
      await until(async () => {
        dump = await sigdump({ pid: victim.pid });
        return typeof dump.iscsi === 'string';
      }, 'sessions that nobody can ask for');
      assert.match(
        String(dump.iscsi),
        /^no(t asked: what was asked before still hangs| answer: a lock or a thread it needs is stuck)$/,
      );
      // Nor does asking again and again leave nobody who could answer the others.
      for (let again = 0; again < 3; again++) {
        dump = await sigdump({ pid: victim.pid });
        assert.equal(ended(dump), INITIATOR);
        assert.ok(Array.isArray(dump.memory) && Array.isArray(dump.modules));
      }
      const task = dump.threads?.find(({ name }) => name === 'ring3/0');
      const frames = dump.stacks?.[task?.stack ?? -1]?.frames ?? [];
      assert.ok(
        frames.some((frame) => frame.function === 'deaf_in_timer' && frame.line === line),
        JSON.stringify(frames),
      );
      stays.socket.destroy();
    } finally {
      await victim.end();
    }
  });
});
