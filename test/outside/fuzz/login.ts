// SPDX-License-Identifier: MIT
/**
 * Logins that nobody meant: `npm run fuzz:login -- [--seconds 10] [--seed N]`.
 *
 * The daemon's login runs here, without a socket, thousands of times a second. Whatever it is sent, it must end in
 * full-feature phase or in a LoginError; every answer must be a Login Response that is whole and within its limits, with
 * each key once; and who did not prove itself must not get in where CHAP is set.
 */
import { type Credentials, response } from '../../../scst-port/daemon/chap.js';
import { serveDiscovery } from '../../../scst-port/daemon/discovery.js';
import { Login, type LoginResult } from '../../../scst-port/daemon/login.js';
import { LoginError } from '../../../scst-port/daemon/login-error.js';
import { loginPdu, NAME, Peer, TARGET } from '../../unit/peer.js';
import { makePdu, Op, type Pdu, toKeys } from '../initiator.js';
import { edgeNumber, fuzzOptions, Random } from './random.js';

const ALICE: Credentials = { user: 'alice', secret: 'a secret of 20 bytes' };
const OURS: Credentials = { user: 'target', secret: 'another secret of 23 b.' };

const KEYS = [
  ...[
    'InitiatorName',
    'TargetName',
    'SessionType',
    'InitiatorAlias',
    'AuthMethod',
    'HeaderDigest',
    'DataDigest',
  ],
  ...[
    'MaxConnections',
    'InitialR2T',
    'ImmediateData',
    'MaxRecvDataSegmentLength',
    'MaxBurstLength',
    'SendTargets',
  ],
  ...['FirstBurstLength', 'MaxOutstandingR2T', 'DefaultTime2Wait', 'DefaultTime2Retain', 'DataPDUInOrder'],
  ...['DataSequenceInOrder', 'ErrorRecoveryLevel', 'IFMarker', 'OFMarker', 'TaskReporting', 'TargetAddress'],
  ...[
    'CHAP_A',
    'CHAP_I',
    'CHAP_C',
    'CHAP_N',
    'CHAP_R',
    'X-com.example.x',
    'Constructor',
    'constructor',
    '__proto__',
  ],
];
const VALUES = [
  ...[
    'Yes',
    'No',
    'None',
    'CRC32C',
    'CRC32C,None',
    'CHAP',
    'CHAP,None',
    'None,CHAP',
    'Normal',
    'Discovery',
    '',
  ],
  ...[
    NAME,
    TARGET,
    'alice',
    'target',
    '5',
    '6',
    '7',
    '8',
    '5,6',
    '0x00',
    '0b',
    '0bAAAA',
    '0',
    '1',
    '512',
    '8192',
  ],
  ...[
    'Reject',
    'NotUnderstood',
    'Irrelevant',
    'All',
    '?',
    'constructor',
    '1~2',
    '\u00e9',
    '-1',
    '1e9',
    '0x200',
  ],
];

type Keys = [string, string][];

function someKeys(random: Random): Keys {
  const keys: Keys = [];
  for (let count = random.below(random.once(50) ? 400 : 6); count > 0; count--)
    keys.push([
      random.once(12) ? random.bytes(random.below(70)).toString('latin1') : random.pick(KEYS),
      random.once(12)
        ? random.pick(['x', '0x0', '\u00e9']).repeat(random.below(1300))
        : random.once(4)
          ? String(edgeNumber(random))
          : random.pick(VALUES),
    ]);
  return keys;
}

/** What a right initiator would say next; so that fuzz gets beyond the first check. */
function rightKeys(turn: number, last: Pdu | undefined, discovery: boolean, random: Random): Keys {
  const offered = last ? toKeys(last.data) : {};
  if (turn === 0)
    return [
      ['InitiatorName', NAME],
      ...(discovery ? ([['SessionType', 'Discovery']] as Keys) : ([['TargetName', TARGET]] as Keys)),
      ['AuthMethod', 'CHAP,None'],
    ];
  if (offered.AuthMethod === 'CHAP') return [['CHAP_A', random.pick(['5', '6', '7', '8', '5,7'])]];
  if (!offered.CHAP_C) return [];
  const hash = { 5: 'md5', 6: 'sha1', 7: 'sha256', 8: 'sha3-256' }[offered.CHAP_A ?? '']!;
  const challenge = Buffer.from(offered.CHAP_C.slice(2), 'hex');
  const proof = response(hash, Number(offered.CHAP_I), ALICE.secret, challenge).toString('hex');
  return [
    ['CHAP_N', 'alice'],
    ['CHAP_R', `0x${proof}`],
    ...(random.once(3)
      ? ([
          ['CHAP_I', '1'],
          ['CHAP_C', `0x${'7e'.repeat(16)}`],
        ] as Keys)
      : []),
  ];
}

