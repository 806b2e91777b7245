// SPDX-License-Identifier: MIT
/**
 * The login of one connection, read as a script: receive, check, send (RFC 7143, section 6).
 *
 * It knows a channel that reads and writes bytes, and what the target offers; no socket, no clock.
 */
import { Chap, type Credentials } from './chap.js';
import { defaults, type Negotiated, negotiate, type Wishes } from './keys.js';
import { LoginError, Status } from './login-error.js';
import { bodyBytes, HEADER_BYTES, loginFields, Opcode, opcodeOf, type Pdu, withData } from './pdu.js';
import { formatText, parseText, TEXT_LIMIT } from './text.js';

export interface Channel {
  readExactly(bytes: number): Promise<Buffer>;
  write(data: Buffer): Promise<void>;
}

export interface LoginPolicy extends Wishes {
  /** Whether a target of this name is served. */
  hasTarget(name: string): boolean;
  chap?: Credentials | undefined;
  mutualChap?: Credentials | undefined;
  newTsih(): number;
}

export interface LoginResult {
  discovery: boolean;
  initiatorName: string;
  initiatorAlias: string;
  targetName: string;
  user: string;
  isid: Buffer;
  tsih: number;
  cid: number;
  expCmdSn: number;
  statSn: number;
  values: Negotiated;
  /** The last Login Response, not sent yet. */
  lastResponse: Buffer;
}

const SECURITY = 0;
const OPERATIONAL = 1;
const FULL_FEATURE = 3;
const NAME =
  /^(iqn\.\d{4}-\d{2}\.[a-z0-9.-]+(:.*)?|eui\.[0-9A-Fa-f]{16}|naa\.[0-9A-Fa-f]{16}([0-9A-Fa-f]{16})?)$/;

/** Most requests one login may take: stages, CHAP and continued text need fewer than ten. */
const REQUESTS_MAX = 64;

type Fields = ReturnType<typeof loginFields>;

export class Login {
  #stage = -1;
  #first: Fields | undefined;
  #statSn = 0;
  #keys = new Map<string, string>();
  #answers: [string, string][] = [];
  #chap: Chap | undefined;
  #authenticated: boolean;
  #declared = false;
  #tsih = 0;
  readonly #values = defaults();

  constructor(
    readonly channel: Channel,
    readonly policy: LoginPolicy,
  ) {
    this.#authenticated = !policy.chap;
    if (policy.chap) this.#chap = new Chap(policy.chap, policy.mutualChap);
  }

