// SPDX-License-Identifier: MIT
/** What names itself in its own handler goes when nobody else holds it: native handlers are no roots. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { PollEvents } from '../../shim/events.js';
import { native } from '../../shim/native.js';
import { TcpListener } from '../../shim/socket.js';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

const COUNT = 500;

/** How many of those that @make makes are there after a collection. */
async function left(make: (i: number) => object): Promise<number> {
  const made: WeakRef<object>[] = [];
  for (let i = 0; i < COUNT; i++) made.push(new WeakRef(make(i)));
  for (let i = 0; i < 5; i++) {
    await sleep(5);
    gc();
  }
  return made.filter((one) => one.deref()).length;
}

describe('a native handler', () => {
  it('of a poll that was removed does not keep it', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
    const count = await left(() => {
      const poll = new native.NativePoll(fd, PollEvents.In, () => poll.remove(), false);
      poll.remove();
      return poll;
    });
    server.close();
    assert.ok(count < COUNT / 10, `${count} of ${COUNT} are left`);
  });

  it('of an alarm that has fired, was cancelled, or never armed does not keep it', async () => {
    let fired = 0;
    const count = await left((i) => {
      const alarm = new native.NativeAlarm(() => {
        fired++;
        alarm.cancel();
      }, false);
      if (i % 3) alarm.arm(1000, 0);
      if (i % 3 === 1) alarm.cancel();
      return alarm;
    });
    assert.ok(fired > COUNT / 4, `${fired} have fired`);
    assert.ok(count < COUNT / 10, `${count} of ${COUNT} are left`);
  });

  it('of a callback that has run, was cancelled, or never scheduled does not keep it', async () => {
    let ran = 0;
    const count = await left((i) => {
      const callback = new native.NativeCallback(() => {
        ran++;
        callback.cancel();
      });
      if (i % 3) callback.schedule(false);
      if (i % 3 === 1) callback.cancel();
      return callback;
    });
    assert.ok(ran > COUNT / 4, `${ran} have run`);
    assert.ok(count < COUNT / 10, `${count} of ${COUNT} are left`);
  });

  it('of one that is armed keeps it', async () => {
    let fired = 0;
    for (let i = 0; i < COUNT; i++) new native.NativeAlarm(() => fired++, false).arm(30_000_000, 0);
    gc();
    await sleep(60);
    gc();
    assert.equal(fired, COUNT);
  });
});

describe('a socket', () => {
  it('that waited leaves nothing behind', async () => {
    const listener = TcpListener.listen('127.0.0.1', 0);
    const { connect } = await import('node:net');
    const round = async () => {
      const accepted = listener.accept();
      const client: Socket = connect(listener.port, '127.0.0.1');
      await once(client, 'connect');
      const socket = await accepted;
      const answer = socket.readExactly(4);
      client.write('ping');
      await answer;
      socket.close();
      client.destroy();
    };
    const heap = async () => {
      await sleep(20);
      gc();
      gc();
      return process.memoryUsage().heapUsed;
    };
    for (let i = 0; i < 300; i++) await round();
    const before = await heap();
    for (let i = 0; i < 2000; i++) await round();
    const grown = (await heap()) - before;
    listener.close();
    assert.ok(grown < 2000 * 200, `${grown} bytes more after 2000 connections`);
  });
});
