// SPDX-License-Identifier: MIT
/** The files of /proc and /sys that modules make: ring3/tree.h. */
import { c, callAsync, KernelError, wantText, wholeNumber } from './library.js';

export interface TreeEntry {
  name: string;
  kind: 'directory' | 'file' | 'link';
  /** Permissions; what they allow to nobody is refused. */
  mode: number;
  /** Bytes, as far as its maker said: 0 for text that is made as it is read, 4096 for attributes. */
  size: number;
  /** Of a link. */
  target?: string;
}

export interface TreePath extends TreeEntry {
  path: string;
}

export interface OpenOptions {
  /** Default true. */
  read?: boolean;
  /** Default false. */
  write?: boolean;
}

export interface ReadOptions {
  /** Bytes that may come before it is given up with EFBIG; 16 MiB */
  most?: number;
}

const READ = 1;
const WRITE = 2;
const CHUNK = 65_536;
const MOST = 16 << 20;
const KINDS = { d: 'directory', '-': 'file', l: 'link' } as const;

const REASONS: Record<number, string> = {
  2: 'there is no such file',
  5: 'it has no function for that, or was removed meanwhile, or says so itself',
  13: 'its permissions allow that to nobody',
  19: 'it was removed meanwhile, or no kernel runs',
  20: 'what is before a / is no directory',
  21: 'it is a directory',
  22: 'its owner refuses that',
  23: 'there are 1024 open files, which is the limit',
  36: 'a name is longer than 255 bytes, or the path than 4095',
  40: 'it is a link to itself',
};

function failure(errno: number, what: string, path: string): KernelError {
  return new KernelError(errno, `${what} ${path}: ${REASONS[errno] ?? 'its owner says so'}`);
}

function wantPath(path: string): string {
  const full = wantText('the path', path, 1 << 20);
  if (!full.startsWith('/')) throw new KernelError(22, `${path}: a path of the tree begins with /`);
  return full;
}

function parseLine(line: string): TreeEntry {
  const [, kind = '-', mode = '0', size = '0', rest = ''] = /^(.) (\d+) (-?\d+) (.*)$/s.exec(line) ?? [];
  const [name = '', target] = rest.split('\t');
  return {
    name,
    kind: KINDS[kind as keyof typeof KINDS],
    mode: Number.parseInt(mode, 8),
    size: Number(size),
    ...(target === undefined ? {} : { target }),
  };
}

/**
 * What /proc and /sys hold in this process: entries of modules, not the machine's. Calls run on threads of libuv's,
 * since a file is as slow as the module that makes it; one that never answers keeps its thread (UV_THREADPOOL_SIZE).
 */
export class Tree {
  /**
   * Each read(2) of a file, to its end. To stop early closes it.
   * @throws KernelError as read() does
   */
  async *chunks(path: string): AsyncGenerator<Buffer, void, void> {
    const file = await open(wantPath(path), READ, 'read');
    try {
      for (;;) {
        const buffer = Buffer.alloc(CHUNK);
        const rc = Number(await callAsync(c.treeRead, file, buffer, buffer.length));
        if (rc < 0) throw failure(-rc, 'read', path);
        if (!rc) return;
        yield buffer.subarray(0, rc);
      }
    } finally {
      await callAsync(c.treeClose, file);
    }
  }

  /**
   * All of a file, as bytes.
   * @throws KernelError with the path: ENOENT, ENOTDIR, EISDIR, ELOOP, ENAMETOOLONG; EACCES, its permissions let nobody
   * read; EIO or ENODEV, it was removed meanwhile; EFBIG, it is longer than `most`; or what its module says
   */
  async readBytes(path: string, { most = MOST }: ReadOptions = {}): Promise<Buffer> {
    wholeNumber('most', most, 0, 1 << 30);
    const parts: Buffer[] = [];
    let bytes = 0;
    for await (const part of this.chunks(path)) {
      parts.push(part);
      bytes += part.length;
      if (bytes > most) throw new KernelError(27, `read ${path}: it is longer than ${most} bytes`);
    }
    return Buffer.concat(parts);
  }

  /** The same as text. */
  async read(path: string, options: ReadOptions = {}): Promise<string> {
    return (await this.readBytes(path, options)).toString('utf8');
  }

  /**
   * One write(2): a file of sysfs takes 4096 bytes of it at most.
   * @throws KernelError as read() does; EFBIG: it took only a part
   */
  async write(path: string, data: string | number | Uint8Array): Promise<void> {
    const bytes = bytesOf(data);
    const file = await open(wantPath(path), WRITE, 'write');
    try {
      const rc = Number(await callAsync(c.treeWrite, file, bytes, bytes.length));
      if (rc < 0) throw failure(-rc, 'write', path);
      if (rc < bytes.length)
        throw new KernelError(27, `write ${path}: it took ${rc} of ${bytes.length} bytes`);
    } finally {
      await callAsync(c.treeClose, file);
    }
  }

