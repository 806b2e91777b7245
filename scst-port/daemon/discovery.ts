// SPDX-License-Identifier: MIT
/** A discovery session (RFC 7143, 4.3): SendTargets, NOP, Logout; anything else ends it. */
import type { Channel, LoginResult } from './login.js';
import { bodyBytes, HEADER_BYTES, Opcode, opcodeOf, withData } from './pdu.js';
import { formatText, parseText } from './text.js';

export interface TargetAddresses {
  name: string;
  /** "ADDR:PORT" each. */
  portals: string[];
}

/** Serves until the initiator logs out or leaves. */
export async function serveDiscovery(
  channel: Channel,
  login: LoginResult,
  targets: () => TargetAddresses[],
): Promise<void> {
  let { statSn, expCmdSn } = login;
  for (;;) {
    const header = await channel.readExactly(HEADER_BYTES);
    const { ahs, data, total } = bodyBytes(header);
    if (total > 8192 + ahs) throw new Error(`a discovery PDU of ${total} bytes, at most 8192 is expected`);
    const body = total ? await channel.readExactly(total) : Buffer.alloc(0);
    const text = body.subarray(ahs, ahs + data);
    if (!(header[0]! & 0x40)) expCmdSn = (expCmdSn + 1) >>> 0;

    const reply = Buffer.alloc(HEADER_BYTES);
    reply[1] = 0x80;
    header.copy(reply, 16, 16, 20); // task tag
    reply.writeUInt32BE(statSn++ >>> 0, 24);
    reply.writeUInt32BE(expCmdSn, 28);
    reply.writeUInt32BE((expCmdSn + 1) >>> 0, 32);
    switch (opcodeOf(header)) {
      case Opcode.TextRequest: {
        reply[0] = Opcode.TextResponse;
        reply.writeUInt32BE(0xffffffff, 20);
        await channel.write(withData(reply, answerText(parseText(text), targets())));
        break;
      }
      case Opcode.NopOut:
        reply[0] = Opcode.NopIn;
        reply.writeUInt32BE(0xffffffff, 20);
        await channel.write(withData(reply, Buffer.from(text)));
        break;
      case Opcode.LogoutRequest:
        reply[0] = Opcode.LogoutResponse;
        await channel.write(reply);
        return;
      default:
        throw new Error(`opcode 0x${opcodeOf(header).toString(16)} in a discovery session`);
    }
  }
}

function answerText(keys: Map<string, string>, targets: TargetAddresses[]): Buffer {
  const pairs: [string, string][] = [];
  for (const [key, value] of keys) {
    if (key !== 'SendTargets') pairs.push([key, 'NotUnderstood']);
    else
      for (const target of targets.filter(({ name }) => value === 'All' || value === name)) {
        pairs.push(['TargetName', target.name]);
        for (const portal of target.portals) pairs.push(['TargetAddress', `${portal},1`]);
      }
  }
  return formatText(pairs);
}
