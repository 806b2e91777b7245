// SPDX-License-Identifier: MIT
/**
 * The login of one connection, read as a script: receive, check, send (RFC 7143, section 6).
 *
 * It knows a channel that reads and writes bytes, and what the target offers; no socket, no clock.
 */
import { Chap, type Credentials, isChapKey } from './chap.js';
import { defaults, type Negotiated, negotiate, type Wishes } from './keys.js';
import { LoginError, Status } from './login-error.js';
import { cutToBytes, isIscsiName, NAME_LIMIT } from './names.js';
import { bodyBytes, HEADER_BYTES, loginFields, Opcode, opcodeOf, type Pdu, withData } from './pdu.js';
import { formatText, parseText, parts, quoted, TEXT_LIMIT } from './text.js';

export interface Channel {
  readExactly(bytes: number): Promise<Buffer>;
  write(data: Buffer): Promise<void>;
}

export interface LoginPolicy extends Wishes {
  /** Whether a target of this name is served. */
  hasTarget(name: string): boolean;
  chap?: Credentials | undefined;
  mutualChap?: Credentials | undefined;
  /** A session's identity, not 0, not in use. @throws LoginError when there is none left */
  newTsih(): number;
}

export interface LoginResult {
  discovery: boolean;
  initiatorName: string;
  initiatorAlias: string;
  targetName: string;
  /** CHAP's, or "". */
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

/** Most requests one login may take: stages, CHAP and continued text need fewer than ten. */
const REQUESTS_MAX = 64;

/** Data of one PDU, either way, as long as nothing else is negotiated (RFC 7143, 13.12). */
const SEGMENT_MAX = 8192;

/** Who wants what: keys of the first request only. */
const LEADING_KEYS: readonly string[] = ['InitiatorName', 'TargetName', 'SessionType'];

type Fields = ReturnType<typeof loginFields>;

const wrong = (why: string) => new LoginError(Status.InitiatorError, why);
const denied = (why: string) => new LoginError(Status.AuthenticationFailure, why);

export class Login {
  #stage = SECURITY;
  /** The first request's fields, which later ones must repeat, and the latest one's, which an answer repeats. */
  #first: Fields | undefined;
  #latest: Fields | undefined;
  #statSn = 0;
  #requests = 0;
  /** All keys that came so far. */
  readonly #keys = new Map<string, string>();
  #named = false;
  readonly #chap: Chap | undefined;
  #authenticated: boolean;
  /** AuthMethod was agreed on. */
  #methodChosen = false;
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

  /** Who it says it is, as far as known; "" before. For the log. */
  get initiatorName(): string {
    return this.#named ? (this.#keys.get('InitiatorName') ?? '') : '';
  }

  /** Runs to full-feature phase. @throws LoginError after its status was sent */
  async run(): Promise<LoginResult> {
    try {
      for (;;) {
        const { fields, text } = await this.#receive();
        const { flags, answers, last } = this.#answer(fields, text);
        const response = await this.#respond(fields, flags, formatText(answers));
        if (last) return this.#result(response);
        await this.channel.write(response);
      }
    } catch (error) {
      if (error instanceof LoginError) await this.refuse(error.status).catch(() => {});
      throw error;
    }
  }