  /** A file to be read or written in parts. @throws KernelError as read() does; ENFILE: 1024 are open */
  async open(path: string, { read = true, write = false }: OpenOptions = {}): Promise<TreeFile> {
    if (!read && !write) throw new TypeError('a file is opened to read or to write');
    const full = wantPath(path);
    return new TreeFile(full, await open(full, (read ? READ : 0) | (write ? WRITE : 0), 'open'));
  }

  /** What is in a directory, by name. @throws KernelError as read() does, ENOTDIR */
  async list(path = '/'): Promise<TreeEntry[]> {
    const full = wantPath(path);
    for (let size = CHUNK; ; size *= 4) {
      const buffer = Buffer.alloc(size);
      const rc = Number(await callAsync(c.treeList, full, buffer, size));
      if (rc < 0) throw failure(-rc, 'list', path);
      if (rc < size)
        return buffer
          .toString('utf8', 0, rc)
          .split('\n')
          .filter(Boolean)
          .map(parseLine)
          .sort((a, b) => (a.name < b.name ? -1 : 1));
    }
  }

  /** One file or directory; links are followed. @throws KernelError as read() does */
  async stat(path: string): Promise<TreeEntry> {
    const buffer = Buffer.alloc(8192);
    const rc = Number(await callAsync(c.treeInfo, wantPath(path), buffer, buffer.length));
    if (rc < 0) throw failure(-rc, 'stat', path);
    return parseLine(buffer.toString('utf8', 0, rc - 1));
  }

  /**
   * All that is below a directory, each directory before what is in it; links are not followed, and what is removed
   * meanwhile is left out.
   */
  async *walk(path = '/'): AsyncGenerator<TreePath, void, void> {
    for (const entry of await this.list(path)) {
      const below = `${path.replace(/\/+$/, '')}/${entry.name}`;
      yield { ...entry, path: below };
      if (entry.kind !== 'directory') continue;
      try {
        yield* this.walk(below);
      } catch (error) {
        if (!(error instanceof KernelError) || error.code !== 'ENOENT') throw error;
      }
    }
  }
}

/** An open file, with a position: for who reads or writes in parts. To be closed. */
export class TreeFile {
  #file: bigint | undefined;

  /** @internal Tree.open() */
  constructor(
    readonly path: string,
    file: bigint,
  ) {
    this.#file = file;
  }

  #open(): bigint {
    if (this.#file === undefined) throw new KernelError(9, `${this.path}: this file was closed`);
    return this.#file;
  }

  /**
   * One read(2): what there is, `bytes` at most, and nothing at the end.
   * @throws KernelError as Tree.read() does; EBADF: it was not opened for that
   */
  async read(bytes = CHUNK): Promise<Buffer> {
    const buffer = Buffer.alloc(wholeNumber('bytes', bytes, 1, MOST));
    const rc = Number(await callAsync(c.treeRead, this.#open(), buffer, buffer.length));
    if (rc < 0) throw failure(-rc, 'read', this.path);
    return buffer.subarray(0, rc);
  }

  /** One write(2). @returns how many bytes it took */
  async write(data: string | number | Uint8Array): Promise<number> {
    const bytes = bytesOf(data);
    const rc = Number(await callAsync(c.treeWrite, this.#open(), bytes, bytes.length));
    if (rc < 0) throw failure(-rc, 'write', this.path);
    return rc;
  }

  /** Moves to a byte from the start. @throws KernelError ESPIPE: it has no positions */
  async seek(offset: number): Promise<void> {
    const at = wholeNumber('offset', offset, 0, Number.MAX_SAFE_INTEGER);
    const rc = Number(await callAsync(c.treeSeek, this.#open(), at, 0));
    if (rc < 0) throw failure(-rc, 'seek', this.path);
  }

  /** Once more does no harm. */
  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (file !== undefined) await callAsync(c.treeClose, file);
  }
}

const bytesOf = (data: string | number | Uint8Array): Buffer =>
  typeof data === 'number' ? Buffer.from(String(data)) : Buffer.from(data as string);

async function open(path: string, how: number, what: string): Promise<bigint> {
  const file: (bigint | null)[] = [null];
  const rc = await callAsync<number>(c.treeOpen, path, how, file);
  if (rc < 0) throw failure(-rc, what, path);
  return file[0]!;
}
