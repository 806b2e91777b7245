// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Credentials } from '../../scst-port/daemon/chap.js';
import { Login, type LoginPolicy, type LoginResult } from '../../scst-port/daemon/login.js';
import { LoginError, Status } from '../../scst-port/daemon/login-error.js';
import { Op, type Pdu } from '../outside/initiator.js';
import { DEADLINE_MS } from '../until.js';
import {
  FULL_FEATURE,
  type LoginFields,
  loginPdu,
  NAME,
  NAMES,
  OPERATIONAL,
  Peer,
  SECURITY,
  TARGET,
  toKeys,
  toText,
} from './peer.js';

const ALICE: Credentials = { user: 'alice', secret: 'a secret of 20 bytes' };
const OURS: Credentials = { user: 'target', secret: 'another secret of 23 b.' };
const TSIH = 77;

const policy = (more: Partial<LoginPolicy> = {}): LoginPolicy => ({
  digests: ['None', 'CRC32C'],
  hasTarget: (name) => name === TARGET,
  newTsih: () => TSIH,
  ...more,
});

/** A login under way, a request at a time. */
class Talk {
  readonly peer = new Peer();
  readonly outcome: Promise<LoginResult | Error>;

  constructor(more: Partial<LoginPolicy> = {}) {
    this.outcome = new Login(this.peer, policy(more)).run().catch((error: Error) => error);
  }

  /** Sends one request, and takes what it is answered with. */
  async say(fields: LoginFields): Promise<Pdu[]> {
    this.peer.send(loginPdu(fields));
    await new Promise((resolve) => setImmediate(resolve));
    return this.peer.take();
  }

  async result(): Promise<LoginResult> {
    const result = await this.outcome;
    assert.ok(!(result instanceof Error), String(result));
    return result;
  }

  /** It ends with this status; no more than one PDU told so. */
  async refused(fields: LoginFields, status: number, message: RegExp): Promise<void> {
    const answers = await this.say(fields);
    const error = await Promise.race([
      this.outcome,
      new Promise((resolve) => setTimeout(resolve, DEADLINE_MS, 'still under way')),
    ]);
    assert.ok(error instanceof LoginError, String(error));
    assert.match(error.message, message);
    assert.equal(error.status.toString(16), status.toString(16));
    const last = answers.at(-1);
    assert.equal(last?.opcode, Op.LoginResponse);
    assert.equal(last.loginStatus.toString(16), status.toString(16));
    assert.equal(last.flags & 0xc0, 0, 'neither T nor C');
  }
}

const full = { csg: OPERATIONAL, to: FULL_FEATURE };

/** The answer to a challenge. */
function chapAnswer(keys: Record<string, string>, secret = 'a secret of 20 bytes'): Record<string, string> {
  const input = [
    Buffer.from([Number(keys.CHAP_I)]),
    Buffer.from(secret),
    Buffer.from(keys.CHAP_C!.slice(2), 'hex'),
  ];
  return { CHAP_N: 'alice', CHAP_R: `0x${createHash('md5').update(Buffer.concat(input)).digest('hex')}` };
}

