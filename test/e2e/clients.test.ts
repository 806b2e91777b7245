// SPDX-License-Identifier: MIT
/** Programs that nobody here wrote, as their users call them, against one ring3 target. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram, runProgram, TargetProcess } from '../outside/target.js';
import { until } from '../until.js';

const MIB = 1 << 20;

/** Runs an outside program and wants it to succeed; a machine without it skips the test, with the reason. */
async function client(test: Mocha.Context, command: string, ...args: string[]): Promise<string> {
  if (!findProgram(command)) {
    console.log(`      skipped: ${command} is not installed`);
    test.skip();
  }
  const done = await runProgram(command, args);
  assert.equal(done.status, 0, `${command} ${args.join(' ')}: ${done.status ?? done.signal}\n${done.output}`);
  return done.output;
}

describe('outside clients', () => {
  let folder: string;
  let target: TargetProcess;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ring3-clients-'));
    const file = `${join(folder, 'disk.img')},size=64M`;
    target = await TargetProcess.start([file, 'ram:64M', 'ram:64M,blocksize=4096', 'null:1T']);
  });
  after(async () => {
    assert.equal(await target.stop(), 0, target.stderr);
    rmSync(folder, { recursive: true });
  });

  it('iscsi-ls finds the target and its LUNs', async function () {
    const output = await client(this, 'iscsi-ls', '-s', `iscsi://${target.portal}`);
    assert.match(output, new RegExp(`Target:${target.iqn.replaceAll('.', '\\.')}`));
    for (const lun of [0, 1, 2, 3]) assert.match(output, new RegExp(`Lun:${lun}\\s`));
  });

  it('iscsi-inq reads the standard data and the vital pages', async function () {
    assert.match(await client(this, 'iscsi-inq', target.url()), /DIRECT_ACCESS/);
    for (const page of ['0', '128', '131', '176', '177', '178'])
      await client(this, 'iscsi-inq', '-e', '1', '-c', page, target.url());
  });

  for (const [lun, blockBytes, diskBytes] of [
    [0, 512, 64 * MIB],
    [2, 4096, 64 * MIB],
    [3, 512, 2 ** 40],
  ] as const)
    it(`iscsi-readcapacity16 sees ${diskBytes} bytes in blocks of ${blockBytes} on LUN ${lun}`, async function () {
      const output = await client(this, 'iscsi-readcapacity16', target.url(lun));
      assert.match(output, new RegExp(`LOGICAL BLOCK ADDRESS:\\s*${diskBytes / blockBytes - 1}\\b`, 'i'));
      assert.match(output, new RegExp(`LENGTH IN BYTES:\\s*${blockBytes}\\b`, 'i'));
    });

  for (const [name, lun] of [
    ['a file', 0],
    ['memory', 1],
    ['memory in 4096-byte blocks', 2],
  ] as const)
    it(`qemu-img writes ${name} and reads the same back`, async function () {
      const [source, copy] = [join(folder, 'source'), join(folder, 'copy')];
      writeFileSync(source, randomBytes(64 * MIB));
      await client(this, 'qemu-img', 'convert', '-n', '-f', 'raw', '-O', 'raw', source, target.url(lun));
      await client(this, 'qemu-img', 'convert', '-f', 'raw', '-O', 'raw', target.url(lun), copy);
      assert.ok(readFileSync(source).equals(readFileSync(copy)));
    });

  it('qemu-io writes patterns, zeroes, discards, flushes and finds them', async function () {
    const commands = [
      'write -P 0x5a 1M 3M',
      'flush',
      'read -P 0x5a 1M 3M',
      'write -z 2M 1M',
      'read -P 0 2M 1M',
    ];
    commands.push('read -P 0x5a 1M 1M', 'discard 1M 1M', 'write -f -P 0x11 5M 64k', 'read -P 0x11 5M 64k');
    const args = commands.flatMap((command) => ['-c', command]);
    const output = await client(this, 'qemu-io', '-f', 'raw', ...args, target.url(1));
    assert.doesNotMatch(output, /[Ff]ailed|error/);
  });

  it('iscsi-dd copies one LUN to another', async function () {
    const [copy] = [join(folder, 'dd-copy')];
    await client(this, 'iscsi-dd', '--src', target.url(0), '--dst', target.url(1));
    await client(this, 'qemu-img', 'convert', '-f', 'raw', '-O', 'raw', target.url(1), copy);
    assert.ok(readFileSync(copy).equals(readFileSync(join(folder, 'disk.img'))));
  });

  it('two initiators at once keep to their own LUN', async () => {
    const work = [0, 1].map(async (lun) => {
      const pattern = `0x${lun + 0x21}`;
      const commands = Array.from({ length: 8 }, (_, i) => ['-c', `write -P ${pattern} ${i * 4}M 4M`]).flat();
      const done = await runProgram('qemu-io', [
        '-f',
        'raw',
        ...commands,
        '-c',
        `read -P ${pattern} 0 32M`,
        target.url(lun),
      ]);
      assert.equal(done.status, 0, done.output);
      assert.doesNotMatch(done.output, /[Ff]ailed/);
    });
    if (findProgram('qemu-io')) await Promise.all(work);
    else await Promise.allSettled(work);
  });

  it('serves 64 sessions at once', async function () {
    if (!findProgram('iscsi-inq')) this.skip();
    const initiator = (i: number) => `iqn.2026-11.dev.ring3.test:initiator-${i}`;
    const all = Array.from({ length: 64 }, (_, i) =>
      runProgram('iscsi-readcapacity16', ['-i', initiator(i), target.url(i % 4)]),
    );
    for (const done of await Promise.all(all)) assert.equal(done.status, 0, done.output);
  });

  it('iscsi-perf gets its reads', async function () {
    if (!findProgram('iscsi-perf')) this.skip();
    const perf = spawn('iscsi-perf', ['-m', '32', '-b', '8', '-r', target.url(1)]);
    let output = '';
    for (const stream of [perf.stdout, perf.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    const ended = once(perf, 'close');
    try {
      await until(
        () => /iops (average )?\d+|IOPS/i.test(output),
        () => output,
      );
    } finally {
      perf.kill('SIGKILL');
      await ended;
    }
  });
});
