// SPDX-License-Identifier: MIT
/**
 * What a Kbuild file makes: obj-m, obj-y, NAME-objs, NAME-y, ccflags-y, subdir-ccflags-y, CFLAGS_NAME.o and
 * CFLAGS_REMOVE_NAME.o, obj-y and subdir-y folders. make reads the file, so that it means what it means to make; its
 * rules are not run. Syntax: Documentation/kbuild/makefiles.rst.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative } from 'node:path';
import { packageRoot } from './paths.js';

/** Names with their CONFIG_, and values as a .config has them: { CONFIG_SMP: 'y', CONFIG_HZ: '1000', CONFIG_X: 'n' }. */
export type Config = Record<string, string>;

export interface ModuleSpec {
  name: string;
  /** Absolute paths of its C files, in link order. */
  sources: string[];
  /** Flags per source, those for all of them included. */
  flags?: Record<string, string[]>;
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

/** What kernel-api's own headers are configured with. */
function ownConfig(): Config {
  const config: Config = {};
  const header = readFileSync(join(packageRoot, 'kernel-api/include/generated/autoconf.h'), 'utf8');
  for (const [, name = '', value = ''] of header.matchAll(/^#define (CONFIG_\w+)[ \t]+(.*)$/gm)) {
    const module = name.endsWith('_MODULE');
    config[module ? name.slice(0, -7) : name] = value !== '1' ? value : module ? 'm' : 'y';
  }
  return config;
}

/** Stands for a space of a path, which to make would end a word. */
const SPACE = '\u001f';
const asWord = (path: string): string => path.replaceAll(' ', SPACE).replaceAll('$', '$$$$');
const asPath = (word: string): string => word.replaceAll(SPACE, ' ');

/** In front of each line of ours: what the file itself prints is passed over. */
const MARK = 'ring3-kbuild';

/** The functions of scripts/Makefile.compiler that flags are made with. */
const FUNCTIONS = `
CC ?= gcc
cc-option = $(shell $(CC) -Werror $(1) -x c -c /dev/null -o /dev/null 2>/dev/null && echo '$(1)' || echo '$(2)')
cc-disable-warning = $(call cc-option,-Wno-$(strip $(1)))
`;

/** Prints a line per thing to make, with the word for it in front. */
const ANSWERS = String.raw`
ring3-parts = $(filter %.o,$($(1:.o=-objs)) $($(1:.o=-y)) $($(1:.o=-m)))
ring3-say = $(info ${MARK} $(1) $(2))
ring3-source = $(call ring3-say,source $(1),$(CFLAGS_$(1)))$(call ring3-say,remove $(1),$(CFLAGS_REMOVE_$(1)))
$(call ring3-say,flags,$(ccflags-y) $(EXTRA_CFLAGS))
$(call ring3-say,below,$(subdir-ccflags-y))
$(foreach o,$(filter %.o,$(obj-m) $(obj-y)),$(call ring3-say,module $o,$(call ring3-parts,$o))\
  $(foreach p,$(or $(call ring3-parts,$o),$o),$(call ring3-source,$p)))
$(call ring3-say,folders,$(filter %/,$(obj-m) $(obj-y)) $(addsuffix /,$(subdir-m:/=) $(subdir-y:/=)))
.PHONY: ring3-nothing
ring3-nothing: ; @:
`;

/** Words as a shell would see them: -DNAME=\"text\" is one, without its backslashes. */
function words(text: string): string[] {
  const found = text.match(/(?:\\.|"(?:\\.|[^"\\])*"|'[^']*'|[^\s"'\\])+/g) ?? [];
  return found.map((word) =>
    asPath(
      word.replace(/\\(.)|"((?:\\.|[^"\\])*)"|'([^']*)'/g, (_, escaped, double, single) =>
        double === undefined ? (escaped ?? single) : double.replace(/\\(["\\$`])/g, '$1'),
      ),
    ),
  );
}

interface Folder {
  path: string;
  file: string;
  /** The kernel tree it is in, or one beside it. */
  tree: string;
  /** Is it in that tree? Then paths are relative to it. */
  inTree: boolean;
}

/** The root of the kernel tree that @folder is in. */
function treeOf(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, 'include/linux/kernel.h'))) return at;
    if (at === dirname(at)) return undefined;
  }
}

/** make's complaint, with the line that it is about. @throws KbuildError */
function refuse(folder: Folder, stderr: string): never {
  const [, file = folder.file, line = '', why = ''] =
    /^(.+?):(\d+): \*\*\* (.*?)\.?\s*Stop\.$/m.exec(stderr) ?? [];
  if (!why) throw new KbuildError(`${folder.file}: make cannot read it\n${stderr.trim()}`);
  const path = isAbsolute(file) ? file : join(folder.path, file);
  const text = existsSync(path) ? readFileSync(path, 'utf8').split('\n')[Number(line) - 1] : undefined;
  throw new KbuildError(
    `${asPath(path)}:${line}: ${text?.trim() ?? ''}\nmake says: ${why}; without the file: ring3 build A.c B.c`,
  );
}

