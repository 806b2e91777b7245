// SPDX-License-Identifier: MIT
/**
 * The kernel for TypeScript: started, stopped, given modules, their functions called.
 *
 * ```ts
 * const kernel = await Kernel.start({ cpus: 2 });
 * const scst = await kernel.insmod('build/Release/scst.ko.so');
 * const read = scst.symbol('long scst_mgmt_read(const char *what, _Out_ uint8_t *buf, size_t bytes)');
 * await kernel.stop();
 * ```
 */
import koffi, { type KoffiFunc } from 'koffi';
import { libraryPath } from '../shim/native.js';

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

type Function = KoffiFunc<(...args: unknown[]) => unknown>;
type Done = (error: Error | null, result: unknown) => void;

/** A loaded module. */
export class Module {
  readonly #library;
  #open = true;
  /** Calls that run on other threads. */
  #running = 0;
  #idle: (() => void) | undefined;

  constructor(
    readonly name: string,
    path: string,
  ) {
    this.#library = koffi.load(path);
  }

  /**
   * A function it exports, by its C prototype. Calls run on Node's thread: only for what does not block; or with
   * callAsync(). After rmmod() or stop() they throw.
   */
  symbol(prototype: string): Function {
    const call = this.#library.func(prototype) as Function;
    const guarded = (...args: unknown[]) => {
      this.#check();
      return call(...args);
    };
    const inBackground = (...args: unknown[]) => {
      this.#check();
      const done = args.pop() as Done;
      this.#running++;
      call.async(...args, (error: Error | null, result: unknown) => {
        if (--this.#running === 0) this.#idle?.();
        done(error, result);
      });
    };
    return Object.assign(guarded, { async: inBackground }) as unknown as Function;
  }

  #check(): void {
    if (!this.#open) throw new Error(`${this.name} is not loaded any more`);
  }

  /** No call from now on, until reopen(). Resolves when those that run have ended. */
  async close(): Promise<void> {
    this.#open = false;
    if (this.#running)
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
  }

  /** It stays after all. */
  reopen(): void {
    this.#open = true;
  }

  /** After close(), and when the kernel has let go of it: unmapped, so that it can be loaded again. */
  unmap(): void {
    this.#library.unload();
  }
}

export class Kernel {
  readonly #modules = new Map<string, Module>();

  private constructor() {}

  /**
   * Starts the one kernel of this process.
   * @param options.cpus event CPUs, a thread each; 0 = one per CPU of the machine
   * @param options.spinUs how long each may spin before it sleeps, microseconds
   */
  static async start({ cpus = 0, spinUs = 0, pin = false } = {}): Promise<Kernel> {
    const options = { nr_event_cpus: cpus, nr_other_cpus: 0, spin_ns: spinUs * 1000, pin: pin ? 1 : 0 };
    const rc = await callAsync<number>(c.start, options);
    if (rc < 0) throw new KernelError(-rc, 'the kernel does not start');
    return new Kernel();
  }

  /** Loads a module; one whose symbols it uses comes first. @throws KernelError, with the reason from the log */
  async insmod(path: string, params: Record<string, string | number | boolean> = {}): Promise<Module> {
    const text = Object.entries(params).map(([key, value]) => `${key}=${value}`);
    const before = this.dmesg();
    const rc = await callAsync<number>(c.insmod, path, text.join(' '));
    if (rc < 0) {
      const why = this.dmesg().slice(before.length).join('; ');
      throw new KernelError(-rc, `insmod ${path}: ${why}`);
    }
    const name = path.replace(/^.*\//, '').replace(/\..*$/, '').replaceAll('-', '_');
    const module = new Module(name, path);
    this.#modules.set(name, module);
    return module;
  }

  /** @throws KernelError with errno 16 (EBUSY) while it is in use */
  async rmmod(name: string): Promise<void> {
    const module = this.#modules.get(name);
    const rc = await this.#unload(module ? [module] : [], () => callAsync<number>(c.rmmod, name));
    if (rc < 0) throw new KernelError(-rc, `rmmod ${name}`);
    this.#modules.delete(name);
  }

  /** Runs what lets go of @modules, without a call of ours in them. */
  async #unload(modules: Module[], run: () => Promise<number>): Promise<number> {
    await Promise.all(modules.map((module) => module.close()));
    const rc = await run();
    for (const module of modules)
      if (rc < 0) module.reopen();
      else module.unmap();
    return rc;
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

  /** The log's lines, oldest first: "<level>[seconds] text". */
  dmesg(): string[] {
    const buffer = Buffer.alloc(1 << 20);
    const length = c.dmesg([0], buffer, buffer.length) as number;
    return buffer.toString('utf8', 0, length).split('\n').filter(Boolean);
  }

  /** Lines at this level (0 to 7) or more urgent go to stderr too; -1 = none. */
  set consoleLogLevel(level: number) {
    c.loglevel(level);
  }

  /** Unloads all modules and ends all its threads. */
  async stop(): Promise<void> {
    const rc = await this.#unload([...this.#modules.values()], () => callAsync<number>(c.stop));
    if (rc < 0) throw new KernelError(-rc, 'the kernel does not stop: a module is in use');
    this.#modules.clear();
  }
}