describe('login', () => {
  it('goes straight to full-feature phase', async () => {
    const talk = new Talk();
    assert.deepEqual(await talk.say({ ...full, keys: NAMES, isid: 5, cid: 3, itt: 9, cmdSn: 41 }), []);
    const result = await talk.result();
    const { lastResponse: header } = result;
    assert.equal(header[0], Op.LoginResponse);
    assert.equal(header[1], 0x87);
    assert.equal(header.readUInt32BE(8), 0x80000005);
    assert.equal(header.readUInt16BE(14), TSIH);
    assert.equal(header.readUInt32BE(16), 9);
    assert.equal(header.readUInt32BE(28), 41);
    assert.equal(header.readUInt16BE(36), 0);
    assert.deepEqual(toKeys(header.subarray(48)), {
      TargetPortalGroupTag: '1',
      MaxRecvDataSegmentLength: '262144',
    });
    assert.deepEqual(
      [result.initiatorName, result.targetName, result.tsih, result.cid, result.expCmdSn, result.discovery],
      [NAME, TARGET, TSIH, 3, 41, false],
    );
    assert.equal(result.statSn, header.readUInt32BE(24) + 1);
  });

  it('goes through both stages, and counts StatSN', async () => {
    const talk = new Talk();
    const [one] = await talk.say({ csg: SECURITY, keys: { ...NAMES, AuthMethod: 'CHAP,None' } });
    assert.deepEqual(toKeys(one!.data), { TargetPortalGroupTag: '1', AuthMethod: 'None' });
    assert.equal(one!.flags, SECURITY << 2);
    const [two] = await talk.say({ csg: SECURITY, to: OPERATIONAL });
    assert.equal(two!.flags, 0x80 | (SECURITY << 2) | OPERATIONAL);
    const [three] = await talk.say({
      csg: OPERATIONAL,
      keys: { HeaderDigest: 'CRC32C,None', ImmediateData: 'No' },
    });
    assert.deepEqual(toKeys(three!.data), {
      HeaderDigest: 'CRC32C',
      ImmediateData: 'No',
      MaxRecvDataSegmentLength: '262144',
    });
    await talk.say({ ...full, keys: { MaxBurstLength: '8192' } });
    const { values, lastResponse } = await talk.result();
    assert.deepEqual(toKeys(lastResponse.subarray(48)), { MaxBurstLength: '8192' });
    assert.deepEqual(
      [one, two, three].map((pdu) => pdu!.word(24)).concat(lastResponse.readUInt32BE(24)),
      [0, 1, 2, 3],
    );
    assert.deepEqual([values.headerDigest, values.immediateData, values.maxBurstLength], [true, false, 8192]);
  });

  it('goes from the security stage to full-feature phase at once', async () => {
    const talk = new Talk();
    await talk.say({ csg: SECURITY, to: FULL_FEATURE, keys: { ...NAMES, AuthMethod: 'None' } });
    assert.equal((await talk.result()).tsih, TSIH);
  });

  it('takes names of any case and an alias of any length', async () => {
    const talk = new Talk({ hasTarget: (name) => name.toLowerCase() === TARGET });
    const alias = '\u00e9'.repeat(127);
    await talk.say({ ...full, keys: { ...NAMES, TargetName: TARGET.toUpperCase(), InitiatorAlias: alias } });
    assert.equal((await talk.result()).initiatorAlias, '\u00e9'.repeat(111));
  });

  it('does not answer what it cannot understand with silence', async () => {
    const talk = new Talk();
    const [pdu] = await talk.say({ keys: { ...NAMES, 'X-a': '1', Constructor: '2', HasOwnProperty: '3' } });
    const { 'X-a': a, Constructor: b, HasOwnProperty: c } = toKeys(pdu!.data);
    assert.deepEqual([a, b, c], ['NotUnderstood', 'NotUnderstood', 'NotUnderstood']);
  });

  it('does not go on before the initiator does', async () => {
    const talk = new Talk();
    for (let i = 0; i < 3; i++) {
      const [pdu] = await talk.say({ csg: SECURITY, keys: i ? {} : NAMES });
      assert.equal(pdu!.flags, 0);
    }
  });
});

describe('a discovery login', () => {
  const keys = { InitiatorName: NAME, SessionType: 'Discovery' };
  it('needs no target', async () => {
    const talk = new Talk();
    await talk.say({ ...full, keys });
    assert.equal((await talk.result()).discovery, true);
  });
  it('has no digests', async () => {
    const talk = new Talk({ digests: ['CRC32C'] });
    await talk.say({ ...full, keys: { ...keys, HeaderDigest: 'CRC32C,None' } });
    assert.equal(toKeys((await talk.result()).lastResponse.subarray(48)).HeaderDigest, 'None');
  });
  it('needs CHAP where CHAP is set', async () =>
    new Talk({ chap: ALICE }).refused({ ...full, keys }, Status.AuthenticationFailure, /CHAP is required/));
});

