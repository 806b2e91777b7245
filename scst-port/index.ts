// SPDX-License-Identifier: MIT
/**
 * An iSCSI target in this process.
 *
 * ```ts
 * import { Target } from 'ring3/scst-port';
 *
 * const target = await Target.start({ disks: ['ram:1G'], listen: ['127.0.0.1:0'] });
 * console.log(target.portals, target.luns);
 * await target.stop();
 * ```
 */
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import { wrongOptions } from '../shim/check.js';
import { type Disk, DiskError, type DiskSpec, parseDisk, prepareDisk } from './admin/disk.js';
import { DiskLocks } from './admin/disk-lock.js';
import type { Credentials } from './daemon/chap.js';
import type { TargetEvent } from './daemon/events.js';
import { type SessionEvent, TargetKernel } from './daemon/kernel.js';
import type { Digest } from './daemon/keys.js';
import { isIscsiName, NAME_LIMIT, sameName } from './daemon/names.js';
import { Portals, parseListen } from './daemon/portals.js';
import { SessionTable } from './daemon/sessions.js';

export { DiskError, parseDisk, parseSize } from './admin/disk.js';
export type { Credentials } from './daemon/chap.js';
export type { TargetEvent } from './daemon/events.js';
export { isLoopback, parseListen } from './daemon/portals.js';

export interface TargetOptions {
  /** Its name; as defaultIqn() says. */
  iqn?: string;
  /** As on the command line: paths, ram:1G, null:1T, with options behind commas. */
  disks: string[];
  /** Size of files that do not exist yet, bytes. */
  size?: number;
  /** ADDR:PORT each; 127.0.0.1:3260. */
  listen?: string[];
  /** Event threads; 0 = one per CPU. */
  threads?: number;
  chap?: Credentials | undefined;
  /** Ours, told to initiators that ask; needs chap, and another secret than that. */
  mutualChap?: Credentials | undefined;
  /** Names that may log in, with * and ?; none = all. */
  initiators?: string[];
  /** Which digests may be used; with None left out a login without them is refused. */
  digests?: Digest[];
  /** Kernel messages of this level (0 to 7) or more urgent go to stderr; -1 = none, 4 = warnings. */
  consoleLevel?: number;
  /** Time for a login, milliseconds; 15 s. */
  loginTimeoutMs?: number | undefined;
  /** Called on Node's thread; must not throw. */
  onEvent?: (event: TargetEvent) => void;
}

export interface Lun {
  lun: number;
  name: string;
  /** Bytes. */
  size: number;
  /** "vdisk_fileio" and the like. */
  handler: string;
  /** Who does its I/O: "threads + io_uring", "ram", "null". */
  provider: string;
  readOnly: boolean;
  thin: boolean;
}

export interface Session {
  target: string;
  initiator: string;
  cpu: number;
  readCommands: number;
  writeCommands: number;
  readBytes: number;
  writeBytes: number;
  errors: number;
}

/** An option that cannot be; the message says what was expected. */
export class OptionError extends Error {
  override name = 'OptionError';
}

/** A disk did not take its data at the end; the message says which. */
export class FlushError extends Error {
  override name = 'FlushError';
}

/** Of the secret, in bytes (RFC 7143, 9.2.1: at least 96 bits). */
const SECRET_MIN = 12;
const SECRET_MAX = 255;

/** A hand-off is over by then: the kernel side waits at most 30 s for the session that it replaces. */
const HANDOFF_SETTLED_MS = 60_000;

export const defaultIqn = (): string =>
  `iqn.2026-11.dev.ring3:${hostname()
    .toLowerCase()
    .replace(/[^a-z0-9.-]/g, '-')}`;

function checkCredentials(name: string, credentials: Credentials | undefined): void {
  if (!credentials) return;
  const bytes = Buffer.byteLength(credentials.secret);
  if (bytes < SECRET_MIN || bytes > SECRET_MAX)
    throw new OptionError(
      `${name}: the secret has ${bytes} bytes, should have ${SECRET_MIN} to ${SECRET_MAX}`,
    );
  if (
    !credentials.user ||
    Buffer.byteLength(credentials.user) > NAME_LIMIT ||
    /\p{C}/u.test(credentials.user)
  )
    throw new OptionError(
      `${name}: the user should have 1 to ${NAME_LIMIT} bytes, none of them control characters`,
    );
}

