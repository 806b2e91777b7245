// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TargetEvent } from '../../scst-port/daemon/events.js';
import { Gate, Guests } from '../../scst-port/daemon/guests.js';
import { LoginError } from '../../scst-port/daemon/login-error.js';
import {
  formatAddress,
  HANDOFFS_MAX,
  isLoopback,
  isWildcard,
  Portals,
  type PortalsOptions,
  parseListen,
} from '../../scst-port/daemon/portals.js';
import { SessionTable } from '../../scst-port/daemon/sessions.js';
import { Initiator, Op } from '../outside/initiator.js';
import { until } from '../until.js';
import { NAME, TARGET } from './peer.js';

describe('an address to listen on', () => {
  for (const [text, address, port] of [
    ['127.0.0.1:3260', '127.0.0.1', 3260],
    ['127.0.0.1', '127.0.0.1', 3260],
    ['0.0.0.0:0', '0.0.0.0', 0],
    ['10.1.2.3:65535', '10.1.2.3', 65_535],
    ['[::1]:3260', '::1', 3260],
    ['[::]', '::', 3260],
    ['[fe80::1]:1', 'fe80::1', 1],
  ] as const)
    it(`may be ${text}`, () => assert.deepEqual(parseListen(text), { address, port }));

  for (const text of [
    '',
    ':3260',
    '3260',
    'localhost:3260',
    '127.0.0.1:',
    '127.0.0.1:65536',
    '127.0.0.1:-1',
    '127.0.0.1:http',
    '127.0.0.1:3260:1',
    '256.0.0.1:3260',
    '127.1:3260',
    '::1',
    '::1:3260',
    '[::1',
    '[::1]3260',
    '[127.0.0.1]:3260',
    '[::ffff:127.0.0.1]:3260',
    '[fe80::1%eth0]:3260',
    '[]:3260',
    ' 127.0.0.1:3260',
    '127.0.0.1:3260\n',
  ])
    it(`cannot be ${JSON.stringify(text)}`, () =>
      assert.throws(
        () => parseListen(text),
        /is no address to listen on; expected such as 127\.0\.0\.1:3260 or \[::1\]/,
      ));

  it('comes back from its text', () => {
    for (const text of ['127.0.0.1:3260', '[::1]:3260', '0.0.0.0:1'])
      assert.equal(formatAddress(parseListen(text)), text);
  });
  it('is loopback, or all addresses, or neither', () => {
    for (const address of ['127.0.0.1', '127.9.9.9', '::1', '0:0:0:0:0:0:0:1', '0000::0001'])
      assert.deepEqual([address, isLoopback(address), isWildcard(address)], [address, true, false]);
    for (const address of ['0.0.0.0', '::', '0:0:0:0:0:0:0:0'])
      assert.deepEqual([address, isLoopback(address), isWildcard(address)], [address, false, true]);
    for (const address of ['10.0.0.1', '128.0.0.1', 'fe80::1', '::2', '1::1', '::1:1', '::ffff:1'])
      assert.deepEqual([address, isLoopback(address), isWildcard(address)], [address, false, false]);
  });
});

describe('the table of guests', () => {
  it('ends the longest silent one at the limit', () => {
    const table = new Guests(3);
    const [a, b, c] = [table.enter(), table.enter(), table.enter()];
    a.heard();
    const d = table.enter();
    assert.deepEqual(
      [a, b, c, d].map((guest) => guest.signal.aborted),
      [false, true, false, false],
    );
    assert.match(String(b.signal.reason), /ended for a newer connection, 3 are served at once/);
    assert.equal(table.size, 3);
  });
  it('ends the oldest where none is silent', () => {
    const table = new Guests(2);
    const [a, b] = [table.enter(), table.enter()];
    for (const guest of [b, a]) guest.heard();
    const c = table.enter();
    assert.deepEqual(
      [a, b, c].map((guest) => guest.signal.aborted),
      [false, true, false],
    );
  });
  it('has a place again when one leaves, twice even', () => {
    const table = new Guests(1);
    const a = table.enter();
    a.leave();
    a.leave();
    const b = table.enter();
    assert.deepEqual(
      [a, b].map((guest) => guest.signal.aborted),
      [false, false],
    );
    assert.equal(table.size, 1);
  });
  it('does not take back one that it ended', () => {
    const table = new Guests(1);
    const a = table.enter();
    table.enter();
    a.heard();
    a.leave();
    assert.equal(table.size, 1);
  });
  it('ends one at its deadline, the latest counts', async () => {
    const guest = new Guests(1).enter();
    guest.deadline(5, 'early');
    guest.deadline(600_000, 'late');
    await sleep(15);
    assert.equal(guest.signal.aborted, false);
    guest.deadline(5, 'last');
    await until(() => guest.signal.aborted);
    assert.match(String(guest.signal.reason), /last/);
  });
  it('ends all', () => {
    const table = new Guests(3);
    const all = [table.enter(), table.enter()];
    all[1]!.heard();
    table.abort(new Error('over'));
    assert.ok(all.every((guest) => guest.signal.aborted));
    for (const guest of all) guest.leave();
  });
});

