// SPDX-License-Identifier: MIT
/** Where dumps by signal go, when that place is none; and askers who hold others up. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sigdump } from '../../shim/index.js';
import { until } from '../until.js';
import { addon, start, stuck, type Victim, victims } from './victim.js';

describe('RING3_DUMP_FILE', () => {
  let folder: string;
  let victim: Victim;
  const idle = (path: string) =>
    start(process.execPath, [join(victims, 'stuck.mjs'), 'idle'], {
      env: { RING3_ADDON: addon, RING3_DUMP_FILE: path },
    });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ring3-dump-'));
  });
  afterEach(async () => {
    await victim?.end();
    rmSync(folder, { recursive: true });
  });

  it('that cannot be: said at once, and dumps go to stderr', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const [path, why] of [
      [join(folder, 'none', 'dump'), 'its folder is not there (error 2)'],
      [folder, 'it is a folder (error 21)'],
      [pipe, 'nobody reads it (error 6)'],
    ] as const) {
      victim = await idle(path);
      assert.equal(
        victim.stderr(),
        `ring3: RING3_DUMP_FILE=${path}: ${why}; dumps go to stderr until it can be\n`,
      );
      process.kill(victim.pid, 'SIGQUIT');
      await victim.until(/dumpMs=/);
      assert.ok(
        victim.stderr().includes(`RING3_DUMP_FILE=${path}: ${why}; the dump follows\n\nring3Dump=1\n`),
      );
      await victim.end();
    }
  });

  it('on a full disk: why, and the dump on stderr', async () => {
    victim = await idle('/dev/full');
    process.kill(victim.pid, 'SIGQUIT');
    await victim.until(/dumpMs=/);
    assert.match(
      victim.stderr(),
      /^ring3: RING3_DUMP_FILE=\/dev\/full: there is no room \(error 28\); the dump follows\n/,
    );
  });

  it('that is moved away, or whose folder vanishes and comes back: the next dump is where it is looked for', async () => {
    const path = join(folder, 'logs', 'dump');
    mkdirSync(join(folder, 'logs'));
    victim = await idle(path);
    const dumpInto = async (file: string) => {
      process.kill(victim.pid, 'SIGQUIT');
      await until(() => existsSync(file) && /\ndumpMs=/.test(readFileSync(file, 'utf8')));
    };
    await dumpInto(path);
    renameSync(path, `${path}.1`);
    await dumpInto(path);
    assert.equal(readFileSync(`${path}.1`, 'utf8').match(/ring3Dump=1/g)?.length, 1);
    rmSync(join(folder, 'logs'), { recursive: true });
    process.kill(victim.pid, 'SIGQUIT');
    await victim.until(/dumpMs=/);
    assert.match(victim.stderr(), /its folder is not there \(error 2\); the dump follows/);
    mkdirSync(join(folder, 'logs'));
    await dumpInto(path);
  });
});

describe('askers', () => {
  let victim: Victim;
  const sockets: Socket[] = [];
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await victim.end();
  });
  const open = (pid: number, then: (socket: Socket) => void = () => {}) => {
    const socket = connect({ path: `\0ring3-diag-${pid}`.padEnd(108, '\0') });
    socket.on('error', () => {}); // its backlog may be full
    socket.on('connect', () => then(socket));
    sockets.push(socket);
  };

  it('a hundred who say nothing, or go on without an end of line, or never read: another one is answered', async () => {
    victim = await stuck('idle');
    for (let i = 0; i < 60; i++) open(victim.pid);
    for (let i = 0; i < 30; i++) open(victim.pid, (socket) => socket.write('dump '));
    for (let i = 0; i < 10; i++)
      open(victim.pid, (socket) => {
        socket.pause();
        socket.write(Buffer.alloc(1_000_000, 0x61));
      });
    // One after the other they would take ten seconds; sigdump() gives up after five.
    assert.equal((await sigdump({ pid: victim.pid })).pid, victim.pid);
  });
});
