// SPDX-License-Identifier: MIT
/**
 * Disks that break while they are served: the initiator gets sense that says so, at once; what was acknowledged stays,
 * and the neighbour LUN is not disturbed.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Initiator, Op, type Pdu } from '../outside/initiator.js';
import { root, TargetProcess } from '../outside/target.js';

const MIB = 1 << 20;
const BLOCK = 512;

const big = (lba: number) => [(lba >>> 24) & 255, (lba >>> 16) & 255, (lba >>> 8) & 255, lba & 255];
const READ_10 = (lba: number, blocks: number) => [0x28, 0, ...big(lba), 0, blocks >> 8, blocks & 255, 0];
const WRITE_10 = (lba: number, blocks: number, fua = false) => [
  0x2a,
  fua ? 8 : 0,
  ...big(lba),
  0,
  blocks >> 8,
  blocks & 255,
  0,
];
const SYNCHRONIZE_CACHE = [0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const UNMAP = (bytes: number) => [0x42, 0, 0, 0, 0, 0, 0, 0, bytes, 0];

/** Sense key / ASC / ASCQ. */
const MEDIUM_READ_ERROR = '3/11/00';
const MEDIUM_WRITE_ERROR = '3/0c/00';
const SPACE_ALLOCATION_FAILED = '7/27/07';
const WRITE_PROTECTED = '7/27/00';

class Client {
  private constructor(readonly peer: Initiator) {}

  static async login(target: TargetProcess): Promise<Client> {
    const client = new Client(await Initiator.login(target.portal, target.iqn));
    for (const { lun } of target.ready.luns) await client.run([0, 0, 0, 0, 0, 0], { lun });
    return client;
  }

  /** One command to its end: its sense, "" = good, and the data that came. */
  async run(
    cdb: number[],
    options: Parameters<Initiator['command']>[1] = {},
  ): Promise<{ sense: string; data: Buffer }> {
    this.peer.command(cdb, options);
    const data: Buffer[] = [];
    for (;;) {
      const pdu: Pdu | undefined = await this.peer.receive();
      assert.ok(pdu, 'an answer');
      if (pdu.opcode === Op.DataIn) {
        data.push(pdu.data);
        if (pdu.flags & 1) return { sense: '', data: Buffer.concat(data) };
      } else {
        assert.equal(pdu.opcode, Op.ScsiResponse);
        const sense = pdu.status === 0 ? '' : pdu.status === 2 ? pdu.sense : `status ${pdu.status}`;
        return { sense, data: Buffer.concat(data) };
      }
    }
  }

  async read(lba: number, blocks = 1, lun = 0) {
    return this.run(READ_10(lba, blocks), { read: blocks * BLOCK, lun });
  }

  async write(lba: number, byte: number, { blocks = 1, lun = 0, fua = false } = {}): Promise<string> {
    const data = Buffer.alloc(blocks * BLOCK, byte);
    return (await this.run(WRITE_10(lba, blocks, fua), { write: data.length, data, lun })).sense;
  }

  async sync(): Promise<string> {
    return (await this.run(SYNCHRONIZE_CACHE)).sense;
  }
}

/** A target whose system calls fail as told. */
const denying = (...rules: string[]) => [
  ...[process.execPath, '--import', 'tsx', join(root, 'test/outside/deny.ts')],
  ...[...rules, 'io_uring_setup=EPERM', '--'],
];

