// SPDX-License-Identifier: MIT
/**
 * Compiles kernel code. Objects are kept in the cache, found again by command line and checked against the files they
 * were made of; link.ts makes modules of them.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { explainCompiler } from './explain.js';
import type { Config, ModuleSpec } from './kbuild.js';
import { packageRoot, type Sanitizer } from './paths.js';
import { cacheFolder, type KernelSource } from './source.js';

export interface Toolchain {
  source: KernelSource;
  san: Sanitizer;
  /** CONFIG_ variables on top of kernel-api's own. */
  config: Config;
  /** Where objects of this toolchain are kept. */
  objects: string;
  cc: string;
  /** gcc's own headers. */
  builtinIncludes: string;
  /** Compilers at a time. */
  jobs: number;
}

/** The compiler or the linker refused; the message is the explanation. */
export class BuildError extends Error {
  override name = 'BuildError';
}

export const SANITIZER_FLAGS: Record<Sanitizer, string[]> = {
  none: [],
  address: [
    ...['-fsanitize=address,undefined', '-fno-sanitize-recover=undefined', '-fno-sanitize=alignment'],
    '-fno-sanitize=nonnull-attribute', // the kernel copies 0 bytes from NULL: its memcpy() has no such attribute
  ],
  thread: ['-fsanitize=thread', '--param=tsan-distinguish-volatile=1', '-Wno-tsan'],
};

/** Those of the kernel that change what code means, and its warnings that point at bugs. */
const KERNEL_FLAGS = [
  ...['-std=gnu11', '-nostdinc', '-D__KERNEL__', '-fno-strict-aliasing', '-fno-strict-overflow'],
  ...['-fno-delete-null-pointer-checks', '-fshort-wchar', '-fno-builtin-printf', '-fno-common'],
  ...['-O2', '-g', '-fPIC', '-fno-omit-frame-pointer', '-fvisibility=hidden', '-Wall'],
  ...[
    '-Wno-unused',
    '-Wno-sign-compare',
    '-Wno-pointer-sign',
    '-Wno-maybe-uninitialized',
    '-Wno-format-security',
  ],
  ...['-Wno-stringop-truncation', '-Wno-stringop-overflow', '-Wno-array-bounds', '-Wno-format'],
  ...['-Wno-frame-address', '-Wno-main', '-Wno-address-of-packed-member', '-Wno-trigraphs'],
  ...['-Werror=implicit-function-declaration', '-Werror=implicit-int', '-Werror=incompatible-pointer-types'],
  ...['-Werror=return-type', '-Werror=strict-prototypes', '-Werror=designated-init'],
];

export const hash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 20);

/** generated/autoconf.h for a configuration of one's own: kernel-api's lines, changed and added to. */
function writeConfig(folder: string, config: Config): void {
  const own = readFileSync(join(packageRoot, 'kernel-api/include/generated/autoconf.h'), 'utf8');
  const lines = own.split('\n').filter((line) => {
    const name = /^#define (CONFIG_\w+)/.exec(line)?.[1];
    return name === undefined || config[name] === undefined;
  });
  const added = Object.entries(config).flatMap(([name, value]) => {
    if (value === 'n') return [];
    if (value === 'y') return [`#define ${name} 1`];
    if (value === 'm') return [`#define ${name}_MODULE 1`];
    return [`#define ${name} ${value}`];
  });
  const end = lines.lastIndexOf('#endif /* _GENERATED_AUTOCONF_H */');
  lines.splice(end, 0, ...added);
  mkdirSync(join(folder, 'generated'), { recursive: true });
  const path = join(folder, 'generated/autoconf.h');
  const text = lines.join('\n');
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeFileSync(path, text);
}

export function toolchain(
  source: KernelSource,
  { san = 'none', config = {}, jobs = 3 }: { san?: Sanitizer; config?: Config; jobs?: number } = {},
): Toolchain {
  const cc = process.env.CC || 'gcc';
  const builtinIncludes = execFileSync(cc, ['-print-file-name=include'], { encoding: 'utf8' }).trim();
  const version = execFileSync(cc, ['-dumpfullversion'], { encoding: 'utf8' }).trim();
  const key = hash(JSON.stringify([packageRoot, source.version, san, config, cc, version]));
  const objects = join(cacheFolder, 'objects', key);
  mkdirSync(objects, { recursive: true });
  writeConfig(objects, config);
  return { source, san, config, objects, cc, builtinIncludes, jobs };
}

let parts = 0;

/** Where @path is written before it is moved there: others may be at the same, in this process and in another. */
export const partOf = (path: string): string => `${path}.${process.pid}-${++parts}`;

