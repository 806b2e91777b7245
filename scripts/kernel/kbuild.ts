// SPDX-License-Identifier: MIT
/**
 * Reads Kbuild files as far as modules need it: obj-m, obj-y, obj-$(CONFIG_X), NAME-objs, NAME-y, ccflags-y,
 * CFLAGS_NAME.o, conditions on CONFIG_ variables, include folders. Anything else is said, with its line, not guessed.
 * Syntax: Documentation/kbuild/makefiles.rst.
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

/** CONFIG_X without its prefix kept: { CONFIG_SMP: 'y', CONFIG_HZ: '1000', CONFIG_X: 'n' }. */
export type Config = Record<string, string>;

export interface ModuleSpec {
  name: string;
  /** Absolute paths of its C files, in link order. */
  sources: string[];
  /** Flags for all of them, then per source. */
  flags: string[];
  sourceFlags: Record<string, string[]>;
  /** As part of the kernel, not as a module; KUnit and its executor in it. */
  builtin?: boolean;
}

/** What a Kbuild file or a command line got wrong; the second line says what to do. */
export class KbuildError extends Error {
  override name = 'KbuildError';
}

/** Lines of a .config: "CONFIG_X=y", "# CONFIG_X is not set". */
export function readConfig(text: string, where: string): Config {
  const config: Config = {};
  text.split('\n').forEach((line, index) => {
    const set = /^(CONFIG_\w+)=(.*)$/.exec(line);
    const unset = /^# (CONFIG_\w+) is not set$/.exec(line);
    if (set) config[set[1]!] = set[2]!;
    else if (unset) config[unset[1]!] = 'n';
    else if (line.trim() && !line.startsWith('#'))
      throw new KbuildError(
        `${where}:${index + 1}: ${line}\nexpected CONFIG_NAME=value, or # CONFIG_NAME is not set`,
      );
  });
  return config;
}

type Variables = Map<string, string>;

interface State {
  file: string;
  variables: Variables;
  config: Config;
}

/** $(NAME), ${NAME}, and the two functions modules use: $(addprefix ...), $(wildcard ...) are not among them. */
function expand(state: State, text: string, line: number): string {
  return text.replace(/\$[({]([^(){}]*)[)}]|\$(\w)/g, (whole, long: string | undefined, short) => {
    const name = long ?? short;
    if (/^CONFIG_\w+$/.test(name)) {
      const value = state.config[name];
      return value === undefined || value === 'n' ? '' : value;
    }
    if (/^[\w.-]+$/.test(name)) return state.variables.get(name) ?? '';
    throw new KbuildError(
      `${state.file}:${line}: ${whole}: make functions are not read here\nwrite out what it stands for, or name the files: ring3 build A.c B.c`,
    );
  });
}

function condition(state: State, line: string, number: number): boolean | undefined {
  const defined = /^(ifdef|ifndef)\s+(\S+)$/.exec(line);
  if (defined) {
    const value = expand(state, `$(${defined[2]})`, number);
    return (value !== '') === (defined[1] === 'ifdef');
  }
  const equal = /^(ifeq|ifneq)\s*\((.*),(.*)\)$/.exec(line) ?? /^(ifeq|ifneq)\s+"(.*)"\s+"(.*)"$/.exec(line);
  if (!equal) return undefined;
  const [, word, left, right] = equal;
  const same = expand(state, left!.trim(), number) === expand(state, right!.trim(), number);
  return same === (word === 'ifeq');
}

function assign(state: State, line: string, number: number): boolean {
  const found = /^([\w./$(){}-]+)\s*(:=|\+=|\?=|=|::=)\s*(.*)$/.exec(line);
  if (!found) return false;
  const name = expand(state, found[1]!, number);
  const value = expand(state, found[3]!, number).trim();
  const old = state.variables.get(name);
  if (found[2] === '+=') state.variables.set(name, old ? `${old} ${value}` : value);
  else if (found[2] !== '?=' || old === undefined) state.variables.set(name, value);
  return true;
}

