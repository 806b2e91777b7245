// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { serveDiscovery } from '../../scst-port/daemon/discovery.js';
import { Login } from '../../scst-port/daemon/login.js';
import { Op, type Pdu, type PduFields } from '../outside/initiator.js';
import { FULL_FEATURE, loginPdu, NAME, OPERATIONAL, Peer, toText } from './peer.js';

const A = { name: 'iqn.2026-11.dev.ring3:a', portals: ['127.0.0.1:3260', '[::1]:3260'] };
const B = { name: 'iqn.2026-11.dev.ring3:b', portals: ['192.0.2.1:3261'] };
const NO_TAG = 0xffffffff;

/** A discovery session, logged in. */
class Session {
  readonly peer = new Peer();
  outcome!: Promise<Error | undefined>;

  static async start(targets = [A, B], keys: Record<string, string> = {}): Promise<Session> {
    const session = new Session();
    const login = new Login(session.peer, { digests: ['None'], hasTarget: () => false, newTsih: () => 1 });
    session.peer.send(
      loginPdu({
        csg: OPERATIONAL,
        to: FULL_FEATURE,
        cmdSn: 10,
        keys: { InitiatorName: NAME, SessionType: 'Discovery', ...keys },
      }),
    );
    const result = await login.run();
    session.outcome = serveDiscovery(session.peer, result, () => targets).then(
      () => undefined,
      (error: Error) => error,
    );
    return session;
  }

  async say(fields: PduFields): Promise<Pdu[]> {
    this.peer.send(fields);
    await new Promise((resolve) => setImmediate(resolve));
    return this.peer.take();
  }

  text(keys: Record<string, string>, ttt = NO_TAG, flags = 0x80): Promise<Pdu[]> {
    return this.say({ opcode: Op.Text, flags, itt: 5, words: { 20: ttt, 24: 10 }, data: toText(keys) });
  }

  /** A Reject of this reason, and the end. */
  async rejected(pdus: Pdu[], reason: number, message: RegExp): Promise<void> {
    assert.equal(pdus.length, 1);
    assert.equal(pdus[0]!.opcode, Op.Reject);
    assert.equal(pdus[0]!.header[2], reason);
    assert.equal(pdus[0]!.data.length, 48, 'the header of what was rejected');
    assert.match(String(await this.outcome), message);
  }
}

