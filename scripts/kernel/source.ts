// SPDX-License-Identifier: MIT
/**
 * Kernel sources and headers that are hosted unmodified: unpacked from the distribution's package into a cache
 * folder, never into this one. What is taken is named in kernel-api/hosted.json.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { packageRoot } from './paths.js';

export interface Hosted {
  /** The Debian package. */
  package: string;
  /** Folders and files of the tree that are unpacked. */
  trees: string[];
  /** lib/gen_NAMEtable.c: programs that print a table the sources include. */
  tables: string[];
  /** Headers, below include/, that belong to hosted sources; all others are kernel-api's own. */
  headers: string[];
  /** Sources of linux_lib.ko.so. */
  lib: string[];
  /** Sources of kunit.ko.so. */
  kunit: string[];
  /** What runs suites that are built in. */
  executor: string[];
}

/** The sources are not here; the second line of the message is what to do. */
export class SourceMissing extends Error {
  override name = 'SourceMissing';
}

export const hosted: Hosted = JSON.parse(readFileSync(join(packageRoot, 'kernel-api/hosted.json'), 'utf8'));

/** ${XDG_CACHE_HOME:-~/.cache}/ring3 */
export const cacheFolder: string = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'ring3');

export interface KernelSource {
  /** The unpacked tree. */
  tree: string;
  /** The package's archive, which has the rest of the tree. */
  archive: string;
  /** Its version, as the package has it. */
  version: string;
  /** Include folders for hosted code, behind kernel-api/include. */
  includes: string[];
}

/** Where the archive is: $RING3_LINUX_SOURCE, where the package puts it, or downloaded into the cache. */
function findArchive(): string {
  const given = process.env.RING3_LINUX_SOURCE;
  if (given !== undefined) {
    if (existsSync(given)) return given;
    throw new SourceMissing(
      `RING3_LINUX_SOURCE is ${given || 'empty'}, and there is no such file\nunset it, or name the ${hosted.package}.tar.xz`,
    );
  }
  const installed = `/usr/src/${hosted.package}.tar.xz`;
  if (existsSync(installed)) return installed;
  const kept = join(cacheFolder, `${hosted.package}.tar.xz`);
  if (existsSync(kept)) return kept;
  return download(kept);
}

/** Without root: the package is fetched as a file, and only its archive kept. */
function download(kept: string): string {
  mkdirSync(cacheFolder, { recursive: true });
  process.stderr.write(`ring3: fetching ${hosted.package} (130 MB) into ${cacheFolder}\n`);
  const folder = mkdtempSync(join(cacheFolder, 'download-'));
  try {
    const got = spawnSync('apt-get', ['download', hosted.package], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const deb = got.status === 0 && readdirSync(folder).find((name) => name.endsWith('.deb'));
    if (!deb)
      throw new SourceMissing(
        `the kernel's sources are not here: no /usr/src/${hosted.package}.tar.xz\ninstall them: sudo apt-get install ${hosted.package}`,
      );
    execFileSync('dpkg-deb', ['-x', deb, 'files'], { cwd: folder });
    renameSync(join(folder, 'files/usr/src', `${hosted.package}.tar.xz`), kept);
    return kept;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Tables that the kernel's build makes with programs of its own. */
function generateTables(tree: string): void {
  const generated = join(tree, 'generated');
  mkdirSync(generated, { recursive: true });
  mkdirSync(join(tree, 'include/generated'), { recursive: true });
  copyFileSync(
    join(packageRoot, 'kernel-api/include/generated/autoconf.h'),
    join(tree, 'include/generated/autoconf.h'),
  );
  for (const table of hosted.tables) {
    const program = join(generated, `gen_${table}`);
    execFileSync(process.env.CC || 'gcc', ['-o', program, join(tree, `lib/gen_${table}table.c`)]);
    writeFileSync(join(generated, `${table}table.h`), execFileSync(program));
    rmSync(program);
  }
}

/** Members of the archive, below @folder. @returns what tar complains of, "" = nothing */
function extract(archive: string, folder: string, names: string[], ...options: string[]): string {
  const members = names.map((name) => `${hosted.package}/${name}`);
  const command = `xz -dc -T0 "$0" | tar -x -C "$1" --strip-components=1 "\${@:2}"`;
  const args = [command, archive, folder, ...options, ...members];
  const done = spawnSync('bash', ['-o', 'pipefail', '-c', ...args], {
    stdio: ['ignore', 'inherit', 'pipe'],
    encoding: 'utf8',
  });
  return done.status === 0 ? '' : (done.stderr.split('\n')[0] ?? 'tar failed');
}

const FILES_ONLY = ['--no-recursion', '--wildcards', '--no-wildcards-match-slash'];

/**
 * Unpacks what is not among the folders that hosted code needs, when somebody asks for it: a folder, or a C file with
 * the files beside it.
 * @param path relative to the tree
 * @returns false when the archive has no such thing
 */
export function unpackPath(source: KernelSource, path: string): boolean {
  const there = join(source.tree, path);
  if (relative(source.tree, there).startsWith('..')) return false;
  if (existsSync(there)) return true;
  const fresh = mkdtempSync(join(source.tree, 'unpack-'));
  try {
    const [name, options] = path.endsWith('.c') ? [`${dirname(path)}/*`, FILES_ONLY] : [path, []];
    extract(source.archive, fresh, [name], ...options); // a complaint is that there is none
    for (const entry of readdirSync(fresh, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = join(source.tree, relative(fresh, join(entry.parentPath ?? entry.path, entry.name)));
      mkdirSync(dirname(file), { recursive: true });
      renameSync(join(entry.parentPath ?? entry.path, entry.name), file);
    }
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return existsSync(there);
}

function unpack(archive: string, tree: string, stamp: string): void {
  mkdirSync(cacheFolder, { recursive: true });
  const fresh = mkdtempSync(join(cacheFolder, 'unpack-'));
  try {
    const failure = extract(archive, fresh, hosted.trees);
    if (failure)
      throw new SourceMissing(
        `${archive} cannot be unpacked: ${failure}\ninstall it again: sudo apt-get install --reinstall ${hosted.package}`,
      );
    generateTables(fresh);
    writeFileSync(join(fresh, '.ring3-stamp'), stamp);
    rmSync(tree, { recursive: true, force: true });
    renameSync(fresh, tree);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** A folder of links, so that no other of the package's headers is found by accident; one per list of them. */
function linkHeaders(tree: string): string {
  const key = createHash('sha256').update(JSON.stringify(hosted.headers)).digest('hex').slice(0, 12);
  const folder = join(tree, `hosted-${key}`);
  if (existsSync(folder)) return folder;
  const fresh = mkdtempSync(join(tree, 'links-'));
  for (const header of hosted.headers) {
    const link = join(fresh, header);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(tree, 'include', header), link);
  }
  try {
    renameSync(fresh, folder);
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true }); // another process was first
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/** @throws SourceMissing where there is no archive, and none can be had */
export function kernelSource(): KernelSource {
  const tree = join(cacheFolder, hosted.package.replace('linux-source', 'linux'));
  const archive = findArchive();
  const query = spawnSync('dpkg-query', ['-W', '-f', '$' + '{Version}', hosted.package], {
    encoding: 'utf8',
  });
  const version = query.status === 0 ? query.stdout : '6.1';
  const stamp = JSON.stringify([version, hosted.trees, hosted.tables]);
  const stampFile = join(tree, '.ring3-stamp');
  if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== stamp) unpack(archive, tree, stamp);
  return { tree, archive, version, includes: [linkHeaders(tree), join(tree, 'generated')] };
}
