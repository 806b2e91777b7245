// SPDX-License-Identifier: MIT
/** `Target` as a program uses it, in this process. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Target, type TargetEvent, type TargetOptions } from '../../scst-port/index.js';
import { Initiator } from '../outside/initiator.js';
import { until } from '../until.js';

const LOOPBACK = ['127.0.0.1:0'];
const NAME = 'iqn.2026-11.dev.ring3.test:api';

describe('Target', () => {
  let target: Target | undefined;
  const events: TargetEvent[] = [];
  const start = async (options: Partial<TargetOptions> = {}) => {
    events.length = 0;
    target = await Target.start({
      disks: ['ram:8M'],
      listen: LOOPBACK,
      onEvent: (event) => events.push(event),
      ...options,
    });
    return target;
  };
  const event = async (name: TargetEvent['event']) => {
    await until(() => events.some((one) => one.event === name), `event ${name}`);
    return events.find((one) => one.event === name);
  };

  afterEach(async () => {
    await target?.stop({ timeoutMs: 0 });
    target = undefined;
  });

  it('starts, serves, tells, and stops; again and again in one process', async () => {
    for (let round = 0; round < 3; round++) {
      const { iqn, portals, luns } = await start();
      assert.deepEqual(
        luns.map(({ lun, name, size, provider }) => [lun, name, size, provider]),
        [[0, 'ram:8M', 8 << 20, 'ram']],
      );
      const peer = await Initiator.login(portals[0]!, iqn, { InitiatorName: NAME });
      peer.command([0, 0, 0, 0, 0, 0]);
      await peer.receive();
      peer.command([0x28, 0, 0, 0, 0, 0, 0, 0, 8, 0], { read: 4096 });
      assert.equal((await peer.receive())?.data.length, 4096);
      const [session, ...others] = await target!.sessions();
      assert.deepEqual(
        [session?.initiator.startsWith(NAME), session?.readBytes, session?.readCommands, others],
        [true, 4096, 1, []],
      );
      assert.ok(await event('login'));
      assert.equal(await target!.stop({ timeoutMs: 0 }), 1, 'one session was ended');
      assert.ok(await peer.ended());
      assert.ok(await event('logout'));
    }
  });

  it('ends one session, and no other', async () => {
    const { iqn, portals } = await start();
    const [one, two] = [
      await Initiator.login(portals[0]!, iqn, { InitiatorName: `${NAME}-1` }),
      await Initiator.login(portals[0]!, iqn, { InitiatorName: `${NAME}-2` }),
    ];
    assert.equal(await target!.closeSession(one.tsih), true);
    assert.ok(await one.ended());
    two.command([0x12, 0, 0, 0, 36, 0], { read: 36 });
    assert.equal((await two.receive())?.data.length, 36);
    await until(async () => !(await target!.closeSession(one.tsih)), 'it is gone');
    assert.equal((await target!.sessions()).length, 1);
    assert.equal(await target!.closeSession(60_000), false);
    two.close();
  });

  it('may be stopped twice, and throws when it is asked afterwards', async () => {
    await start();
    assert.deepEqual(await Promise.all([target!.stop(), target!.stop()]), [0, 0]);
    await assert.rejects(target!.sessions(), /is not loaded any more/);
    await assert.rejects(target!.closeSession(1), /is not loaded any more/);
    assert.equal(await target!.stop(), 0);
  });

  it('is asked while it stops: an answer or an error, no crash', async () => {
    await start();
    const asked = Array.from({ length: 50 }, () => target!.sessions().catch((error: Error) => error.message));
    await target!.stop();
    for (const answer of await Promise.all(asked))
      assert.ok(Array.isArray(answer) || /not loaded/.test(answer));
  });

  it('is one in a process', async () => {
    await start();
    await assert.rejects(
      Target.start({ disks: ['ram:1M'], listen: LOOPBACK }),
      /a target runs in this process already, there can be one/,
    );
    assert.equal((await target!.sessions()).length, 0, 'the first one is not disturbed');
  });

  it('that does not start leaves nothing: no port, no lock, no kernel', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ring3-api-'));
    const disk = join(folder, 'a.img');
    await start({ disks: [`${disk},size=1M`] });
    const [host, port] = target!.portals[0]!.split(':');
    await target!.stop();
    const busy = join(folder, 'none/b.img,size=1M');
    for (const options of [
      { disks: [disk, busy], listen: [`${host}:${port}`] },
      { disks: [disk, disk], listen: [`${host}:${port}`] },
      { disks: [disk], listen: [`${host}:${port}`], iqn: 'me' },
      { disks: [disk], listen: [`${host}:${port}`, '192.0.2.77:1'] },
    ]) {
      await assert.rejects(Target.start(options));
      const refused = await new Promise((resolve) => {
        const socket = connect({ host: host!, port: Number(port) }, () => resolve('open'));
        socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
      });
      assert.equal(refused, 'ECONNREFUSED');
    }
    await start({ disks: [disk], listen: [`${host}:${port}`] });
    assert.equal(statSync(disk).size, 1 << 20);
    await target!.stop();
    rmSync(folder, { recursive: true });
  });

  for (const [what, options, message] of [
    ['a name that is none', { iqn: 'me' }, /'me' is no name of a target/],
    ['half a thread', { threads: 1.5 }, /threads is 1\.5, should be a whole number from 0 to 256/],
    [
      'a short secret',
      { chap: { user: 'a', secret: 'short' } },
      /chap: the secret has 5 bytes, should have 12 to 255/,
    ],
    ['a long secret', { chap: { user: 'a', secret: 'x'.repeat(256) } }, /has 256 bytes/],
    ['no user', { chap: { user: '', secret: 'x'.repeat(12) } }, /chap: the user should have 1 to 223 bytes/],
    ['a user with a line break', { chap: { user: 'a\n', secret: 'x'.repeat(12) } }, /none of them control/],
    [
      'mutual chap alone',
      { mutualChap: { user: 'a', secret: 'x'.repeat(12) } },
      /mutual chap needs chap too/,
    ],
    ['an empty pattern', { initiators: [''] }, /'' is no pattern of initiator names/],
    [
      'an option that does not exist',
      { disk: ['ram:1M'] } as Partial<TargetOptions>,
      /there is no option "disk"; there are iqn, disks, size, .*onEvent$/,
    ],
    [
      'disks that are no array',
      { disks: 'ram:1M' as unknown as string[] },
      /disks is string, should be an array/,
    ],
    ['a listen address that is none', { listen: ['localhost'] }, /'localhost' is no address to listen on/],
  ] as [string, Partial<TargetOptions>, RegExp][])
    it(`refuses ${what}`, () =>
      assert.rejects(Target.start({ disks: ['ram:1M'], listen: LOOPBACK, ...options }), message));
});
