// SPDX-License-Identifier: MIT
/**
 * What no sane initiator sends, in full-feature phase. After each the target still serves: a neighbour that logged in
 * first reads its block, and the process is the same.
 */
import assert from 'node:assert/strict';
import { Initiator, Op } from '../outside/initiator.js';
import { TargetProcess } from '../outside/target.js';
import { until } from '../until.js';

const READ_10 = (lba: number, blocks: number) => [0x28, 0, 0, 0, 0, lba, 0, blocks >> 8, blocks & 255, 0];
const WRITE_10 = (lba: number, blocks: number) => [0x2a, 0, 0, 0, 0, lba, 0, blocks >> 8, blocks & 255, 0];
const TEST_UNIT_READY = [0, 0, 0, 0, 0, 0];

describe('a hostile initiator', () => {
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

  /** Fails when this is not what became of it, in a word: "Reject 0x05", "sense 11/0c/0c", "status 0x08", "data"; behind it "end" when it was cut off. */
  async function comesTo(expected: string): Promise<void> {
    const answer = await peer.receive();
    const what =
      answer === undefined
        ? ''
        : answer.opcode === Op.Reject
          ? `Reject 0x${answer.header[2]!.toString(16).padStart(2, '0')}`
          : answer.opcode === Op.DataIn
            ? 'data'
            : answer.opcode !== Op.ScsiResponse
              ? `opcode 0x${answer.opcode.toString(16)}`
              : answer.status === 2
                ? `sense ${answer.sense}`
                : `status 0x${answer.status.toString(16).padStart(2, '0')}`;
    if (expected.endsWith('end')) await peer.ended();
    else await new Promise((resolve) => setTimeout(resolve, 30)); // time to be cut off wrongly
    const end = peer.closed;
    assert.equal(end ? `${what} end`.trim() : what, expected);
  }

  /** One line about this peer, that names what was seen and what was expected. */
  async function told(line: RegExp): Promise<void> {
    await until(
      () => line.test(target.stderr),
      () => `${line} in ${target.stderr}`,
    );
    target.stderr = '';
  }

  it('gets a Reject for an unknown opcode', async () => {
    peer = await login();
    peer.send({ opcode: 0x1d, itt: 7, words: { 24: peer.cmdSn, 28: peer.expStatSn } });
    await comesTo('Reject 0x05');
    await told(/hostile\): opcode is 0x1d, expected one of full-feature phase/);
  });

  it('is refused a task tag that is in use', async () => {
    peer = await login({ InitialR2T: 'Yes', ImmediateData: 'No' });
    const itt = peer.command(WRITE_10(0, 8), { write: 4096 });
    assert.equal((await peer.receive())?.opcode, Op.R2T);
    peer.command(WRITE_10(0, 8), { write: 4096, itt });
    await comesTo('Reject 0x04');
    await told(/Initiator Task Tag 0x[0-9a-f]+ is in use, expected a free one/);
  });

  it('is cut off when a DataSegmentLength is beyond what was declared', async () => {
    peer = await login();
    const words = { 20: 0xffffffff, 24: peer.cmdSn };
    peer.send({ opcode: Op.NopOut, itt: 9, dataSegmentLength: 0xff_ff_fc, words });
    peer.raw(Buffer.alloc(4096));
    await comesTo('Reject 0x04 end');
    await told(/DataSegmentLength is 16777212, expected at most 262144/);
  });

  it('is cut off for an AHS beyond the limit', async () => {
    peer = await login();
    const words = { 20: 512, 24: peer.cmdSn, 28: peer.expStatSn };
    peer.send({ opcode: Op.ScsiCommand, flags: 0xc1, itt: 3, words, ahs: Buffer.alloc(1020, 0xff) });
    await comesTo('Reject 0x09 end');
    await told(/TotalAHSLength is 1020 bytes, expected at most 256/);
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

  for (const [what, change, bytes, expected, line] of [
    [
      'target transfer tag',
      { 20: 0x7654321 },
      4096,
      'Reject 0x09',
      /ttt 0x07654321, expected that of one of 1 R2Ts/,
    ],
    ['DataSN', { 36: 5 }, 4096, 'sense 11/47/05', /DataSN is 5, expected 0/],
    ['buffer offset', { 40: 512 }, 4096, 'sense 11/0c/0d', /Buffer Offset is 512, expected 0/],
    [
      'offset beyond the end',
      { 40: 1 << 20 },
      4096,
      'sense 11/0c/0d',
      /Buffer Offset is 1048576, expected 0/,
    ],
    ['length', {}, 8192, 'sense 11/0c/0d', /8192 bytes at offset 0, expected at most 4096/],
  ] as [string, Record<number, number>, number, string, RegExp][])
    it(`is refused a Data-Out with a wrong ${what}`, async () => {
      peer = await login({ InitialR2T: 'Yes', ImmediateData: 'No' });
      const itt = peer.command(WRITE_10(0, 8), { write: 4096 });
      const r2t = await peer.receive();
      assert.equal(r2t?.opcode, Op.R2T);
      const words = { 20: r2t.word(20), 28: peer.expStatSn, 36: 0, 40: 0, ...change };
      peer.send({ opcode: Op.DataOut, itt, words, data: Buffer.alloc(bytes, 0xee) });
      await comesTo(expected);
      await told(line);
    });

  for (const [what, keys, expected, line] of [
    [
      'that was not negotiated',
      { ImmediateData: 'No' },
      'sense 11/0c/0c',
      /4096 bytes of immediate data, expected none/,
    ],
    [
      'beyond FirstBurstLength',
      { ImmediateData: 'Yes', FirstBurstLength: '512' },
      'sense 11/0c/0c',
      /4096 bytes of immediate data, expected at most 512/,
    ],
  ] as [string, Record<string, string>, string, RegExp][])
    it(`is refused immediate data ${what}`, async () => {
      peer = await login(keys);
      peer.command(WRITE_10(0, 8), { write: 4096, data: Buffer.alloc(4096) });
      await comesTo(expected);
      await told(line);
    });

  const WRITE = (length: number, data: Buffer) => ({ write: length, data });
  const list = (...bytes: number[]) => Buffer.from(bytes);
  for (const [what, cdb, options, expected] of [
    ['a READ past the end', [0x28, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 1, 0], { read: 512 }, 'sense 5/21/00'],
    [
      'a READ that ends past the end',
      [0x28, 0, 0, 0, 0x7f, 0xff, 0, 0, 2, 0],
      { read: 1024 },
      'sense 5/21/00',
    ],
    [
      'a WRITE past the end',
      [0x2a, 0, 0, 1, 0, 0, 0, 0, 1, 0],
      WRITE(512, Buffer.alloc(512)),
      'sense 5/21/00',
    ],
    ['an unknown op code', [0xff, 0, 0, 0, 0, 0], {}, 'sense 5/20/00'],
    ['an INQUIRY page that does not exist', [0x12, 1, 0xd7, 0, 255, 0], { read: 255 }, 'sense 5/24/00'],
    ['an INQUIRY page without EVPD', [0x12, 0, 0x80, 0, 255, 0], { read: 255 }, 'sense 5/24/00'],
    [
      'an UNMAP list of 7 bytes',
      [0x42, 0, 0, 0, 0, 0, 0, 0, 7, 0],
      WRITE(7, Buffer.alloc(7)),
      'sense 5/1a/00',
    ],
    [
      'an UNMAP descriptor past the end',
      [0x42, 0, 0, 0, 0, 0, 0, 0, 24, 0],
      WRITE(24, list(0, 22, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0)),
      'sense 5/21/00',
    ],
    ['a MODE SELECT list of 3 bytes', [0x15, 0x10, 0, 0, 3, 0], WRITE(3, Buffer.alloc(3)), 'sense 5/1a/00'],
    ['a MODE SELECT without its list', [0x55, 0x10, 0, 0, 0, 0, 0, 0, 28, 0], {}, 'sense 5/1a/00'],
    [
      'a MODE SELECT of an unknown page',
      [0x15, 0x10, 0, 0, 8, 0],
      WRITE(8, list(0, 0, 0, 0, 0x3d, 2, 0, 0)),
      'sense 5/26/00',
    ],
    [
      'a PERSISTENT RESERVE OUT list of 23 bytes',
      [0x5f, 0, 0, 0, 0, 0, 0, 0, 23, 0],
      WRITE(23, Buffer.alloc(23)),
      'sense 5/1a/00',
    ],
    ['a PERSISTENT RESERVE OUT without its list', [0x5f, 0, 0, 0, 0, 0, 0, 0, 24, 0], {}, 'sense 5/1a/00'],
    [
      'a SANITIZE list that is too short',
      [0x48, 1, 0, 0, 0, 0, 0, 0, 2, 0],
      WRITE(2, Buffer.alloc(2)),
      'sense 5/24/00',
    ],
    ['a WRITE SAME of nothing', [0x41, 0, 0, 0, 0, 0, 0, 0, 1, 0], {}, 'sense 5/24/00'],
    [
      'a COMPARE AND WRITE of half a block',
      [0x89, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0],
      WRITE(512, Buffer.alloc(512)),
      'sense 5/24/00',
    ],
    ['a LUN that does not exist', TEST_UNIT_READY, { lun: 9 }, 'sense 5/25/00'],
    [
      'a service action that does not exist',
      [0x9e, 0x1f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0],
      { read: 32 },
      'sense 5/24/00',
    ],
  ] as [string, number[], Parameters<Initiator['command']>[1], string][])
    it(`gets ${expected} for ${what}`, async () => {
      peer = await login();
      peer.command(cdb, options);
      await comesTo(expected);
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

  it('may connect 10,000 times and never log in', async () => {
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
