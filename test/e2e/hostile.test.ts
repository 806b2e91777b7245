// SPDX-License-Identifier: MIT
/**
 * What no sane initiator sends, in full-feature phase. After each the target still serves: a neighbour that logged in
 * first reads its block, and the process is the same.
 */
import assert from 'node:assert/strict';
import { Initiator, Op } from '../outside/initiator.js';
import { TargetProcess } from '../outside/target.js';

const READ_10 = (lba: number, blocks: number) => [0x28, 0, 0, 0, 0, lba, 0, blocks >> 8, blocks & 255, 0];
const WRITE_10 = (lba: number, blocks: number) => [0x2a, 0, 0, 0, 0, lba, 0, blocks >> 8, blocks & 255, 0];
const TEST_UNIT_READY = [0, 0, 0, 0, 0, 0];

describe('a hostile initiator', function () {
  this.timeout(30_000);
  let target: TargetProcess;
  let neighbour: Initiator;
  let peer: Initiator;

  /** Logs in, and takes the unit attention of a new nexus. */
  async function login(keys: Record<string, string> = {}, name = 'hostile'): Promise<Initiator> {
    const initiator = await Initiator.login(target.portal, target.iqn, {
      InitiatorName: `iqn.2026-11.dev.ring3.test:${name}`,
      ...keys,
    });
    initiator.command(TEST_UNIT_READY);
    await initiator.receive();
    return initiator;
  }

  before(async () => {
    target = await TargetProcess.start(['ram:16M']);
    neighbour = await login({}, 'neighbour');
  });
  after(async () => {
    neighbour.close();
    assert.equal(await target.stop(), 0, target.stderr);
  });
  afterEach(async () => {
    peer?.close();
    assert.ok(target.alive, target.stderr);
    const itt = neighbour.command(READ_10(0, 1), { read: 512 });
    const answer = await neighbour.receive();
    assert.equal(answer?.opcode, Op.DataIn, 'the neighbour is served');
    assert.equal(answer.itt, itt);
    assert.equal(answer.data.length, 512);
  });

  it('gets a Reject, or is cut off, for an unknown opcode', async () => {
    peer = await login();
    peer.send({ opcode: 0x1d, itt: 7, words: { 24: peer.cmdSn, 28: peer.expStatSn } });
    const answer = await peer.receive();
    assert.ok(answer === undefined ? await peer.ended() : answer.opcode === Op.Reject);
  });

  it('is refused a task tag that is in use', async () => {
    peer = await login({ InitialR2T: 'Yes', ImmediateData: 'No' });
    const itt = peer.command(WRITE_10(0, 8), { write: 4096 });
    assert.equal((await peer.receive())?.opcode, Op.R2T);
    peer.command(WRITE_10(0, 8), { write: 4096, itt });
    const answer = await peer.receive();
    assert.ok(
      answer === undefined ? await peer.ended() : answer.opcode === Op.Reject,
      `got ${answer?.opcode}`,
    );
  });

  it('is cut off when a DataSegmentLength is beyond what was declared', async () => {
    peer = await login();
    peer.send({
      opcode: Op.NopOut,
      itt: 9,
      dataSegmentLength: 0xff_ff_fc,
      words: { 20: 0xffffffff, 24: peer.cmdSn },
    });
    peer.raw(Buffer.alloc(4096));
    const answer = await peer.receive();
    assert.ok(answer === undefined || answer.opcode === Op.Reject);
    assert.ok(await peer.ended());
  });

  it('is cut off, or rejected, for an AHS beyond the limit', async () => {
    peer = await login();
    const words = { 20: 512, 24: peer.cmdSn, 28: peer.expStatSn };
    peer.send({ opcode: Op.ScsiCommand, flags: 0xc1, itt: 3, words, ahs: Buffer.alloc(1020, 0xff) });
    const answer = await peer.receive();
    assert.ok(
      answer === undefined
        ? await peer.ended()
        : [Op.Reject, Op.ScsiResponse].includes(answer.opcode as never),
    );
  });

  it('is not heard with a CmdSN outside the window', async () => {
    peer = await login();
    const right = peer.cmdSn;
    peer.cmdSn = (right + 100_000) >>> 0;
    peer.command(TEST_UNIT_READY, { itt: 0x111 });
    peer.cmdSn = right;
    peer.command(TEST_UNIT_READY, { itt: 0x222 });
    assert.equal((await peer.receive())?.itt, 0x222);
    assert.equal(await peer.receive(300), undefined);
  });

  for (const [what, change] of [
    ['target transfer tag', { 20: 0x7654321 }],
    ['DataSN', { 36: 5 }],
    ['buffer offset', { 40: 512 }],
    ['offset beyond the end', { 40: 1 << 20 }],
  ] as [string, Record<number, number>][])
    it(`is refused a Data-Out with a wrong ${what}`, async () => {
      peer = await login({ InitialR2T: 'Yes', ImmediateData: 'No' });
      const itt = peer.command(WRITE_10(0, 8), { write: 4096 });
      const r2t = await peer.receive();
      assert.equal(r2t?.opcode, Op.R2T);
      const words = { 20: r2t.word(20), 28: peer.expStatSn, 36: 0, 40: 0, ...change };
      peer.send({ opcode: Op.DataOut, itt, words, data: Buffer.alloc(4096, 0xee) });
      const answer = await peer.receive();
      if (answer === undefined) assert.ok(await peer.ended());
      else if (answer.opcode === Op.ScsiResponse) assert.notEqual(answer.status, 0);
      else assert.equal(answer.opcode, Op.Reject);
    });

  it('is refused a Data-Out longer than what the R2T asked for', async () => {
    peer = await login({ InitialR2T: 'Yes', ImmediateData: 'No' });
    const itt = peer.command(WRITE_10(0, 8), { write: 4096 });
    const r2t = await peer.receive();
    const words = { 20: r2t!.word(20), 28: peer.expStatSn, 36: 0, 40: 0 };
    peer.send({ opcode: Op.DataOut, itt, words, data: Buffer.alloc(8192, 0xee) });
    const answer = await peer.receive();
    if (answer === undefined) assert.ok(await peer.ended());
    else if (answer.opcode === Op.ScsiResponse) assert.notEqual(answer.status, 0);
    else assert.equal(answer.opcode, Op.Reject);
  });

  it('is refused immediate data that was not negotiated', async () => {
    peer = await login({ ImmediateData: 'No' });
    peer.command(WRITE_10(0, 8), { write: 4096, data: Buffer.alloc(4096) });
    const answer = await peer.receive();
    if (answer === undefined) assert.ok(await peer.ended());
    else if (answer.opcode === Op.ScsiResponse) assert.notEqual(answer.status, 0);
    else assert.equal(answer.opcode, Op.Reject);
  });

  it('is refused immediate data beyond FirstBurstLength', async () => {
    peer = await login({ ImmediateData: 'Yes', FirstBurstLength: '512' });
    peer.command(WRITE_10(0, 8), { write: 4096, data: Buffer.alloc(4096) });
    const answer = await peer.receive();
    if (answer === undefined) assert.ok(await peer.ended());
    else if (answer.opcode === Op.ScsiResponse) assert.notEqual(answer.status, 0);
    else assert.equal(answer.opcode, Op.Reject);
  });

  it('gets LBA OUT OF RANGE past the end', async () => {
    peer = await login();
    peer.command([0x28, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 1, 0], { read: 512 });
    const answer = await peer.receive();
    assert.equal(answer?.status, 2);
    assert.equal(answer.sense, '5/21/00');
  });

  it('gets INVALID COMMAND OPERATION CODE for one that is unknown', async () => {
    peer = await login();
    peer.command([0xff, 0, 0, 0, 0, 0]);
    const answer = await peer.receive();
    assert.equal(answer?.sense, '5/20/00');
  });

  it('may vanish in the middle of a burst', async () => {
    peer = await login({ InitialR2T: 'Yes', ImmediateData: 'No' });
    const itt = peer.command(WRITE_10(0, 8), { write: 4096 });
    const r2t = await peer.receive();
    const words = { 20: r2t!.word(20), 28: peer.expStatSn, 36: 0, 40: 0 };
    peer.send({
      opcode: Op.DataOut,
      flags: 0,
      itt,
      words,
      data: Buffer.alloc(1024),
      dataSegmentLength: 4096,
    });
    peer.close();
  });

  it('may send half a header and go silent, or leave', async () => {
    peer = await login();
    peer.raw(Buffer.alloc(20, 1));
    await new Promise((resolve) => setTimeout(resolve, 100));
  });

  it('may stop reading: its replies do not pile up without limit', async () => {
    peer = await login();
    peer.socket.pause();
    const rss = async () =>
      Number(
        /VmRSS:\s*(\d+)/.exec(
          await (await import('node:fs/promises')).readFile(`/proc/${target.pid}/status`, 'utf8'),
        )?.[1],
      );
    const before = await rss();
    for (let i = 0; i < 4000 && !peer.closed; i++) peer.command(READ_10(0, 128), { read: 65_536 });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.ok((await rss()) - before < 128 * 1024, 'less than 128 MiB more');
  });

  it('may connect 10,000 times and never log in', async function () {
    this.timeout(120_000);
    for (let batch = 0; batch < 100; batch++) {
      const peers = await Promise.allSettled(
        Array.from({ length: 100 }, () => Initiator.connect(target.portal)),
      );
      for (const one of peers) if (one.status === 'fulfilled') one.value.close();
    }
    peer = await login({}, 'late-comer');
    peer.command(READ_10(0, 1), { read: 512 });
    assert.equal((await peer.receive())?.opcode, Op.DataIn);
  });

  it('may reinstate its session: the old connection ends, the new one serves', async () => {
    const old = await login({}, 'twice');
    peer = await login({}, 'twice');
    assert.ok(await old.ended());
    peer.command(READ_10(0, 1), { read: 512 });
    assert.equal((await peer.receive())?.opcode, Op.DataIn);
  });
});
