// SPDX-License-Identifier: MIT
/**
 * How much of what kernel code uses is offered: `npm run kernel:coverage [-- --write] [-- --missing RUNG]`. Each
 * identifier of the survey's api_frequency.csv is tried with the compiler, against all headers at once; a function
 * counts only when libring3.so or the hosted library has its body. --write puts the table into kernel-api/README.md.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compilerArguments, toolchain } from './compile.js';
import { buildHosted } from './link.js';
import { packageRoot, requireNative, surveyFolder } from './paths.js';
import { hosted, kernelSource } from './source.js';
import { symbolsOf } from './symbols.js';

interface Identifier {
  name: string;
  kind: string;
  header: string;
  rung: string;
}

const file = join(surveyFolder, 'api_frequency.csv');
if (!existsSync(file)) {
  console.log('skipped: the survey (api_frequency.csv) is not here');
  process.exit(0);
}

const all: Identifier[] = readFileSync(file, 'utf8')
  .trim()
  .split(/\r?\n/)
  .slice(1)
  .map((line) => {
    const [name = '', kind = '', header = '', , , , , rung = ''] = line.split(',');
    return { name, kind, header, rung };
  });

/** Headers that are part of no file on their own. */
const NOT_ALONE = /^(trace\/define_trace|linux\/(find|btree-type|btree-128)\.h|ring3\/)/;

