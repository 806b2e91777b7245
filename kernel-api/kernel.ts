// SPDX-License-Identifier: MIT
/** The kernel of this process: started, stopped, given modules. */
import { resolve } from 'node:path';
import { IsolatedKernel } from './isolated.js';
import {
  c,
  callAsync,
  check,
  KernelError,
  readText,
  text,
  wantText,
  wholeNumber,
  wrongOptions,
} from './library.js';
import { type FollowOptions, followLog, type Level, type LogRecord, printk, readWholeLog } from './log.js';
import { Module, type ParameterValue, parametersText } from './module.js';
import { closePort } from './port.js';
import { Tree } from './tree.js';
import { type FollowUeventsOptions, followUevents, readUevents, type Uevent } from './uevents.js';

export interface KernelOptions {
  /** Event CPUs, a thread each; 0 = one per CPU of the machine. */
  cpus?: number;
  /** Virtual CPUs that all other threads share; 2 */
  otherCpus?: number;
  /** How long an event CPU may spin before it sleeps, microseconds; 0 */
  spinUs?: number;
  /** Each event CPU on a CPU of its own of the machine. */
  pin?: boolean;
  /** Folders in which request_module() looks for modules, by name or alias; none, so that it answers -ENOENT. */
  moduleFolders?: readonly string[];
  /** In a process of its own, which a module that crashes ends alone; see IsolatedKernel. */
  isolate?: boolean;
}

const OPTIONS: Record<keyof KernelOptions, true> = {
  cpus: true,
  otherCpus: true,
  spinUs: true,
  pin: true,
  moduleFolders: true,
  isolate: true,
};

/** A line of lsmod. */
export interface ModuleInfo {
  name: string;
  /** Address space it fills, bytes. */
  size: number;
  /** References: modules that use its symbols, calls under way, what modules hold of each other. */
  references: number;
  /** Modules that use its symbols. */
  usedBy: string[];
  id: number;
  path: string;
}

const WHY_BYTES = 2048;

/** Sentences, one per line, as one. */
const sentence = (why: Buffer): string => text(why).trim().replaceAll('\n', '; ');

/** As ring3_module_path() has them. @throws TypeError */
function modulePath(folders: readonly string[]): string {
  if (!Array.isArray(folders))
    throw new TypeError(`moduleFolders is ${typeof folders}, should be an array such as ['build']`);
  const all = folders.map((folder) => resolve(wantText('a folder of modules', folder)));
  const bad = all.find((folder) => folder.includes(':'));
  if (bad) throw new TypeError(`a folder of modules is ${bad}, should have no :`);
  return all.length ? wantText('moduleFolders', all.join(':'), 4095) : '';
}

/** The one kernel of this process. All threads share it; each makes its own handle with start() or attach(). */
export class Kernel {
  /** The files of /proc and /sys that modules make. */
  readonly tree: Tree = new Tree();

  private constructor() {}

  /**
   * Starts the kernel of this process, or with `isolate` one in another.
   * @throws KernelError EBUSY: it runs already (see attach()); EINVAL: too many CPUs (1024 at most); TypeError, for an
   * option that does not exist, too
   */
  static start(options: KernelOptions & { isolate: true }): Promise<IsolatedKernel>;
  static start(options?: KernelOptions & { isolate?: false }): Promise<Kernel>;
  static async start(given: KernelOptions = {}): Promise<Kernel | IsolatedKernel> {
    const wrong = wrongOptions('Kernel.start()', given, Object.keys(OPTIONS));
    if (wrong) throw new TypeError(wrong);
    const { cpus = 0, otherCpus = 0, spinUs = 0, pin = false, moduleFolders = [], isolate = false } = given;
    const options = {
      nr_event_cpus: wholeNumber('cpus', cpus, 0, 256),
      nr_other_cpus: wholeNumber('otherCpus', otherCpus, 0, 256),
      spin_ns: wholeNumber('spinUs', spinUs, 0, 1_000_000) * 1000,
      pin: pin ? 1 : 0,
    };
    const folders = modulePath(moduleFolders);
    if (isolate) return IsolatedKernel.start({ cpus, otherCpus, spinUs, pin, moduleFolders });
    const rc = await callAsync<number>(c.start, options);
    check(rc, rc === -16 ? 'a kernel runs in this process already' : 'the kernel does not start');
    c.modulePath(folders);
    return new Kernel();
  }

  /**
   * The kernel that another thread, or another part of the program, started.
   * @throws KernelError ENODEV: none runs
   */
  static attach(): Kernel {
    if (!Kernel.running) throw new KernelError(19, 'no kernel runs in this process: Kernel.start() first');
    return new Kernel();
  }

  static get running(): boolean {
    return (c.isStarted() as number) !== 0;
  }

