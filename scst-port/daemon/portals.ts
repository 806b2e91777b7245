// SPDX-License-Identifier: MIT
/**
 * The front door: listens, logs in, serves discovery, and hands what is logged in to the kernel side. The only module
 * of the daemon that owns sockets.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { TcpClosedError, TcpListener, type TcpSocket } from '../../shim/socket.js';
import { serveDiscovery } from './discovery.js';
import type { TargetEvent } from './events.js';
import { Gate, type Guest, Guests } from './guests.js';
import { type Channel, Login, type LoginPolicy, type LoginResult } from './login.js';
import { LoginError, Status } from './login-error.js';
import type { SessionTable } from './sessions.js';

/** Logins and discovery sessions served at once; see guests.ts for what happens at the limit. */
const GUESTS_MAX = 256;
/** Hand-offs to the kernel side under way at once, since one may wait for the session that it replaces; others queue. */
export const HANDOFFS_MAX = 64;
const LOGIN_TIMEOUT_MS = 15_000;
/** Between two requests of a discovery session. */
const DISCOVERY_TIMEOUT_MS = 30_000;
/** For the last words to a connection that is ended already. */
const FAREWELL_MS = 100;
/** Until accept() is tried again when descriptors have run out. */
const RETRY_MS = 100;

/** What the kernel side's errno means for the initiator. */
const STATUS_OF_ERRNO: ReadonlyMap<number, [status: number, why: string]> = new Map([
  [2, [Status.TargetNotFound, 'the target is gone']],
  [12, [Status.OutOfResources, 'no memory for a session']],
  [13, [Status.AuthorizationFailure, 'this initiator is not allowed here']],
  [16, [Status.OutOfResources, 'its old session does not end']],
  [24, [Status.OutOfResources, 'the limit of sessions is reached']],
]);

export interface ListenAddress {
  address: string;
  port: number;
}

/** "1.2.3.4:3260", "[::1]:3260", "1.2.3.4"; port 0 is any free one. @throws Error */
export function parseListen(text: string): ListenAddress {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(text);
  const [, six, four, digits] = match ?? [];
  const port = Number(digits ?? 3260);
  if (!match || port > 65_535 || !(six === undefined ? isIPv4(four ?? '') : isIPv6(six) && !/[.%]/.test(six)))
    throw new Error(`'${text}' is no address to listen on; expected such as 127.0.0.1:3260 or [::1]:3260`);
  return { address: six ?? four!, port };
}

export const formatAddress = ({ address, port }: ListenAddress): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

/** Whether all addresses of the machine are meant. */
export const isWildcard = (address: string): boolean => /^[0:.]+$/.test(address);

/** Whether only this machine reaches it. */
export const isLoopback = (address: string): boolean =>
  /^127\./.test(address) || /^(?:[0:]*:)?0*1$/.test(address);

function listenAt(where: ListenAddress): TcpListener {
  try {
    return TcpListener.listen(where.address, where.port);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw Object.assign(new Error(`cannot listen on ${formatAddress(where)}: ${code}`), { code });
  }
}

export interface PortalsOptions {
  iqn: string;
  policy: Omit<LoginPolicy, 'newTsih'>;
  sessions: SessionTable;
  /** 0, or -errno: then the socket is still the caller's. */
  handoff(fd: number, login: LoginResult, peer: string, portal: string): Promise<number>;
  tell(event: TargetEvent): void;
  timeoutMs?: number | undefined;
}

export class Portals {
  readonly #guests = new Guests(GUESTS_MAX);
  readonly #serving = new Set<Promise<void>>();
  readonly #handoffs = new Gate(HANDOFFS_MAX);
  #stopping = false;
  #options: PortalsOptions | undefined;

  private constructor(readonly listeners: TcpListener[]) {}

  /** Takes the addresses; nobody is served yet. @throws Error with code EADDRINUSE and the like; none is taken then */
  static listen(addresses: ListenAddress[]): Portals {
    const listeners: TcpListener[] = [];
    try {
      for (const one of addresses) listeners.push(listenAt(one));
    } catch (error) {
      for (const listener of listeners) listener.close();
      throw error;
    }
    return new Portals(listeners);
  }

  /** "ADDR:PORT" of each. */
  get addresses(): string[] {
    return this.listeners.map(formatAddress);
  }

  serve(options: PortalsOptions): void {
    this.#options = options;
    for (const listener of this.listeners) void this.#accept(listener);
  }