describe('a gate', () => {
  it('lets so many in at once, then one for one, in order', async () => {
    const gate = new Gate(2);
    const order: number[] = [];
    const { signal } = new AbortController();
    const all = [1, 2, 3, 4].map((n) => gate.enter(signal).then(() => order.push(n)));
    await sleep(1);
    assert.deepEqual(order, [1, 2]);
    gate.leave();
    await sleep(1);
    assert.deepEqual(order, [1, 2, 3]);
    gate.leave();
    await Promise.all(all);
    assert.deepEqual(order, [1, 2, 3, 4]);
    gate.leave();
    gate.leave();
    await gate.enter(signal);
    await gate.enter(signal);
  });
  it('does not wait for who has gone', async () => {
    const gate = new Gate(1);
    const stay = new AbortController();
    const go = new AbortController();
    await gate.enter(stay.signal);
    const gone = gate.enter(go.signal);
    const next = gate.enter(stay.signal);
    go.abort(new Error('too late'));
    await assert.rejects(gone, /too late/);
    await assert.rejects(gate.enter(go.signal), /too late/);
    gate.leave();
    await next;
  });
});

describe('the table of sessions', () => {
  it('gives each another identity, none twice at once', () => {
    const table = new SessionTable();
    assert.deepEqual([table.reserve(), table.reserve(), table.reserve()], [1, 2, 3]);
    table.release(2);
    assert.equal(table.reserve(), 4, 'the longest unused comes first');
    assert.equal(table.size, 3);
  });
  it('has 65535, then none', () => {
    const table = new SessionTable();
    const seen = new Set(Array.from({ length: 65_535 }, () => table.reserve()));
    assert.ok(seen.size === 65_535 && !seen.has(0));
    assert.throws(() => table.reserve(), LoginError);
    table.release(777);
    assert.equal(table.reserve(), 777);
  });
  it('knows those that are described', () => {
    const table = new SessionTable();
    const tsih = table.reserve();
    assert.deepEqual([...table.known()], []);
    const info = { tsih, initiator: NAME, peer: 'p', portal: 'q', user: '', since: 0 };
    table.describe(info);
    assert.deepEqual([[...table.known()], table.get(tsih)], [[info], info]);
    assert.equal(table.release(tsih), info);
    assert.equal(table.release(tsih), undefined);
  });
});