/** What make says of the file: [word, rest] each. @throws KbuildError */
function ask(folder: Folder, config: Config): [string, string][] {
  const src = asWord(folder.inTree ? relative(folder.tree, folder.path) : folder.path);
  const values: Record<string, string> = {
    KERNELRELEASE: '6.1.0', // makes a Makefile of two parts show the one for Kbuild
    srctree: asWord(folder.tree),
    objtree: asWord(folder.tree),
    src,
    obj: src,
    CURDIR: asWord(folder.path),
    ...(folder.inTree ? {} : { M: src, KBUILD_EXTMOD: src }),
  };
  for (const [name, value] of Object.entries({ ...ownConfig(), ...config }))
    if (value !== 'n') values[name] = value.replaceAll('$', '$$$$').replaceAll('#', '\\#');
  const lines = Object.entries(values).map(([name, value]) => `override ${name} := ${value}\n`);
  const input = `${lines.join('')}${FUNCTIONS}include ${folder.file.replaceAll(' ', '\\ ')}\n${ANSWERS}`;
  const { MAKEFLAGS: _flags, MAKELEVEL: _level, MAKEFILES: _files, ...env } = process.env;
  const made = spawnSync('make', ['-rRs', '-f', '-', 'ring3-nothing'], {
    cwd: folder.path,
    env: { ...env, PWD: asWord(folder.path), LC_ALL: 'C' },
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (made.error)
    throw new KbuildError(
      `make, which reads ${folder.file}: ${made.error.message}\ninstall it: sudo apt-get install make`,
    );
  if (made.status !== 0) refuse(folder, made.stderr);
  return made.stdout.split('\n').flatMap((line) => {
    const [, word = '', rest = ''] = new RegExp(`^${MARK} (\\S+) ?(.*)$`).exec(line) ?? [];
    return word ? [[word, rest] as [string, string]] : [];
  });
}

/** Flags with -I made absolute: of this folder, or of the tree, which is where the kernel's make runs. */
function flagsOf(folder: Folder, text: string): string[] {
  const absolute = (path: string) => {
    if (isAbsolute(path)) return path;
    const here = join(folder.path, path);
    return folder.inTree && !existsSync(here) ? join(folder.tree, path) : here;
  };
  const found = words(text);
  return found.map((flag, at) => {
    if (found[at - 1] === '-I') return absolute(flag);
    return flag.startsWith('-I') && flag !== '-I' ? `-I${absolute(flag.slice(2))}` : flag;
  });
}

/** The C file of an object; a composite's part too. */
function sourceOf(folder: Folder, object: string): string {
  const source = join(folder.path, object.replace(/\.o$/, '.c'));
  if (existsSync(source)) return source;
  if (existsSync(source.replace(/\.c$/, '.S')))
    throw new KbuildError(
      `${folder.file}: ${object} is made of assembly, ${basename(source, '.c')}.S\nonly C is hosted; leave it out with its CONFIG_ variable: -D CONFIG_X=n`,
    );
  throw new KbuildError(
    `${folder.file}: ${object}: there is no ${relative(folder.path, source)} in ${folder.path}\nis the name of its -objs list right?`,
  );
}

/** The modules of one folder, and the folders below it that it names. */
function readFolder(folder: Folder, config: Config, above: string[]) {
  const modules: ModuleSpec[] = [];
  const answers = ask(folder, config);
  const said = (word: string) => answers.filter(([name]) => name === word).map(([, rest]) => rest);
  const below = [...above, ...flagsOf(folder, said('below').join(' '))];
  const common = [...below, ...flagsOf(folder, said('flags').join(' '))];
  const flagsFor = (word: string, object: string) =>
    flagsOf(
      folder,
      said(word)
        .find((rest) => rest.split(' ')[0] === object)
        ?.slice(object.length) ?? '',
    );
  for (const [object = '', ...parts] of said('module').map((rest) => words(rest))) {
    const flags: Record<string, string[]> = {};
    const sources = [...new Set(parts.length ? parts : [object])].map((part) => {
      const source = sourceOf(folder, part);
      const removed = flagsFor('remove', part);
      flags[source] = [...common, ...flagsFor('source', part)].filter((flag) => !removed.includes(flag));
      return source;
    });
    modules.push({ name: basename(object, '.o'), sources, flags });
  }
  return { modules, below, folders: [...new Set(words(said('folders').join(' ')))] };
}

/** The file that says what a folder makes. */
export const kbuildFile = (folder: string): string | undefined =>
  ['Kbuild', 'Makefile'].map((name) => join(folder, name)).find((name) => existsSync(name));

/**
 * The modules of a folder: what obj-m and obj-y name under this configuration, folders below it included.
 * @param tree what $(srctree) is for a folder outside any kernel tree
 * @throws KbuildError
 */
export function readKbuild(
  path: string,
  config: Config,
  tree: string = path,
  above: string[] = [],
): ModuleSpec[] {
  const file = kbuildFile(path);
  if (!file)
    throw new KbuildError(
      `${path} has neither Kbuild nor Makefile\nwrite one with obj-m, or name the files: ring3 build FILE.c...`,
    );
  const own = treeOf(path);
  const folder: Folder = { path, file, tree: own ?? tree, inTree: own !== undefined };
  const { modules, below, folders } = readFolder(folder, config, above);
  for (const name of folders) modules.push(...readKbuild(join(path, name.slice(0, -1)), config, tree, below));
  return modules;
}
