// SPDX-License-Identifier: MIT
/** The kernel's log: printk, dmesg, and following it. */
import { Bell } from './bell.js';
import { c, check, KernelError } from './library.js';

/** One line of the log. */
export interface LogRecord {
  /** Counts from 0 since the process began. */
  seq: number;
  /** 0 (emergency) to 7 (debug). */
  level: number;
  /** Seconds on CLOCK_MONOTONIC. */
  time: number;
  text: string;
}

/** Names of the levels, as `dmesg --level` takes them; the index is the level. */
export const LEVELS = ['emerg', 'alert', 'crit', 'err', 'warn', 'notice', 'info', 'debug'] as const;
export type Level = (typeof LEVELS)[number];

/** Records are at most 239 bytes of text each; the ring holds the last 2048. */
const BATCH_BYTES = 1 << 19;

const LINE = /^<(\d)>\[ *(\d+\.\d+)\] (.*)$/;

/** A place in the log. */
export interface LogPosition {
  seq: number;
  /** Records the ring dropped before they were read here. */
  lost: number;
}

/** What came since @from, at most one batch; moves @from on. */
function readLog(from: LogPosition): LogRecord[] {
  const buffer = Buffer.alloc(BATCH_BYTES);
  const seq = [from.seq];
  const length = c.dmesg(seq, buffer, buffer.length) as number;
  const lines = buffer.toString('utf8', 0, length).split('\n').slice(0, -1);
  const first = Number(seq[0]) - lines.length;
  from.lost += first - from.seq;
  from.seq = Number(seq[0]);
  return lines.flatMap((line, index) => {
    const match = LINE.exec(line);
    return match
      ? [{ seq: first + index, level: Number(match[1]), time: Number(match[2]), text: match[3]! }]
      : [];
  });
}

/** All that the ring still holds, oldest first. */
export function readWholeLog(): LogRecord[] {
  const from = { seq: 0, lost: 0 };
  const all: LogRecord[] = [];
  for (;;) {
    const some = readLog(from);
    if (!some.length) return all;
    all.push(...some);
  }
}

/** "[    5.123456] text" as dmesg prints it. */
export function formatRecord({ time, text }: LogRecord): string {
  return `[${time.toFixed(6).padStart(12)}] ${text}`;
}

/**
 * Writes one record. Any thread; does not block.
 *
 * @param level a number from 0 to 7 or its name; 'info'
 */
export function printk(text: string, level: Level | number = 'info'): void {
  const number = typeof level === 'number' ? level : LEVELS.indexOf(level);
  if (!Number.isInteger(number) || number < 0 || number > 7)
    throw new TypeError(`level is ${String(level)}, should be from 0 to 7, or one of ${LEVELS.join(', ')}`);
  for (const line of String(text).split('\n')) c.log(number, line.replaceAll('\0', '\ufffd'));
}

export interface FollowOptions {
  /** 'start': what the ring holds too; 'now': only what comes. 'start' */
  from?: 'start' | 'now';
  /** The least urgent level that is delivered; 7 = all. */
  level?: number;
  /** Ends it, without an error. */
  signal?: AbortSignal;
}

/**
 * The log as it grows. Keeps the process alive until it is left with `break` or its signal fires. What the ring dropped
 * before it was read comes as a record of level 4 that says how many.
 *
 * @throws KernelError EMFILE: 16 are followed already
 */
export async function* followLog({
  from = 'start',
  level = 7,
  signal,
}: FollowOptions = {}): AsyncGenerator<LogRecord, void, void> {
  const position: LogPosition = { seq: 0, lost: 0 };
  const bell = new Bell(
    check(c.dmesgFd() as number, 'the log is followed 16 times already, which is the limit'),
    (fd) => c.dmesgFdClose(fd),
    signal,
  );
  try {
    if (from === 'now') while (readLog(position).length);
    position.lost = 0;
    while (!signal?.aborted) {
      const before = position.seq;
      const records = readLog(position);
      if (position.lost) {
        const text = `${position.lost} records were lost before they were read`;
        yield { seq: before, level: 4, time: records[0]?.time ?? 0, text };
        position.lost = 0;
      }
      for (const record of records) {
        if (record.level <= level) yield record;
        if (signal?.aborted) return;
      }
      if (!records.length) await bell.rung();
    }
  } finally {
    bell.close();
  }
}

/** Which levels "err,warn" or "warn+" name. @throws KernelError EINVAL */
export function parseLevels(text: string): Set<number> {
  const levels = new Set<number>();
  for (const word of text.split(',')) {
    const match = /^([a-z]+|[0-7])(\+?)$/.exec(word);
    const number = match ? (/\d/.test(match[1]!) ? Number(match[1]) : LEVELS.indexOf(match[1] as Level)) : -1;
    if (number < 0)
      throw new KernelError(
        22,
        `'${word}' is no level; expected ${LEVELS.join(', ')}, or err+ for it and worse`,
      );
    for (let level = number; level >= (match![2] ? 0 : number); level--) levels.add(level);
  }
  return levels;
}
