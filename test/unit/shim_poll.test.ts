// SPDX-License-Identifier: MIT
/** Polls of Node's event task on pipes and sockets: what they report, and each misuse. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import koffi from 'koffi';
import { EventTask, Poll, PollEvents } from '../../shim/index.js';
import { DEADLINE_MS, until } from '../until.js';

const libc = koffi.load('libc.so.6');
const pipe2 = libc.func('int pipe2(_Out_ int *, int)');
const dup = libc.func('int dup(int)');
const NONBLOCK_CLOEXEC = 0o4000 | 0o2000000;

function makePipe(): [from: number, to: number] {
  const ends = [0, 0];
  assert.equal(pipe2(ends, NONBLOCK_CLOEXEC), 0);
  return ends as [number, number];
}

describe('Poll', () => {
  it('reports what is there until it is read, and the end', async () => {
    const [from, to] = makePipe();
    const byte = Buffer.alloc(1);
    let seen = 0;
    let ended = 0;
    const poll = new Poll(from, PollEvents.In, (events) => {
      if (events & PollEvents.In) seen += readSync(from, byte);
      if (events & PollEvents.Hup) {
        ended++;
        poll.remove();
        poll.remove();
      }
    });
    writeSync(to, 'abc');
    await until(() => seen === 3);
    closeSync(to);
    await until(() => ended === 1);
    closeSync(from);
    await sleep(5);
    assert.equal(ended, 1);
  });

  it('is edge-triggered when asked', async () => {
    const [from, to] = makePipe();
    let calls = 0;
    const poll = new Poll(from, PollEvents.In | PollEvents.EdgeTriggered, () => calls++);
    writeSync(to, 'a');
    await until(() => calls === 1);
    await sleep(5);
    assert.equal(calls, 1);
    writeSync(to, 'b');
    await until(() => calls === 2);
    poll.remove();
    closeSync(from);
    closeSync(to);
  });

  it('watches for other events after modify()', async () => {
    const [from, to] = makePipe();
    let calls = 0;
    const poll = new Poll(to, 0, () => {
      calls++;
      poll.modify(0);
    });
    await sleep(5);
    assert.equal(calls, 0);
    poll.modify(PollEvents.Out);
    await until(() => calls === 1);
    await sleep(5);
    assert.equal(calls, 1);
    poll.remove();
    assert.throws(() => poll.modify(PollEvents.Out), { code: 'ENOENT', syscall: 'epoll_ctl' });
    closeSync(from);
    closeSync(to);
  });

  it('refuses descriptors epoll does not take, each with its code', () => {
    const [from, to] = makePipe();
    const handler = () => undefined;
    const poll = new Poll(from, PollEvents.In, handler);
    assert.throws(() => new Poll(from, PollEvents.In, handler), { code: 'EEXIST' });
    poll.remove();
    closeSync(from);
    closeSync(to);
    assert.throws(() => new Poll(from, PollEvents.In, handler), { code: 'EBADF' });
    const file = openSync(join(tmpdir(), `ring3-poll-${process.pid}`), 'w');
    assert.throws(() => new Poll(file, PollEvents.In, handler), { code: 'EPERM' });
    closeSync(file);
    assert.throws(() => new Poll(-1, PollEvents.In, handler), /fd is -1, should be a whole number from 0/);
    assert.throws(() => new Poll(1.5, PollEvents.In, handler), TypeError);
    assert.throws(() => new Poll(0, 2 ** 33, handler), /events is/);
    assert.throws(() => new Poll(0, PollEvents.In, undefined as never), /handler is undefined/);
  });

  it('of a descriptor closed under it is quiet, and its number may serve another', async () => {
    const [from, to] = makePipe();
    const old = new Poll(from, PollEvents.In, () => assert.fail('the old poll was called'));
    closeSync(from);
    closeSync(to);
    assert.throws(() => old.modify(PollEvents.In), { code: 'EBADF' });
    // The lowest numbers free: the same two.
    const [again, writer] = makePipe();
    assert.equal(again, from);
    let seen = 0;
    const fresh = new Poll(again, PollEvents.In, () => (seen += readSync(again, Buffer.alloc(8))));
    writeSync(writer, 'x');
    await until(() => seen === 1);
    old.remove();
    writeSync(writer, 'y');
    await until(() => seen === 2);
    fresh.remove();
    closeSync(again);
    closeSync(writer);
  });

  it('of a descriptor closed while a duplicate lives does not keep the thread busy', async () => {
    const [from, to] = makePipe();
    const other = dup(from) as number;
    const poll = new Poll(from, PollEvents.In, () => assert.fail('called after it was removed'));
    closeSync(from);
    poll.remove();
    writeSync(to, 'x'); // readable for ever through the duplicate, which epoll still knows of
    await sleep(30);
    const before = EventTask.nodeStats.rounds;
    await sleep(60);
    assert(EventTask.nodeStats.rounds - before < 50, 'the event task runs without a pause');
    // And the set that was made anew works.
    const [fresh, writer] = makePipe();
    let seen = 0;
    const later = new Poll(fresh, PollEvents.In, () => (seen += readSync(fresh, Buffer.alloc(8))));
    writeSync(writer, 'abc');
    await until(() => seen === 3);
    later.remove();
    for (const fd of [other, to, fresh, writer]) closeSync(fd);
  });

  it('keeps the process alive unless told otherwise', () => {
    /** The status of a process with nothing but a poll, that exits by itself after @ms if it is still there. */
    const run = (options: string, ms: number) => {
      const script = `
        import { Poll, PollEvents } from './shim/index.ts';
        new Poll(0, PollEvents.In, () => undefined, ${options});
        setTimeout(() => process.exit(9), ${ms}).unref();`;
      return spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
        stdio: ['pipe', 'ignore', 'inherit'],
      }).status;
    };
    assert.equal(run('{ keepAlive: false }', DEADLINE_MS), 0);
    assert.equal(run('{}', 50), 9);
  });
});