const OPTIONS: Record<keyof TargetOptions, true> = {
  iqn: true,
  disks: true,
  size: true,
  listen: true,
  threads: true,
  chap: true,
  mutualChap: true,
  initiators: true,
  digests: true,
  consoleLevel: true,
  loginTimeoutMs: true,
  onEvent: true,
};

/** @throws OptionError */
function check(options: TargetOptions): void {
  const wrong = wrongOptions('Target.start()', options, Object.keys(OPTIONS));
  if (wrong) throw new OptionError(wrong);
  if (!Array.isArray(options.disks))
    throw new OptionError(`disks is ${typeof options.disks}, should be an array such as ['ram:1G']`);
  const { iqn, chap, mutualChap, threads = 0, initiators = [] } = options;
  if (iqn !== undefined && !isIscsiName(iqn))
    throw new OptionError(
      `'${iqn}' is no name of a target; expected such as iqn.2026-11.com.example:disks, at most ${NAME_LIMIT} bytes`,
    );
  if (!Number.isInteger(threads) || threads < 0 || threads > 256)
    throw new OptionError(`threads is ${threads}, should be a whole number from 0 to 256`);
  for (const pattern of initiators)
    if (!pattern || Buffer.byteLength(pattern) > NAME_LIMIT || /[\s\p{C}]/u.test(pattern))
      throw new OptionError(
        `'${pattern}' is no pattern of initiator names; expected such as iqn.2026-11.com.example:*`,
      );
  checkCredentials('chap', chap);
  checkCredentials('mutual chap', mutualChap);
  if (mutualChap && !chap)
    throw new OptionError('mutual chap needs chap too: who does not prove itself gets no proof');
  // RFC 7143, 9.2.1: else who knows ours could answer for the other side.
  if (chap && mutualChap && Buffer.from(chap.secret).equals(Buffer.from(mutualChap.secret)))
    throw new OptionError('chap and mutual chap have the same secret, they should differ');
}

/** Two LUNs on one file would overwrite each other's blocks. */
function checkTwice(specs: DiskSpec[]): void {
  const seen = new Set<string>();
  for (const { kind, path, label } of specs) {
    if (kind !== 'file') continue;
    const real = realpathSync(path);
    if (seen.has(real)) throw new DiskError(`${label} is given twice`);
    seen.add(real);
  }
}

/** Initiators tell disks apart by this, across machines: so it has to differ where target or disk differ. */
function serialOf(iqn: string, spec: DiskSpec, lun: number): string {
  if (spec.serial) return spec.serial;
  const what = spec.kind === 'file' ? spec.path : `${spec.kind} ${lun}`;
  return createHash('sha256').update(`${iqn}\n${what}`).digest('hex').slice(0, 16);
}

export class Target {
  readonly portals: string[];
  luns: Lun[] = [];
  readonly #sessions = new SessionTable();
  #stopped: Promise<number> | undefined;

  private constructor(
    readonly iqn: string,
    readonly options: TargetOptions,
    readonly kernel: TargetKernel,
    readonly front: Portals,
    readonly locks: DiskLocks,
  ) {
    this.portals = front.addresses;
  }

  /** @throws OptionError, DiskError, KernelError, or an Error with code EADDRINUSE and the like; nothing runs then */
  static async start(options: TargetOptions): Promise<Target> {
    check(options);
    const iqn = (options.iqn ?? defaultIqn()).toLowerCase();
    const specs = options.disks.map(parseDisk);
    const front = Portals.listen((options.listen ?? ['127.0.0.1:3260']).map(parseListen));
    const locks = new DiskLocks();
    let target: Target | undefined;
    try {
      const disks = specs.map((spec, lun) =>
        prepareDisk({ ...spec, serial: serialOf(iqn, spec, lun) }, options.size),
      );
      checkTwice(specs);
      for (const spec of specs) if (spec.kind === 'file') await locks.take(spec);
      const kernel = await TargetKernel.start({ cpus: options.threads ?? 0, spinUs: 50 });
      target = new Target(iqn, options, kernel, front, locks);
      await target.#configure(disks);
      target.#serve();
      return target;
    } catch (error) {
      front.close();
      locks.release();
      await target?.stop({ timeoutMs: 0 }).catch(() => {});
      throw error;
    }
  }

