// SPDX-License-Identifier: MIT
/**
 * An initiator that does what it is told, right or wrong: for tests that send what no sane initiator sends.
 *
 * PDUs are built by hand (RFC 7143, section 11); nothing is shared with the target's own codec, so that one mistake
 * cannot hide another.
 */
import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { DEADLINE_MS } from '../until.js';
import { crc32c } from './crc32c.js';

export const Op = {
  NopOut: 0x00,
  ScsiCommand: 0x01,
  TaskManagement: 0x02,
  Login: 0x03,
  Text: 0x04,
  DataOut: 0x05,
  Logout: 0x06,
  Snack: 0x10,
  NopIn: 0x20,
  ScsiResponse: 0x21,
  TaskManagementResponse: 0x22,
  LoginResponse: 0x23,
  TextResponse: 0x24,
  DataIn: 0x25,
  LogoutResponse: 0x26,
  R2T: 0x31,
  Async: 0x32,
  Reject: 0x3f,
} as const;

export interface PduFields {
  opcode: number;
  /** Byte 1. */
  flags?: number;
  immediate?: boolean;
  itt?: number;
  /** Big-endian words at byte offsets of the header. */
  words?: Record<number, number>;
  /** Bytes at offsets of the header. */
  bytes?: Record<number, number>;
  data?: Buffer;
  /** What the header says, when that is not the data's length. */
  dataSegmentLength?: number;
  /** In bytes; a multiple of 4. */
  ahs?: Buffer;
}

export interface Digests {
  header: boolean;
  data: boolean;
}

/** What hashes are called in CHAP_A, and by node:crypto. */
const HASHES: Record<string, string> = { 5: 'md5', 6: 'sha1', 7: 'sha256', 8: 'sha3-256' };

const NO_DIGESTS: Digests = { header: false, data: false };

function digestOf(bytes: Buffer): Buffer {
  const digest = Buffer.alloc(4);
  digest.writeUInt32LE(crc32c(bytes)); // RFC 7143, 13.1: least significant byte first
  return digest;
}

export function makePdu(fields: PduFields, digests = NO_DIGESTS): Buffer {
  const header = Buffer.alloc(48);
  const data = fields.data ?? Buffer.alloc(0);
  const ahs = fields.ahs ?? Buffer.alloc(0);
  header[0] = fields.opcode | (fields.immediate ? 0x40 : 0);
  header[1] = fields.flags ?? 0x80;
  header[4] = ahs.length / 4;
  header.writeUIntBE(fields.dataSegmentLength ?? data.length, 5, 3);
  header.writeUInt32BE(fields.itt ?? 0xffffffff, 16);
  for (const [offset, value] of Object.entries(fields.words ?? {}))
    header.writeUInt32BE(value >>> 0, Number(offset));
  for (const [offset, value] of Object.entries(fields.bytes ?? {})) header[Number(offset)] = value;
  const head = Buffer.concat([header, ahs]);
  const body = Buffer.concat([data, Buffer.alloc(-data.length & 3)]);
  return Buffer.concat([
    head,
    ...(digests.header ? [digestOf(head)] : []),
    body,
    ...(digests.data && data.length ? [digestOf(body)] : []),
  ]);
}

export class Pdu {
  constructor(
    readonly header: Buffer,
    readonly data: Buffer,
  ) {}
  get opcode(): number {
    return this.header[0]! & 0x3f;
  }
  get flags(): number {
    return this.header[1]!;
  }
  get itt(): number {
    return this.word(16);
  }
  /** SCSI Response: the SAM status. */
  get status(): number {
    return this.header[3]!;
  }
  /** Login Response: class << 8 | detail. */
  get loginStatus(): number {
    return this.header.readUInt16BE(36);
  }
  word(offset: number): number {
    return this.header.readUInt32BE(offset);
  }
  /** Sense key, ASC and ASCQ of a SCSI Response as "5/24/00", or "". */
  get sense(): string {
    if (this.data.length < 16) return '';
    const sense = this.data.subarray(2);
    const hex = (byte: number | undefined) => (byte ?? 0).toString(16).padStart(2, '0');
    return (sense[0]! & 0x7f) >= 0x72
      ? `${sense[1]! & 15}/${hex(sense[2])}/${hex(sense[3])}`
      : `${sense[2]! & 15}/${hex(sense[12])}/${hex(sense[13])}`;
  }
}