const encode = (keys: Keys): Buffer => Buffer.from(keys.map(([key, value]) => `${key}=${value}\0`).join(''));

function fail(why: string): never {
  throw new Error(`FAULT: ${why}`);
}

/** One answer of the target's. */
function checkAnswer(pdu: Pdu): void {
  if (pdu.opcode !== Op.LoginResponse) fail(`opcode 0x${pdu.opcode.toString(16)} answers a login`);
  if (pdu.data.length > 8192) fail(`${pdu.data.length} bytes of data in an answer`);
  if (pdu.loginStatus !== 0 && (pdu.data.length || pdu.flags & 0xc0)) fail('a refusal goes on');
  if ((pdu.flags & 0xc0) === 0xc0) fail('both T and C are set');
}

/** Each key once. */
function checkKeys(data: Buffer): void {
  const names = data
    .toString()
    .split('\0')
    .filter(Boolean)
    .map((pair) => pair.slice(0, pair.indexOf('=')));
  if (new Set(names).size !== names.length) fail(`a key is answered twice: ${names.join(' ')}`);
}

interface Tally {
  logins: number;
  full: number;
  refused: number;
  discovery: number;
  requests: number;
  statuses: Map<number, number>;
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A login, then discovery where that is what came of it. */
async function one(random: Random, tally: Tally): Promise<void> {
  const chap = random.once(2);
  const discovery = random.once(4);
  const honest = random.once(4) ? 1000 : 3;
  const peer = new Peer();
  const login = new Login(peer, {
    digests: random.pick([['None'], ['CRC32C'], ['None', 'CRC32C']]),
    hasTarget: (name) => name.toLowerCase() === TARGET,
    newTsih: () => 1 + random.below(65_535),
    chap: chap ? ALICE : undefined,
    mutualChap: chap && random.once(2) ? OURS : undefined,
  });
  let outcome: LoginResult | Error | undefined;
  const over = login.run().then(
    (result) => {
      outcome = result;
    },
    (error: Error) => {
      outcome = error;
    },
  );
  let last: Pdu | undefined;
  let csg = random.once(4) ? 1 : 0;
  let proved = false;
  for (let turn = 0; turn < 70 && !outcome; turn++) {
    const right = rightKeys(turn, last, discovery, random);
    const keys = random.once(honest) ? [...right, ...someKeys(random)] : right;
    if (random.once(20) && keys.length) keys.splice(random.below(keys.length), 1);
    proved ||= keys.some(([key]) => key === 'CHAP_R');
    let bytes = makePdu(
      loginPdu({
        csg: random.once(30) ? random.below(4) : csg,
        ...(random.once(3)
          ? {}
          : { to: random.once(30) ? random.below(4) : random.once(3) ? 3 : csg + 1 + (csg ? 1 : 0) }),
        more: random.once(20),
        data: random.once(40) ? random.bytes(random.below(9000)) : encode(keys),
        ...(random.once(60) ? { dataSegmentLength: edgeNumber(random) & 0xff_ff_ff } : {}),
        ...(random.once(60) ? { ahs: Buffer.alloc(4 * random.below(10)) } : {}),
        ...(random.once(60) ? { opcode: random.below(64) } : {}),
        itt: random.once(60) ? 2 : 1,
        tsih: random.once(60) ? edgeNumber(random) & 0xffff : 0,
        versionMin: random.once(60) ? 1 : 0,
        isid: random.once(60) ? 2 : 1,
      }),
    );
    if (random.once(10)) bytes = random.spoil(bytes);
    if (random.once(100)) bytes = bytes.subarray(0, random.below(bytes.length));
    peer.raw(bytes);
    tally.requests++;
    await settled();
    for (const answer of peer.take()) {
      checkAnswer(answer);
      last = answer;
      if (answer.loginStatus === 0 && answer.flags & 0x80) csg = answer.flags & 3;
      if (answer.loginStatus)
        tally.statuses.set(answer.loginStatus, (tally.statuses.get(answer.loginStatus) ?? 0) + 1);
      if (answer.loginStatus === 0 && !(answer.flags & 0x40)) checkKeys(answer.data);
    }
    if (random.once(200)) break;
  }
  peer.end();
  await over;
  tally.logins++;
  if (outcome instanceof Error) {
    if (!(outcome instanceof LoginError) && outcome.message !== 'the connection ended')
      fail(`it ends with ${outcome.stack}`);
    tally.refused++;
    return;
  }
  const result = outcome!;
  tally.full++;
  if (chap && (result.user !== 'alice' || !proved)) fail('full-feature phase without CHAP');
  if (!chap && result.user) fail('a user without CHAP');
  if (!result.tsih || result.initiatorName.length > 223) fail('a session without identity');
  if (result.discovery) await discover(random, result, tally);
}

async function discover(random: Random, login: LoginResult, tally: Tally): Promise<void> {
  const peer = new Peer();
  tally.discovery++;
  for (let count = 1 + random.below(8); count > 0; count--) {
    const pdu = makePdu({
      opcode: random.once(6) ? random.below(64) : random.pick([Op.Text, Op.Text, Op.NopOut]),
      flags: random.once(6) ? random.below(256) : 0x80,
      itt: edgeNumber(random),
      words: { 20: random.once(3) ? edgeNumber(random) : 0xffffffff, 24: edgeNumber(random) },
      data: encode(
        random.once(3)
          ? someKeys(random).slice(0, 20)
          : [['SendTargets', random.pick(['All', TARGET, '', 'x'])]],
      ),
    });
    peer.raw(random.once(8) ? random.spoil(pdu) : pdu);
  }
  peer.end();
  const many = Array.from({ length: random.below(100) }, (_, i) => ({
    name: `${TARGET}-${i}`,
    portals: ['127.0.0.1:1'],
  }));
  await serveDiscovery(peer, login, () => [{ name: TARGET, portals: ['127.0.0.1:3260'] }, ...many]).catch(
    (error: Error) => {
      if (!(error instanceof LoginError) && !/^in discovery: |^the connection ended$/.test(error.message))
        fail(`discovery ends with ${error.stack}`);
    },
  );
  for (const answer of peer.take()) {
    const expected: number[] = [Op.TextResponse, Op.NopIn, Op.LogoutResponse, Op.Reject];
    if (!expected.includes(answer.opcode)) fail(`opcode 0x${answer.opcode.toString(16)} in discovery`);
    if (answer.data.length > login.values.maxXmitDataSegmentLength)
      fail(`${answer.data.length} bytes in discovery`);
  }
}

/** @returns what happened. @throws Error at the first fault, with the seed of that one login */
export async function fuzzLogin(options: {
  seconds: number;
  seed: number;
  /** It goes on until this too, however slow the machine. */
  enough?: (tally: Tally) => boolean;
}): Promise<Tally> {
  const tally: Tally = { logins: 0, full: 0, refused: 0, discovery: 0, requests: 0, statuses: new Map() };
  const seeds = new Random(options.seed);
  const end = Date.now() + options.seconds * 1000;
  do {
    const seed = tally.logins ? seeds.word() : options.seed;
    try {
      await one(new Random(seed), tally);
    } catch (error) {
      throw new Error(`${(error as Error).stack}\nagain: npm run fuzz:login -- --seconds 0 --seed ${seed}`);
    }
  } while (Date.now() < end || (options.enough && !options.enough(tally)));
  return tally;
}

if (process.argv[1]?.endsWith('fuzz/login.ts')) {
  const options = fuzzOptions(process.argv.slice(2));
  console.log(`fuzz:login  seed ${options.seed}, ${options.seconds} s`);
  const { logins, requests, full, discovery, refused, statuses } = await fuzzLogin(options);
  console.log(
    `${logins} logins of ${requests} requests: ${full} to the end (${discovery} of discovery), ${refused} refused`,
  );
  const told = [...statuses]
    .sort(([a], [b]) => a - b)
    .map(([status, count]) => `0x${status.toString(16).padStart(4, '0')}: ${count}`);
  console.log(`told ${told.join(', ')}`);
  process.exit(0);
}