const own = join(packageRoot, 'kernel-api/include');
const headers = [
  ...readdirSync(own, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.h')),
  ...hosted.headers,
].filter((name) => !NOT_ALONE.test(name) && !name.startsWith('generated/'));

const source = kernelSource();

/** Structs that headers of the kernel define; of others (struct workqueue_struct) they have but the name. */
const defined = new Set(
  execFileSync('grep', ['-rhoE', 'struct +\\w+[^;(){}]*\\{', join(source.tree, 'include')], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
    .split('\n')
    .map((line) => line.split(/\s+/)[1]),
);

/** A line of C that compiles only where it is offered; undefined for what has no name of its own. */
function probe({ name, kind, header }: Identifier, at: number): string | undefined {
  const [, struct, field] = /^(\w+)\.(\w+)$/.exec(name) ?? [];
  if (kind === 'field' && (!struct || !field)) return undefined;
  if (!/^[\w.]+$/.test(name)) return undefined;
  const either = (otherwise: string) => `#ifndef ${name}\n#line ${at + 1} "probe"\n${otherwise}\n#endif`;
  switch (kind) {
    case 'macro_fn':
    case 'func_extern':
    case 'func_inline':
      return either(`void *probe_${at}(void); void *probe_${at}(void) { return (void *)&${name}; }`);
    case 'macro_obj':
      return either(`static const long probe_${at} = (long)(${name});`);
    case 'enumconst':
      return either(`int probe_${at}(void); int probe_${at}(void) { return (int)${name}; }`);
    case 'var':
      return either(`void *probe_${at}(void); void *probe_${at}(void) { return (void *)&${name}; }`);
    case 'struct':
      if (header.startsWith('include/') && !defined.has(name)) return undefined;
      return `#line ${at + 1} "probe"\nextern char probe_${at}[sizeof(struct ${name}) + 1];`;
    case 'enum':
      return `#line ${at + 1} "probe"\nextern char probe_${at}[sizeof(enum ${name})];`;
    case 'typedef':
      return either(`extern ${name} *probe_${at};`);
    case 'field':
      return `#line ${at + 1} "probe"\nvoid probe_${at}(struct ${struct} *it) { (void)it->${field}; }`;
    default:
      return undefined;
  }
}

const tools = toolchain(source);
const { lib, renames } = await buildHosted(tools);
const folder = mkdtempSync(join(tmpdir(), 'ring3-coverage-'));

/** Compiles the probes; the ones that do not compile. */
function compile(probes: Map<number, string>, output: string[]): Set<number> {
  const path = join(folder, 'probe.c');
  const includes = headers.map((header) => `#include <${header}>`).join('\n');
  writeFileSync(path, `${includes}\n${[...probes.values()].join('\n')}\n`);
  const args = [
    ...compilerArguments(tools, path),
    '-DRING3_BUILTIN',
    '-w',
    '-fmax-errors=0',
    ...output,
    path,
  ];
  const done = spawnSync(tools.cc, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  const bad = new Set<number>();
  for (const [, line] of done.stderr.matchAll(/^probe:(\d+):\d+: error/gm)) bad.add(Number(line) - 1);
  const other = /^(?!probe:).*: (fatal )?error: .*$/m.exec(done.stderr);
  if (other && !bad.size) throw new Error(`the headers do not compile together: ${other[0]}`);
  return bad;
}

/** Functions that headers declare and nothing has: they may not be taken for offered. */
function withoutBody(object: string): Set<string> {
  const libring3 = join(requireNative('none'), 'libring3.so');
  const renamed = new Map(
    readFileSync(renames, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(' ') as [string, string]),
  );
  const there = new Set([libring3, lib.path].flatMap((path) => symbolsOf(path, '-D', '--defined-only')));
  const libc = execFileSync(tools.cc, ['-print-file-name=libc.so.6'], { encoding: 'utf8' }).trim();
  const mem = new Set(symbolsOf(libc, '-D', '--defined-only').filter((name) => /^(mem|str|bcmp)/.test(name)));
  return new Set(
    symbolsOf(object, '-u').filter(
      (name) => !there.has(name) && !there.has(renamed.get(name) ?? '') && !mem.has(name),
    ),
  );
}

const probes = new Map(
  all.flatMap((identifier, at) => {
    const text = probe(identifier, at);
    return text === undefined ? [] : [[at, text] as const];
  }),
);
const missing = compile(probes, ['-fsyntax-only']);
const good = new Map([...probes].filter(([at]) => !missing.has(at)));
const object = join(folder, 'probe.o');
for (const at of compile(good, ['-O0', '-c', '-o', object])) missing.add(at);
if (existsSync(object)) {
  const empty = withoutBody(object);
  for (const at of good.keys())
    if (empty.has(all[at]!.name) && /^(func|macro|var)/.test(all[at]!.kind)) missing.add(at);
}
rmSync(folder, { recursive: true, force: true });

const callable = ({ kind }: Identifier) => /^(macro_fn|func_)/.test(kind);
const rungs = ['1', '2', '3', '4a', '4b', '5', '6a', '6b', '7a', '7b', '8a', '8b', '8c'];
const percent = (part: number, whole: number) => (whole ? `${Math.floor((100 * part) / whole)} %` : '-');

function row(rung: string, wanted: (identifier: Identifier) => boolean): string {
  const indexes = [...probes.keys()].filter((at) => wanted(all[at]!));
  const cells = [callable, (identifier: Identifier) => !callable(identifier)].map((kind) => {
    const these = indexes.filter((at) => kind(all[at]!));
    const offered = these.filter((at) => !missing.has(at)).length;
    return `${offered} of ${these.length}`
      .padEnd(13)
      .concat(` | ${percent(offered, these.length).padStart(5)}`);
  });
  return `| ${rung.padEnd(9)} | ${cells.join(' | ')} |`;
}

const table = [
  '| rung      | callables     |       | other names   |       |',
  '| --------- | ------------- | ----- | ------------- | ----- |',
  ...rungs.map((rung) => row(rung, (identifier) => identifier.rung === rung)),
  row('1 and 2', ({ rung }) => rung === '1' || rung === '2'),
].join('\n');
console.log(table);

const args = process.argv.slice(2);
const asked = args.indexOf('--missing');
if (asked >= 0)
  for (const at of [...probes.keys()].filter((one) => missing.has(one) && all[one]!.rung === args[asked + 1]))
    console.log(`${all[at]!.kind.padEnd(12)} ${all[at]!.name.padEnd(40)} ${all[at]!.header}`);
if (args.includes('--write')) {
  const readme = join(packageRoot, 'kernel-api/README.md');
  const text = readFileSync(readme, 'utf8');
  const marks = /(<!-- coverage -->\n)[\s\S]*?(<!-- \/coverage -->)/;
  if (!marks.test(text)) throw new Error(`${readme}: no <!-- coverage --> marks`);
  writeFileSync(readme, text.replace(marks, `$1\n${table}\n\n$2`));
  execFileSync(join(packageRoot, 'node_modules/.bin/biome'), ['format', '--write', readme], {
    cwd: packageRoot,
  });
}
