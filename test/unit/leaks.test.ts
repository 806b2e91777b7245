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
import { until } from '../until.js';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

const COUNT = 500;

/** Nearly all of those that @make makes go, once @over. */
async function go(make: (i: number) => object, over = () => true): Promise<void> {
  const made: WeakRef<object>[] = [];
  for (let i = 0; i < COUNT; i++) made.push(new WeakRef(make(i)));
  await until(over);
  const left = () => made.filter((one) => one.deref()).length;
  await until(
    async () => {
      gc();
      await sleep(5); // a WeakRef that was looked at holds until this turn is over
      return left() < COUNT / 10;
    },
    () => `${left()} of ${COUNT} are left`,
  );
}

describe('a native handler', () => {
  it('of a poll that was removed does not keep it', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
    await go(() => {
      const poll = new native.NativePoll(fd, PollEvents.In, () => poll.remove(), false);
      poll.remove();
      return poll;
    });
    server.close();
  });

  it('of an alarm that has fired, was cancelled, or never armed does not keep it', async () => {
    let fired = 0;
    const make = (i: number) => {
      const alarm = new native.NativeAlarm(() => {
        fired++;
        alarm.cancel();
      }, false);
      if (i % 3) alarm.arm(1000, 0);
      if (i % 3 === 1) alarm.cancel();
      return alarm;
    };
    await go(make, () => fired === Math.floor(COUNT / 3));
  });

  it('of a callback that has run, was cancelled, or never scheduled does not keep it', async () => {
    let ran = 0;
    const make = (i: number) => {
      const callback = new native.NativeCallback(() => {
        ran++;
        callback.cancel();
      });
      if (i % 3) callback.schedule(false);
      if (i % 3 === 1) callback.cancel();
      return callback;
    };
    await go(make, () => ran === Math.floor(COUNT / 3));
  });

  it('of one that is armed keeps it', async () => {
    let fired = 0;
    for (let i = 0; i < COUNT; i++) new native.NativeAlarm(() => fired++, false).arm(30_000_000, 0);
    gc();
    await until(() => fired === COUNT);
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
