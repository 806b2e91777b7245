// SPDX-License-Identifier: MIT
/**
 * Full-feature phase as nobody meant it: `npm run fuzz:pdu -- [--seconds 10] [--seed N]`.
 *
 * Four hostile initiators at a time log in to a target process and send it PDUs of every kind: sane ones, ones with
 * edge values, ones with bits changed, halves of them; some never read, some vanish. Meanwhile a neighbour asks for
 * INQUIRY data (which no reservation forbids) and must be answered within 5 s. At the end the process must stop as ever.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Initiator, makePdu, Op, type Pdu, type PduFields } from '../initiator.js';
import { type StartOptions, TargetProcess } from '../target.js';
import { edgeNumber, fuzzOptions, Random } from './random.js';

const HOSTILE = 4;
/** Growth of the process that is taken for a leak, bytes: queues have limits, per session and in all. */
const GROWTH_MAX = 512 << 20;

const OPCODES = [
  ...[0x00, 0x03, 0x12, 0x15, 0x1a, 0x1b, 0x1d, 0x1e, 0x16, 0x17, 0x08, 0x0a, 0x04, 0x07],
  ...[0x25, 0x28, 0x2a, 0x2e, 0x2f, 0x34, 0x35, 0x37, 0x41, 0x42, 0x4d, 0x55, 0x5a, 0x5e, 0x5f, 0x56, 0x57],
  ...[
    0x83, 0x84, 0x88, 0x89, 0x8a, 0x8b, 0x8e, 0x8f, 0x90, 0x91, 0x93, 0x9c, 0x9e, 0xa0, 0xa3, 0xa4, 0xa8,
    0xaa,
  ],
  ...[0xae, 0xaf, 0x48, 0x7f, 0x9b, 0x53, 0xff],
];
/** Those with parameter lists, which are what is parsed most. */
const LISTS = [0x15, 0x55, 0x42, 0x5f, 0x5f, 0x83, 0x83, 0x48, 0x1d, 0xa4, 0x41, 0x93, 0x89];

/** Where a CDB's length is, and its bytes, by the op code's group (SPC-4 4.2.5.1). */
const LENGTHS: [at: number, bytes: number][] = [
  ...([
    [4, 1],
    [7, 2],
    [7, 2],
    [7, 2],
  ] as [number, number][]),
  ...([
    [10, 4],
    [6, 4],
    [6, 4],
    [6, 4],
  ] as [number, number][]),
];

function randomCdb(random: Random): number[] {
  const cdb = Array.from({ length: 16 }, () => (random.once(3) ? random.below(256) : 0));
  cdb[0] = random.once(10) ? random.below(256) : random.pick(random.once(2) ? LISTS : OPCODES);
  if (random.once(2)) cdb.fill(0, 1, 10); // a low address, no flags
  if (random.once(2)) cdb[1] = random.pick([0x10, 0x11, 0, 1, 2, 3, 4, 6, 8]);
  const [at, bytes] = LENGTHS[cdb[0]! >> 5]!;
  const length = random.once(4) ? edgeNumber(random) : random.pick([0, 1, 4, 8, 12, 20, 24, 28, 32, 64, 512]);
  for (let i = 0; i < bytes; i++) cdb[at + i] = (length >>> (8 * (bytes - 1 - i))) & 255;
  return cdb;
}

