// SPDX-License-Identifier: MIT
/**
 * Links objects of kernel code to NAME.ko.so, the hosted library and KUnit among them. What a module uses and nobody
 * has is reported here, where its header is known, not when it is loaded.
 */
import { execFileSync } from 'node:child_process';
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
import { basename, join, relative } from 'node:path';
import {
  BuildError,
  type Compiled,
  compileAll,
  hash,
  inParallel,
  partOf,
  runTool,
  SANITIZER_FLAGS,
  type Toolchain,
  toolchain,
} from './compile.js';
import { DEPENDS_SECTION } from './depends.js';
import { explainLink, explainMissing } from './explain.js';
import type { Config, ModuleSpec } from './kbuild.js';
import { packageRoot, requireNative } from './paths.js';
import { hosted } from './source.js';
import { exportsOf, symbolsOf, visibleOf } from './symbols.js';

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

async function renamed(object: string, renames: string): Promise<string> {
  const out = object.replace(/\.o$/, '.renamed.o');
  try {
    if (statSync(out).mtimeMs >= Math.max(statSync(object).mtimeMs, statSync(renames).mtimeMs)) return out;
  } catch {}
  const part = partOf(out);
  const done = await runTool('objcopy', [`--redefine-syms=${renames}`, object, part]);
  if (done.status !== 0) throw new BuildError(`objcopy ${object}: ${done.text}`);
  renameSync(part, out);
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

async function link(tools: Toolchain, job: LinkJob): Promise<Linked> {
  const { spec, out } = job;
  const { objects, warnings, fresh } = await compileAll(tools, spec, job.kind);
  const renames = job.renames ?? (await renamesOf(tools, objects));
  const inputs: string[] = new Array(objects.length);
  await inParallel(tools, [...objects.entries()], async ([at, object]) => {
    inputs[at] = await renamed(object, renames);
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
    const { objects } = await compileAll(tools, spec, kindOf(spec));
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