describe('continued login text', () => {
  const wide = (count: number): [string, string][] =>
    Array.from({ length: count }, (_, i) => [`X-${String(i).padStart(4, '0')}`, 'v'.repeat(240)]);

  it('is put together, a key may lie across the border', async () => {
    const talk = new Talk();
    const text = toText({ ...NAMES, HeaderDigest: 'CRC32C' });
    for (const at of [0, 1, 2])
      assert.equal((await talk.say({ more: true, data: text.subarray(at, at + 1) }))[0]!.flags, 4);
    await talk.say({ ...full, data: text.subarray(3) });
    assert.equal((await talk.result()).values.headerDigest, true);
  });

  it('may be 64 KiB of keys, and the answer comes in parts', async () => {
    const talk = new Talk();
    const text = toText([...Object.entries(NAMES), ...wide(255)]);
    assert.ok(text.length > 62_000 && text.length <= 65_536);
    for (let at = 0; at + 8192 < text.length; at += 8192)
      await talk.say({ more: true, data: text.subarray(at, at + 8192) });
    let [pdu] = await talk.say({ data: text.subarray(text.length - (text.length % 8192)) });
    let answer = pdu!.data;
    while (pdu!.flags & 0x40) {
      [pdu] = await talk.say({});
      answer = Buffer.concat([answer, pdu!.data]);
    }
    const keys = toKeys(answer);
    assert.equal(Object.values(keys).filter((value) => value === 'NotUnderstood').length, 255);
    await talk.say(full);
    await talk.result();
  });

  it('is refused beyond 64 KiB', async () => {
    const talk = new Talk();
    for (let at = 0; at < 8; at++) await talk.say({ more: true, data: Buffer.alloc(8192, 'x') });
    await talk.refused(
      { more: true, data: Buffer.from('x') },
      Status.InitiatorError,
      /more than 65536 bytes of keys/,
    );
  });

  it('is refused when its answer would be longer than 64 KiB', async () => {
    const talk = new Talk();
    const text = toText([
      ...Object.entries(NAMES),
      ...Array.from({ length: 8000 }, (_, i): [string, string] => [`K${i}`, '']),
    ]);
    assert.ok(text.length <= 65_536);
    let at = 0;
    for (; at + 8192 < text.length; at += 8192)
      await talk.say({ more: true, data: text.subarray(at, at + 8192) });
    await talk.refused({ data: text.subarray(at) }, Status.InitiatorError, /want an answer of \d+ bytes/);
  });

  it('is refused with both T and C', async () =>
    new Talk().refused(
      { ...full, more: true, keys: NAMES },
      Status.InitiatorError,
      /both the T and the C bit/,
    ));

  it('does not go on for ever', async () => {
    const talk = new Talk();
    for (let i = 0; i < 64; i++) await talk.say({ more: true });
    await talk.refused({ more: true }, Status.InitiatorError, /no end after 64 requests/);
  });

  it('waits with new keys until the answer is complete', async () => {
    const talk = new Talk();
    const text = toText([...Object.entries(NAMES), ...wide(500).map(([key]): [string, string] => [key, ''])]);
    const [pdu] = await talk.say({ data: text });
    assert.equal(pdu!.flags & 0x40, 0x40, 'the answer goes on');
    await talk.refused(
      { keys: { 'X-z': '1' } },
      Status.InitiatorError,
      /came before the answer was complete/,
    );
  });
});

