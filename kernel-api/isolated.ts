// SPDX-License-Identifier: MIT
/**
 * A kernel in a process of its own, so that a module that crashes ends that process only: `Kernel.start({ isolate: true })`.
 * All is asked for over IPC, so all of it is async, and there are no addresses.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { basename, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type CrashReport, type Frame, placeOf } from './crash.js';
import type { Reply } from './isolated-child.js';
import { CrashFolder, passStderr } from './isolated-process.js';
import type { KernelOptions, ModuleInfo } from './kernel.js';
import { KernelError, wantText, wholeNumber } from './library.js';
import { type FollowOptions, LEVELS, type Level, type LogRecord } from './log.js';
import type { ParameterInfo, ParameterValue } from './module.js';
import { Tree } from './tree.js';
import type { FollowUeventsOptions, Uevent } from './uevents.js';

/** Tree, of another process: all of it but open files. Errors are the same, or KernelCrash. */
export type IsolatedTree = Omit<Tree, 'open'>;

/** The process of an isolated kernel ended before it was asked to. All calls reject with it, then and later. */
export class KernelCrash extends Error {
  override name = 'KernelCrash';
  readonly code = 'ECRASHED';
  /** The first function of a module on the stack that crashed: the one to look at. */
  readonly where: Frame | undefined;
  /** The whole stack, innermost first; empty when the process had no time to write one. */
  readonly frames: readonly Frame[];

  /** @internal */
  constructor(
    /** SIGSEGV, SIGABRT for a BUG()..., or "exit status 3". */
    readonly signal: string,
    /** Whose init was running. */
    readonly loading: string | undefined,
    report: CrashReport | undefined,
  ) {
    const doing = loading ? `while module ${loading} was loaded` : 'while it ran';
    const where = report?.where ? `, in ${placeOf(report.where)}` : '';
    super(
      `the isolated kernel ended with ${signal} ${doing}${report?.what ? `: ${report.what}` : ''}${where}`,
    );
    this.where = report?.where;
    this.frames = report?.stack ?? [];
  }
}

interface Pending {
  resolve(value: never): void;
  reject(error: Error): void;
}

/** What goes to the other process and back: no Buffers, whose bytes would be copies, and no functions. */
function wantPlain(args: readonly unknown[]): void {
  for (const arg of args)
    if (!['number', 'bigint', 'string', 'boolean'].includes(typeof arg) && arg !== null)
      throw new TypeError(
        `an isolated module takes numbers, bigints, strings, booleans and null, not ${typeof arg}: memory is not shared`,
      );
}

async function* bytesOf(parts: AsyncGenerator<Uint8Array, void, void>): AsyncGenerator<Buffer, void, void> {
  for await (const part of parts) yield Buffer.from(part);
}

/** A module of an isolated kernel. */
export class IsolatedModule {
  /** @internal */
  constructor(
    readonly name: string,
    readonly path: string,
    private readonly ask: <T>(call: string, ...args: unknown[]) => Promise<T>,
  ) {}

  /** What EXPORT_SYMBOL() shows of it. */
  exports(): Promise<string[]> {
    return this.ask('exports', this.name);
  }

  /**
   * Calls a function it exports, by its C prototype, on a thread of its own: call('int demo_sum(int, int)', 2, 3).
   * @throws TypeError for arguments that cannot leave this process; KernelError as Module.symbol() does; KernelCrash
   */
  async call<T = unknown>(prototype: string, ...args: unknown[]): Promise<T> {
    wantPlain(args);
    return this.ask('call', this.name, wantText('the prototype', prototype, 1000), args);
  }

  /** A variable it exports: readVariable('int demo_counter'). */
  readVariable<T = number>(declaration: string): Promise<T> {
    return this.ask('readVariable', this.name, declaration);
  }

  async writeVariable(declaration: string, value: number | bigint | boolean): Promise<void> {
    wantPlain([value]);
    await this.ask('writeVariable', this.name, declaration, value);
  }

  parameters(): Promise<ParameterInfo[]> {
    return this.ask('parameters', this.name);
  }

