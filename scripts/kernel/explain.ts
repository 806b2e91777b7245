// SPDX-License-Identifier: MIT
/**
 * Turns what compiler and linker say into what a kernel developer needs to know: which header, function or type of
 * the kernel is missing here, where the kernel has it, and who needs it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Toolchain } from './compile.js';
import type { ModuleSpec } from './kbuild.js';
import { packageRoot } from './paths.js';

const FOLDERS = ['linux', 'kunit', 'net', 'asm-generic', 'crypto', 'scsi', 'target', 'uapi/linux', 'trace'];

/** What a header gives names to: macros and enumerators, functions, variables, types ("struct page"). */
const NAMES = [
  /^#\s*define\s+(\w+)/gm,
  /^[A-Za-z_][^;{}()=#]*?\b(\w+)\s*\(/gm,
  /^extern\s[^;()]*?\b(\w+)(?:\[[^\]]*\])?\s*;/gm,
  /^\s+([A-Z][A-Z\d_]+)\s*(?:=[^,;]*)?,/gm,
  /^((?:struct|union|enum)\s+\w+)\s*\{/gm,
  /^typedef\s[^;{}()]*?\b(\w+)\s*;/gm,
];

/** Name -> header, of the kernel's own headers; made at first need and kept with the sources. */
function declarations(tree: string): Record<string, string> {
  const file = join(tree, '.ring3-names.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'));
  const found: Record<string, string> = Object.create(null);
  for (const folder of FOLDERS)
    for (const header of headersBelow(join(tree, 'include', folder))) {
      const text = readFileSync(header, 'utf8');
      const name = relative(join(tree, 'include'), header).replace(/^asm-generic\//, 'asm/');
      for (const pattern of NAMES)
        for (const [, word] of text.matchAll(pattern)) found[word!.replace(/\s+/, ' ')] ??= name;
    }
  writeFileSync(file, JSON.stringify(found));
  return found;
}

function headersBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return headersBelow(path);
      return entry.name.endsWith('.h') ? [path] : [];
    })
    .sort();
}

function shortName(tools: Toolchain, path: string): string {
  const inTree = relative(tools.source.tree, path);
  if (!inTree.startsWith('..')) return inTree;
  const here = relative(process.cwd(), path);
  return here.startsWith('..') ? path : here;
}

const headerHere = (tools: Toolchain, header: string): string | undefined =>
  [join(packageRoot, 'kernel-api/include'), ...tools.source.includes]
    .map((folder) => join(folder, header))
    .find((path) => existsSync(path));

