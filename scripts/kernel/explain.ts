// SPDX-License-Identifier: MIT
/**
 * Turns what compiler and linker say into what a kernel developer needs to know: which header or function of the
 * kernel is missing here, where the kernel declares it, and who needs it.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Toolchain } from './compile.js';
import type { ModuleSpec } from './kbuild.js';
import { packageRoot } from './paths.js';

/** Function or macro -> header, of the kernel's own headers; made at first need and kept with the sources. */
function declarations(tree: string): Record<string, string> {
  const file = join(tree, '.ring3-declarations.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'));
  const found: Record<string, string> = {};
  for (const folder of [
    'linux',
    'kunit',
    'net',
    'asm-generic',
    'crypto',
    'scsi',
    'target',
    'uapi/linux',
    'trace',
  ])
    for (const header of headersBelow(join(tree, 'include', folder))) {
      const text = readFileSync(header, 'utf8');
      const name = relative(join(tree, 'include'), header);
      for (const [, word] of text.matchAll(/^#\s*define\s+(\w+)/gm)) found[word!] ??= name;
      for (const [, word] of text.matchAll(/^[A-Za-z_][^;{}()=#]*?\b(\w+)\s*\(/gm)) found[word!] ??= name;
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

/** Where the kernel declares it, and whether that header is offered here. */
function declaredIn(tools: Toolchain, name: string): string {
  const header = declarations(tools.source.tree)[name];
  if (!header)
    return 'no header of the kernel declares it: is it spelled right, and is its file in the module?';
  const offered =
    existsSync(join(packageRoot, 'kernel-api/include', header)) ||
    tools.source.includes.some((folder) => existsSync(join(folder, header)));
  return offered
    ? `the kernel declares it in <${header}>, whose version here does not offer it`
    : `the kernel declares it in <${header}>, which is not offered here`;
}

/** The compiler's text, with a sentence in front for what it cannot know. */
export function explainCompiler(tools: Toolchain, source: string, text: string): string {
  const lines: string[] = [];
  const where = shortName(tools, source);
  for (const [, header] of text.matchAll(/fatal error: (\S+): No such file or directory/g)) {
    const inKernel = existsSync(join(tools.source.tree, 'include', header!));
    lines.push(
      inKernel
        ? `${where} needs <${header}>, a kernel header that is not offered here`
        : `${where} needs <${header}>, which neither this kernel API nor Linux ${tools.source.version} has`,
    );
  }
  const functions = new Map<string, number>();
  for (const [, line, name] of text.matchAll(/:(\d+):\d+: error: implicit declaration of function ‘(\w+)’/g))
    if (!functions.has(name!)) functions.set(name!, Number(line));
  for (const [name, line] of functions)
    lines.push(`${where}:${line} needs ${name}(): ${declaredIn(tools, name)}`);
  return [...lines, text.trimEnd()].join('\n');
}

/** Without the prefixes that keep a name apart from libc's (__kernel_symbol, renames). */
function plainName(tools: Toolchain, name: string): string {
  const plain = name.replace(/^hosted_/, '').replace(/^ring3_/, '');
  return declarations(tools.source.tree)[plain] ? plain : name;
}

/** Names no object and no module has. */
export function explainMissing(tools: Toolchain, spec: ModuleSpec, missing: Map<string, string[]>): string {
  const lines = [...missing].sort().map(([name, users]) => {
    const plain = plainName(tools, name);
    const who = users.map((user) => shortName(tools, user)).join(', ');
    return `  ${plain}(): needed by ${who}; ${declaredIn(tools, plain)}`;
  });
  const count = missing.size === 1 ? 'a function' : `${missing.size} functions`;
  return `${spec.name}: ${count} of the kernel that nothing here provides:\n${lines.join('\n')}`;
}

/** The linker's own complaints: the same name twice. */
export function explainLink(tools: Toolchain, spec: ModuleSpec, text: string): string {
  const lines: string[] = [];
  for (const [, name] of text.matchAll(/multiple definition of `(\w+)'/g))
    lines.push(`${spec.name}: ${name} is defined in two of its files: make one of them static`);
  void tools;
  return [...new Set(lines), text.trimEnd()].join('\n');
}