  /** No one new; those that are being served are told that we stop. Resolves when they are gone, at most @graceMs. */
  async stop(graceMs = 200): Promise<void> {
    this.#stopping = true;
    this.close();
    this.#guests.abort(new LoginError(Status.ServiceUnavailable, 'the target stops'));
    const late = new Promise((resolve) => setTimeout(resolve, graceMs).unref());
    await Promise.race([Promise.allSettled([...this.#serving]), late]);
  }

  close(): void {
    for (const listener of this.listeners) listener.close();
  }

  async #accept(listener: TcpListener): Promise<void> {
    while (!this.#stopping) {
      try {
        const socket = await listener.accept();
        const served = this.#serve(socket, listener).finally(() => this.#serving.delete(served));
        this.#serving.add(served);
      } catch {
        if (this.#stopping) return;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS)); // out of descriptors: let some go
      }
    }
  }

  async #serve(socket: TcpSocket, listener: TcpListener): Promise<void> {
    const { sessions, tell, policy, timeoutMs = LOGIN_TIMEOUT_MS } = this.#options!;
    const guest = this.#guests.enter();
    guest.deadline(timeoutMs, `no login within ${timeoutMs / 1000} s`);
    let tsih = 0;
    const login = new Login(channelOf(socket, guest), {
      ...policy,
      newTsih: () => {
        tsih = sessions.reserve();
        return tsih;
      },
    });
    try {
      const result = await login.run();
      if (result.discovery) await this.#discover(socket, guest, result, listener);
      else if (await this.#handOff(socket, guest, login, result)) tsih = 0;
    } catch (error) {
      const { status } = error as LoginError;
      tell({
        event: 'refused',
        peer: socket.peer,
        initiator: login.initiatorName,
        status: status === undefined ? '' : `0x${status.toString(16).padStart(4, '0')}`,
        reason: reasonOf(error),
      });
    } finally {
      guest.leave();
      socket.close(); // not what was detached
      if (tsih) sessions.release(tsih);
    }
  }

  async #discover(socket: TcpSocket, guest: Guest, login: LoginResult, listener: TcpListener): Promise<void> {
    const { iqn, tell } = this.#options!;
    const channel = channelOf(socket, guest);
    const readExactly = (bytes: number) => {
      guest.deadline(DISCOVERY_TIMEOUT_MS, `in discovery: silent for ${DISCOVERY_TIMEOUT_MS / 1000} s`);
      return channel.readExactly(bytes);
    };
    guest.deadline(DISCOVERY_TIMEOUT_MS, 'in discovery: it does not read');
    await channel.write(login.lastResponse);
    tell({ event: 'discovery', initiator: login.initiatorName, peer: socket.peer });
    try {
      await serveDiscovery({ ...channel, readExactly }, login, () => [
        { name: iqn, portals: this.#reachable(socket, listener) },
      ]);
    } catch (error) {
      if (!(error instanceof TcpClosedError)) throw error; // many leave without a logout
    }
  }

  /** What to tell one who came in by @socket: for "all addresses", the one it used. */
  #reachable(socket: TcpSocket, listener: TcpListener): string[] {
    return this.listeners.flatMap((one) => {
      if (!isWildcard(one.address)) return [formatAddress(one)];
      return one === listener ? [socket.local] : [];
    });
  }

  /** True when @socket is the kernel side's. @throws LoginError after its status was sent */
  async #handOff(socket: TcpSocket, guest: Guest, login: Login, result: LoginResult): Promise<boolean> {
    const { sessions, handoff } = this.#options!;
    const { peer, local } = socket;
    try {
      await this.#handoffs.enter(guest.signal); // a guest, within its time, for as long as it queues
    } catch (error) {
      await login.refuse(Status.OutOfResources).catch(() => {});
      throw error;
    }
    guest.leave();
    const { tsih, initiatorName: initiator, user } = result;
    sessions.describe({ tsih, initiator, user, peer, portal: local, since: Date.now() });
    const rc = await handoff(socket.fd, result, peer, local).finally(() => this.#handoffs.leave());
    if (rc === 0) {
      socket.detach();
      return true;
    }
    const [status, why] = this.#stopping
      ? [Status.ServiceUnavailable, 'the target stops']
      : (STATUS_OF_ERRNO.get(-rc) ?? [Status.TargetError, `the kernel side refuses it (errno ${-rc})`]);
    await login.refuse(status).catch(() => {});
    throw new LoginError(status, why);
  }
}

/** One sentence. */
function reasonOf(error: unknown): string {
  if (!(error instanceof TcpClosedError)) return (error as Error).message;
  const { receivedBytes, expectedBytes } = error;
  const where = receivedBytes ? `, ${receivedBytes} of ${expectedBytes} bytes of a PDU came` : '';
  return `it left before it was logged in${where}`;
}

/** Reads and writes as long as the guest may stay; last words are tried even after that. */
function channelOf(socket: TcpSocket, guest: Guest): Channel {
  return {
    readExactly: (bytes) => socket.readExactly(bytes, guest.signal),
    write: (data) => {
      guest.heard(); // we answer: so it has said something
      return socket.write(data, guest.signal.aborted ? AbortSignal.timeout(FAREWELL_MS) : guest.signal);
    },
  };
}