/** One PDU of any kind, nearly as it should be. */
function randomPdu(random: Random, peer: Initiator, tags: number[], r2ts: Pdu[]): PduFields {
  const itt = random.once(8)
    ? edgeNumber(random)
    : random.once(4) && tags.length
      ? random.pick(tags)
      : random.word();
  const cmdSn = random.once(40) ? edgeNumber(random) : peer.cmdSn;
  const words: Record<number, number> = {
    20: 0xffffffff,
    24: cmdSn,
    28: random.once(20) ? edgeNumber(random) : peer.expStatSn,
  };
  const data = () => random.bytes(random.once(30) ? random.below(70_000) : random.below(600));
  const next = () => {
    peer.cmdSn = (peer.cmdSn + 1) >>> 0;
  };
  const immediate = random.once(10);
  switch (random.below(9)) {
    case 0: {
      if (!immediate) next();
      return { opcode: Op.NopOut, immediate, itt, words, data: data() };
    }
    case 1: {
      if (!immediate) next();
      words[20] = random.once(2) ? edgeNumber(random) : 0xffffffff;
      return {
        opcode: Op.Text,
        immediate,
        itt,
        words,
        data: Buffer.from(random.pick(['SendTargets=\0', 'A=b\0', 'x'])),
      };
    }
    case 2: {
      words[20] = random.once(2) && tags.length ? random.pick(tags) : edgeNumber(random);
      if (!immediate) next();
      return {
        opcode: Op.TaskManagement,
        immediate,
        flags: 0x80 | random.below(16),
        itt,
        words,
        bytes: { 9: random.below(6) },
      };
    }
    case 3: {
      const r2t = r2ts.length ? random.pick(r2ts) : undefined;
      const length = Math.min(r2t?.word(44) ?? 512, 8192);
      if (r2t) {
        Object.assign(words, {
          20: r2t.word(20),
          36: random.once(4) ? random.below(3) : 0,
          40: r2t.word(40),
        });
        if (random.once(3)) words[random.pick([20, 36, 40])] = edgeNumber(random);
      }
      return {
        opcode: Op.DataOut,
        flags: random.once(3) ? 0 : 0x80,
        itt: r2t && !random.once(10) ? r2t.itt : itt,
        words,
        data: random.bytes(random.once(4) ? random.below(9000) : length),
      };
    }
    case 4:
      if (random.once(6))
        return { opcode: Op.Logout, immediate: true, flags: 0x80 | random.below(4), itt, words };
      return {
        opcode: random.pick([Op.Snack, Op.Login, random.below(64)]),
        immediate,
        itt,
        words,
        data: data(),
      };
    default: {
      const write = random.once(2);
      words[20] = random.once(3)
        ? edgeNumber(random)
        : random.once(3)
          ? random.below(70)
          : 512 * random.below(64);
      const cdb = Object.fromEntries(randomCdb(random).map((byte, i) => [32 + i, byte]));
      if (!immediate) next();
      tags.push(itt);
      return {
        opcode: Op.ScsiCommand,
        immediate,
        flags: (random.once(8) ? 0 : 0x80) | (write ? 0x20 : 0x40) | random.below(8),
        itt,
        words,
        bytes: { ...cdb, 9: random.once(10) ? random.below(256) : random.below(6) },
        ...(write && random.once(2)
          ? { data: random.once(2) ? random.bytes(random.below(70)) : data() }
          : {}),
        ...(random.once(30)
          ? {
              ahs: Buffer.concat([
                Buffer.from([0, random.below(9), random.below(4), 0]),
                random.bytes(4 * random.below(6)),
              ]),
            }
          : {}),
      };
    }
  }
}

export interface Tally {
  sessions: number;
  pdus: number;
  answers: number;
  rejects: number;
  senses: number;
  cutOff: number;
  inquiries: number;
  growth: number;
}

const yesNo = (random: Random) => random.pick(['Yes', 'No']);

/** One hostile session, from its login to its end. */
async function attack(random: Random, target: TargetProcess, tally: Tally): Promise<void> {
  const peer = await Initiator.login(target.portal, target.iqn, {
    InitiatorName: `iqn.2026-11.dev.ring3.test:fuzz-${random.below(6)}`,
    HeaderDigest: random.pick(['None', 'CRC32C']),
    DataDigest: random.pick(['None', 'CRC32C']),
    InitialR2T: yesNo(random),
    ImmediateData: yesNo(random),
    MaxRecvDataSegmentLength: random.pick(['512', '8192', '262144']),
    MaxBurstLength: random.pick(['512', '16384', '262144']),
    FirstBurstLength: random.pick(['512', '65536']),
    MaxOutstandingR2T: random.pick(['1', '8']),
  }).catch((error: Error) => {
    if (/^login: status/.test(error.message) && !target.alive) throw error;
    return undefined; // its own twin took its place meanwhile
  });
  if (!peer) return;
  tally.sessions++;
  const tags: number[] = [];
  const r2ts: Pdu[] = [];
  const deaf = random.once(12);
  if (deaf) peer.socket.pause();
  const spoils = random.once(3) ? 6 : 60;
  for (let count = random.below(300); count > 0 && !peer.closed; count--) {
    const fields = randomPdu(random, peer, tags, r2ts);
    let bytes = makePdu(fields, peer.digests);
    if (random.once(spoils)) bytes = random.spoil(bytes);
    if (random.once(150)) bytes = bytes.subarray(0, random.below(bytes.length));
    peer.raw(bytes);
    tally.pdus++;
    if (!deaf && random.once(4))
      for (let pdu = await peer.receive(1); pdu; pdu = await peer.receive(0)) {
        tally.answers++;
        if (pdu.opcode === Op.Reject) tally.rejects++;
        if (pdu.opcode === Op.ScsiResponse && pdu.status === 2) tally.senses++;
        if (pdu.opcode === Op.R2T) r2ts.push(pdu);
        if (r2ts.length > 16) r2ts.shift();
        if (tags.length > 64) tags.shift();
      }
  }
  if (peer.closed) tally.cutOff++;
  if (random.once(2)) peer.socket.end();
  peer.close();
}

