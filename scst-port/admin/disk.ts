// SPDX-License-Identifier: MIT
/** What a disk on the command line means: a file, a block device, ram:SIZE or null:SIZE, and options. */
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  type Stats,
  statSync,
  unlinkSync,
} from 'node:fs';
import { resolve } from 'node:path';
import { quoted } from '../daemon/text.js';

export interface DiskSpec {
  /** What the user wrote, without options. */
  label: string;
  kind: 'file' | 'ram' | 'null';
  /** Absolute; of a file. */
  path: string;
  /** Bytes; 0 = not given. */
  size: number;
  readOnly: boolean;
  /** The medium can be ejected, and an initiator may prevent that. */
  removable: boolean;
  /** Bytes per second that SANITIZE gets through at most; 0 = as fast as it goes. */
  sanitizeRate: number;
  /** WRITE SAME of no blocks writes all from its LBA on, instead of being refused (SBC-3, WSNZ of page B0h is 0). */
  sameToEnd: boolean;
  /** Bytes. */
  blockSize: number;
  /** "" = the handler makes one up. */
  serial: string;
}

/** What the kernel side is told to make. */
export interface Disk {
  label: string;
  handler: 'vdisk_fileio' | 'vdisk_blockio' | 'vdisk_ram' | 'vdisk_nullio';
  params: string;
}

/** A disk that cannot be; the message says what was expected, or what to do. */
export class DiskError extends Error {
  override name = 'DiskError';
}

const UNITS = 'KMGTP';
const BLOCK_SIZES = [512, 1024, 2048, 4096];

/** The handlers' own limit, bytes. */
const PATH_MAX = 1023;

/** "10G" in bytes: K, M, G, T and P are powers of 1024. @param what that has this size, for the error @throws DiskError */
export function parseSize(text: string, what = 'size'): number {
  const match = /^(\d+)(?:([KMGTP])(?:iB|B)?|B)?$/i.exec(text);
  const power = match?.[2] ? UNITS.indexOf(match[2].toUpperCase()) + 1 : 0;
  const bytes = match ? Number(match[1]) * 1024 ** power : Number.NaN;
  if (!match)
    throw new DiskError(`'${text}' is no ${what}; expected a whole number and K, M, G, T or P, such as 10G`);
  if (!(bytes > 0 && bytes < 8 * 1024 ** 5))
    throw new DiskError(`'${text}' is no ${what}; expected at least 1 byte and less than 8P`);
  return bytes;
}

/** 1 GiB as "1G", what is no round number as it is: as parseSize() takes it. */
export function formatSize(bytes: number): string {
  let power = 0;
  while (power < UNITS.length && bytes && bytes % 1024 === 0) {
    bytes /= 1024;
    power++;
  }
  return `${bytes}${power ? UNITS[power - 1] : ''}`;
}

type Setter = (spec: DiskSpec, value: string) => void;

/** Maps, not objects: an option may be called "constructor". */
const flags: ReadonlyMap<string, (spec: DiskSpec) => void> = new Map([
  [
    'ro',
    (spec: DiskSpec) => {
      spec.readOnly = true;
    },
  ],
  [
    'removable',
    (spec: DiskSpec) => {
      spec.removable = true;
    },
  ],
]);

const valued: ReadonlyMap<string, Setter> = new Map<string, Setter>([
  [
    'size',
    (spec, value) => {
      spec.size = parseSize(value);
    },
  ],
  [
    'blocksize',
    (spec, value) => {
      spec.blockSize = Number(value);
      if (!BLOCK_SIZES.some((size) => String(size) === value))
        throw new DiskError(`blocksize is '${value}', should be 512, 1024, 2048 or 4096`);
    },
  ],
  [
    'serial',
    (spec, value) => {
      if (!/^[A-Za-z0-9_.:-]{1,63}$/.test(value))
        throw new DiskError(`serial is '${value}', should be 1 to 63 letters, digits and . : _ -`);
      spec.serial = value;
    },
  ],
  [
    'sanitize-rate',
    (spec, value) => {
      spec.sanitizeRate = parseSize(value, 'sanitize-rate');
    },
  ],
  [
    'wsnz',
    (spec, value) => {
      if (value !== '0' && value !== '1') throw new DiskError(`wsnz is '${value}', should be 0 or 1`);
      spec.sameToEnd = value === '0';
    },
  ],
]);

const EXPECTED = [...[...valued.keys()].map((key) => `${key}=`), ...flags.keys()].join(', ');

function parseOption(option: string, spec: DiskSpec, seen: Set<string>): void {
  const equals = option.indexOf('=');
  const key = equals < 0 ? option : option.slice(0, equals);
  const [set, raise] = [valued.get(key), flags.get(key)];
  if (!set && !raise)
    throw new DiskError(`'${option}' is no disk option; expected ${EXPECTED}; a path has no comma`);
  if (seen.has(key)) throw new DiskError(`${spec.label}: ${key} is given twice`);
  seen.add(key);
  if (raise && equals >= 0) throw new DiskError(`'${option}': ${key} takes no value`);
  if (set && equals < 0) throw new DiskError(`'${option}' has no value; expected ${key}=...`);
  raise?.(spec);
  set?.(spec, option.slice(equals + 1));
}

