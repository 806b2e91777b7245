// SPDX-License-Identifier: MIT
/** The front door of a real process: who is let in, who is not, and what it is told. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Initiator, Op, toKeys } from '../outside/initiator.js';
import { findProgram, runProgram, TargetProcess } from '../outside/target.js';
import { until } from '../until.js';

const TEST_UNIT_READY = [0, 0, 0, 0, 0, 0];
const READ_10 = (lba: number, blocks: number) => [0x28, 0, 0, 0, 0, lba, 0, blocks >> 8, blocks & 255, 0];
const WRITE_10 = (lba: number, blocks: number) => [0x2a, 0, 0, 0, 0, lba, 0, blocks >> 8, blocks & 255, 0];
const NAME = 'iqn.2026-11.dev.ring3.test:login';

let target: TargetProcess;

/** A neighbour logs in and reads: the target serves as before. */
async function serves(keys: Record<string, string> = {}): Promise<void> {
  assert.ok(target.alive, target.stderr);
  const peer = await Initiator.login(target.portal, target.iqn, {
    InitiatorName: `${NAME}-neighbour`,
    ...keys,
  });
  peer.command(TEST_UNIT_READY);
  await peer.receive();
  peer.command(READ_10(0, 1), { read: 512 });
  assert.equal((await peer.receive())?.data.length, 512);
  peer.close();
}

const discover = (keys: Record<string, string> = {}) => ({
  InitiatorName: NAME,
  SessionType: 'Discovery',
  ...keys,
});

async function sendTargets(portal: string, value: string): Promise<string[]> {
  const peer = await Initiator.connect(portal);
  assert.equal((await peer.loginRequest(discover()))?.loginStatus, 0);
  const words = { 20: 0xffffffff, 24: 2, 28: peer.expStatSn };
  peer.send({ opcode: Op.Text, itt: 2, words, data: Buffer.from(`SendTargets=${value}\0`) });
  const answer = await peer.receive();
  assert.equal(answer?.opcode, Op.TextResponse);
  peer.close();
  return answer.data.toString().split('\0').filter(Boolean);
}

