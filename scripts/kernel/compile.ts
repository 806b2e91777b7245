// SPDX-License-Identifier: MIT
/**
 * Compiles and links kernel code to NAME.ko.so. Objects are kept in the cache, found again by command line and
 * checked against the files they were made of.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { DEPENDS_SECTION } from './depends.js';
import { explainCompiler, explainLink, explainMissing } from './explain.js';
import type { Config, ModuleSpec } from './kbuild.js';
import { packageRoot, requireNative, type Sanitizer } from './paths.js';
import { cacheFolder, hosted, type KernelSource } from './source.js';
import { exportsOf, symbolsOf, visibleOf } from './symbols.js';

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

const SANITIZER_FLAGS: Record<Sanitizer, string[]> = {
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

const hash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 20);

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

let mentioned: Set<string> | undefined;

/** CONFIG_ names that hosted sources or any header look at: others change nothing in the hosted library. */
function hostedConfig(tools: Toolchain): Config {
  if (!mentioned) {
    const own = join(packageRoot, 'kernel-api/include');
    const headers = readdirSync(own, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.h') && !name.startsWith('generated'))
      .map((name) => join(own, name));
    const sources = [...hosted.lib, ...hosted.kunit].map((name) => join(tools.source.tree, name));
    const linked = hosted.headers.map((name) => join(tools.source.includes[0]!, name));
    const files = [...headers, ...sources, ...linked];
    mentioned = new Set(files.flatMap((file) => readFileSync(file, 'utf8').match(/\bCONFIG_\w+/g) ?? []));
  }
  return Object.fromEntries(Object.entries(tools.config).filter(([name]) => mentioned!.has(name)));
}

let parts = 0;

/** Where @path is written before it is moved there: others may be at the same, in this process and in another. */
const partOf = (path: string): string => `${path}.${process.pid}-${++parts}`;

/** At most @tools.jobs of @work at a time; the first failure, after the others have ended. */
async function inParallel<T>(tools: Toolchain, items: readonly T[], work: (item: T) => Promise<void>) {
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
function runTool(command: string, args: string[], cwd?: string): Promise<{ status: number; text: string }> {
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

/** Names that both the hosted library and the process have: the hosted ones are renamed in all objects. */
async function renamesOf(tools: Toolchain, objects: readonly string[]): Promise<string> {
  const file = join(tools.objects, 'renames.txt');
  const libring3 = join(requireNative(tools.san), 'libring3.so');
  const libc = execFileSync(tools.cc, ['-print-file-name=libc.so.6'], { encoding: 'utf8' }).trim();
  const newest = Math.max(...[...objects, libring3].map((path) => statSync(path).mtimeMs));
  if (existsSync(file) && statSync(file).mtimeMs >= newest) return file;
  const taken = new Set([...exportsOf(libring3), ...exportsOf(libc)]);
  const mine = objects.flatMap((object) => symbolsOf(object, '-g', '--defined-only'));
  const both = [...new Set(mine)].filter((name) => taken.has(name) && name !== 'ring3_module_info').sort();
  const part = partOf(file);
  writeFileSync(part, both.map((name) => `${name} hosted_${name}\n`).join(''));
  renameSync(part, file);
  return file;
}

async function renamed(tools: Toolchain, object: string, renames: string): Promise<string> {
  const out = object.replace(/\.o$/, '.renamed.o');
  try {
    if (statSync(out).mtimeMs >= Math.max(statSync(object).mtimeMs, statSync(renames).mtimeMs)) return out;
  } catch {}
  const part = partOf(out);
  const done = await runTool('objcopy', [`--redefine-syms=${renames}`, object, part]);
  if (done.status !== 0) throw new BuildError(`objcopy ${object}: ${done.text}`);
  renameSync(part, out);
  void tools;
  return out;
}

/** What a module may use of libc: what the compiler itself calls, as in linux/string.h. */
const FROM_LIBC = new Set([
  'memcpy',
  'memmove',
  'memset',
  'memcmp',
  'memchr',
  'bcmp',
  'strlen',
  '__tls_get_addr',
]);
const FROM_RUNTIME =
  /^(__asan_|__ubsan_|__tsan_|__sanitizer_|__stack_chk_|_GLOBAL_OFFSET_TABLE_|__gcov|__cxa_finalize)/;

export interface Linked extends Compiled {
  /** The module. */
  path: string;
  name: string;
}

interface LinkJob {
  spec: ModuleSpec;
  /** -DMODULE, or -DRING3_BUILTIN. */
  kind: string[];
  /** Modules whose exports it may use. */
  uses: string[];
  out: string;
  /** Made of the linked objects, before they are: the hosted library makes the renames. */
  renames?: string;
}

/** The objects of a module, in the order of its sources. */
async function compileAll(
  tools: Toolchain,
  { spec, kind }: Pick<LinkJob, 'spec' | 'kind'>,
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

async function link(tools: Toolchain, job: LinkJob): Promise<Linked> {
  const { spec, out } = job;
  const { objects, warnings, fresh } = await compileAll(tools, job);
  const renames = job.renames ?? (await renamesOf(tools, objects));
  const inputs: string[] = new Array(objects.length);
  await inParallel(tools, [...objects.entries()], async ([at, object]) => {
    inputs[at] = await renamed(tools, object, renames);
  });
  const libring3 = join(requireNative(tools.san), 'libring3.so');
  const path = join(out, `${spec.name}.ko.so`);
  const stamp = join(tools.objects, `${spec.name}-${hash(path)}.link`);
  const wanted = JSON.stringify([inputs, job.uses]);
  const newest = Math.max(...[...inputs, libring3, ...job.uses].map((file) => statSync(file).mtimeMs));
  const upToDate =
    existsSync(path) &&
    existsSync(stamp) &&
    readFileSync(stamp, 'utf8') === wanted &&
    statSync(path).mtimeMs >= newest;
  if (upToDate) return { path, name: spec.name, warnings, fresh };
  const depends = await checkSymbols(tools, spec, inputs, libring3, job.uses);
  mkdirSync(out, { recursive: true });
  const part = partOf(path);
  const done = await runTool(tools.cc, [
    ...['-shared', '-nostdlib', '-g', '-o', part, ...inputs, libring3, ...SANITIZER_FLAGS[tools.san]],
    ...['-Wl,-Bsymbolic', '-Wl,-z,now', `-Wl,-soname,${spec.name}.ko.so`],
    ...[
      '-lgcc',
      '-Wl,--unresolved-symbols=ignore-all',
      `-Wl,-T,${join(packageRoot, 'kernel-api/module.lds')}`,
    ],
  ]);
  if (done.status !== 0) {
    rmSync(part, { force: true });
    throw new BuildError(explainLink(spec, done.text));
  }
  await writeDepends(part, depends);
  renameSync(part, path);
  writeFileSync(stamp, wanted);
  return { path, name: spec.name, warnings, fresh: false };
}

let support: string[] | undefined;

/** What the compiler calls for arithmetic that is no instruction: libgcc's, linked into each module. */
function compilerSupport(tools: Toolchain): string[] {
  if (!support) {
    const archive = execFileSync(tools.cc, ['-print-libgcc-file-name'], { encoding: 'utf8' }).trim();
    support = symbolsOf(archive, '-g', '--defined-only');
  }
  return support;
}

async function writeDepends(module: string, depends: string[]): Promise<void> {
  const list = `${module}.depends`;
  writeFileSync(list, depends.map((path) => `${path}\n`).join(''));
  const done = await runTool('objcopy', [`--add-section=${DEPENDS_SECTION}=${list}`, module]);
  rmSync(list);
  if (done.status !== 0) throw new BuildError(`objcopy ${module}: ${done.text}`);
}

/**
 * Every name that is used must be there: reported here, where the header is known, not when it is loaded.
 * @returns those of @modules that it does use
 */
async function checkSymbols(
  tools: Toolchain,
  spec: ModuleSpec,
  inputs: string[],
  libring3: string,
  modules: string[],
): Promise<string[]> {
  const uses = [libring3, ...modules];
  const mine = new Set(inputs.flatMap((object) => symbolsOf(object, '-g', '--defined-only')));
  const theirs = new Set([...exportsOf(libring3), ...compilerSupport(tools)]);
  const owners = new Map(modules.flatMap((path) => exportsOf(path).map((name) => [name, path] as const)));
  const depends = new Set<string>();
  const missing = new Map<string, string[]>();
  inputs.forEach((object, at) => {
    const text = execFileSync('nm', ['-P', '-u', object], { encoding: 'utf8', maxBuffer: 1 << 26 });
    for (const line of text.split('\n').filter(Boolean)) {
      const [name = '', type] = line.split(' ');
      if (type === 'w' || type === 'v') continue;
      const owner = mine.has(name) ? undefined : owners.get(name);
      if (owner) depends.add(owner);
      if (owner || mine.has(name) || theirs.has(name) || FROM_LIBC.has(name) || FROM_RUNTIME.test(name))
        continue;
      if (/^(ring3_(init|exit|percpu)_|__kunit_suites_)(start|end)$/.test(name)) continue; // module.lds
      missing.set(name, [...(missing.get(name) ?? []), spec.sources[at]!]);
    }
  });
  if (missing.size) throw new BuildError(explainMissing(tools, spec, missing));
  checkDuplicates(tools, spec, inputs, uses);
  return modules.filter((path) => depends.has(path));
}

/** The file of the hosted library that exports @name. */
const sourceOfExport = (tools: Toolchain, name: string): string | undefined =>
  hosted.lib
    .map((file) => join(tools.source.tree, file))
    .find((file) => new RegExp(`^EXPORT_SYMBOL\\w*\\(${name}\\)`, 'm').test(readFileSync(file, 'utf8')));

/** Two modules must not export one name: the one loaded first would get the other's calls. */
function checkDuplicates(tools: Toolchain, spec: ModuleSpec, inputs: string[], uses: string[]): void {
  const visible = inputs.flatMap(visibleOf);
  for (const other of uses) {
    const taken = new Set(exportsOf(other));
    const twice = visible.filter((name) => taken.has(name));
    if (!twice.length) continue;
    const file = basename(other) === 'linux_lib.ko.so' && sourceOfExport(tools, twice[0]!);
    const mend = file
      ? `the hosted library has ${relative(tools.source.tree, file)}: to try a change of it, edit ${file}`
      : 'rename it, or make it static';
    throw new BuildError(
      `${spec.name}: exports ${twice.join(', ')}, which ${basename(other)} exports already\n${mend}`,
    );
  }
}

const HOSTED_GLUE = join(packageRoot, 'kernel-api/hosted');

/** The hosted library and KUnit, built into the cache; their paths in the order of loading. */
export async function buildHosted(own: Toolchain): Promise<{ lib: Linked; kunit: Linked; renames: string }> {
  const tools = toolchain(own.source, { san: own.san, config: hostedConfig(own), jobs: own.jobs });
  const tree = (files: string[]) => files.map((file) => join(tools.source.tree, file));
  const lib = await link(tools, {
    spec: {
      name: 'linux_lib',
      sources: [...tree(hosted.lib), join(HOSTED_GLUE, 'lib_glue.c')],
    },
    kind: ['-DRING3_BUILTIN'],
    uses: [],
    out: tools.objects,
  });
  const renames = join(tools.objects, 'renames.txt');
  const kunit = await link(tools, {
    spec: {
      name: 'kunit',
      sources: [...tree(hosted.kunit), join(HOSTED_GLUE, 'kunit_filter.c')],
    },
    kind: ['-DRING3_BUILTIN'],
    uses: [lib.path],
    out: tools.objects,
    renames,
  });
  return { lib, kunit, renames };
}

function withKunit(tools: Toolchain, spec: ModuleSpec): ModuleSpec {
  const runtime = [...hosted.kunit, ...hosted.executor].map((file) => join(tools.source.tree, file));
  return { ...spec, sources: [...spec.sources, ...runtime, join(HOSTED_GLUE, 'kunit_all.c')] };
}

const kindOf = (spec: ModuleSpec) => [spec.builtin ? '-DRING3_BUILTIN' : '-DMODULE'];

/** A module after those whose exports it uses, wherever its Kbuild file names it. @throws BuildError */
async function inOrder(tools: Toolchain, specs: ModuleSpec[]): Promise<ModuleSpec[]> {
  if (specs.length < 2) return specs;
  const owner = new Map<string, ModuleSpec>();
  const wanted = new Map<ModuleSpec, string[]>();
  for (const spec of specs) {
    const { objects } = await compileAll(tools, { spec, kind: kindOf(spec) });
    for (const name of objects.flatMap(visibleOf)) if (!owner.has(name)) owner.set(name, spec);
    wanted.set(
      spec,
      objects.flatMap((object) => symbolsOf(object, '-u')),
    );
  }
  const ordered = new Set<ModuleSpec>();
  const visit = (spec: ModuleSpec, above: ModuleSpec[]) => {
    if (ordered.has(spec)) return;
    const cycle = above.includes(spec) ? [...above.slice(above.indexOf(spec)), spec] : [];
    if (cycle.length)
      throw new BuildError(
        `${cycle.map(({ name }) => name).join(' -> ')}: modules that use each other's exports: neither can be loaded first\nmove what both use into a module of its own`,
      );
    for (const name of wanted.get(spec)!) {
      const other = owner.get(name);
      if (other && other !== spec) visit(other, [...above, spec]);
    }
    ordered.add(spec);
  };
  for (const spec of specs) visit(spec, []);
  return [...ordered];
}

/** Modules, each linked after those whose exports it uses; their order is that of loading. */
export async function buildModules(
  tools: Toolchain,
  specs: ModuleSpec[],
  out: string,
  uses: string[] = [],
): Promise<Linked[]> {
  const { lib, kunit, renames } = await buildHosted(tools);
  const built: Linked[] = [];
  for (const spec of await inOrder(tools, specs)) {
    const others = [...uses, ...built.map(({ path }) => path)];
    const kind = kindOf(spec);
    const job: LinkJob = spec.builtin
      ? { spec: withKunit(tools, spec), kind, uses: [lib.path, ...others], out, renames }
      : { spec, kind, uses: [lib.path, kunit.path, ...others], out, renames };
    built.push(await link(tools, job));
  }
  return built;
}

/** A path as the user would write it. */
export const shown = (path: string): string => {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
};
