// SPDX-License-Identifier: MIT
/**
 * The kernel for TypeScript: started, stopped, given modules, their functions called.
 *
 * ```ts
 * const host = await Kernel.start({ cpus: 2 });
 * const mod = await host.insmod('demo.ko.so', { size: 64 });    // what it needs is loaded before it
 * const sum = mod.symbol('int demo_sum(int, int)');
 * console.log(sum(2, 3), host.dmesg().at(-1));
 * await host.rmmod(mod);                                        // refused while it is in use
 * await host.stop();
 * ```
 */
import { resolve } from 'node:path';
import koffi, { type KoffiFunc } from 'koffi';
import { libraryPath } from '../shim/native.js';
import { dependsOf } from './elf.js';

export { dependsOf } from './elf.js';

const library = koffi.load(libraryPath);
koffi.struct('ring3_kernel_options', {
  nr_event_cpus: 'unsigned int',
  nr_other_cpus: 'unsigned int',
  spin_ns: 'unsigned long long',
  pin: 'int',
});
const c = {
  start: library.func('int ring3_kernel_start(const ring3_kernel_options *options)'),
  stop: library.func('int ring3_kernel_stop()'),
  insmod: library.func('int ring3_insmod(const char *path, const char *params)'),
  rmmod: library.func('int ring3_rmmod(const char *name)'),
  lsmod: library.func('int ring3_lsmod(_Out_ uint8_t *buf, unsigned long bytes)'),
  dmesg: library.func(
    'int ring3_dmesg(_Inout_ unsigned long long *seq, _Out_ uint8_t *buf, unsigned long bytes)',
  ),
  loglevel: library.func('void ring3_console_loglevel(int level)'),
};

/** Runs a call that may block on a thread of libuv's, off Node's loop. */
export function callAsync<T>(fn: KoffiFunc<(...args: unknown[]) => unknown>, ...args: unknown[]): Promise<T> {
  return new Promise((resolve, reject) => {
    fn.async(...args, (error: Error | null, result: unknown) =>
      error ? reject(error) : resolve(result as T),
    );
  });
}

/** A negative errno from the kernel. */
export class KernelError extends Error {
  override name = 'KernelError';
  constructor(
    readonly errno: number,
    message: string,
  ) {
    super(`${message} (errno ${errno})`);
  }
}

/** A loaded module. */
export class Module {
  readonly #library;
  #loaded = true;

  constructor(
    readonly name: string,
    readonly path: string,
  ) {
    this.#library = koffi.load(path);
  }