/** At most @tools.jobs of @work at a time; the first failure, after the others have ended. */
export async function inParallel<T>(tools: Toolchain, items: readonly T[], work: (item: T) => Promise<void>) {
  const queue = [...items];
  const failures: unknown[] = [];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift())
      await work(item).catch((error) => failures.push(error));
  };
  await Promise.all(Array.from({ length: tools.jobs }, worker));
  if (failures.length) {
    const texts = failures.map((error) => (error instanceof Error ? error.message : String(error)));
    if (failures.every((error) => error instanceof BuildError)) throw new BuildError(texts.join('\n'));
    throw failures[0];
  }
}

/** In English, whatever the user's language: explain.ts reads what the compiler says. */
export function runTool(
  command: string,
  args: string[],
  cwd?: string,
): Promise<{ status: number; text: string }> {
  const env = { ...process.env, LC_ALL: 'C.UTF-8' };
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], env, ...(cwd ? { cwd } : {}) });
    const parts: Buffer[] = [];
    child.stderr.on('data', (part) => parts.push(part));
    child.on('error', reject);
    child.on('close', (status) => resolve({ status: status ?? 1, text: Buffer.concat(parts).toString() }));
  });
}

/** Is @object younger than all it was made of? */
function isFresh(object: string, depfile: string): boolean {
  try {
    const made = statSync(object).mtimeMs;
    const files = readFileSync(depfile, 'utf8')
      .replace(/\\\n/g, ' ')
      .replace(/^[^:]*:/, '')
      .match(/(?:\\.|[^\s\\])+/g)!;
    return files.every((file) => statSync(file.replace(/\\(.)/g, '$1')).mtimeMs <= made);
  } catch {
    return false;
  }
}

export interface Compiled {
  /** What the compiler said though it succeeded. */
  warnings: string;
  fresh: boolean;
}

/** What every file of kernel code is compiled with. */
export function compilerArguments(tools: Toolchain, source: string): string[] {
  const includes = [
    `-I${tools.objects}`,
    `-I${join(packageRoot, 'kernel-api/include')}`,
    ...tools.source.includes.map((folder) => `-I${folder}`),
  ];
  return [
    ...KERNEL_FLAGS,
    ...SANITIZER_FLAGS[tools.san],
    ...['-isystem', tools.builtinIncludes, ...includes, `-I${dirname(source)}`],
    ...['-include', 'linux/kconfig.h', '-include', 'linux/compiler_types.h'],
  ];
}

async function compileOne(
  tools: Toolchain,
  source: string,
  flags: string[],
): Promise<{ object: string } & Compiled> {
  const args = [...compilerArguments(tools, source), ...flags];
  const object = join(tools.objects, `${basename(source, '.c')}-${hash(JSON.stringify([source, args]))}.o`);
  const depfile = object.replace(/\.o$/, '.d');
  const warned = object.replace(/\.o$/, '.warnings');
  if (isFresh(object, depfile))
    return { object, warnings: existsSync(warned) ? readFileSync(warned, 'utf8') : '', fresh: true };
  const part = partOf(object);
  const done = await runTool(tools.cc, [
    ...args,
    ...['-MD', '-MF', `${part}.d`, '-MT', 'object', '-c', source, '-o', part],
  ]);
  if (done.status !== 0) {
    for (const name of [part, `${part}.d`]) rmSync(name, { force: true });
    throw new BuildError(explainCompiler(tools, source, done.text));
  }
  rmSync(warned, { force: true });
  if (done.text) writeFileSync(warned, done.text);
  renameSync(`${part}.d`, depfile);
  renameSync(part, object);
  return { object, warnings: done.text, fresh: false };
}

/** The objects of a module, in the order of its sources. @param kind -DMODULE, or -DRING3_BUILTIN */
export async function compileAll(
  tools: Toolchain,
  spec: ModuleSpec,
  kind: string[],
): Promise<{ objects: string[] } & Compiled> {
  const modname = `-DKBUILD_MODNAME="${spec.name.replaceAll('-', '_')}"`;
  const objects: string[] = new Array(spec.sources.length);
  let warnings = '';
  let fresh = true;
  await inParallel(tools, [...spec.sources.entries()], async ([at, source]) => {
    const flags = [...kind, modname, ...(spec.flags?.[source] ?? [])];
    const done = await compileOne(tools, source, flags);
    objects[at] = done.object;
    warnings += done.warnings;
    fresh &&= done.fresh;
  });
  return { objects, warnings, fresh };
}
