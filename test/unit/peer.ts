// SPDX-License-Identifier: MIT
/** The other end of a login, without a socket: what a test sends is what the daemon reads, and the reverse. */
import type { Channel } from '../../scst-port/daemon/login.js';
import { makePdu, Op, Pdu, type PduFields } from '../outside/initiator.js';

export { toKeys } from '../outside/initiator.js';

export class Peer implements Channel {
  #toRead = Buffer.alloc(0);
  #readers: (() => void)[] = [];
  #written = Buffer.alloc(0);
  #ended = false;

  // ---- the daemon's side

  async readExactly(bytes: number): Promise<Buffer> {
    while (this.#toRead.length < bytes) {
      if (this.#ended) throw new Error('the connection ended');
      await new Promise<void>((resolve) => this.#readers.push(resolve));
    }
    const data = this.#toRead.subarray(0, bytes);
    this.#toRead = this.#toRead.subarray(bytes);
    return data;
  }

  async write(data: Buffer): Promise<void> {
    this.#written = Buffer.concat([this.#written, data]);
  }

  // ---- the test's side

  raw(bytes: Buffer): this {
    this.#toRead = Buffer.concat([this.#toRead, bytes]);
    for (const wake of this.#readers.splice(0)) wake();
    return this;
  }

  send(fields: PduFields): this {
    return this.raw(makePdu(fields));
  }

  /** No more will come. */
  end(): this {
    this.#ended = true;
    for (const wake of this.#readers.splice(0)) wake();
    return this;
  }

  /** All PDUs written so far, once. */
  take(): Pdu[] {
    const pdus: Pdu[] = [];
    for (let at = 0; at < this.#written.length; ) {
      const length = this.#written.readUIntBE(at + 5, 3);
      pdus.push(
        new Pdu(this.#written.subarray(at, at + 48), this.#written.subarray(at + 48, at + 48 + length)),
      );
      at += 48 + ((length + 3) & ~3);
    }
    this.#written = Buffer.alloc(0);
    return pdus;
  }
}

export const SECURITY = 0;
export const OPERATIONAL = 1;
export const FULL_FEATURE = 3;

export const NAME = 'iqn.2026-11.dev.ring3.test:unit';
export const TARGET = 'iqn.2026-11.dev.ring3:unit';
export const NAMES = { InitiatorName: NAME, TargetName: TARGET, SessionType: 'Normal' };

export const toText = (keys: Record<string, string> | [string, string][]): Buffer =>
  Buffer.from((Array.isArray(keys) ? keys : Object.entries(keys)).map(([k, v]) => `${k}=${v}\0`).join(''));

export interface LoginFields {
  csg?: number;
  /** The T bit, and this. */
  to?: number;
  /** The C bit. */
  more?: boolean;
  keys?: Record<string, string> | [string, string][];
  data?: Buffer;
  isid?: number;
  tsih?: number;
  cid?: number;
  itt?: number;
  cmdSn?: number;
  versionMin?: number;
  opcode?: number;
  ahs?: Buffer;
  dataSegmentLength?: number;
}

/** The fields of one Login Request. */
export function loginPdu(fields: LoginFields = {}): PduFields {
  const { csg = OPERATIONAL, to, more, isid = 1, tsih = 0, cid = 0, itt = 1, cmdSn = 7 } = fields;
  return {
    opcode: fields.opcode ?? Op.Login,
    immediate: true,
    flags: (to === undefined ? 0 : 0x80 | to) | (more ? 0x40 : 0) | (csg << 2),
    itt,
    words: { 8: 0x80_00_00_00 + isid, 20: cid << 16, 24: cmdSn, 28: 0 },
    bytes: { 3: fields.versionMin ?? 0, 14: tsih >> 8, 15: tsih & 255 },
    data: fields.data ?? toText(fields.keys ?? {}),
    ...(fields.ahs ? { ahs: fields.ahs } : {}),
    ...(fields.dataSegmentLength === undefined ? {} : { dataSegmentLength: fields.dataSegmentLength }),
  };
}
