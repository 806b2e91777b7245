// SPDX-License-Identifier: MIT
/** What `ring3 target` shows people: the banner when it is ready, and the live status line. Pure. */
import { homedir } from 'node:os';
import type { Lun } from '../scst-port/index.js';
import { human, humanSize } from './journal.js';

const KINDS: ReadonlyMap<string, string> = new Map([
  ['vdisk_fileio', 'file'],
  ['vdisk_blockio', 'block device'],
]);

/** A path below the home folder as a shell takes it. */
export const shortPath = (path: string, home = homedir()): string =>
  home !== '/' && path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;

/** What to connect to, for one who listens at all addresses: this machine. */
const reachable = (portal: string): string =>
  portal.replace(/^0\.0\.0\.0:/, '127.0.0.1:').replace(/^\[::\]:/, '[::1]:');

/** @param user CHAP's, if there is one */
export function banner(
  { iqn, portals, luns }: { iqn: string; portals: string[]; luns: Lun[] },
  user?: string,
): string {
  const names = luns.map(({ name }) => shortPath(name));
  const width = Math.max(...names.map((name) => name.length));
  const portal = reachable(portals[0]!);
  const login = user === undefined ? '' : `${encodeURIComponent(user)}%SECRET@`;
  return [
    `ring3 target   ${iqn}     portal ${portals.join(' ')}`,
    ...luns.map(({ lun, size, handler, provider, thin, readOnly }, i) => {
      const kind = KINDS.get(handler);
      const words = [
        ...(kind ? [kind] : []),
        provider,
        ...(thin ? ['thin'] : []),
        ...(readOnly ? ['read-only'] : []),
      ];
      return `  LUN ${lun}   ${names[i]!.padEnd(width)}   ${humanSize(size)}   ${words.join(', ')}`;
    }),
    `connect:  iscsiadm -m discovery -t st -p ${portal}  |  qemu-img info iscsi://${login}${portal}/${iqn}/0`,
    '',
  ].join('\n');
}

/** Counters of all sessions together. */
export interface Totals {
  sessions: number;
  readBytes: number;
  readCommands: number;
  writeBytes: number;
  writeCommands: number;
}

/** What happened from @before to @now, in words. */
export function statusLine(before: Totals, now: Totals, seconds: number): string {
  const rate = (
    bytes: number,
    count: number, // a session that ended takes its counters along
  ) =>
    `${human(Math.max(bytes, 0) / seconds)}B/s ${human(Math.max(count, 0) / seconds)
      .trimEnd()
      .replace(' ', '')} IOPS`;
  const read = rate(now.readBytes - before.readBytes, now.readCommands - before.readCommands);
  const write = rate(now.writeBytes - before.writeBytes, now.writeCommands - before.writeCommands);
  return `sessions ${now.sessions}   read ${read}   write ${write}`;
}