describe('CHAP', () => {
  const [secret, mutualSecret] = ['a_secret_of_20_bytes', 'another_secret_of_24_byt'];
  const mutual = { user: 'target', secret: mutualSecret };
  let folder: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ring3-chap-'));
    writeFileSync(join(folder, 'ours'), `${secret}\n`, { mode: 0o600 });
    writeFileSync(join(folder, 'theirs'), mutualSecret, { mode: 0o600 });
    const args = [
      '--chap',
      `alice:${join(folder, 'ours')}`,
      '--mutual-chap',
      `target:${join(folder, 'theirs')}`,
    ];
    target = await TargetProcess.start(['ram:16M'], { args });
  });
  after(async () => {
    assert.equal(await target.stop(), 0, target.stderr);
    rmSync(folder, { recursive: true });
  });

  for (const [algorithm, hash] of [
    ['5', 'MD5'],
    ['6', 'SHA1'],
    ['7', 'SHA-256'],
    ['8', 'SHA3-256'],
  ] as const)
    for (const both of [false, true])
      it(`with ${hash}${both ? ', both ways,' : ''} lets in who knows the secret, and its reads`, async () => {
        const peer = await Initiator.connect(target.portal);
        const options = { algorithms: algorithm, ...(both ? { mutual } : {}) };
        const last = await peer.chapLogin(target.iqn, 'alice', secret, options);
        assert.equal(last?.loginStatus, 0);
        peer.command(TEST_UNIT_READY);
        await peer.receive();
        peer.command(READ_10(0, 1), { read: 512 });
        assert.equal((await peer.receive())?.data.length, 512);
        peer.close();
        assert.ok(await target.event('login', { user: 'alice' }));
      });

  for (const [what, user, password, options, reason] of [
    ['a wrong secret', 'alice', 'a_secret_of_20_bytex', {}, /CHAP of user 'alice' is wrong/],
    ['another user', 'bob', secret, {}, /CHAP of user 'bob' is wrong/],
    ['no user', '', secret, {}, /CHAP of user '' is wrong/],
    ['an algorithm that is none', 'alice', secret, { algorithms: '4,9' }, /CHAP_A is '4,9', one of 5,6,7,8/],
    ['its own challenge', 'alice', secret, { reflect: true }, /sent our own challenge back/],
  ] as const)
    it(`refuses ${what}`, async () => {
      const peer = await Initiator.connect(target.portal);
      assert.equal((await peer.chapLogin(target.iqn, user, password, options))?.loginStatus, 0x0201);
      assert.ok(await peer.ended());
      assert.ok(
        await target.event('refused', { reason, status: '0x0201' }),
        JSON.stringify(target.events.at(-1)),
      );
      assert.ok(!JSON.stringify(target.events).includes(secret), 'the secret is in no event');
    });

  for (const [what, keys, stage] of [
    ['goes to the operational stage at once', {}, { csg: 1, to: 3 }],
    ['leaves AuthMethod out', {}, { csg: 0, to: 3 }],
    ['offers None', { AuthMethod: 'None' }, { csg: 0, to: 1 }],
    ['only discovers', { SessionType: 'Discovery' }, { csg: 1, to: 3 }],
  ] as const)
    it(`refuses who ${what}`, async () => {
      const peer = await Initiator.connect(target.portal);
      const names = { InitiatorName: NAME, TargetName: target.iqn };
      assert.equal((await peer.loginRequest({ ...names, ...keys }, 1, stage))?.loginStatus, 0x0201);
      assert.ok(await peer.ended());
    });

  for (const [what, login, query, right] of [
    ['the right secret', `alice%${secret}@`, '', true],
    ['both secrets', `alice%${secret}@`, `?target_user=target&target_password=${mutualSecret}`, true],
    ['a wrong secret', 'alice%a_wrong_secret_of_24@', '', false],
    ['no secret', '', '', false],
    [
      'a wrong secret of ours',
      `alice%${secret}@`,
      '?target_user=target&target_password=wrong_wrong_wrong',
      false,
    ],
  ] as const)
    it(`${right ? 'lets libiscsi in' : 'does not satisfy libiscsi'} with ${what}`, async function () {
      if (!findProgram('iscsi-ls')) this.skip();
      const listed = await runProgram('iscsi-ls', ['-s', `iscsi://${login}${target.portal}/${query}`]);
      assert.equal(listed.status === 0 && /Lun:0/.test(listed.output), right, listed.output);
      const inquiry = await runProgram('iscsi-inq', [
        `iscsi://${login}${target.portal}/${target.iqn}/0${query}`,
      ]);
      assert.equal(inquiry.status === 0, right, inquiry.output);
      if (!right) assert.match(inquiry.output, /[Aa]uthentication fail/);
    });
});

