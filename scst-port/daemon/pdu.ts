// SPDX-License-Identifier: MIT
/** Login-phase and discovery PDUs (RFC 7143, section 11). Pure: bytes in, values out. */

export const Opcode = {
  NopOut: 0x00,
  LoginRequest: 0x03,
  TextRequest: 0x04,
  LogoutRequest: 0x06,
  NopIn: 0x20,
  LoginResponse: 0x23,
  TextResponse: 0x24,
  LogoutResponse: 0x26,
  Reject: 0x3f,
} as const;

export const HEADER_BYTES = 48;

export interface Pdu {
  header: Buffer;
  data: Buffer;
}

export const opcodeOf = (header: Buffer): number => header[0]! & 0x3f;

/** Bytes that follow the header: AHS, data, padding. */
export function bodyBytes(header: Buffer): { ahs: number; data: number; total: number } {
  const ahs = header[4]! * 4;
  const data = header.readUIntBE(5, 3);
  return { ahs, data, total: ahs + ((data + 3) & ~3) };
}

/** A login request's own fields (RFC 7143, 11.12). */
export function loginFields(header: Buffer) {
  const flags = header[1]!;
  return {
    transit: (flags & 0x80) !== 0,
    continues: (flags & 0x40) !== 0,
    csg: (flags >> 2) & 3,
    nsg: flags & 3,
    versionMin: header[3]!,
    isid: header.subarray(8, 14),
    tsih: header.readUInt16BE(14),
    itt: header.readUInt32BE(16),
    cid: header.readUInt16BE(20),
    cmdSn: header.readUInt32BE(24),
  };
}

/** Sets a header's data length and appends the data, padded. */
export function withData(header: Buffer, data: Buffer): Buffer {
  header.writeUIntBE(data.length, 5, 3);
  return Buffer.concat([header, data, Buffer.alloc(-data.length & 3)]);
}
