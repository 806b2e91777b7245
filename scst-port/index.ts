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
import { hostname } from 'node:os';
import { TcpListener, type TcpSocket } from '../shim/socket.js';
import { parseDisk } from './admin/disk.js';
import type { Credentials } from './daemon/chap.js';
import { serveDiscovery } from './daemon/discovery.js';
import { TargetKernel } from './daemon/kernel.js';
import type { Digest } from './daemon/keys.js';
import { Login, type LoginPolicy, type LoginResult } from './daemon/login.js';
import { LoginError, Status } from './daemon/login-error.js';

export { DiskError, parseDisk, parseSize } from './admin/disk.js';

export interface TargetOptions {
  iqn?: string;
  /** As on the command line: paths, ram:1G, null:1T, with options behind commas. */
  disks: string[];
  /** Size of files that do not exist yet, bytes. */
  size?: number;
  listen?: string[];
  /** Event threads; 0 = one per CPU. */
  threads?: number;
  chap?: Credentials | undefined;
  mutualChap?: Credentials | undefined;
  /** Names that may log in, with * and ?; none = all. */
  initiators?: string[];
  digests?: Digest[];
  /** Where refused logins are told. */
  log?: (line: string) => void;
}

export interface Lun {
  lun: number;
  name: string;
  size: number;
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

/** Logins that may be under way at once; further connections wait in the listen queue. */
const LOGINS_MAX = 256;
const LOGIN_TIMEOUT_MS = 15_000;

const STATUS_OF_ERRNO: Record<number, number> = {
  2: Status.TargetNotFound,
  13: Status.AuthorizationFailure,
  12: Status.OutOfResources,
  24: Status.OutOfResources,
};

export const defaultIqn = (): string =>
  `iqn.2026-11.dev.ring3:${hostname()
    .toLowerCase()
    .replace(/[^a-z0-9.-]/g, '-')}`;

/** "1.2.3.4:3260", "[::1]:3260", "1.2.3.4" */
export function parseListen(text: string): { address: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|(\d+\.\d+\.\d+\.\d+))(?::(\d{1,5}))?$/.exec(text);
  const port = Number(match?.[3] ?? 3260);
  if (!match || port > 65_535)
    throw new Error(`'${text}' is no address to listen on; expected 127.0.0.1:3260 or [::1]:3260`);
  return { address: match[1] ?? match[2]!, port };
}

export class Target {
  readonly portals: string[];
  luns: Lun[] = [];
  #tsih = 0;
  #logins = 0;
  readonly #stopping = new AbortController();

  private constructor(
    readonly iqn: string,
    readonly options: TargetOptions,
    readonly kernel: TargetKernel,
    readonly listeners: TcpListener[],
  ) {
    this.portals = listeners.map(({ address, port }) =>
      address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`,
    );
  }

  /** @throws DiskError, KernelError, or an Error with code EADDRINUSE and the like; nothing runs then */
  static async start(options: TargetOptions): Promise<Target> {
    const disks = options.disks.map((disk) => parseDisk(disk, options.size));
    const iqn = options.iqn ?? defaultIqn();
    const listeners: TcpListener[] = [];
    try {
      for (const text of options.listen ?? ['127.0.0.1:3260']) {
        const { address, port } = parseListen(text);
        listeners.push(TcpListener.listen(address, port));
      }
      const kernel = await TargetKernel.start({ cpus: options.threads ?? 0, spinUs: 50 });
      const target = new Target(iqn, options, kernel, listeners);
      await target.#configure(disks);
      for (const listener of listeners) void target.#accept(listener);
      return target;
    } catch (error) {
      for (const listener of listeners) listener.close();
      throw error;
    }
  }

  async #configure(disks: ReturnType<typeof parseDisk>[]): Promise<void> {
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

  async #accept(listener: TcpListener): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      let socket: TcpSocket;
      try {
        socket = await listener.accept(this.#stopping.signal);
      } catch {
        if (this.#stopping.signal.aborted) return;
        await new Promise((resolve) => setTimeout(resolve, 100)); // out of descriptors: let some go
        continue;
      }
      void this.#serve(socket);
      while (this.#logins >= LOGINS_MAX) await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async #serve(socket: TcpSocket): Promise<void> {
    this.#logins++;
    const signal = AbortSignal.any([AbortSignal.timeout(LOGIN_TIMEOUT_MS), this.#stopping.signal]);
    const channel = (limit?: AbortSignal) => ({
      readExactly: (bytes: number) => socket.readExactly(bytes, limit),
      write: (data: Buffer) => socket.write(data, limit),
    });
    try {
      const login = new Login(channel(signal), this.#policy());
      const result = await login.run();
      if (result.discovery) {
        await socket.write(result.lastResponse, signal);
        await serveDiscovery(channel(signal), result, () => [{ name: this.iqn, portals: this.portals }]);
        socket.close();
      } else {
        await this.#handOff(socket, login, result);
      }
    } catch (error) {
      this.options.log?.(`login from ${socket.peer}: ${(error as Error).message}`);
      socket.close();
    } finally {
      this.#logins--;
    }
  }

  async #handOff(socket: TcpSocket, login: Login, result: LoginResult): Promise<void> {
    const { peer, local } = socket;
    const fd = socket.fd;
    const rc = await this.kernel.handoff(fd, result, peer, local);
    if (rc === 0) {
      socket.detach();
      return;
    }
    await login.refuse(STATUS_OF_ERRNO[-rc] ?? Status.TargetError);
    throw new LoginError(Status.TargetError, `the kernel refuses ${result.initiatorName} (errno ${-rc})`);
  }

  #policy(): LoginPolicy {
    return {
      digests: this.options.digests ?? ['None', 'CRC32C'],
      hasTarget: (name) => name === this.iqn,
      chap: this.options.chap,
      mutualChap: this.options.mutualChap,
      newTsih: () => {
        this.#tsih = (this.#tsih % 0xffff) + 1;
        return this.#tsih;
      },
    };
  }

  sessions(): Promise<Session[]> {
    return this.kernel.show<Session>('sessions');
  }

  /** Asks initiators to leave, waits up to @timeoutMs, ends the rest, flushes, and stops. */
  async stop({ timeoutMs = 1000 } = {}): Promise<void> {
    this.#stopping.abort();
    for (const listener of this.listeners) listener.close();
    await this.kernel.shutdown(timeoutMs);
    await this.kernel.mgmt('targets/iscsi/mgmt', `del_target ${this.iqn}`);
    for (const [lun, { handler }] of (await this.kernel.show<{ handler: string }>('devices')).entries())
      await this.kernel.mgmt(`handlers/${handler}/mgmt`, `del_device disk${lun}`);
    await this.kernel.kernel.stop();
  }
}