  /** Sends a Login Response that ends the login; nothing to who sent no Login Request (RFC 7143, 6.1). */
  async refuse(status: number): Promise<void> {
    if (!this.#latest) return;
    const header = this.#header(this.#latest, 0);
    header.writeUInt16BE(status, 36);
    await this.channel.write(withData(header, Buffer.alloc(0)));
  }

  // ---- receiving ---------------------------------------------------------------------------

  /** One request, of as many PDUs as its C bit says. */
  async #receive(): Promise<{ fields: Fields; text: Map<string, string> }> {
    const pieces: Buffer[] = [];
    let bytes = 0;
    for (;;) {
      const { header, data } = await this.#pdu();
      const fields = loginFields(header);
      this.#check(fields);
      pieces.push(data);
      bytes += data.length;
      if (bytes > TEXT_LIMIT) throw wrong(`more than ${TEXT_LIMIT} bytes of keys in one request`);
      if (!fields.continues) return { fields, text: parseText(Buffer.concat(pieces)) };
      if (fields.transit) throw wrong('both the T and the C bit are set');
      await this.channel.write(withData(this.#header(fields, 0), Buffer.alloc(0)));
    }
  }

  async #pdu(): Promise<Pdu> {
    const header = await this.channel.readExactly(HEADER_BYTES);
    const opcode = opcodeOf(header);
    if (opcode !== Opcode.LoginRequest)
      throw new LoginError(
        Status.InvalidDuringLogin,
        `opcode is 0x${opcode.toString(16)}, should be 0x3 (Login)`,
      );
    this.#latest = loginFields(header);
    if (++this.#requests > REQUESTS_MAX) throw wrong(`no end after ${REQUESTS_MAX} requests`);
    const { ahs, data, total } = bodyBytes(header);
    if (ahs) throw wrong(`a Login Request with ${ahs} bytes of AHS, none is allowed`);
    if (data > SEGMENT_MAX)
      throw wrong(`DataSegmentLength is ${data}, at most ${SEGMENT_MAX} is allowed in login`);
    const body = total ? await this.channel.readExactly(total) : Buffer.alloc(0);
    return { header, data: body.subarray(0, data) };
  }

  #check(fields: Fields): void {
    const first = this.#first;
    const { csg, nsg, transit } = fields;
    if (fields.versionMin !== 0)
      throw new LoginError(Status.UnsupportedVersion, `Version-min is ${fields.versionMin}, should be 0`);
    if (csg > OPERATIONAL || (transit && (nsg === 2 || nsg <= csg)))
      throw wrong(`stages ${csg} to ${nsg} do not exist`);
    if (!first) {
      this.#first = fields;
      this.#stage = csg;
      if (fields.tsih)
        throw new LoginError(
          Status.SessionDoesNotExist,
          `TSIH is ${fields.tsih}, should be 0: a session has one connection here`,
        );
      return;
    }
    if (!fields.isid.equals(first.isid) || fields.cid !== first.cid || fields.tsih !== first.tsih)
      throw wrong('ISID, TSIH or CID changed during login');
    if (fields.itt !== first.itt) throw wrong('the task tag changed during login');
    if (csg !== this.#stage) throw wrong(`CSG is ${csg}, should be ${this.#stage}`);
  }

  // ---- answering ---------------------------------------------------------------------------

  #answer(fields: Fields, text: Map<string, string>) {
    this.#note(text);
    const answers: [string, string][] = [];
    if (!this.#named) answers.push(...this.#names());
    const ready = fields.csg === SECURITY ? this.#security(fields, text, answers) : this.#operational(text);
    answers.push(...negotiate(text, this.#values, this.#wishes()));
    if (fields.csg === OPERATIONAL && !this.#declared) {
      this.#declared = true;
      answers.push(['MaxRecvDataSegmentLength', String(this.#values.maxRecvDataSegmentLength)]);
    }
    const go = fields.transit && ready;
    const last = go && fields.nsg === FULL_FEATURE;
    if (last) this.#finish();
    if (go) this.#stage = fields.nsg;
    return { flags: go ? 0x80 | fields.nsg : 0, answers, last };
  }

  /** A key may come once in a login (RFC 7143, 6.2). */
  #note(text: Map<string, string>): void {
    for (const [key, value] of text) {
      if (this.#keys.has(key)) throw wrong(`the key ${key} comes twice`);
      if (this.#named && LEADING_KEYS.includes(key)) throw wrong(`${key} is for the first request only`);
      this.#keys.set(key, value);
    }
  }

  /** Who wants what; checked with the first request. */
  #names(): [string, string][] {
    const initiator = this.#keys.get('InitiatorName');
    if (initiator === undefined) throw new LoginError(Status.MissingParameter, 'InitiatorName is missing');
    if (!isIscsiName(initiator))
      throw wrong(`InitiatorName ${quoted(initiator)} is no iqn., eui. or naa. name`);
    this.#named = true;
    const type = this.#keys.get('SessionType') ?? 'Normal';
    if (type !== 'Normal' && type !== 'Discovery')
      throw wrong(`SessionType is ${quoted(type)}, should be Normal or Discovery`);
    if (type === 'Discovery') return [];
    const target = this.#keys.get('TargetName');
    if (target === undefined) throw new LoginError(Status.MissingParameter, 'TargetName is missing');
    if (!this.policy.hasTarget(target))
      throw new LoginError(Status.TargetNotFound, `there is no target ${quoted(target)}`);
    return [['TargetPortalGroupTag', '1']];
  }

  get #isDiscovery(): boolean {
    return this.#keys.get('SessionType') === 'Discovery';
  }

  /** Discovery is served without digests. */
  #wishes(): Wishes {
    return this.#isDiscovery ? { digests: ['None'] } : this.policy;
  }

  /** False while the security stage has more to say. */
  #security(fields: Fields, text: Map<string, string>, answers: [string, string][]): boolean {
    const chapKey = [...text.keys()].find(isChapKey);
    if (chapKey && !(this.#chap && this.#methodChosen))
      throw denied(`${chapKey} came, and CHAP was not agreed on before`);
    const methods = text.get('AuthMethod');
    if (methods !== undefined) {
      const wanted = this.#chap ? 'CHAP' : 'None';
      if (!methods.split(',').includes(wanted))
        throw denied(
          `AuthMethod is ${quoted(methods)}, ${wanted} is ${this.#chap ? 'required' : 'expected'}`,
        );
      this.#methodChosen = true;
      answers.push(['AuthMethod', wanted]);
      return !this.#chap;
    }
    if (!this.#chap) return true;
    if (this.#methodChosen && (chapKey || !this.#authenticated)) {
      answers.push(...this.#chap.step(text));
      this.#authenticated = this.#chap.done;
    }
    if (!this.#methodChosen && fields.transit) throw denied('CHAP is required, and the initiator skipped it');
    return this.#authenticated;
  }

  #operational(text: Map<string, string>): boolean {
    if (!this.#authenticated) throw denied('CHAP is required, and the initiator skipped it');
    const odd = [...text.keys()].find((key) => key === 'AuthMethod' || isChapKey(key));
    if (odd) throw wrong(`${odd} came outside of the security stage`);
    return true;
  }

  /** The last checks before full-feature phase. */
  #finish(): void {
    if (!this.#authenticated) throw denied('CHAP is required, and the initiator skipped it');
    const { headerDigest, dataDigest } = this.#values;
    if (!this.#wishes().digests.includes('None') && !(headerDigest && dataDigest))
      throw wrong(`${headerDigest ? 'DataDigest' : 'HeaderDigest'} is None, CRC32C is required`);
    this.#tsih = this.policy.newTsih();
  }

  // ---- responding --------------------------------------------------------------------------

  /** Sends all PDUs of an answer but the last, which it returns. */
  async #respond(fields: Fields, flags: number, answer: Buffer): Promise<Buffer> {
    if (answer.length > TEXT_LIMIT)
      throw wrong(`the keys want an answer of ${answer.length} bytes, at most ${TEXT_LIMIT} are allowed`);
    for (const { part, last } of parts(answer, SEGMENT_MAX)) {
      const header = this.#header(fields, last ? flags : 0x40);
      if (last && flags & 0x80 && (flags & 3) === FULL_FEATURE) header.writeUInt16BE(this.#tsih, 14);
      const pdu = withData(header, part);
      if (last) return pdu;
      await this.channel.write(pdu);
      const next = await this.#pdu(); // it asks for the rest with an empty request
      this.#check(loginFields(next.header));
      if (next.data.length) throw wrong('keys came before the answer was complete');
    }
    throw new Error('not reached: the last part returns');
  }

  #header(fields: Fields, flags: number): Buffer {
    const header = Buffer.alloc(HEADER_BYTES);
    header[0] = Opcode.LoginResponse;
    header[1] = flags | (fields.csg << 2);
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
      discovery: this.#isDiscovery,
      initiatorName: this.#keys.get('InitiatorName')!,
      initiatorAlias: cutToBytes(this.#keys.get('InitiatorAlias') ?? '', NAME_LIMIT),
      targetName: this.#keys.get('TargetName') ?? '',
      user: this.#chap?.done ? this.#chap.credentials.user : '',
      isid: Buffer.from(first.isid),
      tsih: this.#tsih,
      cid: first.cid,
      expCmdSn: first.cmdSn,
      statSn: this.#statSn--, // the last response is not sent yet: a refusal in its place takes its number
      values: this.#values,
      lastResponse,
    };
  }
}