/** Where the kernel declares it, and whether that header is offered here; undefined when no header does. */
function declaredIn(tools: Toolchain, name: string): string | undefined {
  const header = declarations(tools.source.tree)[name];
  if (!header) return undefined;
  const here = headerHere(tools, header);
  if (!here) return `the kernel declares it in <${header}>, which is not offered here`;
  const text = readFileSync(here, 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  const at = text.search(new RegExp(`\\b${name}\\b`));
  if (at < 0) return `the kernel declares it in <${header}>, whose version here does not offer it`;
  const condition = /[\s\S]*^#\s*if[^\n]*?\b(CONFIG_\w+)(?![\s\S]*^#\s*endif)/m.exec(text.slice(0, at))?.[1];
  if (condition && tools.config[condition] === undefined)
    return `<${header}> has it where ${condition} is set: -D ${condition}=y`;
  return `<${header}> has it, and nothing that is included here includes that: #include it, or -include ${header}`;
}

const UNKNOWN = 'no header of the kernel declares it: is it spelled right, and is its file in the module?';

/** Why a header is not found. */
function absentHeader(tools: Toolchain, header: string): string {
  const places = ['include', 'include/uapi'].map((folder) => join(tools.source.tree, folder));
  const generic = header.replace(/^asm\//, 'asm-generic/');
  if (places.some((folder) => existsSync(join(folder, header)) || existsSync(join(folder, generic))))
    return 'a kernel header that is not offered here';
  if (header.startsWith('asm/'))
    return 'a header of one architecture: of those, only what kernel-api/include/asm has is offered';
  if (existsSync(join('/usr/include', header)))
    return 'a header of libc: is this a program, and no code of the kernel?';
  return `which neither this kernel API nor Linux ${tools.source.version} has`;
}

/** A line of a source, for what the compiler does not name. */
function lineOf(source: string, line: number): string {
  try {
    return readFileSync(source, 'utf8').split('\n')[line - 1] ?? '';
  } catch {
    return '';
  }
}

/** Is it a macro here? Then the mistake is another. */
function isMacroHere(tools: Toolchain, name: string): boolean {
  const header = declarations(tools.source.tree)[name];
  const here = header && headerHere(tools, header);
  return !!here && new RegExp(`^#\\s*define\\s+${name}\\b`, 'm').test(readFileSync(here, 'utf8'));
}

/** Names that an error of the compiler is about, where the kernel may know them: with "()" for a function's. */
function namesIn(tools: Toolchain, message: string, text: string): string[] {
  const named = /implicit declaration of function ‘(\w+)’/.exec(message);
  if (named) return [`${named[1]}()`];
  const type = /^(?:invalid use of undefined type|unknown type name) ‘([\w ]+)’/.exec(message);
  const plain = /^‘(\w+)’ undeclared/.exec(message);
  if (type ?? plain) return [(type ?? plain)![1]!];
  if (/incomplete type|storage size of/.test(message))
    return text.match(/\b(?:struct|union|enum) \w+/g) ?? [];
  // A macro of the kernel's at the level of the file, which is none here.
  if (/^expected |isn’t a prototype|has no type or storage class|type defaults to/.test(message)) {
    const macro = /^\s*(?:static\s+)?([A-Z][A-Z\d_]{3,})\s*\(/.exec(text)?.[1];
    return macro && !isMacroHere(tools, macro) ? [macro] : [];
  }
  return [];
}

/** The compiler's text, with a sentence in front for what it cannot know. */
export function explainCompiler(tools: Toolchain, source: string, text: string): string {
  const lines: string[] = [];
  for (const [, header = ''] of text.matchAll(/fatal error: (\S+): No such file or directory/g))
    lines.push(`${shortName(tools, source)} needs <${header}>, ${absentHeader(tools, header)}`);
  const said = new Set<string>();
  for (const [, file = '', line = '', message = ''] of text.matchAll(/^(.+?):(\d+):\d+: error: (.*)$/gm)) {
    for (const named of namesIn(tools, message, lineOf(file, Number(line)))) {
      const name = named.replace('()', '');
      if (said.has(name)) continue;
      said.add(name);
      const declared = declaredIn(tools, name);
      if (declared ?? named.endsWith('()'))
        lines.push(`${shortName(tools, file)}:${line} needs ${named}: ${declared ?? UNKNOWN}`);
    }
    const [, type = '', member = ''] = /^‘(.*?)’ has no member named ‘(\w+)’/.exec(message) ?? [];
    const header = declarations(tools.source.tree)[type];
    if (header && headerHere(tools, header) && !said.has(`${type}.${member}`)) {
      said.add(`${type}.${member}`);
      lines.push(
        `${shortName(tools, file)}:${line} needs ‘${member}’ in ${type}: <${header}> here has the struct with fewer members`,
      );
    }
  }
  return [...lines, text.trimEnd()].join('\n');
}

/** Without the prefixes that keep a name apart from libc's (__kernel_symbol, renames). */
function plainName(tools: Toolchain, name: string): string {
  const plain = name.replace(/^hosted_/, '').replace(/^ring3_/, '');
  return declarations(tools.source.tree)[plain] ? plain : name;
}

/** Name -> in which C file it is, and what to do about it: of the tree, or beside the sources. */
function definitions(tools: Toolchain, spec: ModuleSpec, names: string[]): Map<string, string> {
  const found = new Map<string, string>();
  const word = `(${names.join('|')})`;
  const folders = [...hostedFolders(tools), ...new Set(spec.sources.map((source) => dirname(source)))];
  for (const [pattern, what] of [
    [
      `^EXPORT_SYMBOL\\w*\\(${word}[,)]`,
      'exports it: give that file as well, or name its module with --uses',
    ],
    [`^[a-z][^;=]*[ *]${word}\\([^;{]*([{]|$)`, 'has it, and does not export it: give that file as well'],
  ] as const) {
    const done = spawnSync('grep', ['-rE', '--include=*.c', pattern, ...folders], {
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    });
    for (const line of done.stdout.split('\n')) {
      const [, file = '', text = ''] = /^(.*?\.c):(.*)$/.exec(line) ?? [];
      const name = new RegExp(`[(*\\s]${word}[(),]`).exec(text)?.[1];
      if (name && !/^static\b/.test(text) && !spec.sources.includes(file) && !found.has(name))
        found.set(name, `${shortName(tools, file)} ${what}`);
    }
  }
  return found;
}

const hostedFolders = (tools: Toolchain) =>
  ['lib', 'kernel'].map((name) => join(tools.source.tree, name)).filter((path) => existsSync(path));

/** Names no object and no module has. */
export function explainMissing(tools: Toolchain, spec: ModuleSpec, missing: Map<string, string[]>): string {
  const plain = new Map([...missing].map(([name, users]) => [plainName(tools, name), users]));
  const places = definitions(tools, spec, [...plain.keys()]);
  const lines = [...plain].sort().map(([name, users]) => {
    const who = users.map((user) => shortName(tools, user)).join(', ');
    const place = places.get(name);
    const declared = declaredIn(tools, name)?.replace(place ? /, whose version here .*/ : /$^/, '');
    const where = [declared, place].filter(Boolean).join('; ');
    return `  ${name}: needed by ${who}; ${where || UNKNOWN}`;
  });
  const count = plain.size === 1 ? 'a function or variable' : `${plain.size} functions or variables`;
  return `${spec.name}: ${count} of the kernel that nothing here provides:\n${lines.join('\n')}`;
}

/** The linker's own complaints: the same name twice. */
export function explainLink(spec: ModuleSpec, text: string): string {
  const lines: string[] = [];
  for (const [, name] of text.matchAll(/multiple definition of `(\w+)'/g))
    lines.push(`${spec.name}: ${name} is defined in two of its files: make one of them static`);
  return [...new Set(lines), text.trimEnd()].join('\n');
}