  /**
   * A function it exports (EXPORT_SYMBOL), by its C prototype. Calls run on Node's thread, so only for what does not
   * block; callAsync() runs one elsewhere. @throws KernelError when the module is not loaded any more
   */
  symbol(prototype: string): KoffiFunc<(...args: unknown[]) => unknown> {
    if (!this.#loaded) throw new KernelError(2, `${this.name}: not loaded any more`);
    const name = /(\w+)\s*\(/.exec(prototype)?.[1] ?? prototype;
    let fn: KoffiFunc<(...args: unknown[]) => unknown>;
    try {
      fn = this.#library.func(prototype);
    } catch (error) {
      const why = (error as Error).message;
      if (!/find function|symbol/i.test(why)) throw error;
      throw new KernelError(2, `${this.name} exports no ${name}: is there an EXPORT_SYMBOL(${name})?`);
    }
    const guarded = (...args: unknown[]) => {
      if (!this.#loaded) throw new KernelError(2, `${name}() of ${this.name}, which is not loaded any more`);
      return fn(...args);
    };
    return Object.assign(guarded, { async: fn.async, info: fn.info }) as KoffiFunc<
      (...args: unknown[]) => unknown
    >;
  }

  /** By Kernel: its functions throw from now on. */
  gone(): void {
    this.#loaded = false;
  }
}

export interface LogRecord {
  /** 0 (emergency) to 7 (debug). */
  level: number;
  /** CLOCK_MONOTONIC. */
  seconds: number;
  text: string;
}

function parseLog(lines: string[]): LogRecord[] {
  return lines.flatMap((line) => {
    const found = /^<(\d)>\[\s*([\d.]+)\] ?(.*)$/.exec(line);
    return found ? { level: Number(found[1]), seconds: Number(found[2]), text: found[3]! } : [];
  });
}

/** Names as the kernel makes them of file names: "/a/b/test-x.ko.so" is test_x. */
export function moduleName(path: string): string {
  return path.replace(/^.*\//, '').replace(/\..*$/, '').replaceAll('-', '_');
}

/** What insmod takes: name=value, quoted where there are spaces. */
function paramText(params: Record<string, string | number | boolean>): string {
  return Object.entries(params)
    .map(([key, value]) => (/\s/.test(String(value)) ? `${key}="${value}"` : `${key}=${value}`))
    .join(' ');
}

export class Kernel {
  readonly #modules = new Map<string, Module>();

  private constructor() {}

  /**
   * Starts the one kernel of this process.
   * @param options.cpus event CPUs, a thread each; 0 = one per CPU of the machine
   * @param options.others virtual CPUs that all other threads share; 0 = 2
   * @param options.spinUs how long each event CPU may spin before it sleeps, microseconds
   */
  static async start({ cpus = 0, others = 0, spinUs = 0, pin = false } = {}): Promise<Kernel> {
    const options = { nr_event_cpus: cpus, nr_other_cpus: others, spin_ns: spinUs * 1000, pin: pin ? 1 : 0 };
    const rc = await callAsync<number>(c.start, options);
    if (rc < 0) throw new KernelError(-rc, 'the kernel does not start');
    return new Kernel();
  }

  /**
   * Loads a module, and before it those it was built to use.
   * @throws KernelError, with the reason from the log: no such parameter, init failed, a name that nothing exports
   */
  async insmod(path: string, params: Record<string, string | number | boolean> = {}): Promise<Module> {
    const file = resolve(path);
    for (const needed of dependsOf(file))
      if (!this.lsmod().some(({ name }) => name === moduleName(needed))) await this.#load(needed, '');
    return this.#load(file, paramText(params));
  }

  async #load(path: string, params: string): Promise<Module> {
    const seen = this.#read([0]).next;
    const rc = await callAsync<number>(c.insmod, path, params);
    if (rc < 0) {
      const why = parseLog(this.#read(seen).lines)
        .filter(({ level }) => level <= 3)
        .map(({ text }) => text);
      throw new KernelError(-rc, `insmod ${path}: ${why.join('; ') || 'it is loaded already'}`);
    }
    const module = new Module(moduleName(path), path);
    this.#modules.set(module.name, module);
    return module;
  }

  /** @throws KernelError with errno 16 (EBUSY) while it is in use, 2 (ENOENT) when there is none */
  async rmmod(module: Module | string): Promise<void> {
    const name = typeof module === 'string' ? module : module.name;
    const rc = await callAsync<number>(c.rmmod, name);
    if (rc === -2) throw new KernelError(2, `rmmod ${name}: there is no such module`);
    if (rc < 0) throw new KernelError(-rc, `rmmod ${this.log().at(-1)?.text ?? name}`);
    this.#modules.get(name)?.gone();
    this.#modules.delete(name);
  }

  /** Loaded modules and their reference counts. */
  lsmod(): { name: string; references: number }[] {
    const buffer = Buffer.alloc(16_384);
    const length = c.lsmod(buffer, buffer.length) as number;
    const lines = buffer.toString('utf8', 0, length).split('\n').filter(Boolean);
    return lines.map((line) => {
      const [name = '', count = '0'] = line.split(' ');
      return { name, references: Number(count) };
    });
  }

  /** Records from @from on, as much as the ring still has, and where the next ones will start. */
  #read(from: [number | bigint]): { lines: string[]; next: [number | bigint] } {
    const buffer = Buffer.alloc(1 << 20);
    const next: [number | bigint] = [from[0]];
    const length = c.dmesg(next, buffer, buffer.length) as number;
    return { lines: buffer.toString('utf8', 0, length).split('\n').filter(Boolean), next };
  }

  /** The log's lines, oldest first: "<level>[seconds] text". The ring holds the last 2048. */
  dmesg(): string[] {
    return this.#read([0]).lines;
  }

  /** Calls @each with every record, from the oldest on, as they come; the function returned ends it. */
  follow(each: (record: LogRecord) => void, everyMs = 50): () => void {
    let next: [number | bigint] = [0];
    const look = () => {
      const read = this.#read(next);
      next = read.next;
      for (const record of parseLog(read.lines)) each(record);
    };
    look();
    const timer = setInterval(look, everyMs);
    return () => clearInterval(timer);
  }

  /** The same, taken apart. */
  log(): LogRecord[] {
    return parseLog(this.dmesg());
  }

  /** Lines at this level (0 to 7) or more urgent go to stderr too; -1 = none. */
  set consoleLogLevel(level: number) {
    c.loglevel(level);
  }

  /** Unloads all modules, the latest first, and ends all its threads. */
  async stop(): Promise<void> {
    const rc = await callAsync<number>(c.stop);
    if (rc < 0) throw new KernelError(-rc, 'the kernel does not stop: a module is in use');
    for (const module of this.#modules.values()) module.gone();
    this.#modules.clear();
  }
}
