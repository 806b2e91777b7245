// SPDX-License-Identifier: MIT
/** `ring3 top PID`: a live screen of what `ring3 sigdump` tells: event tasks, threads, sessions, I/O, locks, stalls. */
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from '../shim/diag/request.js';
import type { Dump, Section, Task, Thread } from '../shim/diag/schema.js';
import { type Command, helpOf, readArguments, UsageError } from './options.js';
import { print } from './output.js';
import { pidOf } from './sigdump.js';

const topCommand = {
  name: 'ring3 top',
  operands: 'PID',
  about: `Shows, once a second, how busy the event tasks and threads of a ring3 process are, its sessions, I/O in flight,
locks that are waited for and what the watchdogs found. Ctrl-C ends it.`,
  options: [
    { name: 'interval', value: 'SECONDS', help: 'between two looks, 0.1 to 3600 (1)' },
    { name: 'count', value: 'N', help: 'looks, then it ends (no end)' },
    { name: 'help', help: 'this text' },
  ],
  example: 'ring3 top 4711 --interval 2',
} as const satisfies Command;

const SECTIONS: Section[] = ['threads', 'locks', 'tasks', 'memory', 'aio', 'iscsi', 'watchdogs'];

interface Session {
  tsih: number;
  initiator: string;
  state: string;
  commands: number;
  rxPdus: number;
  txBytes: number;
  rxBytes: number;
}

interface Flight {
  inFlight: number;
  operations: { op: string; fd: number; offset: number; bytes: number; ageUs: number }[];
}

const list = <T>(value: unknown): T[] => (Array.isArray(value) ? (value as T[]) : []);
const scaled = (value: number): string => {
  for (const [unit, size] of [
    ['G', 1e9],
    ['M', 1e6],
    ['k', 1e3],
  ] as const)
    if (Math.abs(value) >= size) return `${(value / size).toFixed(1)}${unit}`;
  return value.toFixed(0);
};

/** Lines of cells, the columns as wide as they have to be; the first to the left, the others to the right. */
function table(rows: string[][]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
}

function taskRows(now: Task[], before: Task[], seconds: number): string[][] {
  const rows = [
    ['event task', 'busy', 'rounds/s', 'callbacks/s', 'queued', 'longest round', 'polls', 'alarms', 'runs'],
  ];
  for (const task of now) {
    const was = before.find(({ tid, name }) => tid === task.tid && name === task.name);
    const rate = (key: 'rounds' | 'callbacks') => scaled((task[key] - (was?.[key] ?? task[key])) / seconds);
    const busy = (task.busyMs - (was?.busyMs ?? task.busyMs)) / seconds / 10;
    rows.push([
      task.name,
      `${Math.min(busy, 100).toFixed(0)}%`,
      rate('rounds'),
      rate('callbacks'),
      String(task.queued + task.queuedLow),
      `${scaled(task.longestRoundUs)} us`,
      String(task.nrPolls),
      String(task.nrAlarms),
      task.runs ?? '',
    ]);
  }
  return rows;
}

function threadRows(now: Thread[], before: Thread[], seconds: number): string[][] {
  const used = now
    .map((thread) => {
      const was = before.find(({ tid }) => tid === thread.tid);
      return { thread, cpu: (thread.cpuMs - (was?.cpuMs ?? thread.cpuMs)) / seconds / 10 };
    })
    .sort((a, b) => b.cpu - a.cpu || b.thread.cpuMs - a.thread.cpuMs)
    .slice(0, 8);
  return [
    ['thread', 'tid', 'CPU', 'state', 'waits for'],
    ...used.map(({ thread, cpu }) => [
      `${thread.name} (${thread.role})`,
      String(thread.tid),
      `${cpu.toFixed(0)}%`,
      thread.state,
      thread.waitsFor ?? thread.sleepsIn ?? thread.syscall ?? '',
    ]),
  ];
}

function sessionRows(now: Session[], before: Session[], seconds: number): string[][] {
  return [
    ['session', 'state', 'commands', 'PDUs/s', 'in B/s', 'out B/s'],
    ...now.slice(0, 12).map((session) => {
      const was = before.find(({ tsih }) => tsih === session.tsih) ?? session;
      const rate = (key: 'rxPdus' | 'rxBytes' | 'txBytes') => scaled((session[key] - was[key]) / seconds);
      return [
        session.initiator,
        session.state,
        String(session.commands),
        rate('rxPdus'),
        rate('rxBytes'),
        rate('txBytes'),
      ];
    }),
  ];
}

/** One screen. */
export function screen(now: Dump, before: Dump): string {
  const seconds = Math.max(now.timeMs - before.timeMs, 1) / 1000;
  const sessions = list<Session>(now.iscsi);
  const flights = list<Flight>(now.aio);
  const operations = flights.flatMap((task) => task.operations);
  const oldest = Math.max(0, ...operations.map(({ ageUs }) => ageUs));
  const memory = list<{ bytes: number }>(now.memory).reduce((sum, { bytes }) => sum + bytes, 0);
  const stalls = Object.entries(now.watchdogs ?? {}).filter(([, count]) => count);
  const lines = [
    `process ${now.pid}   ${now.threads?.length ?? 0} threads   ${scaled(memory)}B in caches   ${sessions.length} sessions   ` +
      `${flights.reduce((sum, { inFlight }) => sum + inFlight, 0)} I/O in flight, oldest ${scaled(oldest)} us`,
    '',
    ...table(taskRows(now.tasks ?? [], before.tasks ?? [], seconds)),
    '',
    ...table(threadRows(now.threads ?? [], before.threads ?? [], seconds)),
  ];
  if (sessions.length) lines.push('', ...table(sessionRows(sessions, list<Session>(before.iscsi), seconds)));
  for (const circle of now.locks?.deadlocks ?? [])
    lines.push('', 'deadlock:', ...circle.map((line) => `  ${line}`));
  if (stalls.length)
    lines.push('', `stalls: ${stalls.map(([kind, count]) => `${kind} ${count}`).join(', ')}`);
  return `${lines.join('\n')}\n`;
}

const CLEAR = '\x1b[H\x1b[2J';

/** What goes on so many lines: more would scroll away what stands first. */
export function fitted(text: string, rows: number, columns: number): string {
  const lines = text.trimEnd().split('\n');
  const kept =
    lines.length > rows
      ? [...lines.slice(0, Math.max(rows - 1, 0)), `... ${lines.length - rows + 1} more`]
      : lines;
  return kept.map((line) => line.slice(0, Math.max(columns, 1))).join('\n');
}

export async function runTop(argv: string[]): Promise<number> {
  const args = readArguments(topCommand, argv);
  if (args.has('help')) {
    await print(helpOf(topCommand));
    return 0;
  }
  const pid = pidOf(args.operands[0]);
  const interval = Number(args.value('interval') ?? 1);
  const count = args.wholeNumber('count', 1, 999_999_999) ?? Number.POSITIVE_INFINITY;
  if (!(interval >= 0.1 && interval <= 3600))
    throw new UsageError(`--interval is '${args.value('interval')}', should be seconds from 0.1 to 3600`);
  const look = async (): Promise<Dump> => JSON.parse(await request(pid, { json: true, only: SECTIONS }));
  let before = await look();
  for (let i = 0; i < count; i++) {
    await sleep(interval * 1000);
    const now = await look();
    const text = screen(now, before);
    const { isTTY, rows = 24, columns = 80 } = process.stdout;
    if (!(await print(isTTY ? `${CLEAR}${fitted(text, rows - 1, columns)}\n` : `${text}\n`))) return 0;
    before = now;
  }
  return 0;
}
