// SPDX-License-Identifier: MIT
/** A loaded module: its functions, variables and parameters. */
import koffi, { type TypeObject } from 'koffi';
import { type AnyFunction, c, check, KernelError, readText, text, wantText } from './library.js';
import { nearest } from './nearest.js';

/** A function of a module, called on this thread; `.async(..., callback)` runs it on one of libuv's. */
export type KernelFunction = AnyFunction;

/** A variable that a module exports. */
export interface Variable<T = unknown> {
  get(): T;
  set(value: T): void;
}

/** One file of /sys/module/NAME/parameters. */
export interface ParameterInfo {
  name: string;
  /** As `module_param(name, type, perm)` says, such as 0o644; 0 = it is set at load only. */
  perm: number;
  /** As module_param() calls it: int, bool, charp, "array of int"... */
  type: string;
}

/** Parsed once per text: koffi keeps its types for ever. */
const prototypes = new Map<string, { name: string; type: TypeObject }>();
let nextType = 0;

const EXAMPLE = "expected such as 'int demo_sum(int, int)'";

function parsePrototype(prototype: string): { name: string; type: TypeObject } {
  wantText('the prototype', prototype, 1000);
  const known = prototypes.get(prototype);
  if (known) return known;
  const match = /([A-Za-z_]\w*)\s*\(/.exec(prototype);
  if (!match) throw new TypeError(`'${prototype}' is no prototype of a function: ${EXAMPLE}`);
  const name = match[1]!;
  // A type's name is taken for ever: ours is one that nobody else uses.
  const unique = `ring3_fn_${nextType++}`;
  const at = match.index;
  const renamed = `${prototype.slice(0, at)}${unique}${prototype.slice(at + name.length)}`.replace(
    /\b(struct|union|enum)\s+\w+\s*\*/g,
    'void *',
  );
  try {
    const parsed = { name, type: koffi.proto(renamed.replace(/\(\s*void\s*\)/, '()').replace(/;\s*$/, '')) };
    prototypes.set(prototype, parsed);
    return parsed;
  } catch (error) {
    throw new TypeError(`'${prototype}' is no prototype: ${(error as Error).message}; ${EXAMPLE}`);
  }
}

/**
 * A module that was loaded. Functions may be called by any thread as long as it is loaded: each call holds a reference,
 * so that rmmod is refused meanwhile; later ones throw.
 */
export class Module {
  readonly #id: number;

  /** @internal made by Kernel.insmod() and Kernel.module() */
  constructor(
    readonly name: string,
    readonly path: string,
    id: number,
  ) {
    this.#id = id;
  }

  /** Never used twice by one process. */
  get id(): number {
    return this.#id;
  }

  get loaded(): boolean {
    if ((c.moduleGet(this.#id) as number) < 0) return false;
    c.modulePut(this.#id);
    return true;
  }

  #enter(what: string): void {
    if ((c.moduleGet(this.#id) as number) < 0)
      throw new KernelError(19, `${what}: module ${this.name} is not loaded any more`);
  }

  /** What EXPORT_SYMBOL() shows of it. */
  exports(): string[] {
    return readText((buffer, bytes) => c.moduleExports(this.#id, buffer, bytes) as number)
      .split('\n')
      .filter(Boolean);
  }

  #address(name: string): bigint {
    this.#enter(name);
    try {
      const address = c.moduleSymbol(this.#id, name) as bigint | null;
      if (address) return address;
      const names = this.exports();
      const guess = nearest(name, names);
      const hint = guess
        ? `did you mean ${guess}?`
        : names.length
          ? `it exports ${names.slice(0, 8).join(', ')}${names.length > 8 ? ', ...' : ''}`
          : 'it exports nothing';
      throw new KernelError(2, `${this.name} exports no '${name}' (EXPORT_SYMBOL); ${hint}`);
    } finally {
      c.modulePut(this.#id);
    }
  }

  /**
   * A function it exports, by its C prototype. Types: C's, the kernel's (u32, u64, bool, size_t, gfp_t...), `char *` =
   * string, `void *` and `struct x *` = Buffer or address (bigint), `_Out_ uint8_t *` = a Buffer that is filled.
   * 64-bit results are numbers as far as those are exact, else bigints.
   *
   * A call runs on this thread: one that blocks stops its event loop. `callAsync(fn, ...args)` runs it on another.
   *
   * @throws TypeError when the prototype is none; KernelError ENOENT when it exports no such symbol, ENODEV when the
   * module was unloaded (at the call too)
   */
  symbol(prototype: string): KernelFunction {
    const { name, type } = parsePrototype(prototype);
    const native = koffi.decode(this.#address(name), type) as AnyFunction;
    const call = (...args: unknown[]): unknown => {
      this.#enter(name);
      try {
        return native(...args);
      } finally {
        c.modulePut(this.#id);
      }
    };
    const async = (...args: unknown[]): void => {
      const done = args.pop() as (error: unknown, result: unknown) => void;
      try {
        this.#enter(name);
      } catch (error) {
        process.nextTick(done, error);
        return;
      }
      try {
        (native.async as (...all: unknown[]) => void)(...args, (error: unknown, result: unknown) => {
          c.modulePut(this.#id);
          done(error, result);
        });
      } catch (error) {
        c.modulePut(this.#id);
        throw error;
      }
    };
    return Object.assign(call, { async, info: native.info }) as unknown as KernelFunction;
  }

  /**
   * A variable it exports: `variable('int demo_counter')`.
   * @throws as symbol() does
   */
  variable<T = number>(declaration: string): Variable<T> {
    wantText('the declaration', declaration, 1000);
    const match = /^\s*(.*?[\s*])([A-Za-z_]\w*)\s*;?\s*$/s.exec(declaration);
    if (!match)
      throw new TypeError(`'${declaration}' declares no variable: expected such as 'int demo_counter'`);
    const [, typeName = '', name = ''] = match;
    let type: TypeObject;
    try {
      type = koffi.type(typeName.trim());
    } catch (error) {
      throw new TypeError(`'${declaration}': ${(error as Error).message}`);
    }
    const address = this.#address(name);
    const held = <R>(touch: () => R): R => {
      this.#enter(name);
      try {
        return touch();
      } finally {
        c.modulePut(this.#id);
      }
    };
    return {
      get: () => held(() => koffi.decode(address, type) as T),
      set: (value) => held(() => koffi.encode(address, type, value)),
    };
  }

  /** All of its parameters, those without a file too. */
  parameters(): ParameterInfo[] {
    this.#enter('parameters');
    c.modulePut(this.#id);
    return readText((buffer, bytes) => c.params(this.name, buffer, bytes) as number)
      .split('\n')
      .filter(Boolean)
      .map((line) => {
        const [name = '', perm = '0', ...type] = line.split(' ');
        return { name, perm: Number.parseInt(perm, 8), type: type.join(' ') };
      });
  }

  /**
   * What /sys/module/NAME/parameters/PARAM reads, without the newline.
   * @throws KernelError ENOENT: there is no such file, as for permissions 0; EACCES: nobody may read it
   */
  readParameter(param: string): string {
    this.#enter(param);
    try {
      const buffer = Buffer.alloc(4097);
      const name = wantText('param', param, 64);
      const length = check(
        c.paramRead(this.name, name, buffer, buffer.length) as number,
        `/sys/module/${this.name}/parameters/${param} cannot be read`,
      );
      return text(buffer, length).replace(/\n$/, '');
    } finally {
      c.modulePut(this.#id);
    }
  }

  /**
   * Writes what /sys/module/NAME/parameters/PARAM would take.
   * @throws KernelError ENOENT: no such file; EACCES: its permissions let nobody write; else what its type says, with
   * what was expected
   */
  writeParameter(param: string, value: string | number | boolean): void {
    this.#enter(param);
    try {
      const why = Buffer.alloc(1024);
      const name = wantText('param', param, 64);
      const rc = c.paramWrite(this.name, name, parameterText(value), why, why.length) as number;
      check(rc, text(why));
    } finally {
      c.modulePut(this.#id);
    }
  }
}

/** What insmod takes for a value. */
export type ParameterValue = string | number | bigint | boolean | readonly (string | number)[];

function parameterText(value: ParameterValue): string {
  if (typeof value === 'boolean') return value ? 'y' : 'n';
  if (Array.isArray(value)) return value.join(',');
  return String(value);
}

/** "name=value name="a b"". @throws TypeError for what cannot be said so */
export function parametersText(params: Readonly<Record<string, ParameterValue>>): string {
  const words = Object.entries(params).map(([name, value]) => {
    if (!/^[A-Za-z_][\w-]*$/.test(name)) throw new TypeError(`'${name}' is no name of a parameter`);
    const string = parameterText(value);
    if (/["\0]/.test(string))
      throw new TypeError(`parameter ${name}: a value cannot hold a quotation mark or a zero byte`);
    return /\s/.test(string) || !string ? `${name}="${string}"` : `${name}=${string}`;
  });
  const all = words.join(' ');
  if (all.length > 65_536) throw new TypeError(`parameters are ${all.length} bytes, at most 65536 may be`);
  return all;
}