describe('a login that is refused', () => {
  for (const [what, fields, status, message] of [
    [
      'without a name',
      { ...full, keys: { TargetName: TARGET } },
      Status.MissingParameter,
      /InitiatorName is missing/,
    ],
    ['with no keys at all', full, Status.MissingParameter, /InitiatorName is missing/],
    [
      'with a bad name',
      { ...full, keys: { ...NAMES, InitiatorName: 'me' } },
      Status.InitiatorError,
      /InitiatorName 'me' is no iqn\., eui\. or naa\. name/,
    ],
    [
      'without a target',
      { ...full, keys: { InitiatorName: NAME } },
      Status.MissingParameter,
      /TargetName is missing/,
    ],
    [
      'of another target',
      { ...full, keys: { ...NAMES, TargetName: 'iqn.2001-04.com.example:no' } },
      Status.TargetNotFound,
      /there is no target 'iqn\.2001-04\.com\.example:no'/,
    ],
    [
      'of a third type of session',
      { ...full, keys: { ...NAMES, SessionType: 'constructor' } },
      Status.InitiatorError,
      /SessionType is 'constructor', should be Normal or Discovery/,
    ],
    [
      'with a key twice',
      { ...full, keys: [...Object.entries(NAMES), ['TargetName', TARGET]] },
      Status.InitiatorError,
      /comes twice/,
    ],
    [
      'with a key too long',
      { ...full, keys: { ...NAMES, 'X-a': 'x'.repeat(256) } },
      Status.InitiatorError,
      /256 bytes/,
    ],
    [
      'with what is no key',
      { ...full, data: Buffer.from('garbage\0') },
      Status.InitiatorError,
      /no Key=value/,
    ],
    [
      'with `constructor`',
      { ...full, keys: { ...NAMES, constructor: '1' } },
      Status.InitiatorError,
      /no Key=value/,
    ],
    ['with no UTF-8', { ...full, data: Buffer.from([0xff, 0xfe, 0]) }, Status.InitiatorError, /UTF-8/],
    [
      'with a bad value',
      { ...full, keys: { ...NAMES, InitialR2T: 'x' } },
      Status.InitiatorError,
      /InitialR2T is 'x'/,
    ],
    [
      'of a later version',
      { ...full, keys: NAMES, versionMin: 1 },
      Status.UnsupportedVersion,
      /Version-min is 1/,
    ],
    ['of a session', { ...full, keys: NAMES, tsih: 5 }, Status.SessionDoesNotExist, /TSIH is 5, should be 0/],
    ['in stage 2', { csg: 2, keys: NAMES }, Status.InitiatorError, /stages 2/],
    ['in full-feature phase', { csg: 3, keys: NAMES }, Status.InitiatorError, /stages 3/],
    ['going to stage 2', { csg: 0, to: 2, keys: NAMES }, Status.InitiatorError, /stages 0 to 2/],
    ['going nowhere', { csg: 1, to: 1, keys: NAMES }, Status.InitiatorError, /stages 1 to 1/],
    ['going back', { csg: 1, to: 0, keys: NAMES }, Status.InitiatorError, /stages 1 to 0/],
    ['with AHS', { ...full, keys: NAMES, ahs: Buffer.alloc(8) }, Status.InitiatorError, /8 bytes of AHS/],
    [
      'with a long data segment',
      { ...full, data: Buffer.alloc(8193, 'x') },
      Status.InitiatorError,
      /DataSegmentLength is 8193, at most 8192/,
    ],
    [
      'with AuthMethod outside of security',
      { ...full, keys: { ...NAMES, AuthMethod: 'None' } },
      Status.InitiatorError,
      /AuthMethod came outside of the security stage/,
    ],
    [
      'with an AuthMethod that is not ours',
      { csg: SECURITY, keys: { ...NAMES, AuthMethod: 'KRB5,SRP' } },
      Status.AuthenticationFailure,
      /AuthMethod is 'KRB5,SRP', None is expected/,
    ],
    [
      'with CHAP that nobody asked for',
      { csg: SECURITY, keys: { ...NAMES, CHAP_A: '5' } },
      Status.AuthenticationFailure,
      /CHAP_A came, and CHAP was not agreed on/,
    ],
  ] as [string, LoginFields, number, RegExp][])
    it(what, () => new Talk().refused(fields, status, message));

  it('when no session is free', () =>
    new Talk({
      newTsih: () => {
        throw new LoginError(Status.OutOfResources, 'none left');
      },
    }).refused({ ...full, keys: NAMES }, Status.OutOfResources, /none left/));

  for (const [field, change] of [
    ['ISID', { isid: 2 }],
    ['CID', { cid: 1 }],
    ['TSIH', { tsih: 1 }],
  ] as [string, LoginFields][])
    it(`when its ${field} changes`, async () => {
      const talk = new Talk();
      await talk.say({ keys: NAMES });
      await talk.refused({ ...full, ...change }, Status.InitiatorError, /ISID, TSIH or CID changed/);
    });

  it('when its task tag changes', async () => {
    const talk = new Talk();
    await talk.say({ keys: NAMES });
    await talk.refused({ ...full, itt: 2 }, Status.InitiatorError, /the task tag changed/);
  });
  it('when it goes back a stage', async () => {
    const talk = new Talk();
    await talk.say({ csg: OPERATIONAL, keys: NAMES });
    await talk.refused({ csg: SECURITY }, Status.InitiatorError, /CSG is 0, should be 1/);
  });
  it('when a key comes again, in another request', async () => {
    const talk = new Talk();
    await talk.say({ keys: { ...NAMES, InitialR2T: 'No' } });
    await talk.refused(
      { keys: { InitialR2T: 'Yes' } },
      Status.InitiatorError,
      /the key InitialR2T comes twice/,
    );
  });
  it('when the target is told late', async () => {
    const talk = new Talk();
    await talk.say({ keys: { InitiatorName: NAME, SessionType: 'Discovery' } });
    await talk.refused({ keys: { TargetName: TARGET } }, Status.InitiatorError, /for the first request only/);
  });
  it('when the second PDU is no login', async () => {
    const talk = new Talk();
    await talk.say({ keys: NAMES });
    await talk.refused({ opcode: Op.ScsiCommand }, Status.InvalidDuringLogin, /opcode is 0x1, should be 0x3/);
  });
  it('with nothing said to who did not begin with a login', async () => {
    const talk = new Talk();
    assert.deepEqual(await talk.say({ opcode: Op.NopOut }), []);
    assert.match(String(await talk.outcome), /opcode is 0x0, should be 0x3/);
  });
  it('without digests, where those are required', async () => {
    const strict = () => new Talk({ digests: ['CRC32C'] });
    await strict().refused(
      { ...full, keys: NAMES },
      Status.InitiatorError,
      /HeaderDigest is None, CRC32C is required/,
    );
    await strict().refused(
      { ...full, keys: { ...NAMES, HeaderDigest: 'CRC32C', DataDigest: 'None' } },
      Status.InitiatorError,
      /DataDigest is None, CRC32C is required/,
    );
    const talk = strict();
    await talk.say({ ...full, keys: { ...NAMES, HeaderDigest: 'CRC32C', DataDigest: 'CRC32C' } });
    await talk.result();
  });
  it('once it is known who it is, names it', async () => {
    const peer = new Peer();
    const login = new Login(peer, policy());
    const over = login.run().catch(() => {});
    assert.equal(login.initiatorName, '');
    peer.send(loginPdu({ ...full, keys: { ...NAMES, TargetName: 'iqn.2001-04.com.example:no' } }));
    await over;
    assert.equal(login.initiatorName, NAME);
  });
  it('when the connection ends under way', async () => {
    const talk = new Talk();
    await talk.say({ keys: NAMES });
    talk.peer.end();
    assert.match(String(await talk.outcome), /the connection ended/);
    assert.deepEqual(talk.peer.take(), []);
  });
});

