// SPDX-License-Identifier: MIT
/**
 * Storage I/O for TypeScript: files and block devices through io_uring, libaio or threads, and disks of memory.
 *
 * ```ts
 * import { open } from 'ring3/aio';
 *
 * const file = await open('disk.img', { size: 1 << 30 });
 * await file.write(Buffer.from('hello'), 4096, { fua: true });
 * const bytes = await file.read(Buffer.alloc(5), 4096);
 * await file.close();
 * ```
 *
 * All offsets and sizes are bytes. All errors are AioError, those of bad arguments TypeError or RangeError. The memory of
 * an operation is the system's until its promise has settled: do not change it, nor transfer its ArrayBuffer.
 */
import { fileURLToPath } from 'node:url';
import { getSystemErrorName } from 'node:util';
import { type NativeAsyncFile, type NativeFileInfo, nativeAio } from './native.js';

/** Operations of one file that have not settled; one more is refused with EAGAIN. */
export const PENDING_MAX = 65_536;

/** What the system answered, with the members of Node's own errors. */
export class AioError extends Error {
  override readonly name = 'AioError';
  /** As in 'ENOSPC'. */
  readonly code: string;
  /** Negative, as Node's is. */
  readonly errno: number;
  /** open, read, write, sync, discard, zero or close. */
  readonly syscall: string;
  readonly path: string | null;
  /** What was wrong, in words; '' where there is no more to say. */
  readonly why: string;

  constructor(errno: number, syscall: string, path: string | null, why = '') {
    const code = getSystemErrorName(errno);
    super(`${code}: ${syscall}${path === null ? '' : ` '${path}'`}${why ? `: ${why}` : ''}`);
    this.code = code;
    this.errno = errno;
    this.syscall = syscall;
    this.path = path;
    this.why = why;
  }
}

export interface OpenOptions {
  /** io_uring, libaio, threads, ram or null; else the preferred one, $RING3_AIO's, or the best that works. */
  provider?: string | undefined;
  /** Past the page cache: offsets, sizes and memory must be aligned; see alignment and alignedBuffer(). */
  direct?: boolean | undefined;
  readOnly?: boolean | undefined;
  /** Makes the file, of this size, when it is missing; needed for ram and null. */
  size?: number | undefined;
  /** Ends the opening, and takes back each operation that it finds not begun. */
  signal?: AbortSignal | undefined;
  /** Operations begun and not ended, at most (1024); others wait in order. */
  maxInFlight?: number | undefined;
  /** Once maxInFlight was met, others begin below this (maxInFlight). */
  minInFlight?: number | undefined;
  /** Operations that begin in one round of the event task, at most (no limit). */
  maxPerDispatch?: number | undefined;
}

export interface OperationOptions {
  /**
   * When it aborts before the operation has begun, that is taken back and its promise rejects with the signal's reason.
   * One that has begun goes on, and settles as it ends.
   */
  signal?: AbortSignal | undefined;
}

export interface ChangeOptions extends OperationOptions {
  /** Durable before the promise resolves. */
  fua?: boolean | undefined;
}

const Opcode = { read: 0, write: 1, sync: 2, discard: 3, zero: 4 } as const;
const { EAGAIN, EBADF, ECANCELED } = { EAGAIN: -11, EBADF: -9, ECANCELED: -125 };

function wholeNumber(name: string, value: unknown, low: number, high = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== 'number') throw new TypeError(`${name} is ${typeof value}, should be a number`);
  if (!Number.isInteger(value) || value < low || value > high)
    throw new RangeError(`${name} is ${value}, should be a whole number from ${low} to ${high}`);
  return value;
}

function optional(name: string, value: unknown, low: number, high?: number): number {
  return value === undefined ? 0 : wholeNumber(name, value, low, high);
}

function flag(name: string, value: unknown): boolean {
  if (value !== undefined && typeof value !== 'boolean')
    throw new TypeError(`${name} is ${typeof value}, should be a boolean`);
  return value === true;
}

function signalOf(options: OperationOptions | undefined): AbortSignal | undefined {
  if (options !== undefined && (typeof options !== 'object' || options === null))
    throw new TypeError(`options is ${options === null ? 'null' : typeof options}, should be an object`);
  const signal = options?.signal;
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw new TypeError('signal should be an AbortSignal');
  return signal;
}