/** Reads a specification; touches no file. @throws DiskError */
export function parseDisk(text: string): DiskSpec {
  const [label = '', ...options] = text.split(',');
  const spec: DiskSpec = {
    label,
    kind: 'file',
    path: '',
    size: 0,
    readOnly: false,
    removable: false,
    sanitizeRate: 0,
    sameToEnd: false,
    blockSize: 512,
    serial: '',
  };
  const memory = /^(ram|null):(.*)$/.exec(label);
  const seen = new Set<string>();
  if (memory) {
    spec.kind = memory[1] as 'ram' | 'null';
    spec.size = parseSize(memory[2]!);
    seen.add('size');
  } else {
    // The handlers take their parameters as text with ; between them and white space around them.
    if (!label || label !== label.trim() || /[;\p{Cc}]/u.test(label))
      throw new DiskError(
        `${quoted(label)} is no path of a disk; expected one without ; control characters, and white space around it`,
      );
    spec.path = resolve(label);
    const bytes = Buffer.byteLength(spec.path);
    if (bytes > PATH_MAX)
      throw new DiskError(`the path of a disk has ${bytes} bytes, at most ${PATH_MAX} are allowed`);
  }
  for (const option of options) parseOption(option, spec, seen);
  if (spec.size % spec.blockSize)
    throw new DiskError(
      `${label}: size is ${spec.size}, should be a multiple of the block size ${spec.blockSize}`,
    );
  return spec;
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

function look(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw new DiskError(`${path} cannot be reached: ${codeOf(error)}`);
  }
}

/** Makes a file of @size bytes, without room reserved; takes it away again where it cannot get that size. */
function create(path: string, size: number): void {
  let fd: number;
  try {
    fd = openSync(path, constants.O_WRONLY | constants.O_CREAT, 0o600);
  } catch (error) {
    throw new DiskError(`${path} cannot be created: ${codeOf(error)}`);
  }
  try {
    ftruncateSync(fd, size);
  } catch (error) {
    if (!fstatSync(fd).size) unlinkSync(path);
    throw new DiskError(`${path} cannot have ${formatSize(size)}: ${codeOf(error)}`);
  } finally {
    closeSync(fd);
  }
}

/** That it can be opened as it is to be served, told better than the kernel side could. */
function tryOpen(spec: DiskSpec): void {
  try {
    closeSync(openSync(spec.path, spec.readOnly ? constants.O_RDONLY : constants.O_RDWR));
  } catch (error) {
    const code = codeOf(error);
    if (!spec.readOnly && ['EACCES', 'EROFS', 'EPERM'].includes(code))
      throw new DiskError(`${spec.path} cannot be written (${code}); serve it read-only: ${spec.label},ro`);
    throw new DiskError(`${spec.path} cannot be opened: ${code}`);
  }
}

/** Looks at the file, or makes it; returns whether it is a block device. */
function prepareFile(spec: DiskSpec, defaultSize: number): boolean {
  const { path, label } = spec;
  const found = look(path);
  if (found && !found.isFile() && !found.isBlockDevice())
    throw new DiskError(`${path} is neither a file nor a block device`);
  if (found?.isBlockDevice() && spec.size)
    throw new DiskError(`${label} is a block device and has its own size; leave size= out`);
  if (found?.isFile() && found.size && spec.size && found.size !== spec.size)
    throw new DiskError(
      `${label} has ${formatSize(found.size)} already, not ${formatSize(spec.size)}; leave size= out, or: truncate -s ${formatSize(spec.size)} ${label}`,
    );
  if (found?.isFile() && found.size && found.size < spec.blockSize)
    throw new DiskError(
      `${label} has ${found.size} bytes, at least one block of ${spec.blockSize} is expected`,
    );
  if (!found || (found.isFile() && !found.size)) {
    const what = found ? 'is empty' : 'does not exist';
    if (spec.readOnly) throw new DiskError(`${label} ${what}; leave ro out, or choose another`);
    const size = spec.size || defaultSize;
    if (!size) throw new DiskError(`${label} ${what}; add its size: ${label},size=10G`);
    if (size % spec.blockSize)
      throw new DiskError(
        `${label}: size is ${size}, should be a multiple of the block size ${spec.blockSize}`,
      );
    create(path, size);
  }
  tryOpen(spec);
  return found?.isBlockDevice() ?? false;
}

/**
 * Makes the file where it is missing, and says what the kernel side needs.
 * @param defaultSize bytes, for files that are missing and have no size=
 * @throws DiskError
 */
export function prepareDisk(spec: DiskSpec, defaultSize = 0): Disk {
  const params: string[] = [];
  let handler: Disk['handler'];
  if (spec.kind === 'file') {
    handler = prepareFile(spec, defaultSize) ? 'vdisk_blockio' : 'vdisk_fileio';
    params.push(`filename=${spec.path}`);
  } else {
    handler = spec.kind === 'ram' ? 'vdisk_ram' : 'vdisk_nullio';
    params.push(`size=${spec.size}`);
  }
  if (spec.readOnly) params.push('read_only=1');
  if (spec.removable) params.push('removable=1');
  if (spec.sanitizeRate) params.push(`sanitize_rate=${spec.sanitizeRate}`);
  if (spec.sameToEnd) params.push('wsnz=0');
  params.push(`blocksize=${spec.blockSize}`);
  if (spec.serial) params.push(`usn=${spec.serial}`);
  return { label: spec.label, handler, params: params.join('; ') };
}