describe('a disk that breaks', () => {
  let folder: string;
  let target: TargetProcess | undefined;
  let client: Client;
  const path = (name = 'disk.img') => join(folder, name);

  async function start(disk: string, prefix: string[] = []): Promise<void> {
    target = await TargetProcess.start([disk, 'ram:1M'], { prefix });
    client = await Client.login(target);
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ring3-faults-'));
  });
  afterEach(async () => {
    if (target) {
      assert.ok(target.alive, target.stderr);
      assert.equal(await client.write(3, 0x77, { lun: 1 }), '', 'the neighbour is served');
      assert.equal((await client.read(3, 1, 1)).data[0], 0x77);
      client.peer.close();
      assert.equal(await target.stop(), 0, target.stderr);
    }
    target = undefined;
    rmSync(folder, { recursive: true, force: true });
  });

  for (const [how, prefix, place] of [
    ['io_uring or what is best', [], ''],
    ['threads', denying(), ''],
    ['its file in memory', [], '/dev/shm'],
  ] as [string, string[], string][])
    it(`is truncated underneath, with ${how}: MEDIUM ERROR behind its end, the rest is served`, async function () {
      if (place) {
        if (!existsSync(place)) this.skip();
        rmSync(folder, { recursive: true });
        folder = mkdtempSync(join(place, 'ring3-faults-'));
      }
      await start(`${path()},size=16M`, prefix);
      assert.equal(await client.write(0, 0x11), '');
      assert.equal(await client.write(20_000, 0x22), '');
      truncateSync(path(), 4 * MIB);
      assert.equal((await client.read(20_000)).sense, MEDIUM_READ_ERROR);
      assert.equal((await client.read(8191, 2)).sense, MEDIUM_READ_ERROR, 'across the end');
      assert.equal((await client.read(0)).data[0], 0x11);
      assert.equal((await client.read(8191)).sense, '');
      truncateSync(path(), 0);
      assert.equal((await client.read(0)).sense, MEDIUM_READ_ERROR);
      truncateSync(path(), 16 * MIB);
      assert.equal((await client.read(20_000)).sense, '', 'it is well again');
    });

  it('ends in the middle of a block: the whole ones are served', async () => {
    writeFileSync(path(), Buffer.alloc(3 * BLOCK + 100, 0x31));
    await start(path());
    const { data } = await client.run([0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0], { read: 8 });
    assert.deepEqual([data.readUInt32BE(0), data.readUInt32BE(4)], [2, BLOCK]);
    assert.equal((await client.read(2)).data[0], 0x31);
    assert.equal((await client.read(3)).sense, '5/21/00');
    assert.equal(await client.write(2, 0x32, { fua: true }), '');
    assert.equal(statSync(path()).size, 3 * BLOCK + 100);
  });

  it('is deleted underneath: it goes on as long as it is open', async () => {
    await start(`${path()},size=16M`);
    assert.equal(await client.write(5, 0x33), '');
    unlinkSync(path());
    assert.equal((await client.read(5)).data[0], 0x33);
    assert.equal(await client.write(6, 0x34, { fua: true }), '');
    assert.equal(await client.sync(), '');
  });

  it('is read-only: writes are told so, and change nothing', async () => {
    writeFileSync(path(), Buffer.alloc(MIB, 0x44));
    chmodSync(path(), 0o400);
    await start(`${path()},ro`);
    assert.equal(target?.ready.luns[0]?.readOnly, true);
    assert.equal(await client.write(0, 0x55), WRITE_PROTECTED);
    assert.equal((await client.read(0)).data[0], 0x44);
    assert.ok(readFileSync(path()).equals(Buffer.alloc(MIB, 0x44)));
  });

  it('has no room left (ENOSPC): SPACE ALLOCATION FAILED, reads go on', async () => {
    await start(`${path()},size=16M`, denying('pwritev2=ENOSPC', 'pwritev=ENOSPC'));
    assert.equal(await client.write(0, 0x11), SPACE_ALLOCATION_FAILED);
    assert.equal(await client.write(0, 0x11, { fua: true }), SPACE_ALLOCATION_FAILED);
    assert.equal((await client.read(0)).data[0], 0);
  });

  it('is on a full tmpfs: SPACE ALLOCATION FAILED; what was there stays; with room it goes on', async function () {
    const mount = path('small');
    mkdirSync(mount);
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1M', 'tmpfs', mount]).status !== 0) {
      console.log('      skipped: a tmpfs cannot be mounted here (needs root)');
      this.skip();
    }
    try {
      await start(`${join(mount, 'disk.img')},size=16M`);
      let lba = 0;
      let sense = '';
      for (; !sense && lba < 4096; lba += 64) sense = await client.write(lba, 0x66, { blocks: 64 });
      assert.equal(sense, SPACE_ALLOCATION_FAILED);
      assert.ok(lba >= 1024, `${lba} blocks found room`);
      assert.equal(await client.write(30_000, 0x66), SPACE_ALLOCATION_FAILED);
      for (let at = 0; at < lba - 64; at += 64) assert.equal((await client.read(at)).data[0], 0x66);
      assert.equal(await client.write(0, 0x67), '', 'in place');
      const list = Buffer.alloc(24);
      list.writeUInt16BE(22, 0);
      list.writeUInt16BE(16, 2);
      list.writeUInt32BE(512, 16);
      assert.equal((await client.run(UNMAP(24), { write: 24, data: list })).sense, '');
      assert.equal(await client.write(30_000, 0x68), '', 'UNMAP made room');
      client.peer.close();
      assert.equal(await target!.stop(), 0);
      target = undefined;
    } finally {
      spawnSync('umount', [mount]);
    }
  });

  it('is another process already: refused, but read-only in both; free again when that one is killed', async () => {
    writeFileSync(path(), Buffer.alloc(MIB));
    const busy =
      /disk\.img is in use by another process \(fuser .*\); stop that, or serve it read-only in both: .*disk\.img,ro/;
    const first = await TargetProcess.start([path()]);
    await assert.rejects(TargetProcess.start([path()]), busy);
    await assert.rejects(TargetProcess.start([`${path()},ro`]), busy);
    await first.stop('SIGKILL');
    const [one, two] = [
      await TargetProcess.start([`${path()},ro`]),
      await TargetProcess.start([`${path()},ro`]),
    ];
    await assert.rejects(TargetProcess.start([path()]), busy);
    for (const each of [one, two]) assert.equal(await each.stop(), 0);
    const last = await TargetProcess.start([path()]);
    assert.equal(await last.stop(), 0);
  });

  it('is a block device: its size, its data, what it cannot take', async function () {
    const file = path('backing');
    writeFileSync(file, '');
    truncateSync(file, 8 * MIB);
    const loop = spawnSync('losetup', ['--find', '--show', file], { encoding: 'utf8' });
    const device = loop.stdout?.trim();
    if (loop.status !== 0 || !device) {
      console.log('      skipped: no loop device can be made here (needs root)');
      this.skip();
    }
    try {
      await start(device);
      assert.equal(target!.ready.luns[0]!.size, 8 * MIB);
      // Its node lies in memory, as the files do whose bytes are sent from where they lie.
      assert.ok(!readFileSync(`/proc/${target!.pid}/maps`, 'utf8').includes(device));
      assert.equal(await client.write(100, 0x5c, { fua: true }), '');
      assert.equal((await client.read(100)).data[0], 0x5c);
      assert.equal(await client.sync(), '');
      assert.equal((await client.read(16_384)).sense, '5/21/00');
      client.peer.close();
      assert.equal(await target!.stop(), 0, target!.stderr);
      target = undefined;
      assert.equal(readFileSync(file)[100 * BLOCK], 0x5c);
    } finally {
      spawnSync('losetup', ['--detach', device]);
    }
  });

  it('is larger than files may be here (ulimit -f): writes behind that fail, the process lives', async () => {
    writeFileSync(path(), Buffer.alloc(4 * MIB));
    await start(path(), ['/bin/sh', '-c', 'ulimit -f 2048; exec "$0" "$@"']); // 512-byte units: 1 MiB
    assert.equal(await client.write(10, 0x12), '');
    assert.equal(await client.write(4000, 0x13), SPACE_ALLOCATION_FAILED);
    assert.equal((await client.read(10)).data[0], 0x12);
    assert.equal((await client.read(4000)).data[0], 0);
  });

  it('cannot be read (EIO): MEDIUM ERROR, UNRECOVERED READ ERROR', async () => {
    await start(`${path()},size=16M`, denying('preadv2=EIO', 'preadv=EIO'));
    assert.equal((await client.read(0)).sense, MEDIUM_READ_ERROR);
    assert.equal((await client.read(0, 64)).sense, MEDIUM_READ_ERROR);
    assert.equal(await client.write(0, 0x11), '');
  });

  it('cannot be written (EIO): MEDIUM ERROR, WRITE ERROR', async () => {
    await start(`${path()},size=16M`, denying('pwritev2=EIO', 'pwritev=EIO'));
    assert.equal(await client.write(0, 0x11), MEDIUM_WRITE_ERROR);
    assert.equal((await client.read(0)).data[0], 0);
  });

  it('fails to sync (EIO): the flush is an error, each time, and so is the end of the command', async () => {
    await start(`${path()},size=16M`, denying('fdatasync=EIO'));
    assert.equal(await client.write(0, 0x11), '');
    assert.match(await client.sync(), /^3\//);
    assert.match(await client.sync(), /^3\//);
    client.peer.close();
    assert.equal(await target!.stop(), 1);
    assert.match(target!.stderr, /ring3: .*disk\.img: the last sync failed .*may be lost.*\n {2}look at/);
    assert.equal(target!.events.at(-1)?.event, 'error');
    assert.ok(!target!.events.some(({ event }) => event === 'stopped'));
    target = undefined;
  });

  it('cannot be discarded: UNMAP does no harm', async () => {
    await start(`${path()},size=16M`, denying('fallocate=EOPNOTSUPP'));
    assert.equal(await client.write(0, 0x11), '');
    const list = Buffer.alloc(24);
    list.writeUInt16BE(22, 0);
    list.writeUInt16BE(16, 2);
    list.writeUInt32BE(1, 16);
    const { sense } = await client.run(UNMAP(24), { write: 24, data: list });
    const { data } = await client.read(0);
    assert.ok(sense === '' ? [0, 0x11].includes(data[0]!) : data[0] === 0x11, `${sense} ${data[0]}`);
  });

  it('grows underneath: what is served keeps its size', async () => {
    await start(`${path()},size=1M`);
    truncateSync(path(), 2 * MIB);
    assert.equal((await client.read(4000)).sense, '5/21/00');
    assert.equal(statSync(path()).size, 2 * MIB);
  });
});