/** The front door with real sockets, and no kernel side behind it. */
describe('portals', () => {
  let portals: Portals;
  let events: TargetEvent[];
  let sessions: SessionTable;

  function open(more: Partial<PortalsOptions> = {}, listen = ['127.0.0.1:0']) {
    events = [];
    sessions = new SessionTable();
    portals = Portals.listen(listen.map(parseListen));
    portals.serve({
      iqn: TARGET,
      policy: { digests: ['None'], hasTarget: (name) => name === TARGET },
      sessions,
      handoff: async () => -12,
      tell: (event) => events.push(event),
      ...more,
    });
    return portals.addresses[0]!;
  }
  const told = async () => {
    await until(() => events.length > 0, 'an event');
    return events[0];
  };
  afterEach(() => portals?.stop());

  for (const [errno, status, reason] of [
    [2, 0x0203, /the target is gone/],
    [12, 0x0302, /no memory/],
    [13, 0x0202, /not allowed here/],
    [16, 0x0302, /old session does not end/],
    [24, 0x0302, /limit of sessions/],
    [5, 0x0300, /refuses it \(errno 5\)/],
  ] as const)
    it(`tells the initiator status ${status.toString(16)} when the kernel side says errno ${errno}`, async () => {
      const peer = await Initiator.connect(open({ handoff: async () => -errno }));
      const answer = await peer.loginRequest({ InitiatorName: NAME, TargetName: TARGET });
      assert.equal(answer?.loginStatus, status);
      assert.ok(await peer.ended());
      const event = await told();
      assert.ok(event?.event === 'refused');
      assert.deepEqual([event.initiator, event.status], [NAME, `0x${status.toString(16).padStart(4, '0')}`]);
      assert.match(event.reason, reason);
      assert.match(event.peer, /^127\.0\.0\.1:\d+$/);
      assert.equal(sessions.size, 0, 'its identity is free again');
    });

  it('queues hand-offs beyond their limit, instead of refusing them', async () => {
    let at = 0;
    let most = 0;
    const portal = open({
      handoff: async () => {
        most = Math.max(most, ++at);
        await until(() => most >= HANDOFFS_MAX);
        await sleep(20); // time for one too many
        at--;
        return -2;
      },
    });
    const statuses = await Promise.all(
      Array.from({ length: 200 }, async () => {
        const peer = await Initiator.connect(portal);
        return (await peer.loginRequest({ InitiatorName: NAME, TargetName: TARGET }))?.loginStatus;
      }),
    );
    assert.deepEqual([new Set(statuses), most], [new Set([0x0203]), HANDOFFS_MAX]);
  });
  it('ends who queues for longer than a login may take', async () => {
    const held: (() => void)[] = [];
    const portal = open({
      timeoutMs: 2000,
      handoff: () => new Promise((resolve) => held.push(() => resolve(-2))),
    });
    const peers = await Promise.all(
      Array.from({ length: HANDOFFS_MAX + 1 }, async () => {
        const peer = await Initiator.connect(portal);
        return [peer, peer.loginRequest({ InitiatorName: NAME, TargetName: TARGET })] as const;
      }),
    );
    const event = await told();
    assert.ok(event?.event === 'refused');
    assert.equal(event.reason, 'no login within 2 s');
    for (const go of held) go();
    const statuses = await Promise.all(peers.map(async ([, answer]) => (await answer)?.loginStatus));
    assert.equal(statuses.filter((status) => status === 0x0302).length, 1);
  });

  it('ends who says nothing', async () => {
    const peer = await Initiator.connect(open({ timeoutMs: 100 }));
    assert.ok(await peer.ended());
    const event = await told();
    assert.ok(event?.event === 'refused');
    assert.deepEqual([event.reason, event.status, event.initiator], ['no login within 0.1 s', '', '']);
  });
  it('ends who says a byte now and then', async () => {
    const peer = await Initiator.connect(open({ timeoutMs: 200 }));
    const timer = setInterval(() => peer.raw(Buffer.alloc(1, 0x43)), 20);
    assert.ok(await peer.ended());
    clearInterval(timer);
  });
  it('ends who logs in and says no more, in discovery too', async () => {
    const peer = await Initiator.connect(open());
    await peer.loginRequest({ InitiatorName: NAME, SessionType: 'Discovery' });
    await portals.stop();
    assert.ok(await peer.ended());
  });
  it('tells those that log in while it stops', async () => {
    const peer = await Initiator.connect(open());
    peer.send({
      opcode: Op.Login,
      flags: 4,
      itt: 1,
      words: { 8: 0x80000001 },
      data: Buffer.from(`InitiatorName=${NAME}\0TargetName=${TARGET}\0`),
    });
    assert.equal((await peer.receive())?.loginStatus, 0);
    await portals.stop();
    const last = await peer.receive();
    assert.ok(last === undefined || last.loginStatus === 0x0301);
    assert.ok(await peer.ended());
    assert.match(String(((await told()) as { reason?: string }).reason), /the target stops/);
  });
  it('names in discovery the address that was used, where all are listened on', async () => {
    const portal = open({}, ['0.0.0.0:0', '127.0.0.1:0']);
    const port = portal.split(':')[1];
    const peer = await Initiator.connect(`127.0.0.2:${port}`);
    await peer.loginRequest({ InitiatorName: NAME, SessionType: 'Discovery' });
    peer.send({
      opcode: Op.Text,
      itt: 2,
      words: { 20: 0xffffffff, 24: 2 },
      data: Buffer.from('SendTargets=All\0'),
    });
    assert.equal(
      (await peer.receive())?.data.toString(),
      `TargetName=${TARGET}\0TargetAddress=127.0.0.2:${port},1\0TargetAddress=${portals.addresses[1]},1\0`,
    );
    peer.close();
  });

  describe('on a port that is in use', () => {
    let server: Server;
    afterEach(() => server.close());
    it('takes none at all, and says which one it is', async () => {
      server = createServer();
      const used = await new Promise<number>((resolve) =>
        server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
      );
      assert.throws(
        () =>
          Portals.listen([
            { address: '127.0.0.1', port: 0 },
            { address: '127.0.0.1', port: used },
          ]),
        (error: NodeJS.ErrnoException) => {
          assert.equal(error.code, 'EADDRINUSE');
          assert.ok(error.message.includes(`127.0.0.1:${used}`), error.message);
          return true;
        },
      );
    });
  });
});