/** Its INQUIRY is answered, whatever others do. */
async function neighbour(target: TargetProcess, stopped: () => boolean, tally: Tally): Promise<void> {
  const peer = await Initiator.login(target.portal, target.iqn, {
    InitiatorName: 'iqn.2026-11.dev.ring3.test:neighbour',
  });
  while (!stopped()) {
    const itt = peer.command([0x12, 0, 0, 0, 36, 0], { read: 36 });
    const answer = await peer.receive();
    if (answer?.opcode !== Op.DataIn || answer.itt !== itt || answer.data.length !== 36)
      throw new Error(
        `FAULT: the neighbour got ${answer ? `opcode 0x${answer.opcode.toString(16)}` : 'no answer'}`,
      );
    tally.inquiries++;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  peer.close();
}

const rss = (pid: number): number =>
  1024 * Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);

/** @throws Error at the first fault */
export async function fuzzPdu(
  options: {
    seconds: number;
    seed: number;
    /** It goes on until this too, however slow the machine. */
    enough?: (tally: Tally) => boolean;
  },
  start: StartOptions = {},
): Promise<Tally> {
  const tally: Tally = {
    sessions: 0,
    pdus: 0,
    answers: 0,
    rejects: 0,
    senses: 0,
    cutOff: 0,
    inquiries: 0,
    growth: 0,
  };
  const folder = mkdtempSync(join(tmpdir(), 'ring3-fuzz-'));
  const target = await TargetProcess.start(
    [
      ...[
        `${join(folder, 'disk.img')},size=16M`,
        'ram:16M,blocksize=4096',
        'ram:8M,removable',
        'null:1T',
        'ram:8M,ro',
      ],
      `${join(folder, 'wide.img')},size=16M,blocksize=4096`,
    ],
    { ...start, args: ['--quiet', '--threads', '2', ...(start.args ?? [])] },
  );
  const end = Date.now() + options.seconds * 1000;
  const random = new Random(options.seed);
  let stopped = false;
  const before = rss(target.pid);
  try {
    const guard = neighbour(target, () => stopped, tally);
    const attackers = Array.from({ length: HOSTILE }, async () => {
      while ((Date.now() < end || (options.enough && !options.enough(tally))) && !stopped)
        await attack(new Random(random.word()), target, tally);
    });
    await Promise.race([guard, Promise.all(attackers)]);
    stopped = true;
    await Promise.all([guard, ...attackers]);
    tally.growth = rss(target.pid) - before;
    if (tally.growth > GROWTH_MAX) throw new Error(`FAULT: the process grew by ${tally.growth >> 20} MiB`);
    const code = await target.stop();
    if (code !== 0) throw new Error(`FAULT: the target ends with ${code}`);
    return tally;
  } catch (error) {
    stopped = true;
    const how = target.alive ? '' : `\nthe target is gone: ${await target.stop()}`;
    throw new Error(`${(error as Error).stack}${how}\n${target.stderr}\nseed ${options.seed}`);
  } finally {
    stopped = true;
    await target.stop('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1]?.endsWith('fuzz/pdu.ts')) {
  const options = fuzzOptions(process.argv.slice(2));
  console.log(`fuzz:pdu  seed ${options.seed}, ${options.seconds} s`);
  const t = await fuzzPdu(options);
  console.log(
    `${t.sessions} sessions, ${t.pdus} PDUs: ${t.answers} answers, ${t.senses} with sense, ${t.rejects} rejects`,
  );
  console.log(
    `${t.cutOff} sessions cut off; the neighbour was answered ${t.inquiries} times; ${t.growth >> 20} MiB of growth`,
  );
  process.exit(0);
}