  /** Runs to full-feature phase. @throws LoginError after its status was sent */
  async run(): Promise<LoginResult> {
    try {
      for (let count = 0; count < REQUESTS_MAX; count++) {
        const { fields, text } = await this.#receive();
        const response = this.#answer(fields, text);
        if (response.last) return this.#result(response.pdu);
        await this.channel.write(response.pdu);
      }
      throw new LoginError(Status.InitiatorError, `no end after ${REQUESTS_MAX} requests`);
    } catch (error) {
      if (error instanceof LoginError && this.#first) await this.refuse(error.status).catch(() => {});
      throw error;
    }
  }

  /** Sends a Login Response that ends the login. */
  async refuse(status: number): Promise<void> {
    const header = this.#response(this.#first!, 0);
    header.writeUInt16BE(status, 36);
    await this.channel.write(withData(header, Buffer.alloc(0)));
  }

  /** One request, of as many PDUs as its C bit says. */
  async #receive(): Promise<{ fields: Fields; text: Map<string, string> }> {
    const parts: Buffer[] = [];
    let bytes = 0;
    for (;;) {
      const { header, data } = await this.#pdu();
      const fields = loginFields(header);
      this.#check(fields);
      parts.push(data);
      bytes += data.length;
      if (bytes > TEXT_LIMIT)
        throw new LoginError(Status.InitiatorError, `more than ${TEXT_LIMIT} bytes of keys in one request`);
      if (!fields.continues) return { fields, text: parseText(Buffer.concat(parts)) };
      if (fields.transit) throw new LoginError(Status.InitiatorError, 'both the T and the C bit are set');
      await this.channel.write(withData(this.#response(fields, 0), Buffer.alloc(0)));
    }
  }

  async #pdu(): Promise<Pdu> {
    const header = await this.channel.readExactly(HEADER_BYTES);
    if (opcodeOf(header) !== Opcode.LoginRequest)
      throw new LoginError(
        Status.InvalidDuringLogin,
        `opcode is 0x${opcodeOf(header).toString(16)}, should be 0x3 (Login)`,
      );
    const { ahs, data, total } = bodyBytes(header);
    if (ahs) throw new LoginError(Status.InitiatorError, `a Login Request with ${ahs} bytes of AHS`);
    if (data > 8192) {
      this.#first ??= loginFields(header);
      throw new LoginError(
        Status.InitiatorError,
        `DataSegmentLength is ${data}, at most 8192 is allowed in login`,
      );
    }
    const body = total ? await this.channel.readExactly(total) : Buffer.alloc(0);
    return { header, data: body.subarray(0, data) };
  }

  #check(fields: Fields): void {
    const first = this.#first;
    this.#first ??= fields;
    if (fields.versionMin !== 0)
      throw new LoginError(Status.UnsupportedVersion, `Version-min is ${fields.versionMin}, should be 0`);
    if (
      fields.csg === 2 ||
      fields.csg === FULL_FEATURE ||
      (fields.transit && (fields.nsg === 2 || fields.nsg <= fields.csg))
    )
      throw new LoginError(Status.InitiatorError, `stages ${fields.csg} to ${fields.nsg} do not exist`);
    if (!first) {
      this.#stage = fields.csg;
      if (fields.tsih)
        throw new LoginError(
          Status.SessionDoesNotExist,
          `TSIH is ${fields.tsih}; a session has one connection here`,
        );
      return;
    }
    if (!fields.isid.equals(first.isid) || fields.cid !== first.cid || fields.itt !== first.itt)
      throw new LoginError(Status.InitiatorError, 'ISID, CID or task tag changed during login');
    if (fields.csg !== this.#stage)
      throw new LoginError(Status.InitiatorError, `CSG is ${fields.csg}, should be ${this.#stage}`);
  }

  #answer(fields: Fields, text: Map<string, string>): { pdu: Buffer; last: boolean } {
    for (const [key, value] of text) {
      if (this.#keys.has(key) && !key.startsWith('CHAP_'))
        throw new LoginError(Status.InitiatorError, `the key ${key} comes twice`);
      this.#keys.set(key, value);
    }
    this.#names();
    this.#answers = [];
    let ready = true;
    if (fields.csg === SECURITY) ready = this.#security(text);
    else if (!this.#authenticated)
      throw new LoginError(Status.AuthenticationFailure, 'CHAP is required, and the initiator skipped it');
    this.#answers.push(...negotiate(text, this.#values, this.policy));
    if (fields.csg === OPERATIONAL && !this.#declared) {
      this.#declared = true;
      this.#answers.push(['MaxRecvDataSegmentLength', String(this.#values.maxRecvDataSegmentLength)]);
    }
    if (this.#stage === fields.csg && !this.#keys.has('answered')) {
      this.#keys.set('answered', '');
      if (this.#keys.get('SessionType') !== 'Discovery') this.#answers.push(['TargetPortalGroupTag', '1']);
    }
    const go = fields.transit && ready;
    const header = this.#response(fields, go ? 0x80 | fields.nsg : 0);
    const last = go && fields.nsg === FULL_FEATURE;
    if (last) {
      if (!this.#authenticated)
        throw new LoginError(Status.AuthenticationFailure, 'CHAP is required, and the initiator skipped it');
      this.#tsih = this.policy.newTsih();
      header.writeUInt16BE(this.#tsih, 14);
    }
    if (go) this.#stage = fields.nsg;
    return { pdu: withData(header, formatText(this.#answers)), last };
  }

  /** Who wants what; checked with the first request. */
  #names(): void {
    if (this.#keys.has('answered')) return;
    const initiator = this.#keys.get('InitiatorName');
    if (initiator === undefined) throw new LoginError(Status.MissingParameter, 'InitiatorName is missing');
    if (initiator.length > 223 || !NAME.test(initiator))
      throw new LoginError(
        Status.InitiatorError,
        `InitiatorName '${initiator.slice(0, 64)}' is no iqn., eui. or naa. name`,
      );
    const type = this.#keys.get('SessionType') ?? 'Normal';
    if (type !== 'Normal' && type !== 'Discovery')
      throw new LoginError(Status.InitiatorError, `SessionType is '${type}', should be Normal or Discovery`);
    if (type === 'Discovery') return;
    const target = this.#keys.get('TargetName');
    if (target === undefined) throw new LoginError(Status.MissingParameter, 'TargetName is missing');
    if (!this.policy.hasTarget(target))
      throw new LoginError(Status.TargetNotFound, `there is no target '${target.slice(0, 223)}'`);
  }

  /** False while the security stage has more to say. */
  #security(text: Map<string, string>): boolean {
    const methods = text.get('AuthMethod');
    if (!this.#chap) {
      if (methods !== undefined) {
        if (!methods.split(',').includes('None'))
          throw new LoginError(Status.AuthenticationFailure, `AuthMethod is '${methods}', None is expected`);
        this.#answers.push(['AuthMethod', 'None']);
      }
      return true;
    }
    if (methods !== undefined) {
      if (!methods.split(',').includes('CHAP'))
        throw new LoginError(Status.AuthenticationFailure, `AuthMethod is '${methods}', CHAP is required`);
      this.#answers.push(['AuthMethod', 'CHAP']);
    }
    if (text.has('CHAP_A')) this.#answers.push(...this.#chap.challenge(text.get('CHAP_A')));
    if (text.has('CHAP_R') || text.has('CHAP_N')) {
      this.#answers.push(...this.#chap.check(text));
      this.#authenticated = true;
    }
    return this.#authenticated;
  }

  #response(fields: Fields, flags: number): Buffer {
    const header = Buffer.alloc(HEADER_BYTES);
    header[0] = Opcode.LoginResponse;
    header[1] = flags & 0x80 ? flags | (fields.csg << 2) : fields.csg << 2;
    fields.isid.copy(header, 8);
    header.writeUInt16BE(fields.tsih, 14);
    header.writeUInt32BE(fields.itt, 16);
    header.writeUInt32BE(this.#statSn++ >>> 0, 24);
    header.writeUInt32BE(fields.cmdSn, 28);
    header.writeUInt32BE((fields.cmdSn + 1) >>> 0, 32);
    return header;
  }

  #result(lastResponse: Buffer): LoginResult {
    const first = this.#first!;
    return {
      discovery: this.#keys.get('SessionType') === 'Discovery',
      initiatorName: this.#keys.get('InitiatorName')!,
      initiatorAlias: this.#keys.get('InitiatorAlias')?.slice(0, 223) ?? '',
      targetName: this.#keys.get('TargetName') ?? '',
      user: this.#chap && this.#authenticated ? this.#chap.credentials.user : '',
      isid: Buffer.from(first.isid),
      tsih: this.#tsih,
      cid: first.cid,
      expCmdSn: first.cmdSn,
      statSn: this.#statSn,
      values: this.#values,
      lastResponse,
    };
  }
}