describe('digests', () => {
  afterEach(async () => {
    assert.equal(await target.stop(), 0, target.stderr);
  });

  for (const [header, data] of [
    ['CRC32C', 'None'],
    ['None', 'CRC32C'],
    ['CRC32C', 'CRC32C'],
  ])
    it(`header ${header}, data ${data}: what is written is read back`, async () => {
      target = await TargetProcess.start(['ram:16M']);
      const peer = await Initiator.login(target.portal, target.iqn, {
        HeaderDigest: header!,
        DataDigest: data!,
      });
      assert.deepEqual(peer.digests, { header: header === 'CRC32C', data: data === 'CRC32C' });
      peer.command(TEST_UNIT_READY);
      await peer.receive();
      const block = randomBytes(4096);
      peer.command(WRITE_10(8, 8), { write: 4096, data: block });
      assert.equal((await peer.receive())?.status, 0);
      peer.command(READ_10(8, 8), { read: 4096 });
      const parts: Buffer[] = [];
      for (let pdu = await peer.receive(); pdu?.opcode === Op.DataIn; pdu = await peer.receive()) {
        parts.push(pdu.data);
        if (pdu.flags & 1) break;
      }
      assert.ok(Buffer.concat(parts).equals(block));
      peer.close();
    });

  it('ends a connection with a wrong header digest, the others live on', async () => {
    target = await TargetProcess.start(['ram:16M']);
    const peer = await Initiator.login(target.portal, target.iqn, { HeaderDigest: 'CRC32C' });
    peer.digests = { header: false, data: false };
    peer.send({ opcode: Op.NopOut, itt: 4, words: { 20: 0xffffffff, 24: 1 } });
    peer.raw(Buffer.from([1, 2, 3, 4]));
    assert.ok(await peer.ended());
    assert.match(String((await target.event('logout'))?.reason), /digest/);
    await serves();
  });

  it('answers a wrong data digest with a Reject, or ends that connection', async () => {
    target = await TargetProcess.start(['ram:16M']);
    const peer = await Initiator.login(target.portal, target.iqn, { DataDigest: 'CRC32C' });
    peer.command(TEST_UNIT_READY);
    await peer.receive();
    peer.digests = { header: false, data: false };
    peer.command(WRITE_10(0, 1), { write: 512, data: Buffer.alloc(512, 7) });
    peer.raw(Buffer.from([1, 2, 3, 4]));
    const answer = await peer.receive();
    assert.ok(answer === undefined || answer.opcode === Op.Reject || answer.status !== 0);
    if (answer?.opcode === Op.Reject) assert.equal(answer.header[2], 2, 'Data (payload) digest error');
    peer.close();
    await serves();
  });

  it('are required by --digest crc32c, and libiscsi offers header digests alone', async function () {
    target = await TargetProcess.start(['ram:16M'], { args: ['--digest', 'crc32c'] });
    const peer = await Initiator.connect(target.portal);
    assert.equal(
      (await peer.loginRequest({ InitiatorName: NAME, TargetName: target.iqn }))?.loginStatus,
      0x0200,
    );
    await serves({ HeaderDigest: 'CRC32C', DataDigest: 'CRC32C' });
    if (!findProgram('iscsi-inq')) this.skip();
    const done = await runProgram('iscsi-inq', [`${target.url()}?header_digest=crc32c`]);
    assert.notEqual(done.status, 0);
    assert.ok(await target.event('refused', { initiator: /libiscsi/, reason: /CRC32C is required/ }));
  });

  it('are refused by --digest none', async () => {
    target = await TargetProcess.start(['ram:16M'], { args: ['--digest', 'none'] });
    const peer = await Initiator.connect(target.portal);
    const answer = await peer.loginRequest({
      InitiatorName: NAME,
      TargetName: target.iqn,
      HeaderDigest: 'CRC32C,None',
      DataDigest: 'CRC32C',
    });
    assert.deepEqual(
      [toKeys(answer!.data).HeaderDigest, toKeys(answer!.data).DataDigest],
      ['None', 'Reject'],
    );
    peer.close();
  });

  it('of libiscsi and qemu are right', async function () {
    if (!findProgram('qemu-io') || !findProgram('iscsi-readcapacity16')) this.skip();
    target = await TargetProcess.start(['ram:16M']);
    const url = `${target.url()}?header_digest=crc32c`;
    const capacity = await runProgram('iscsi-readcapacity16', [url]);
    assert.equal(capacity.status, 0, capacity.output);
    const commands = ['write -P 0x5a 1M 3M', 'read -P 0x5a 1M 3M', 'flush'].flatMap((one) => ['-c', one]);
    const io = await runProgram('qemu-io', [
      ...['--image-opts', ...commands],
      `driver=iscsi,transport=tcp,portal=${target.portal},target=${target.iqn},lun=0,header-digest=crc32c`,
    ]);
    assert.equal(io.status, 0, io.output);
    assert.doesNotMatch(io.output, /[Ff]ailed|error/);
  });
});

