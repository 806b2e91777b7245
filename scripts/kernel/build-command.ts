// SPDX-License-Identifier: MIT
/** `ring3 build`: C files or Kbuild folders to NAME.ko.so. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { type Command, helpOf, readArguments, UsageError } from '../options.js';
import { toolchain } from './compile.js';
import { type Config, KbuildError, kbuildFile, type ModuleSpec, readConfig, readKbuild } from './kbuild.js';
import { buildModules, type Linked } from './link.js';
import type { Sanitizer } from './paths.js';
import { shown } from './paths.js';
import { type KernelSource, kernelSource, unpackPath } from './source.js';

type Names =
  | 'builtin'
  | 'config'
  | 'uses'
  | 'define'
  | 'output'
  | 'name'
  | 'asan'
  | 'tsan'
  | 'warnings'
  | 'help';

const command: Command<Names> = {
  name: 'ring3 build',
  operands: 'FILE.c...|FOLDER...',
  about:
    'Compiles unmodified kernel code to modules, NAME.ko.so. Files make one module, named after the first;\na folder makes those of its Kbuild or Makefile. A path that is not here is looked for in the kernel tree.',
  options: [
    { name: 'config', value: 'FILE', help: 'a .config; a folder that has one uses it' },
    { name: 'define', value: 'CONFIG_X=y', repeatable: true, help: 'one of its lines' },
    { name: 'output', value: 'FOLDER', help: 'where modules are put (the current folder)' },
    { name: 'uses', value: 'MODULE.ko.so', repeatable: true, help: 'a module whose exports these use' },
    { name: 'name', value: 'NAME', help: "the module's name, when it is made of files" },
    { name: 'asan', help: 'with AddressSanitizer and UndefinedBehaviorSanitizer' },
    { name: 'tsan', help: 'with ThreadSanitizer' },
    {
      name: 'builtin',
      help: 'as part of the kernel, with KUnit and its executor: for tests that cannot be modules',
    },
    { name: 'warnings', help: 'print what the compiler warns of' },
    { name: 'help', help: 'this text' },
  ],
  example: 'ring3 build lib/list-test.c && ring3 kunit list-test.ko.so',
};

export interface BuildOptions {
  san?: Sanitizer;
  config?: Config;
  /** As part of the kernel, KUnit included. */
  builtin?: boolean;
  /** Overrides the name of a module made of files. */
  name?: string;
  /** Modules that are built already, whose exports these use. */
  uses?: string[];
  out: string;
}

/** As given, or below the kernel tree, whose folders are unpacked when they are asked for. */
function locate(path: string, source: KernelSource): string {
  const here = resolve(path);
  if (existsSync(here)) return here;
  const there = join(source.tree, path);
  if (existsSync(there) || (path.includes('/') && unpackPath(source, path))) return there;
  throw new KbuildError(
    `${path}: neither here nor in the kernel tree ${source.tree}\nring3 build takes C files or folders with a Kbuild file`,
  );
}

function specsOf(paths: string[], config: Config, name: string | undefined, tree: string): ModuleSpec[] {
  const files = paths.filter((path) => !statSync(path).isDirectory());
  const wrong = files.find((path) => !path.endsWith('.c'));
  if (wrong) throw new KbuildError(`${wrong} is no C file\nring3 build takes .c files and folders`);
  const specs: ModuleSpec[] = [];
  if (files.length) specs.push({ name: name ?? basename(files[0]!, '.c'), sources: files });
  for (const folder of paths.filter((path) => statSync(path).isDirectory()))
    specs.push(...readKbuild(folder, config, tree));
  return specs;
}