  readParameter(param: string): Promise<string> {
    return this.ask('readParameter', this.name, param);
  }

  async writeParameter(param: string, value: string | number | boolean): Promise<void> {
    await this.ask('writeParameter', this.name, param, value);
  }
}

/** The kernel of another process. There may be several. */
export class IsolatedKernel {
  readonly #child: ChildProcess;
  readonly #folder = new CrashFolder();
  readonly #pending = new Map<number, Pending>();
  readonly #ended: Promise<void>;
  #next = 0;
  #cpus = 0;
  #loading: string | undefined;
  #stopped = false;
  #crash: KernelCrash | undefined;
  #tellCrash!: (crash: KernelCrash) => void;

  /** Resolves when the process ends before it was asked to; never otherwise. */
  readonly crashed: Promise<KernelCrash> = new Promise((tell) => {
    this.#tellCrash = tell;
  });

  private constructor() {
    const here = import.meta.url;
    const source = here.endsWith('.ts');
    this.#child = fork(new URL(`./isolated-child.${source ? 'ts' : 'js'}`, here), {
      execArgv: source ? ['--import', pathToFileURL(createRequire(here).resolve('tsx')).href] : [],
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
      ...this.#folder.spawnOptions,
    });
    passStderr(this.#child);
    this.#child.on('message', (reply: Reply) => this.#answered(reply));
    this.#child.on('error', () => {}); // it did not start, or is gone: 'close' tells
    this.#ended = new Promise((done) => {
      this.#child.once('close', (status, signal) => {
        this.#over(signal ?? `exit status ${status}`);
        done();
      });
    });
  }

  /** @internal Kernel.start() calls it */
  static async start(options: KernelOptions): Promise<IsolatedKernel> {
    const kernel = new IsolatedKernel();
    try {
      kernel.#cpus = await kernel.#ask<number>('start', options);
    } catch (error) {
      await kernel.kill();
      throw error;
    }
    return kernel;
  }

  #answered(reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (!pending) return;
    if ('value' in reply) pending.resolve(reply.value as never);
    else if (reply.error.errno !== undefined)
      pending.reject(new KernelError(reply.error.errno, reply.error.message));
    else if (reply.error.name === 'TypeError') pending.reject(new TypeError(reply.error.message));
    else pending.reject(new Error(reply.error.message));
  }

  #over(signal: string): void {
    if (!this.#stopped) {
      this.#crash = new KernelCrash(signal, this.#loading, this.#folder.report());
      this.#tellCrash(this.#crash);
    }
    this.#folder.dispose();
    for (const { reject } of this.#pending.values()) reject(this.#gone());
    this.#pending.clear();
  }

  #gone(): Error {
    return this.#crash ?? new KernelError(19, 'the isolated kernel was stopped');
  }

  readonly #ask = <T>(call: string, ...args: unknown[]): Promise<T> => {
    if (this.#crash || !this.#child.connected) return this.#ended.then(() => Promise.reject(this.#gone()));
    return new Promise<T>((done, reject) => {
      const id = this.#next++;
      this.#pending.set(id, { resolve: done as Pending['resolve'], reject });
      // What cannot be sent throws here; what was not delivered ends with 'close'.
      this.#child.send({ id, call, args }, () => {});
    });
  };

  /** What comes one by one there: asked for one by one, and ended there when it is left here. */
  async *#stream<T>(kind: string, options: unknown, signal?: AbortSignal): AsyncGenerator<T, void, void> {
    if (signal?.aborted) return;
    const id = this.#next++;
    await this.#ask('streamOpen', id, kind, options);
    const end = () => void this.#ask('streamEnd', id).catch(() => {}); // the process is gone, and the stream with it
    signal?.addEventListener('abort', end);
    try {
      while (!signal?.aborted) {
        const { done, value } = await this.#ask<{ done: boolean; value: T }>('streamNext', id);
        if (done || signal?.aborted) return;
        yield value;
      }
    } catch (error) {
      if (!signal?.aborted && !this.#stopped) throw error;
    } finally {
      signal?.removeEventListener('abort', end);
      end();
    }
  }

  /** The files of /proc and /sys that its modules make. */
  readonly tree: IsolatedTree = {
    read: (path, options = {}) => this.#ask('readFile', path, options),
    readBytes: async (path, options = {}) =>
      Buffer.from(await this.#ask<Uint8Array>('readBytes', path, options)),
    write: (path, data) => this.#ask('writeFile', path, typeof data === 'number' ? String(data) : data),
    list: (path = '/') => this.#ask('listFiles', path),
    stat: (path) => this.#ask('statFile', path),
    chunks: (path) => bytesOf(this.#stream<Uint8Array>('chunks', path)),
    walk: Tree.prototype.walk,
  };

  /** Of the process. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** How many event CPUs it has. */
  get cpus(): number {
    return this.#cpus;
  }

  /**
   * Loads a module and runs its init, there.
   * @throws KernelError as Kernel.insmod() does; KernelCrash, whose message says where, when init crashes
   */
  insmod(path: string, params: Readonly<Record<string, ParameterValue>> = {}): Promise<IsolatedModule> {
    return this.#load('insmod', path, params);
  }

  /** The same with parameters as the command line has them: "name=value name=value". */
  insmodText(path: string, params: string): Promise<IsolatedModule> {
    return this.#load('insmodText', path, params);
  }

  async #load(call: string, path: string, params: unknown): Promise<IsolatedModule> {
    const full = resolve(wantText('path', path));
    this.#loading = basename(full).replace(/\..*$/s, '').replaceAll('-', '_');
    try {
      const made = await this.#ask<{ name: string; path: string }>(call, full, params);
      return new IsolatedModule(made.name, made.path, this.#ask);
    } finally {
      this.#loading = undefined;
    }
  }

  /** One that is loaded. @throws KernelError ENOENT */
  async module(name: string): Promise<IsolatedModule> {
    const found = await this.#ask<{ name: string; path: string }>('module', name);
    return new IsolatedModule(found.name, found.path, this.#ask);
  }

  /** @throws KernelError as Kernel.rmmod() does; KernelCrash */
  async rmmod(module: IsolatedModule | string): Promise<void> {
    await this.#ask('rmmod', typeof module === 'string' ? module : module.name);
  }

  lsmod(): Promise<ModuleInfo[]> {
    return this.#ask('lsmod');
  }

  dmesg(): Promise<LogRecord[]> {
    return this.#ask('dmesg');
  }

  /** As Kernel.followDmesg(). Ends when the kernel is stopped. @throws KernelCrash */
  followDmesg({ signal, ...options }: FollowOptions = {}): AsyncGenerator<LogRecord, void, void> {
    return this.#stream('dmesg', options, signal);
  }

  uevents(): Promise<Uevent[]> {
    return this.#ask('uevents');
  }

  /** As Kernel.followUevents(). Ends when the kernel is stopped. @throws KernelCrash */
  followUevents({ signal, ...options }: FollowUeventsOptions = {}): AsyncGenerator<Uevent, void, void> {
    return this.#stream('uevents', options, signal);
  }

  /** Lines at this level (0 to 7) or more urgent go to its stderr, which is ours; -1 = none, as it begins. */
  set consoleLogLevel(level: number) {
    this.#ask('consoleLogLevel', wholeNumber('level', level, -1, 7)).catch(() => {}); // other calls tell
  }

  async printk(text: string, level: Level | number = 'info'): Promise<void> {
    await this.#ask('printk', text, typeof level === 'number' ? level : LEVELS.indexOf(level));
  }

  /**
   * Unloads all modules and ends the process.
   * @throws KernelError EBUSY: a module is in use, it runs on then; KernelCrash, when it crashed before or on the way
   */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    await this.#ask('stop');
    await this.kill();
  }

  /** Ends the process at once, whatever it does: for an init that never returns. What waits rejects with ENODEV. */
  async kill(): Promise<void> {
    this.#stopped = true;
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}