/** The keys of a text, by name. */
export const toKeys = (data: Buffer): Record<string, string> =>
  Object.fromEntries(
    data
      .toString()
      .split('\0')
      .filter(Boolean)
      .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );

export class Initiator {
  cmdSn = 1;
  expStatSn = 0;
  tsih = 0;
  /** Set when the other side ended the connection. */
  closed = false;
  /** In force from full-feature phase on. */
  digests = NO_DIGESTS;
  private received = Buffer.alloc(0);
  private wake: (() => void) | undefined;

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.wake?.();
    });
    const end = () => {
      this.closed = true;
      this.wake?.();
    };
    socket.on('close', end).on('end', end).on('error', end);
  }

  static connect(portal: string): Promise<Initiator> {
    const [, host, port] = /^\[?([^\]]*)\]?:(\d+)$/.exec(portal)!;
    return new Promise((resolve, reject) => {
      const socket = connect({ host: host!, port: Number(port), noDelay: true }, () =>
        resolve(new Initiator(socket)),
      );
      socket.once('error', reject);
    });
  }

  /** Connects and logs in; @keys come after the names. Rejects when the login fails. */
  static async login(portal: string, target: string, keys: Record<string, string> = {}): Promise<Initiator> {
    const initiator = await Initiator.connect(portal);
    const response = await initiator.loginRequest({
      InitiatorName: 'iqn.2026-11.dev.ring3.test:hostile',
      TargetName: target,
      SessionType: 'Normal',
      ...keys,
    });
    if (response?.loginStatus !== 0) throw new Error(`login: status ${response?.loginStatus.toString(16)}`);
    initiator.#logIn(response);
    return initiator;
  }

  #logIn(response: Pdu): void {
    this.tsih = response.header.readUInt16BE(14);
    const keys = toKeys(response.data);
    this.digests = { header: keys.HeaderDigest === 'CRC32C', data: keys.DataDigest === 'CRC32C' };
  }

  /**
   * A login with CHAP, through its stages. @returns the last response, whatever it says
   * @param options.algorithms as in CHAP_A
   * @param options.mutual what we challenge the target with; its answer is checked against this secret
   */
  async chapLogin(
    target: string,
    user: string,
    secret: string,
    options: { algorithms?: string; mutual?: { user: string; secret: string }; reflect?: boolean } = {},
  ): Promise<Pdu | undefined> {
    const names = {
      InitiatorName: 'iqn.2026-11.dev.ring3.test:chap',
      TargetName: target,
      AuthMethod: 'CHAP',
    };
    const security = { csg: 0 };
    const first = await this.loginRequest(names, 1, security);
    if (first?.loginStatus !== 0) return first;
    const offered = await this.loginRequest({ CHAP_A: options.algorithms ?? '5' }, 1, security);
    if (offered?.loginStatus !== 0) return offered;
    const { CHAP_A = '', CHAP_I = '', CHAP_C = '' } = toKeys(offered.data);
    const answer = (id: string, ofSecret: string, challenge: string) =>
      `0x${createHash(HASHES[CHAP_A]!)
        .update(Buffer.from([Number(id)]))
        .update(ofSecret)
        .update(Buffer.from(challenge.slice(2), 'hex'))
        .digest('hex')}`;
    const ours: Record<string, string> = options.reflect
      ? { CHAP_I, CHAP_C }
      : options.mutual
        ? { CHAP_I: '7', CHAP_C: `0x${'1e'.repeat(16)}` }
        : {};
    const proof = { CHAP_N: user, CHAP_R: answer(CHAP_I, secret, CHAP_C), ...ours };
    const proved = await this.loginRequest(proof, 1, { csg: 0, to: 1 });
    if (proved?.loginStatus !== 0) return proved;
    if (options.mutual) {
      const theirs = toKeys(proved.data);
      const expected = answer('7', options.mutual.secret, ours.CHAP_C!);
      if (theirs.CHAP_N !== options.mutual.user || theirs.CHAP_R !== expected)
        throw new Error(`the target proved itself wrongly: ${JSON.stringify(theirs)}`);
    }
    const last = await this.loginRequest({}, 1);
    if (last?.loginStatus === 0) this.#logIn(last);
    return last;
  }

  /** One Login Request, from the operational stage straight to full-feature phase if not told else, and its response. */
  async loginRequest(
    keys: Record<string, string>,
    isid = 1,
    { csg, to }: { csg: number; to?: number } = { csg: 1, to: 3 },
  ): Promise<Pdu | undefined> {
    const text = Object.entries(keys).map(([key, value]) => `${key}=${value}\0`);
    this.send({
      opcode: Op.Login,
      immediate: true,
      flags: (to === undefined ? 0 : 0x80 | to) | (csg << 2), // T and NSG, CSG
      itt: 1,
      words: { 8: 0x80_00_00_00 + isid, 12: 0, 20: 0, 24: this.cmdSn, 28: 0 },
      data: Buffer.from(text.join('')),
    });
    const response = await this.receive();
    if (response) this.expStatSn = response.word(24) + 1;
    return response;
  }

  send(fields: PduFields): void {
    this.raw(makePdu(fields, this.digests));
  }

  raw(bytes: Buffer): void {
    if (!this.closed) this.socket.write(bytes);
  }

  /** A SCSI Command of LUN 0; returns its task tag. */
  command(
    cdb: number[],
    options: {
      itt?: number;
      read?: number;
      write?: number;
      data?: Buffer;
      final?: boolean;
      lun?: number;
    } = {},
  ): number {
    const itt = options.itt ?? this.cmdSn + 1000;
    const flags =
      (options.final === false ? 0 : 0x80) | (options.read ? 0x40 : 0) | (options.write ? 0x20 : 0) | 1;
    const bytes = Object.fromEntries(cdb.map((byte, index) => [32 + index, byte]));
    bytes[9] = options.lun ?? 0;
    const words = { 20: options.read ?? options.write ?? 0, 24: this.cmdSn++, 28: this.expStatSn };
    this.send({
      opcode: Op.ScsiCommand,
      flags,
      itt,
      words,
      bytes,
      ...(options.data ? { data: options.data } : {}),
    });
    return itt;
  }

  /** The next PDU; undefined when the target ended the connection first, or after @timeoutMs. */
  async receive(timeoutMs = DEADLINE_MS): Promise<Pdu | undefined> {
    const end = Date.now() + timeoutMs;
    for (;;) {
      const pdu = this.#next();
      if (pdu) return pdu;
      const left = end - Date.now();
      if (this.closed || left <= 0) return undefined;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** A PDU that is there as a whole. @throws Error for a digest that is wrong */
  #next(): Pdu | undefined {
    if (this.received.length < 48) return undefined;
    const length = this.received.readUIntBE(5, 3);
    const headBytes = 48 + this.received[4]! * 4;
    const start = headBytes + (this.digests.header ? 4 : 0);
    const padded = (length + 3) & ~3;
    const total = start + padded + (this.digests.data && length ? 4 : 0);
    if (this.received.length < total) return undefined;
    const whole = this.received.subarray(0, total);
    this.received = this.received.subarray(total);
    if (
      this.digests.header &&
      !digestOf(whole.subarray(0, headBytes)).equals(whole.subarray(headBytes, start))
    )
      throw new Error('the header digest of a PDU is wrong');
    const body = whole.subarray(start, start + padded);
    if (this.digests.data && length && !digestOf(body).equals(whole.subarray(start + padded)))
      throw new Error('the data digest of a PDU is wrong');
    const pdu = new Pdu(whole.subarray(0, 48), body.subarray(0, length));
    const carriesStatus = pdu.opcode !== Op.R2T && (pdu.opcode !== Op.DataIn || pdu.flags & 1);
    if (carriesStatus && pdu.word(24) >= this.expStatSn) this.expStatSn = pdu.word(24) + 1;
    return pdu;
  }

  /** Waits until the target ends the connection; false when it has not within @timeoutMs. */
  async ended(timeoutMs = DEADLINE_MS): Promise<boolean> {
    const end = Date.now() + timeoutMs;
    while (!this.closed && Date.now() < end) await this.receive(Math.min(200, end - Date.now()));
    return this.closed;
  }

  close(): void {
    this.socket.destroy();
  }
}