  async #configure(disks: Disk[]): Promise<void> {
    this.kernel.kernel.consoleLogLevel = this.options.consoleLevel ?? 4;
    await this.kernel.mgmt('targets/iscsi/mgmt', `add_target ${this.iqn}`);
    const base = `targets/iscsi/${this.iqn}`;
    let luns = `${base}/luns/mgmt`;
    if (this.options.initiators?.length) {
      await this.kernel.mgmt(`${base}/ini_groups/mgmt`, 'create allowed');
      for (const pattern of this.options.initiators)
        await this.kernel.mgmt(`${base}/ini_groups/allowed/initiators/mgmt`, `add ${pattern}`);
      luns = `${base}/ini_groups/allowed/luns/mgmt`;
    }
    for (const [lun, disk] of disks.entries()) {
      await this.kernel.mgmt(`handlers/${disk.handler}/mgmt`, `add_device disk${lun} ${disk.params}`);
      await this.kernel.mgmt(luns, `add disk${lun} ${lun}`);
    }
    const devices = await this.kernel.show<Lun>('devices');
    this.luns = devices.map((device, lun) => ({ ...device, lun, name: disks[lun]!.label }));
  }

  #serve(): void {
    const { chap, mutualChap, digests = ['None', 'CRC32C'], onEvent, loginTimeoutMs } = this.options;
    this.kernel.onEvents(
      (event) => this.#onSessionEvent(event),
      () => void this.#resync(),
    );
    this.front.serve({
      iqn: this.iqn,
      policy: { digests, chap, mutualChap, hasTarget: (name) => sameName(name, this.iqn) },
      sessions: this.#sessions,
      handoff: (fd, login, peer, portal) =>
        this.kernel.handoff(fd, { ...login, targetName: this.iqn }, peer, portal),
      tell: (event) => onEvent?.(event),
      timeoutMs: loginTimeoutMs,
    });
  }

  #onSessionEvent({ up, tsih, initiator, reason }: SessionEvent): void {
    const info = up ? this.#sessions.get(tsih) : this.#sessions.release(tsih);
    const { peer = '', portal = '', user = '' } = info ?? {};
    if (up) {
      this.options.onEvent?.({ event: 'login', session: tsih, initiator, peer, portal, user });
      return;
    }
    const seconds = info ? Math.round((Date.now() - info.since) / 100) / 10 : 0;
    this.options.onEvent?.({ event: 'logout', session: tsih, initiator, peer, reason, seconds });
  }

  /** Events were lost: finds out which sessions are gone. */
  async #resync(): Promise<void> {
    const before = Date.now();
    const there = new Set((await this.kernel.connections()).map(({ tsih }) => tsih));
    for (const { tsih, initiator, since } of [...this.#sessions.known()])
      if (since < before - HANDOFF_SETTLED_MS && !there.has(tsih))
        this.#onSessionEvent({ up: false, tsih, initiator, reason: 'unknown: events were lost' });
  }

  sessions(): Promise<Session[]> {
    return this.kernel.show<Session>('sessions');
  }

  /** Ends one session, by the number its events carry. False: there is none. */
  closeSession(session: number): Promise<boolean> {
    return this.kernel.close(session);
  }

  /**
   * Asks initiators to leave (Async Message, logout), waits up to @timeoutMs, ends the rest, flushes, and stops.
   * @returns how many sessions had to be ended
   * May be called twice: the same comes of it.
   * @throws FlushError when the last sync of a disk failed; all is stopped then too
   */
  stop({ timeoutMs = 1000 } = {}): Promise<number> {
    this.#stopped ??= this.#stop(timeoutMs);
    return this.#stopped;
  }

  async #stop(timeoutMs: number): Promise<number> {
    await this.front.stop();
    const ended = await this.kernel.shutdown(timeoutMs);
    await this.kernel.mgmt('targets/iscsi/mgmt', `del_target ${this.iqn}`);
    const lost: string[] = [];
    for (const { name, handler } of await this.kernel.show<{ name: string; handler: string }>('devices'))
      await this.kernel
        .mgmt(`handlers/${handler}/mgmt`, `del_device ${name}`)
        .catch((error: Error) => lost.push(error.message));
    this.kernel.stopEvents();
    await this.kernel.stop();
    this.locks.release();
    if (lost.length) throw new FlushError(lost.join('; '));
    return ended;
  }
}