describe('login with CHAP', () => {
  const begin = { csg: SECURITY, keys: { ...NAMES, AuthMethod: 'CHAP,None' } };

  async function challenged(more: Partial<LoginPolicy> = {}) {
    const talk = new Talk({ chap: ALICE, ...more });
    const [method] = await talk.say(begin);
    assert.equal(toKeys(method!.data).AuthMethod, 'CHAP');
    const [challenge] = await talk.say({ csg: SECURITY, keys: { CHAP_A: '5' } });
    return { talk, keys: toKeys(challenge!.data) };
  }

  for (const to of [OPERATIONAL, FULL_FEATURE])
    it(`lets who answers right on to stage ${to}`, async () => {
      const { talk, keys } = await challenged();
      const [pdu] = await talk.say({ csg: SECURITY, to, keys: chapAnswer(keys) });
      if (to === OPERATIONAL) {
        assert.equal(pdu!.flags, 0x80 | OPERATIONAL);
        await talk.say(full);
      }
      assert.equal((await talk.result()).user, 'alice');
    });

  it('proves itself too', async () => {
    const { talk, keys } = await challenged({ mutualChap: OURS });
    const mutual = { CHAP_I: '9', CHAP_C: `0x${'ab'.repeat(16)}` };
    const [pdu] = await talk.say({
      csg: SECURITY,
      to: OPERATIONAL,
      keys: { ...chapAnswer(keys), ...mutual },
    });
    assert.deepEqual(toKeys(pdu!.data), { ...chapAnswer(mutual, String(OURS.secret)), CHAP_N: 'target' });
  });

  it('refuses a wrong answer', async () => {
    const { talk, keys } = await challenged();
    await talk.refused(
      { csg: SECURITY, to: OPERATIONAL, keys: chapAnswer(keys, 'another secret') },
      Status.AuthenticationFailure,
      /CHAP of user 'alice' is wrong/,
    );
  });
  it('refuses a reflected challenge', async () => {
    const { talk, keys } = await challenged({ mutualChap: OURS });
    const { CHAP_I, CHAP_C } = keys as { CHAP_I: string; CHAP_C: string };
    await talk.refused(
      { csg: SECURITY, keys: { ...chapAnswer(keys), CHAP_I, CHAP_C } },
      Status.AuthenticationFailure,
      /our own challenge/,
    );
  });

  for (const [what, fields] of [
    ['by starting in the operational stage', { ...full, keys: NAMES }],
    ['by starting there without the T bit', { csg: OPERATIONAL, keys: NAMES }],
    ['by leaving AuthMethod out', { csg: SECURITY, to: FULL_FEATURE, keys: NAMES }],
    ['by offering None', { csg: SECURITY, to: OPERATIONAL, keys: { ...NAMES, AuthMethod: 'None' } }],
  ] as [string, LoginFields][])
    it(`is not skipped ${what}`, () =>
      new Talk({ chap: ALICE }).refused(fields, Status.AuthenticationFailure, /CHAP is required/));

  it('is not skipped by going on after AuthMethod', async () => {
    const talk = new Talk({ chap: ALICE });
    const [pdu] = await talk.say({ ...begin, to: FULL_FEATURE });
    assert.equal(pdu!.flags, 0, 'the T bit is not granted');
    await talk.refused(
      { csg: SECURITY, to: FULL_FEATURE },
      Status.AuthenticationFailure,
      /CHAP_A is missing/,
    );
  });
  it('is not skipped by going on after the challenge', async () => {
    const { talk } = await challenged();
    await talk.refused(
      { csg: SECURITY, to: FULL_FEATURE },
      Status.AuthenticationFailure,
      /CHAP_N or CHAP_R is missing/,
    );
  });
  it('is not skipped by changing the stage without leave', async () => {
    const { talk } = await challenged();
    await talk.refused({ ...full }, Status.InitiatorError, /CSG is 1, should be 0/);
  });
  it('is not begun twice', async () => {
    const { talk } = await challenged();
    await talk.refused({ csg: SECURITY, keys: { CHAP_A: '5' } }, Status.InitiatorError, /CHAP_A comes twice/);
  });
  it('may begin with AuthMethod apart from the names', async () => {
    const talk = new Talk({ chap: ALICE });
    await talk.say({ csg: SECURITY, keys: NAMES });
    const [pdu] = await talk.say({ csg: SECURITY, keys: { AuthMethod: 'CHAP' } });
    assert.equal(toKeys(pdu!.data).AuthMethod, 'CHAP');
  });
  it('tells operational keys in the security stage no more than they ask', async () => {
    const talk = new Talk({ chap: ALICE });
    const [pdu] = await talk.say({ csg: SECURITY, keys: { ...begin.keys, HeaderDigest: 'None' } });
    assert.deepEqual(toKeys(pdu!.data), {
      TargetPortalGroupTag: '1',
      AuthMethod: 'CHAP',
      HeaderDigest: 'None',
    });
  });
});
