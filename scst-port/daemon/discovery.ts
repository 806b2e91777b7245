// SPDX-License-Identifier: MIT
/** A discovery session (RFC 7143, 4.3): SendTargets, NOP, Logout; anything else ends it with a Reject. */
import type { Channel, LoginResult } from './login.js';
import { LoginError } from './login-error.js';
import { sameName } from './names.js';
import { bodyBytes, HEADER_BYTES, Opcode, opcodeOf, withData } from './pdu.js';
import { formatText, parseText, parts } from './text.js';

export interface TargetAddresses {
  name: string;
  /** "ADDR:PORT" each. */
  portals: string[];
}

/** Reasons of a Reject (RFC 7143, 11.17.1). */
const Reason = { ProtocolError: 0x04, CommandNotSupported: 0x05, InvalidPduField: 0x09 } as const;

const NO_TAG = 0xffffffff;

/** Longest data of a request, bytes. */
const REQUEST_MAX = 8192;

/** What the initiator sent and cannot be: told to it with a Reject, and the session ends. */
class DiscoveryError extends Error {
  constructor(
    readonly reason: number,
    message: string,
  ) {
    super(`in discovery: ${message}`);
  }
}

interface Request {
  header: Buffer;
  opcode: number;
  final: boolean;
  itt: number;
  ttt: number;
  data: Buffer;
}

class Discovery {
  #statSn: number;
  #expCmdSn: number;
  /** An answer under way: the parts that are left, and the tag they are asked for with. */
  #rest: { part: Buffer; last: boolean }[] = [];
  #ttt = 0;

  constructor(
    readonly channel: Channel,
    readonly login: LoginResult,
    readonly targets: () => TargetAddresses[],
  ) {
    this.#statSn = login.statSn;
    this.#expCmdSn = login.expCmdSn;
  }

  async run(): Promise<void> {
    for (;;) {
      const header = await this.channel.readExactly(HEADER_BYTES);
      try {
        if (!(await this.#serve(await this.#receive(header)))) return;
      } catch (error) {
        const reason = error instanceof DiscoveryError ? error.reason : Reason.ProtocolError;
        if (error instanceof DiscoveryError || error instanceof LoginError)
          await this.#reject(header, reason);
        throw error;
      }
    }
  }

  async #receive(header: Buffer): Promise<Request> {
    const { ahs, data, total } = bodyBytes(header);
    if (ahs) throw new DiscoveryError(Reason.InvalidPduField, `${ahs} bytes of AHS, none is expected`);
    if (data > REQUEST_MAX)
      throw new DiscoveryError(
        Reason.InvalidPduField,
        `DataSegmentLength is ${data}, at most ${REQUEST_MAX} is expected`,
      );
    const body = total ? await this.channel.readExactly(total) : Buffer.alloc(0);
    if (!(header[0]! & 0x40)) this.#expCmdSn = (this.#expCmdSn + 1) >>> 0;
    return {
      header,
      opcode: opcodeOf(header),
      final: (header[1]! & 0x80) !== 0,
      itt: header.readUInt32BE(16),
      ttt: header.readUInt32BE(20),
      data: body.subarray(0, data),
    };
  }

  /** False: this was the last. */
  async #serve(request: Request): Promise<boolean> {
    const { opcode, itt } = request;
    if (opcode === Opcode.TextRequest) {
      await this.#text(request);
    } else if (opcode === Opcode.NopOut) {
      // One without a tag wants no answer (RFC 7143, 11.18).
      if (itt !== NO_TAG) await this.#reply(Opcode.NopIn, request, Buffer.from(request.data), NO_TAG);
    } else if (opcode === Opcode.LogoutRequest) {
      await this.#reply(Opcode.LogoutResponse, request, Buffer.alloc(0), 0);
      return false;
    } else {
      throw new DiscoveryError(
        Reason.CommandNotSupported,
        `opcode is 0x${opcode.toString(16)}; Text, NOP and Logout are expected`,
      );
    }
    return true;
  }

  async #text(request: Request): Promise<void> {
    if (!request.final)
      throw new DiscoveryError(Reason.ProtocolError, 'a Text Request goes on, one PDU is expected');
    if (request.ttt === NO_TAG) {
      const answer = answerText(parseText(request.data), this.targets());
      this.#rest = [...parts(answer, this.login.values.maxXmitDataSegmentLength)];
      this.#ttt = (this.#ttt + 1) & 0x7fff_ffff;
    } else if (request.ttt !== this.#ttt || !this.#rest.length || request.data.length) {
      throw new DiscoveryError(
        Reason.ProtocolError,
        'the target transfer tag is that of no answer that goes on',
      );
    }
    const { part, last } = this.#rest.shift()!;
    await this.#reply(Opcode.TextResponse, request, part, last ? NO_TAG : this.#ttt, last ? 0x80 : 0x40);
  }

  #reply(opcode: number, request: Request, data: Buffer, ttt: number, flags = 0x80): Promise<void> {
    const reply = this.#header(opcode, flags);
    reply.writeUInt32BE(request.itt, 16);
    reply.writeUInt32BE(ttt, 20);
    return this.channel.write(withData(reply, data));
  }

  #reject(header: Buffer, reason: number): Promise<void> {
    const reply = this.#header(Opcode.Reject, 0x80);
    reply[2] = reason;
    reply.writeUInt32BE(NO_TAG, 16);
    return this.channel.write(withData(reply, Buffer.from(header))).catch(() => {});
  }

  #header(opcode: number, flags: number): Buffer {
    const header = Buffer.alloc(HEADER_BYTES);
    header[0] = opcode;
    header[1] = flags;
    header.writeUInt32BE(this.#statSn, 24);
    this.#statSn = (this.#statSn + 1) >>> 0;
    header.writeUInt32BE(this.#expCmdSn, 28);
    header.writeUInt32BE((this.#expCmdSn + 1) >>> 0, 32);
    return header;
  }
}

function answerText(keys: Map<string, string>, targets: TargetAddresses[]): Buffer {
  const pairs: [string, string][] = [];
  for (const [key, value] of keys) {
    if (key !== 'SendTargets') {
      pairs.push([key, 'NotUnderstood']);
      continue;
    }
    if (!value)
      throw new DiscoveryError(Reason.ProtocolError, 'SendTargets is empty, All or a name is expected');
    for (const target of targets.filter(({ name }) => value === 'All' || sameName(value, name))) {
      pairs.push(['TargetName', target.name]);
      for (const portal of target.portals) pairs.push(['TargetAddress', `${portal},1`]);
    }
  }
  return formatText(pairs);
}

/** Serves until the initiator logs out or leaves. @throws Error, after a Reject, for what cannot be */
export function serveDiscovery(
  channel: Channel,
  login: LoginResult,
  targets: () => TargetAddresses[],
): Promise<void> {
  return new Discovery(channel, login, targets).run();
}
