// SPDX-License-Identifier: MIT
/** What a disk on the command line means: a file, a block device, ram:SIZE or null:SIZE, and options. */
import { closeSync, ftruncateSync, openSync, statSync } from 'node:fs';
import { resolve } from 'node:path';

export interface Disk {
  /** What the user wrote, without options. */
  label: string;
  handler: 'vdisk_fileio' | 'vdisk_blockio' | 'vdisk_ram' | 'vdisk_nullio';
  /** Bytes; 0 = as the file is. */
  size: number;
  params: string;
}

/** A specification that cannot be; the message says what was expected. */
export class DiskError extends Error {
  override name = 'DiskError';
}

const UNITS = 'KMGTP';

/** "10G" in bytes: K, M, G, T and P are powers of 1024. */
export function parseSize(text: string): number {
  const match = /^(\d+)([KMGTP]?)(iB|B)?$/i.exec(text);
  const power = match?.[2] ? UNITS.indexOf(match[2].toUpperCase()) + 1 : 0;
  const bytes = match ? Number(match[1]) * 1024 ** power : Number.NaN;
  if (!(bytes > 0 && Number.isSafeInteger(bytes)))
    throw new DiskError(`'${text}' is no size; expected a number and K, M, G, T or P, such as 10G`);
  return bytes;
}

interface Options {
  size: number;
  params: string[];
}

function parseOption(option: string, into: Options): void {
  const [key = '', value = ''] = option.split('=', 2);
  switch (key) {
    case 'size':
      into.size = parseSize(value);
      break;
    case 'ro':
      into.params.push('read_only=1');
      break;
    case 'blocksize':
      if (!['512', '1024', '2048', '4096'].includes(value))
        throw new DiskError(`blocksize is '${value}', should be 512, 1024, 2048 or 4096`);
      into.params.push(`blocksize=${value}`);
      break;
    case 'serial':
      if (!/^[\w.:-]{1,63}$/.test(value))
        throw new DiskError(`serial is '${value}', should be 1 to 63 letters, digits and . : _ -`);
      into.params.push(`usn=${value}`);
      break;
    default:
      throw new DiskError(`'${option}' is no disk option; expected size=, ro, blocksize= or serial=`);
  }
}

/** Makes a missing file of @size; returns whether @path is a block device. */
function prepareFile(path: string, size: number): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isBlockDevice()) return true;
  if (found && !found.isFile()) throw new DiskError(`${path} is neither a file nor a block device`);
  if (found?.size) return false;
  if (!size) throw new DiskError(`${path} does not exist; add its size: ${path},size=10G`);
  try {
    const fd = openSync(path, 'a', 0o600);
    ftruncateSync(fd, size);
    closeSync(fd);
  } catch (error) {
    throw new DiskError(`${path} cannot be created: ${(error as NodeJS.ErrnoException).code}`);
  }
  return false;
}

/** @param defaultSize for files that are missing and have no size= */
export function parseDisk(spec: string, defaultSize = 0): Disk {
  const [label = '', ...rest] = spec.split(',');
  const options: Options = { size: 0, params: [] };
  for (const option of rest) parseOption(option, options);
  const memory = /^(ram|null):(.*)$/.exec(label);
  if (memory) {
    const size = parseSize(memory[2]!);
    const params = [`size=${size}`, ...options.params].join('; ');
    return { label, handler: memory[1] === 'ram' ? 'vdisk_ram' : 'vdisk_nullio', size, params };
  }
  if (!label || /[;\n]/.test(label)) throw new DiskError(`'${label}' is no path of a disk`);
  const path = resolve(label);
  const isBlock = prepareFile(path, options.size || defaultSize);
  const params = [`filename=${path}`, ...options.params].join('; ');
  return { label, handler: isBlock ? 'vdisk_blockio' : 'vdisk_fileio', size: options.size, params };
}
