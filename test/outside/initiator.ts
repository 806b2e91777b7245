// SPDX-License-Identifier: MIT
/**
 * An initiator that does what it is told, right or wrong: for tests that send what no sane initiator sends.
 *
 * PDUs are built by hand (RFC 7143, section 11); nothing is shared with the target's own codec, so that one mistake
 * cannot hide another.
 */
import { connect, type Socket } from 'node:net';

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

/** A PDU without digests. */
export function makePdu(fields: PduFields): Buffer {
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
  return Buffer.concat([header, ahs, data, Buffer.alloc(-data.length & 3)]);
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

export class Initiator {
  cmdSn = 1;
  expStatSn = 0;
  tsih = 0;
  /** Set when the other side ended the connection. */
  closed = false;
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
    initiator.tsih = response.header.readUInt16BE(14);
    return initiator;
  }

  /** One Login Request from the operational stage straight to full-feature phase, and its response. */
  async loginRequest(keys: Record<string, string>, isid = 1): Promise<Pdu | undefined> {
    const text = Object.entries(keys).map(([key, value]) => `${key}=${value}\0`);
    this.send({
      opcode: Op.Login,
      immediate: true,
      flags: 0x87, // T, CSG operational, NSG full-feature phase
      itt: 1,
      words: { 8: 0x80_00_00_00 + isid, 12: 0, 20: 0, 24: this.cmdSn, 28: 0 },
      data: Buffer.from(text.join('')),
    });
    const response = await this.receive();
    if (response) this.expStatSn = response.word(24) + 1;
    return response;
  }

  send(fields: PduFields): void {
    this.raw(makePdu(fields));
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
  async receive(timeoutMs = 5000): Promise<Pdu | undefined> {
    const end = Date.now() + timeoutMs;
    for (;;) {
      if (this.received.length >= 48) {
        const length = this.received.readUIntBE(5, 3);
        const total = 48 + this.received[4]! * 4 + ((length + 3) & ~3);
        if (this.received.length >= total) {
          const start = 48 + this.received[4]! * 4;
          const pdu = new Pdu(this.received.subarray(0, 48), this.received.subarray(start, start + length));
          this.received = this.received.subarray(total);
          const carriesStatus = pdu.opcode !== Op.R2T && (pdu.opcode !== Op.DataIn || pdu.flags & 1);
          if (carriesStatus && pdu.word(24) >= this.expStatSn) this.expStatSn = pdu.word(24) + 1;
          return pdu;
        }
      }
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

  /** Waits until the target ends the connection; false when it has not within @timeoutMs. */
  async ended(timeoutMs = 5000): Promise<boolean> {
    const end = Date.now() + timeoutMs;
    while (!this.closed && Date.now() < end) await this.receive(Math.min(200, end - Date.now()));
    return this.closed;
  }

  close(): void {
    this.socket.destroy();
  }
}