/** "-D CONFIG_X=m", for each variable that a module of these folders depends on. */
function wantedBy(folders: string[]): string {
  const files = folders.map((folder) => kbuildFile(folder)).filter((file) => file !== undefined);
  const texts = files.map((file) => readFileSync(file, 'utf8'));
  const names = texts.flatMap((text) =>
    [...text.matchAll(/^obj-\$[({](CONFIG_\w+)/gm)].map(([, name]) => name),
  );
  return [...new Set(names)].map((name) => `-D ${name}=m`).join(', ') || '-D CONFIG_X=m';
}

/** @throws BuildError, KbuildError, SourceMissing: the message explains, its second line says what to do */
export async function build(targets: string[], options: BuildOptions): Promise<Linked[]> {
  const source = kernelSource();
  const paths = targets.map((target) => locate(target, source));
  const config: Config = { ...options.config };
  for (const path of paths) {
    const file = join(path, '.config');
    if (statSync(path).isDirectory() && existsSync(file))
      Object.assign(config, { ...readConfig(readFileSync(file, 'utf8'), file), ...options.config });
  }
  const specs = specsOf(paths, config, options.name, source.tree);
  if (!specs.length)
    throw new KbuildError(
      `${targets.join(' ')}: no module under this configuration\nits Kbuild file wants one of its variables: ${wantedBy(paths)}`,
    );
  if (options.builtin) for (const spec of specs) spec.builtin = true;
  for (const path of options.uses ?? [])
    if (!existsSync(path)) throw new KbuildError(`--uses: there is no ${path}\nbuild that module first`);
  const tools = toolchain(source, { san: options.san ?? 'none', config });
  return buildModules(tools, specs, options.out, options.uses ?? []);
}

/** @throws UsageError */
export function sanitizerOf(asan: boolean, tsan: boolean): Sanitizer {
  if (asan && tsan) throw new UsageError('--asan and --tsan exclude each other');
  return asan ? 'address' : tsan ? 'thread' : 'none';
}

/** -D X and -DX, as the compiler has them, become --define X. */
export function withDefines(argv: string[]): string[] {
  return argv.flatMap((arg) => {
    if (arg === '-D') return ['--define'];
    return arg.startsWith('-D') ? ['--define', arg.slice(2)] : [arg];
  });
}

/** What --define says. @throws UsageError */
export function definesOf(lines: string[]): Config {
  const config: Config = {};
  for (const line of lines) {
    const [, name, value = 'y'] = /^(CONFIG_\w+)(?:=(.*))?$/.exec(line) ?? [];
    if (!name) throw new UsageError(`--define is '${line}', should be CONFIG_NAME or CONFIG_NAME=value`);
    config[name] = value;
  }
  return config;
}

/** A .config. @throws UsageError: it cannot be read; KbuildError */
function configOf(path: string): Config {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`--config: ${path} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
  return readConfig(text, path);
}

export async function runBuild(argv: string[]): Promise<number> {
  const args = readArguments(command, withDefines(argv));
  if (args.has('help')) {
    process.stdout.write(helpOf(command));
    return 0;
  }
  if (!args.operands.length) throw new UsageError('which file or folder? give FILE.c, or FOLDER');
  const file = args.value('config');
  const config: Config = { ...(file ? configOf(file) : {}), ...definesOf(args.values('define')) };
  const started = Date.now();
  const out = resolve(args.value('output') ?? '.');
  const name = args.value('name');
  const built = await build(args.operands, {
    san: sanitizerOf(args.has('asan'), args.has('tsan')),
    config,
    out,
    builtin: args.has('builtin'),
    uses: args.values('uses').map((path) => resolve(path)),
    ...(name === undefined ? {} : { name }),
  });
  for (const module of built) {
    const count = module.warnings.match(/: warning: /g)?.length ?? 0;
    if (args.has('warnings')) process.stderr.write(module.warnings);
    else if (count)
      process.stderr.write(`${module.name}: ${count} warnings of the compiler: --warnings shows them\n`);
    process.stdout.write(`${shown(module.path)}\n`);
  }
  process.stderr.write(`built in ${((Date.now() - started) / 1000).toFixed(2)} s\n`);
  return 0;
}