function readLines(state: State): void {
  const text = readFileSync(state.file, 'utf8').replace(/\\\n/g, ' ');
  const taken: boolean[] = []; // a level per open condition: is its branch the one that counts?
  let inRule = false;
  text.split('\n').forEach((raw, index) => {
    const number = index + 1;
    if (raw.startsWith('\t') && inRule) return; // a rule's commands make other things than objects
    const line = raw.replace(/(^|[^\\])#.*$/, '$1').trim();
    if (!line) return;
    inRule = false;
    const holds = /^if/.test(line) ? condition(state, line, number) : undefined;
    if (holds !== undefined) taken.push(holds);
    else if (line === 'else') taken.push(!taken.pop());
    else if (line.startsWith('else ')) {
      const was = taken.pop();
      taken.push(!was && condition(state, line.slice(5), number) === true);
    } else if (line === 'endif') taken.pop();
    else if (taken.every(Boolean) && !assign(state, line, number)) {
      if (/^[\w./$(){}%-]+(\s+[\w./$(){}%-]+)*\s*:/.test(line) || /^(export|unexport|\.PHONY)/.test(line))
        inRule = true;
      else if (!/^(-?include|sinclude)\b/.test(line))
        throw new KbuildError(
          `${state.file}:${number}: ${line}\nonly assignments, conditions and rules are read here`,
        );
    }
  });
}

const words = (text: string | undefined) => (text ?? '').split(/\s+/).filter(Boolean);

/** Flags of this folder, with -I made absolute: make runs in the tree's root, where $(src) is relative to. */
function flagsOf(state: State, variable: string, folder: string): string[] {
  return words(state.variables.get(variable)).map((flag) =>
    flag.startsWith('-I') && !flag.startsWith('-I/') ? `-I${join(folder, flag.slice(2))}` : flag,
  );
}

/** The C file of an object; a composite's part too. */
function sourceOf(folder: string, object: string, state: State): string {
  const source = join(folder, object.replace(/\.o$/, '.c'));
  if (existsSync(source)) return source;
  if (existsSync(source.replace(/\.c$/, '.S')))
    throw new KbuildError(
      `${state.file}: ${object} is made of assembly, ${basename(source, '.c')}.S\nonly C is hosted; leave it out with its CONFIG_ variable: -D CONFIG_X=n`,
    );
  throw new KbuildError(
    `${state.file}: ${object}: there is no ${relative(folder, source)} in ${folder}\nis the name of its -objs list right?`,
  );
}

function moduleOf(state: State, folder: string, object: string): ModuleSpec {
  const name = object.replace(/\.o$/, '');
  const parts = [
    ...words(state.variables.get(`${name}-objs`)),
    ...words(state.variables.get(`${name}-y`)),
    ...words(state.variables.get(`${name}-m`)),
  ].filter((part) => part.endsWith('.o'));
  const sources = [...new Set(parts.length ? parts : [object])].map((part) => sourceOf(folder, part, state));
  const common = [...flagsOf(state, 'ccflags-y', folder), ...flagsOf(state, 'EXTRA_CFLAGS', folder)];
  const sourceFlags: Record<string, string[]> = {};
  for (const source of sources) {
    const own = flagsOf(state, `CFLAGS_${relative(folder, source).replace(/\.c$/, '.o')}`, folder);
    const removed = new Set(words(state.variables.get(`CFLAGS_REMOVE_${basename(source, '.c')}.o`)));
    sourceFlags[source] = own.filter((flag) => !removed.has(flag));
  }
  return { name: basename(name), sources, flags: common, sourceFlags };
}

/**
 * The modules of a folder: what obj-m and obj-y name under this configuration, folders below it included.
 * @throws KbuildError
 */
export function readKbuild(folder: string, config: Config): ModuleSpec[] {
  const file = ['Kbuild', 'Makefile'].map((name) => join(folder, name)).find((path) => existsSync(path));
  if (!file)
    throw new KbuildError(
      `${folder} has neither Kbuild nor Makefile\nwrite one with obj-m, or name the files: ring3 build FILE.c...`,
    );
  const state: State = { file, variables: new Map(), config };
  // What make would have set. KERNELRELEASE makes a two-part Makefile show its Kbuild part.
  for (const [name, value] of Object.entries({
    KERNELRELEASE: '6.1.0',
    srctree: dirname(folder),
    src: folder,
    obj: folder,
    M: folder,
    PWD: folder,
  }))
    state.variables.set(name, value);
  readLines(state);
  const objects = [...words(state.variables.get('obj-m')), ...words(state.variables.get('obj-y'))];
  const modules = objects
    .filter((object) => object.endsWith('.o'))
    .map((object) => moduleOf(state, folder, object));
  for (const below of objects.filter((object) => object.endsWith('/')))
    modules.push(...readKbuild(join(folder, below), config));
  return modules;
}
