// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { banner, shortPath, statusLine } from '../../scripts/screen.js';
import type { Lun } from '../../scst-port/index.js';

const lun = (more: Partial<Lun>): Lun => ({
  lun: 0,
  name: '/srv/disk.img',
  size: 2 ** 30,
  handler: 'vdisk_fileio',
  provider: 'threads + io_uring',
  readOnly: false,
  thin: true,
  ...more,
});
const IQN = 'iqn.2026-11.dev.ring3:host';

describe('the banner', () => {
  it('names the target, its disks, and what to paste', () =>
    assert.equal(
      banner({ iqn: IQN, portals: ['127.0.0.1:3260'], luns: [lun({})] }),
      `ring3 target   ${IQN}     portal 127.0.0.1:3260
  LUN 0   /srv/disk.img   1.0 GiB   file, threads + io_uring, thin
connect:  iscsiadm -m discovery -t st -p 127.0.0.1:3260  |  qemu-img info iscsi://127.0.0.1:3260/${IQN}/0
`,
    ));
  it('lines disks up, and says what is special', () => {
    const luns = [
      lun({ name: '/dev/sdb', handler: 'vdisk_blockio', thin: false }),
      lun({ lun: 1, name: 'ram:1G', handler: 'vdisk_ram', provider: 'ram', readOnly: true }),
    ];
    const text = banner({ iqn: IQN, portals: ['0.0.0.0:1', '[::1]:2'], luns }, 'al ice');
    assert.match(text, /portal 0\.0\.0\.0:1 \[::1\]:2\n/);
    assert.match(text, /^ {2}LUN 0 {3}\/dev\/sdb {3}1\.0 GiB {3}block device, threads \+ io_uring$/m);
    assert.match(text, /^ {2}LUN 1 {3}ram:1G {5}1\.0 GiB {3}ram, thin, read-only$/m);
    assert.match(text, /-p 127\.0\.0\.1:1 {2}\|.*iscsi:\/\/al%20ice%SECRET@127\.0\.0\.1:1\//);
  });
  it('shortens the home folder alone', () => {
    assert.equal(shortPath('/home/me/a', '/home/me'), '~/a');
    assert.equal(shortPath('/home/menot/a', '/home/me'), '/home/menot/a');
    assert.equal(shortPath('/a', '/'), '/a');
  });
});

describe('the status line', () => {
  const zero = { sessions: 0, readBytes: 0, readCommands: 0, writeBytes: 0, writeCommands: 0 };
  it('tells rates of what happened', () => {
    const now = {
      sessions: 2,
      readBytes: 82_400_000,
      readCommands: 20_200,
      writeBytes: 500,
      writeCommands: 1,
    };
    assert.equal(statusLine(zero, now, 2), 'sessions 2   read 41.2 MB/s 10.1k IOPS   write 250 B/s 1 IOPS');
  });
  it('is never below nothing, when a session took its counters along', () =>
    assert.equal(
      statusLine({ ...zero, sessions: 3, readBytes: 1e9, readCommands: 5 }, zero, 1),
      'sessions 0   read 0 B/s 0 IOPS   write 0 B/s 0 IOPS',
    ));
});