  /** How many event CPUs it has. */
  get cpus(): number {
    return c.eventCpus() as number;
  }

  /**
   * Loads a module and runs its init, on a thread of libuv's. A module whose symbols it uses comes first.
   *
   * @param path a shared object, built by `ring3 build` or against these headers; the module's name is the file's, up
   * to the first dot, with _ for -
   * @param params its module_param()s; an array becomes values with commas
   * @throws KernelError, whose message says what is wrong and what was expected: ENOEXEC, it is no module for this host;
   * ENOENT, a file, symbol, module or parameter is missing; EEXIST, the name is loaded; EINVAL or ERANGE, a parameter;
   * ENOSPC, 128 modules are loaded; EBUSY, it was never unmapped; or what its init returned. Nothing of it is left then.
   */
  async insmod(path: string, params: Readonly<Record<string, ParameterValue>> = {}): Promise<Module> {
    const full = resolve(wantText('path', path));
    return this.insmodText(full, parametersText(params));
  }

  /** The same with parameters as the command line has them: "name=value name=value". */
  async insmodText(path: string, params: string): Promise<Module> {
    const full = resolve(wantText('path', path));
    const why = Buffer.alloc(WHY_BYTES);
    const rc = await callAsync<number>(c.load, full, params, why, why.length);
    const said = sentence(why);
    check(rc, said.startsWith(`${full}: `) ? `insmod ${said}` : `insmod ${path}: ${said}`);
    const info = this.lsmod().find((one) => one.path === full);
    if (!info) throw new KernelError(19, `insmod ${path}: it was unloaded at once`);
    return new Module(info.name, info.path, info.id);
  }

  /**
   * A module that is loaded, by name. @throws KernelError ENOENT
   */
  module(name: string): Module {
    const info = this.lsmod().find((one) => one.name === name.replaceAll('-', '_'));
    if (!info) throw new KernelError(2, `module ${name} is not loaded`);
    return new Module(info.name, info.path, info.id);
  }

  /**
   * Runs a module's exit and takes it away.
   * @throws KernelError ENOENT: it is not loaded (any more); EBUSY: it is in use, the message says by whom, or it has an
   * init and no exit
   */
  async rmmod(module: Module | string): Promise<void> {
    const name = typeof module === 'string' ? wantText('module', module, 255) : module.name;
    if (module instanceof Module && !module.loaded)
      throw new KernelError(2, `rmmod ${name}: this module was unloaded before`);
    const why = Buffer.alloc(WHY_BYTES);
    check(await callAsync<number>(c.unload, name, why, why.length), `rmmod ${sentence(why)}`);
  }

  /** Loaded modules, in the order of loading. */
  lsmod(): ModuleInfo[] {
    return readText((buffer, bytes) => c.modules(buffer, bytes) as number)
      .split('\n')
      .filter(Boolean)
      .map((line) => {
        const [name = '', size, references, users = '-', id, ...path] = line.split(' ');
        return {
          name,
          size: Number(size),
          references: Number(references),
          usedBy: users === '-' ? [] : users.split(','),
          id: Number(id),
          path: path.join(' '),
        };
      });
  }

  /** The log, oldest first: the last 2048 records. */
  dmesg(): LogRecord[] {
    return readWholeLog();
  }

  /**
   * The log as it grows:
   * ```ts
   * for await (const { level, text } of kernel.followDmesg({ level: 4 })) console.error(level, text);
   * ```
   */
  followDmesg(options: FollowOptions = {}): AsyncGenerator<LogRecord, void, void> {
    return followLog(options);
  }

  /** What happened to kobjects and modules, oldest first: the last 512 events. */
  uevents(): Uevent[] {
    return readUevents();
  }

  /**
   * The same as it happens:
   * ```ts
   * for await (const { action, devpath } of kernel.followUevents({ from: 'now' })) console.log(action, devpath);
   * ```
   */
  followUevents(options: FollowUeventsOptions = {}): AsyncGenerator<Uevent, void, void> {
    return followUevents(options);
  }

  /** Writes into the log. */
  printk(text: string, level: Level | number = 'info'): void {
    printk(text, level);
  }

  /** Lines at this level (0 to 7) or more urgent go to stderr too; -1 = none. */
  set consoleLogLevel(level: number) {
    c.loglevel(wholeNumber('level', level, -1, 7));
  }

  /**
   * Unloads all modules, latest first, and ends all its threads. This thread's primitives that were not disposed of
   * are; waits of theirs reject with ECANCELED.
   * @throws KernelError EBUSY: a module is in use, or another thread's primitives are; it runs on then
   */
  async stop(): Promise<void> {
    await closePort();
    const why = Buffer.alloc(WHY_BYTES);
    const rc = await callAsync<number>(c.stop, why, why.length);
    check(rc, `the kernel does not stop: ${sentence(why)}`);
  }
}
