// SPDX-License-Identifier: MIT
/** What the commands print, as a kernel's tools print it. */
import { formatRecord, LEVELS, type LogRecord, type ModuleInfo } from '../../kernel-api/index.js';

/** Nothing in a text moves a terminal's cursor: as /dev/kmsg escapes it. */
export const plain = (text: string): string =>
  text.replace(/\p{Cc}/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);

/** lsmod(8)'s table. */
export function moduleTable(modules: readonly ModuleInfo[]): string {
  const lines = modules.map(({ name, size, references, usedBy }) =>
    `${name.padEnd(19)} ${String(size).padStart(8)}  ${references} ${usedBy.join(',')}`.trimEnd(),
  );
  return ['Module                  Size  Used by', ...lines, ''].join('\n');
}

export const recordLine = (record: LogRecord): string => plain(formatRecord(record));

/** As JSON, with the level's name. */
export const recordJson = ({ seq, level, time, text }: LogRecord): string =>
  JSON.stringify({ seq, level: LEVELS[level], time, text });
