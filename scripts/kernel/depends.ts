// SPDX-License-Identifier: MIT
/** As much of ELF (64-bit, little-endian: System V gABI, chapter 4) as tells what a module needs. */
import { readFileSync } from 'node:fs';

/** The bytes of a section, or undefined where the file has none of that name, or is no ELF file. */
export function readSection(path: string, wanted: string): Buffer | undefined {
  const file = readFileSync(path);
  if (file.length < 64 || file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2) return undefined;
  const table = Number(file.readBigUInt64LE(40));
  const size = file.readUInt16LE(58);
  const count = file.readUInt16LE(60);
  const names = file.readUInt16LE(62);
  if (table + size * count > file.length || names >= count) return undefined;
  const header = (index: number) => file.subarray(table + size * index, table + size * (index + 1));
  const contents = (at: Buffer) => {
    const offset = Number(at.readBigUInt64LE(24));
    return file.subarray(offset, offset + Number(at.readBigUInt64LE(32)));
  };
  const strings = contents(header(names));
  for (let index = 0; index < count; index++) {
    const at = header(index);
    const from = at.readUInt32LE(0);
    if (strings.toString('latin1', from, strings.indexOf(0, from)) === wanted) return contents(at);
  }
  return undefined;
}

/** Where `ring3 build` writes the paths of the modules whose exports a module uses. */
export const DEPENDS_SECTION = '.ring3.depends';

/** Modules that have to be loaded before this one, in order: those they need themselves come first. */
export function dependsOf(path: string): string[] {
  const found: string[] = [];
  const add = (module: string) => {
    for (const needed of readSection(module, DEPENDS_SECTION)?.toString().split('\n').filter(Boolean) ?? []) {
      if (found.includes(needed)) continue;
      add(needed);
      found.push(needed);
    }
  };
  add(path);
  return found;
}
