// SPDX-License-Identifier: MIT
/** What happens to kobjects and modules, as udev would be told: kobject_uevent(). */
import { Bell } from './bell.js';
import { c, check } from './library.js';

/** One event. */
export interface Uevent {
  /** SEQNUM: counts from 1 since the process began. */
  seq: number;
  /** Seconds on CLOCK_MONOTONIC. */
  time: number;
  /** add, remove, change, move, online, offline, bind or unbind. */
  action: string;
  /** Below /sys: "/module/brd". */
  devpath: string;
  subsystem: string;
  /** All of its KEY=VALUEs, in their order; those above are among them. */
  properties: Record<string, string>;
  /** Events before it that the ring dropped before they were read here. */
  lost: number;
}

export interface FollowUeventsOptions {
  /** 'start': what the ring holds too; 'now': only what comes. 'start' */
  from?: 'start' | 'now';
  /** Only of this one. */
  subsystem?: string;
  /** Ends it, without an error. */
  signal?: AbortSignal;
}

/** Any one is shorter than 4 KiB. */
const BATCH_BYTES = 1 << 16;

/** What came since number @from.seq, at most one batch; moves it on. */
function readSome(from: { seq: number }): Uevent[] {
  const buffer = Buffer.alloc(BATCH_BYTES);
  const seq = [from.seq];
  const length = c.uevents(seq, buffer, buffer.length) as number;
  let next = from.seq;
  from.seq = Number(seq[0]);
  return buffer
    .toString('utf8', 0, length)
    .split('\0\0')
    .slice(0, -1)
    .map((text) => {
      const [head = '', ...pairs] = text.split('\0');
      const properties = Object.fromEntries(
        pairs.map((pair) => {
          const at = pair.indexOf('=');
          return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
        }),
      );
      // Not by name: an event's maker may give a key of ours a second time.
      const own = (key: string) =>
        pairs.find((pair) => pair.startsWith(`${key}=`))?.slice(key.length + 1) ?? '';
      const number = Number(pairs.at(-1)?.replace('SEQNUM=', ''));
      const lost = number - next;
      next = number + 1;
      return {
        seq: number,
        time: Number(head.slice(0, head.indexOf(' '))),
        action: own('ACTION'),
        devpath: own('DEVPATH'),
        subsystem: own('SUBSYSTEM'),
        properties,
        lost,
      };
    });
}

/** All that the ring still holds, oldest first: the last 512. */
export function readUevents(): Uevent[] {
  const from = { seq: 1 };
  const all: Uevent[] = [];
  for (;;) {
    const some = readSome(from);
    if (!some.length) break;
    all.push(...some);
  }
  if (all[0]) all[0].lost = 0;
  return all;
}

/**
 * Events as they come. Keeps the process alive until it is left with `break` or its signal fires.
 *
 * @throws KernelError EMFILE: 16 follow them already
 */
export async function* followUevents({
  from = 'start',
  subsystem,
  signal,
}: FollowUeventsOptions = {}): AsyncGenerator<Uevent, void, void> {
  const bell = new Bell(
    check(c.ueventFd() as number, 'uevents are followed 16 times already, which is the limit'),
    (fd) => c.ueventFdClose(fd),
    signal,
  );
  try {
    const kept = readUevents();
    const position = { seq: (kept.at(-1)?.seq ?? 0) + 1 };
    let events = from === 'start' ? kept : [];
    let lost = 0;
    while (!signal?.aborted) {
      for (const event of events) {
        lost += event.lost;
        if (subsystem !== undefined && event.subsystem !== subsystem) continue;
        yield { ...event, lost };
        lost = 0;
        if (signal?.aborted) return;
      }
      events = readSome(position);
      if (!events.length) await bell.rung();
    }
  } finally {
    bell.close();
  }
}