function bytesOf(view: unknown, index: number): Uint8Array {
  if (!ArrayBuffer.isView(view)) throw new TypeError(`buffers[${index}] should be a Buffer or another view`);
  return view instanceof Uint8Array ? view : new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** Who wants to hear of an abort: one listener for a signal, however many operations have it. */
const watchers = new WeakMap<AbortSignal, Set<() => void>>();

function watch(signal: AbortSignal, tell: () => void): void {
  let all = watchers.get(signal);
  if (!all) {
    const set = new Set<() => void>();
    watchers.set(signal, set);
    signal.addEventListener(
      'abort',
      () => {
        for (const one of [...set]) one();
      },
      { once: true },
    );
    all = set;
  }
  all.add(tell);
}

/**
 * An open file, block device, or disk of memory. Close it: one that is forgotten loses the error of its last sync.
 *
 * Offsets and sizes are bytes. An operation rejects with AioError for what the system answered (EIO, ENOSPC, EFBIG; EBADF
 * once it is closed; EAGAIN beyond PENDING_MAX; EINVAL for direct transfers that are not aligned), with TypeError or RangeError for
 * arguments, with its signal's reason where that took it back.
 *
 * ```ts
 * const file = await open('disk.img', { size: 1 << 20 });
 * const signal = AbortSignal.timeout(1000); // milliseconds
 * try {
 *   await file.write(Buffer.alloc(4096), 0, { signal });
 * } catch (error) {
 *   if (error !== signal.reason) throw error;
 *   console.log('it had not begun after a second, and was taken back');
 * }
 * await file.close();
 * ```
 */
export class AsyncFile {
  /** The path it was opened by; null of ram and null. */
  readonly path: string | null;
  readonly readOnly: boolean;
  readonly direct: boolean;
  /** What serves it, as in 'threads + io_uring'. */
  readonly provider: string;
  readonly isBlockDevice: boolean;
  /** Offsets and sizes of reads and writes must be multiples of this; 1 unless direct. */
  readonly alignment: number;
  /** So must be the addresses of their memory. */
  readonly memoryAlignment: number;
  readonly #native: NativeAsyncFile;
  readonly #signal: AbortSignal | undefined;
  #size: number;
  #pending = 0;
  #closing: Promise<void> | undefined;

  /** For open() alone. */
  constructor(native: NativeAsyncFile, path: string | null, info: NativeFileInfo, options: OpenOptions) {
    this.#native = native;
    this.#signal = options.signal;
    this.#size = info.size;
    this.path = path;
    this.readOnly = options.readOnly === true;
    this.direct = options.direct === true;
    this.provider = info.provider;
    this.isBlockDevice = info.isBlockDevice;
    this.alignment = info.alignment;
    this.memoryAlignment = info.memoryAlignment;
  }

  /** Bytes, as last seen. */
  get size(): number {
    return this.#size;
  }

  /** Operations that have not settled. */
  get pending(): number {
    return this.#pending;
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** Looks at the size again. @throws AioError */
  refreshSize(): number {
    const size = this.closed ? EBADF : this.#native.refresh();
    if (size < 0) throw new AioError(size, 'stat', this.path);
    this.#size = size;
    return size;
  }

  /** Resolves to the bytes that were read: fewer than there is room for only where the file ends. */
  read(buffer: ArrayBufferView, offset: number, options?: OperationOptions): Promise<number> {
    return this.readv([buffer], offset, options);
  }

  /** The same, into several. */
  async readv(
    buffers: readonly ArrayBufferView[],
    offset: number,
    options?: OperationOptions,
  ): Promise<number> {
    return this.#transfer('read', buffers, offset, options);
  }

  /** Resolves to the bytes written: all of them. After an error a part of them may be. */
  write(buffer: ArrayBufferView, offset: number, options?: ChangeOptions): Promise<number> {
    return this.writev([buffer], offset, options);
  }

  /** The same, from several. */
  async writev(
    buffers: readonly ArrayBufferView[],
    offset: number,
    options?: ChangeOptions,
  ): Promise<number> {
    return this.#transfer('write', buffers, offset, options);
  }

  /**
   * Makes all changes durable that were asked for before it. A failed one stays failed: what was lost does not come back,
   * and every later sync says so.
   */
  async sync(options?: OperationOptions): Promise<void> {
    await this.#submit('sync', 0, 0, [], options);
  }

  /** Gives the range back to the file system; it reads as zeroes. */
  async discard(offset: number, size: number, options?: ChangeOptions): Promise<void> {
    await this.#submit(
      'discard',
      wholeNumber('offset', offset, 0),
      wholeNumber('size', size, 0),
      [],
      options,
    );
  }

  /** The range reads as zeroes. */
  async zero(offset: number, size: number, options?: ChangeOptions): Promise<void> {
    await this.#submit('zero', wholeNumber('offset', offset, 0), wholeNumber('size', size, 0), [], options);
  }

  /**
   * Waits for what was asked for, syncs, closes. Rejects with what that sync failed of; it is closed all the same. A second
   * call gives the same promise; an operation from now on rejects with EBADF.
   *
   * @param options.cancel takes back what has not begun: that rejects with ECANCELED
   */
  close(options: { cancel?: boolean | undefined } = {}): Promise<void> {
    if (!this.#closing) {
      if (flag('cancel', options.cancel)) this.#native.cancelAll();
      this.#closing = new Promise((resolve, reject) =>
        this.#native.close((rc) => (rc < 0 ? reject(new AioError(rc, 'close', this.path)) : resolve())),
      );
    }
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #transfer(
    name: 'read' | 'write',
    buffers: readonly ArrayBufferView[],
    offset: number,
    options: ChangeOptions | undefined,
  ): Promise<number> {
    if (!Array.isArray(buffers)) throw new TypeError('buffers should be an array');
    wholeNumber('offset', offset, 0);
    const views = buffers.map(bytesOf);
    const size = views.reduce((sum, { byteLength }) => sum + byteLength, 0);
    return this.#submit(name, offset, size, views, options);
  }

  #submit(
    name: keyof typeof Opcode,
    offset: number,
    size: number,
    views: Uint8Array[],
    options: ChangeOptions | undefined,
  ): Promise<number> {
    const given = signalOf(options);
    const fua = flag('fua', options?.fua);
    const signals = [given, this.#signal].filter((signal) => signal !== undefined);
    for (const signal of signals) signal.throwIfAborted();
    if (this.closed) throw new AioError(EBADF, name, this.path, 'it is closed');
    if (this.#pending >= PENDING_MAX)
      throw new AioError(EAGAIN, name, this.path, `${PENDING_MAX} operations have not settled`);
    return new Promise((resolve, reject) => {
      let reason: unknown;
      const end = (result: number) => {
        this.#pending--;
        for (const [signal, tell] of watched) watchers.get(signal)?.delete(tell);
        if (result >= 0) resolve(result);
        else if (result === ECANCELED && reason !== undefined) reject(reason);
        else reject(new AioError(result, name, this.path));
      };
      const watched = signals.map((signal): [AbortSignal, () => void] => [
        signal,
        () => {
          if (this.#native.cancel(id)) reason = signal.reason;
        },
      ]);
      this.#pending++;
      const id = this.#native.submit(Opcode[name], fua, offset, size, views, end);
      if (id < 0) end(id);
      else for (const [signal, tell] of watched) watch(signal, tell);
    });
  }
}

/**
 * Opens a file or block device; of the providers ram and null, which take no path, a disk of `size` bytes.
 *
 * @throws AioError ENOENT, EACCES, ENOSPC... as the system has it; EINVAL: what is no file and no block device, an unknown
 * provider, limits that contradict each other; EOPNOTSUPP: a provider that does not work here; ENFILE: 4096 are open.
 */
export async function open(path: string | URL | null, options: OpenOptions = {}): Promise<AsyncFile> {
  const name = path instanceof URL ? fileURLToPath(path) : path;
  if (name !== null && typeof name !== 'string')
    throw new TypeError(`path is ${typeof name}, should be a string, a file: URL, or null`);
  if (name?.includes('\0')) throw new TypeError('path holds a zero byte');
  const signal = signalOf(options);
  const { provider, size } = options;
  if (provider !== undefined && typeof provider !== 'string')
    throw new TypeError(`provider is ${typeof provider}, should be a string`);
  const given = {
    provider: provider ?? null,
    direct: flag('direct', options.direct),
    readOnly: flag('readOnly', options.readOnly),
    create: size !== undefined,
    size: optional('size', size, 0),
    maxInFlight: optional('maxInFlight', options.maxInFlight, 1, 1 << 20),
    minInFlight: optional('minInFlight', options.minInFlight, 1, 1 << 20),
    maxPerDispatch: optional('maxPerDispatch', options.maxPerDispatch, 1, 1 << 20),
  };
  signal?.throwIfAborted();
  const native = new nativeAio.NativeAsyncFile();
  await new Promise<void>((resolve, reject) =>
    native.open(name, given, (rc, why) => (rc < 0 ? reject(new AioError(rc, 'open', name, why)) : resolve())),
  );
  const file = new AsyncFile(native, name, native.info(), options);
  if (signal?.aborted) {
    await file.close();
    throw signal.reason;
  }
  return file;
}

/** Zeroed memory for direct I/O. @param alignment a power of two, bytes */
export function alignedBuffer(bytes: number, alignment = 4096): Buffer {
  wholeNumber('bytes', bytes, 0, 2 ** 32);
  wholeNumber('alignment', alignment, 16, 2 ** 21);
  if (alignment & (alignment - 1))
    throw new RangeError(`alignment is ${alignment}, should be a power of two`);
  return nativeAio.alignedBuffer(bytes, alignment);
}

/** The providers, best first, and what is wrong with those that do not work here, as in 'EPERM'. */
export function providers(): { name: string; error?: string }[] {
  return nativeAio
    .aioProviders()
    .map(({ name, error }) => (error ? { name, error: getSystemErrorName(error) } : { name }));
}

/**
 * Files that are opened without a provider of their own get this one from now on, in C and here; undefined: the best.
 *
 * @throws AioError EINVAL: unknown, or one that serves no files; EOPNOTSUPP: it does not work here
 */
export function preferProvider(name: string | undefined): void {
  if (name !== undefined && typeof name !== 'string')
    throw new TypeError(`name is ${typeof name}, should be a string`);
  const [rc, why] = nativeAio.aioPrefer(name ?? null);
  if (rc < 0) throw new AioError(rc, 'open', null, why);
}