describe('a discovery session', () => {
  it('names all targets', async () => {
    const session = await Session.start();
    const [pdu] = await session.text({ SendTargets: 'All' });
    assert.equal(pdu!.opcode, Op.TextResponse);
    assert.equal(pdu!.flags, 0x80);
    assert.deepEqual([pdu!.itt, pdu!.word(20)], [5, NO_TAG]);
    assert.equal(
      pdu!.data.toString(),
      `TargetName=${A.name}\0TargetAddress=127.0.0.1:3260,1\0TargetAddress=[::1]:3260,1\0` +
        `TargetName=${B.name}\0TargetAddress=192.0.2.1:3261,1\0`,
    );
  });
  it('names one', async () => {
    const session = await Session.start();
    const [pdu] = await session.text({ SendTargets: B.name });
    assert.equal(pdu!.data.toString(), `TargetName=${B.name}\0TargetAddress=192.0.2.1:3261,1\0`);
  });
  it('names one in capitals', async () => {
    const session = await Session.start();
    const [pdu] = await session.text({ SendTargets: B.name.toUpperCase() });
    assert.match(pdu!.data.toString(), /^TargetName=iqn/);
  });
  it('names none that does not exist', async () => {
    const session = await Session.start();
    const [pdu] = await session.text({ SendTargets: 'iqn.2001-04.com.example:no' });
    assert.equal(pdu!.data.length, 0);
  });
  it('does not understand other keys', async () => {
    const session = await Session.start();
    const [pdu] = await session.text({ 'X-a': '1', Constructor: '2' });
    assert.equal(pdu!.data.toString(), 'X-a=NotUnderstood\0Constructor=NotUnderstood\0');
  });
  it('answers as often as it is asked, and counts', async () => {
    const session = await Session.start();
    const sn: number[] = [];
    for (let i = 0; i < 4; i++) sn.push((await session.text({ SendTargets: 'All' }))[0]!.word(24));
    assert.deepEqual(sn, [1, 2, 3, 4]);
  });

  it('gives a long answer in parts that the initiator takes', async () => {
    const many = Array.from({ length: 100 }, (_, i) => ({ ...A, name: `${A.name}-${i}` }));
    const session = await Session.start(many, { MaxRecvDataSegmentLength: '512' });
    let [pdu] = await session.text({ SendTargets: 'All' });
    let whole = pdu!.data;
    let count = 1;
    while (pdu!.flags & 0x40) {
      assert.equal(pdu!.flags, 0x40);
      assert.ok(pdu!.data.length <= 512);
      [pdu] = await session.text({}, pdu!.word(20));
      whole = Buffer.concat([whole, pdu!.data]);
      count++;
    }
    assert.equal(count, Math.ceil(whole.length / 512));
    assert.equal(whole.toString().match(/TargetName=/g)!.length, 100);
  });
  it('forgets a long answer for a new question', async () => {
    const many = Array.from({ length: 100 }, (_, i) => ({ ...A, name: `${A.name}-${i}` }));
    const session = await Session.start(many, { MaxRecvDataSegmentLength: '512' });
    const [old] = await session.text({ SendTargets: 'All' });
    const [pdu] = await session.text({ SendTargets: `${A.name}-7` });
    assert.equal(pdu!.flags, 0x80);
    await session.rejected(await session.text({}, old!.word(20)), 4, /tag is that of no answer/);
  });

  it('echoes a NOP, and not one without a tag', async () => {
    const session = await Session.start();
    const [pdu] = await session.say({
      opcode: Op.NopOut,
      itt: 8,
      words: { 20: NO_TAG },
      data: Buffer.from('ping'),
    });
    assert.deepEqual([pdu!.opcode, pdu!.itt, pdu!.data.toString()], [Op.NopIn, 8, 'ping']);
    assert.deepEqual(await session.say({ opcode: Op.NopOut, words: { 20: NO_TAG } }), []);
  });
  it('ends with a logout', async () => {
    const session = await Session.start();
    const [pdu] = await session.say({ opcode: Op.Logout, itt: 8 });
    assert.deepEqual([pdu!.opcode, pdu!.itt, pdu!.header[2]], [Op.LogoutResponse, 8, 0]);
    assert.equal(await session.outcome, undefined);
  });
  it('ends when the initiator leaves', async () => {
    const session = await Session.start();
    session.peer.end();
    assert.match(String(await session.outcome), /the connection ended/);
  });

  for (const [what, fields, reason, message] of [
    [
      'a SCSI command',
      { opcode: Op.ScsiCommand, itt: 3 },
      5,
      /opcode is 0x1; Text, NOP and Logout are expected/,
    ],
    ['another login', { opcode: Op.Login, itt: 3 }, 5, /opcode is 0x3/],
    ['an unknown opcode', { opcode: 0x3e, itt: 3 }, 5, /opcode is 0x3e/],
    ['AHS', { opcode: Op.NopOut, itt: 3, ahs: Buffer.alloc(4) }, 9, /4 bytes of AHS/],
    [
      'a long data segment',
      { opcode: Op.Text, itt: 3, dataSegmentLength: 0xff_ff_ff },
      9,
      /DataSegmentLength is 16777215, at most 8192/,
    ],
  ] as [string, PduFields, number, RegExp][])
    it(`is ended by ${what}`, async () => {
      const session = await Session.start();
      await session.rejected(await session.say(fields), reason, message);
    });
  it('is ended by an empty SendTargets', async () => {
    const session = await Session.start();
    await session.rejected(await session.text({ SendTargets: '' }), 4, /SendTargets is empty/);
  });
  it('is ended by text that is none', async () => {
    const session = await Session.start();
    await session.rejected(await session.text({ constructor: 'x' }), 4, /is no Key=value/);
  });
  it('is ended by text that goes on', async () => {
    const session = await Session.start();
    await session.rejected(
      await session.text({ SendTargets: 'All' }, NO_TAG, 0),
      4,
      /goes on, one PDU is expected/,
    );
  });
  it('is ended by a tag of no answer', async () => {
    const session = await Session.start();
    await session.rejected(await session.text({}, 1234), 4, /tag is that of no answer/);
  });
});