describe('the front door', () => {
  const peers: Initiator[] = [];
  const knock = async () => {
    const peer = await Initiator.connect(target.portal);
    peers.push(peer);
    return peer;
  };

  before(async () => {
    const args = ['--listen', '[::1]:0', '--listen', '127.0.0.2:0', '--threads', '2'];
    target = await TargetProcess.start(['ram:16M', 'ram:16M,blocksize=4096'], {
      args: [...args, '--iqn', 'iqn.2026-11.dev.ring3.test:Door', '--initiator', `${NAME}*`],
    });
  });
  after(async () => {
    assert.equal(await target.stop(), 0, target.stderr);
  });
  afterEach(async () => {
    for (const peer of peers.splice(0)) peer.close();
    await serves();
  });

  it('is open at every address it was given, IPv6 too, and serves at each', async () => {
    const { portals } = target.ready;
    assert.equal(portals.length, 3);
    assert.match(portals[1]!, /^\[::1\]:\d+$/);
    assert.match(portals[2]!, /^127\.0\.0\.2:\d+$/);
    for (const portal of portals) {
      const peer = await Initiator.login(portal, target.iqn, { InitiatorName: NAME });
      peer.command(TEST_UNIT_READY);
      assert.equal((await peer.receive())?.opcode, Op.ScsiResponse);
      peer.close();
      assert.ok(await target.event('login', { portal }));
    }
  });
  it('serves libiscsi by IPv6', async function () {
    if (!findProgram('iscsi-inq')) this.skip();
    const url = `iscsi://${target.ready.portals[1]}/${target.iqn}/0`;
    const done = await runProgram('iscsi-inq', ['-i', NAME, url]);
    assert.equal(done.status, 0, done.output);
  });

  it('names the target and all its portals in discovery, at each of them', async () => {
    const { portals } = target.ready;
    const expected = [`TargetName=${target.iqn}`, ...portals.map((portal) => `TargetAddress=${portal},1`)];
    for (const portal of portals) {
      assert.deepEqual(await sendTargets(portal, 'All'), expected);
      assert.deepEqual(await sendTargets(portal, target.iqn), expected);
      assert.deepEqual(await sendTargets(portal, 'iqn.2001-04.com.example:other'), []);
    }
    const discoveries = () => target.events.filter(({ event }) => event === 'discovery').length;
    await until(() => discoveries() >= 9);
    assert.equal(discoveries(), 9);
    assert.ok(
      !target.events.some(({ event }) => event === 'refused'),
      'who leaves without a logout is not refused',
    );
  });
  it('folds its name, and takes it in capitals', async () => {
    assert.equal(target.iqn, 'iqn.2026-11.dev.ring3.test:door');
    const peer = await Initiator.login(target.portal, target.iqn.toUpperCase(), { InitiatorName: NAME });
    peer.close();
  });

  it('refuses an initiator whose name does not match', async () => {
    const peer = await knock();
    const keys = { InitiatorName: 'iqn.2001-04.com.example:other', TargetName: target.iqn };
    assert.equal((await peer.loginRequest(keys))?.loginStatus, 0x0202);
    assert.ok(await peer.ended());
    const told = await target.event('refused', { initiator: keys.InitiatorName });
    assert.deepEqual([told?.reason, told?.status], ['this initiator is not allowed here', '0x0202']);
  });
  it('refuses another target', async () => {
    const peer = await knock();
    const keys = { InitiatorName: NAME, TargetName: `${target.iqn}x` };
    assert.equal((await peer.loginRequest(keys))?.loginStatus, 0x0203);
    assert.ok(await peer.ended());
  });

  for (const [what, bytes, reason] of [
    ['random bytes', randomBytes(4096), /./],
    [
      'HTTP',
      Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: test\r\n\r\n'),
      /opcode is 0x7, should be 0x3/,
    ],
    ['zeroes', Buffer.alloc(48), /opcode is 0x0, should be 0x3/],
    ['all ones', Buffer.alloc(4096, 0xff), /opcode is 0x3f, should be 0x3/],
    [
      'a SCSI command',
      Buffer.concat([Buffer.from([1, 0xc1]), Buffer.alloc(46)]),
      /opcode is 0x1, should be 0x3/,
    ],
  ] as const)
    it(`ends a connection that begins with ${what}`, async () => {
      target.events.length = 0;
      const peer = await knock();
      peer.raw(bytes);
      assert.ok(await peer.ended());
      assert.ok(await target.event('refused', { reason }), JSON.stringify(target.events));
    });

  it('notes who leaves in the middle', async () => {
    const peer = await knock();
    peer.raw(Buffer.alloc(20, 0x43));
    await sleep(50);
    peer.close();
    assert.ok(
      await target.event('refused', {
        reason: 'it left before it was logged in, 20 of 48 bytes of a PDU came',
      }),
    );
  });

  it('lets one in while 1000 connections say nothing, and does not grow by them', async () => {
    const rss = () => Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${target.pid}/status`, 'utf8'))![1]);
    const before = rss();
    for (let i = 0; i < 10; i++) await Promise.all(Array.from({ length: 100 }, knock));
    await serves();
    assert.ok(rss() - before < 64 * 1024, `${rss() - before} KiB more`);
    assert.ok(
      await target.event('refused', { reason: /ended for a newer connection, 256 are served at once/ }),
    );
  });

  it('serves 64 sessions at once, each with its own blocks', async () => {
    const all = await Promise.all(
      Array.from({ length: 64 }, async (_, i) => {
        const peer = await Initiator.login(target.portal, target.iqn, { InitiatorName: `${NAME}-${i}` });
        peers.push(peer);
        peer.command(TEST_UNIT_READY);
        await peer.receive();
        return peer;
      }),
    );
    assert.equal(new Set(all.map(({ tsih }) => tsih)).size, 64);
    await Promise.all(
      all.map(async (peer, i) => {
        peer.command(WRITE_10(i, 1), { write: 512, data: Buffer.alloc(512, i) });
        assert.equal((await peer.receive())?.status, 0);
      }),
    );
    await Promise.all(
      all.map(async (peer, i) => {
        peer.command(READ_10(i, 1), { read: 512 });
        assert.ok((await peer.receive())?.data.equals(Buffer.alloc(512, i)));
      }),
    );
  });

  it('reinstates a session: the same name and ISID end the old one', async () => {
    const [one, two] = [await knock(), await knock()];
    const keys = { InitiatorName: `${NAME}-again`, TargetName: target.iqn };
    const first = await one.loginRequest(keys, 9);
    const second = await two.loginRequest(keys, 9);
    assert.deepEqual([first?.loginStatus, second?.loginStatus], [0, 0]);
    assert.ok(await one.ended());
    two.command(TEST_UNIT_READY);
    assert.equal((await two.receive())?.opcode, Op.ScsiResponse);
    const told = await target.event('logout', { initiator: keys.InitiatorName });
    assert.match(String(told?.reason), /reinstate|replace|new/i);
  });
  it('keeps two sessions of one name with two ISIDs', async () => {
    const [one, two] = [await knock(), await knock()];
    const keys = { InitiatorName: `${NAME}-two`, TargetName: target.iqn };
    await one.loginRequest(keys, 9);
    await two.loginRequest(keys, 10);
    for (const peer of [one, two]) {
      peer.command(TEST_UNIT_READY);
      assert.equal((await peer.receive())?.opcode, Op.ScsiResponse);
    }
  });

  it('answers READ CAPACITY with blocks of 512 and of 4096', async () => {
    const peer = await Initiator.login(target.portal, target.iqn, { InitiatorName: NAME });
    peers.push(peer);
    for (const [lun, blocks, bytes] of [
      [0, 32_768, 512],
      [1, 4096, 4096],
    ] as const) {
      peer.command(TEST_UNIT_READY, { lun });
      await peer.receive();
      peer.command([0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0], { read: 8, lun });
      const answer = await peer.receive();
      assert.deepEqual([answer?.data.readUInt32BE(0), answer?.data.readUInt32BE(4)], [blocks - 1, bytes]);
    }
  });
});

describe('the login time-out', () => {
  let hasty: TargetProcess;
  before(async () => {
    hasty = await TargetProcess.start(['ram:1M'], { args: ['--login-timeout', '1'] });
  });
  after(async () => {
    assert.equal(await hasty.stop(), 0, hasty.stderr);
  });

  for (const [what, bytes] of [
    ['nothing', 0],
    ['half a header', 20],
    ['a header and no body', 48],
  ] as const)
    it(`ends one that sends ${what}`, async () => {
      const start = performance.now();
      const peer = await Initiator.connect(hasty.portal);
      const request = Buffer.alloc(48);
      request[0] = 0x43;
      request[1] = 0x87;
      request[7] = 100; // DataSegmentLength
      if (bytes) peer.raw(request.subarray(0, bytes));
      assert.ok(await peer.ended());
      const took = performance.now() - start;
      assert.ok(took > 990, `${took} ms`);
      assert.ok(await hasty.event('refused', { reason: 'no login within 1 s' }));
    });
  it('ends one that never finishes its login, however busy it is', async () => {
    const peer = await Initiator.connect(hasty.portal);
    await peer.loginRequest({ InitiatorName: NAME, TargetName: hasty.iqn }, 1, { csg: 1 });
    await until(async () => {
      await peer.loginRequest({}, 1, { csg: 1 });
      await sleep(100);
      return peer.closed;
    }, 'it is ended');
  });
});
