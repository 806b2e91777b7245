// SPDX-License-Identifier: MIT
/**
 * Planted bugs, and states to be stuck in: each in TypeScript, in C and in a hosted module, and what of a dump, a
 * watchdog or a crash has to name it, by function and line. The lines are found in the sources by the words there:
 * `culprit: FUNCTION` or `culprit: FUNCTION, WHAT` in C, the head of the function in TypeScript.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { request } from '../../shim/diag/request.js';
import { root } from '../outside/target.js';
import { addon, start, type Victim, victims } from './victim.js';

export const LANGUAGES = ['TypeScript', 'C', 'module'] as const;
export type Language = (typeof LANGUAGES)[number];

/** What finds it: a dump that was asked for, a watchdog, the check of lock order, the dump of a crash. */
type Finder = 'dump' | 'watchdog' | 'order check' | 'crash dump';

export interface Planted {
  /** The victim's argument. */
  state: string;
  by: Finder;
  /** Each is named, with its line. */
  culprits: string[];
  says?: RegExp[];
  /** What the table says besides: less than function and line. */
  but?: string;
  env?: NodeJS.ProcessEnv;
  signal?: NodeJS.Signals;
  args?: string[];
}

/** In a language where it makes no sense, why. */
export type Row = [bug: string, ...ways: [Planted | string, Planted | string, Planted | string]];

const SOURCES = {
  TypeScript: join(victims, 'typed.ts'),
  C: join(victims, 'native.c'),
  module: join(root, 'test/diag/module/diag_victim.c'),
};

type Maker = (state: string, culprits: string[], ...says: RegExp[]) => Planted;
const foundBy =
  (by: Finder, env: NodeJS.ProcessEnv = {}): Maker =>
  (state, culprits, ...says) => ({ state, by, culprits, says, env });

const dump = foundBy('dump');
const watched = foundBy('watchdog');
const order = foundBy('order check', { RING3_LOCKDEP: '1' });
const crash = (state: string, signal: NodeJS.Signals, culprits: string[], ...says: RegExp[]): Planted => ({
  ...foundBy('crash dump')(state, culprits, ...says),
  signal,
});
/** Of C called by JavaScript: both are named. */
const called = (planted: Planted): Planted => ({
  ...planted,
  culprits: ['callNative', ...planted.culprits.map((culprit) => `C: ${culprit}`)],
});
const checked = (planted: Planted, RING3_MEM: string): Planted => ({ ...planted, env: { RING3_MEM } });

const NO_LOCKS = 'JavaScript has no locks';
const NO_MEMORY = 'memory is V8’s';
const KERNEL_ONLY = 'of the kernel API';

const C = {
  allocator: dump('allocator', ['hold_allocator'], /stay_in_fault at /),
  symboliser: dump('symboliser', ['hold_symboliser'], /stay_in_fault at /, /diag_frames_text at /),
  linker: dump('linker', ['hold_linker'], /stay_in_linker at /),
  stdio: dump('stdio', ['hold_stdio', 'print_blocked']),
  engine: dump('engine-memory', ['stay_in_stats'], /memory="(no answer|not asked)/),
  null: crash('null', 'SIGSEGV', ['read_null'], /null pointer, 0xc behind it/),
  guard: crash('guard-page', 'SIGSEGV', ['touch_guard'], /the guard page of thread \d+'s stack/),
  bus: crash('bus', 'SIGBUS', ['beyond_file'], /beyond the end of \/memfd:short/),
  ill: crash('ill', 'SIGILL', ['no_instruction'], /of the instruction/),
  fpe: crash('fpe', 'SIGFPE', ['divide'], /of the instruction/),
  abort: crash('abort', 'SIGABRT', ['give_up']),
  verify: crash('verify', 'SIGABRT', ['count_sheep'], /SIGABRT: sheep == 4/),
  overflow: crash(
    'overflow',
    'SIGSEGV',
    ['fall'],
    /stack overflow of thread \d+: the guard page below its stack/,
  ),
  freed: checked(
    crash(
      'use-after-free',
      'SIGSEGV',
      ['use_freed', 'use_freed, allocated', 'use_freed, freed'],
      /the fill of freed memory/,
      /freed, in quarantine/,
    ),
    'quarantine',
  ),
  overrun: checked(
    crash('overrun', 'SIGABRT', ['overrun', 'overrun, allocated'], /SIGABRT: overrun: /),
    'redzone',
  ),
  redZone: checked(
    crash('red-zone', 'SIGSEGV', ['follow_red_zone', 'follow_red_zone, allocated'], /the fill of a red zone/),
    'redzone',
  ),
};

export const ROWS: Row[] = [
  // At work, or waiting.
  [
    'a thread spins',
    dump('spin', ['spinForEver']),
    dump('spin', ['spin_here']),
    dump('spin', ['spin_thread']),
  ],
  [
    'a blocking call',
    dump('blocked', ['readBlocked']),
    dump('blocked', ['read_blocked'], /syscall=read/),
    dump('waits', ['waits_exclusive_thread'], /name=victim_wait [\s\S]*task=victim2 /),
  ],
  [
    "Node's loop is blocked",
    watched('spin', ['spinForEver'], /event loop has been blocked/),
    'of Node',
    'of Node',
  ],
  [
    'an endless event task',
    'runs no JavaScript',
    watched('event-loop', ['loop_in_callback'], /event task "native"/),
    watched('endless-softirq', ['loop_in_timer'], /event task "ring3\/0"/),
  ],
  [
    'a callback over its budget',
    'runs no JavaScript',
    watched('slow-callback', ['slow_callback'], /a callback on event task "native"/),
    watched('slow-callback', ['slow_timer'], /a callback on event task "ring3\/0"/),
  ],
  [
    'a work that holds up the next',
    KERNEL_ONLY,
    KERNEL_ONLY,
    dump('work', ['slow_work'], /"name":"victims","waiting":1/),
  ],
  [
    '1000 threads',
    'threads of C',
    dump('thousand', ['wait_in_a_crowd'], /(thread \d+ "diag_victim" \(thread\)\s+){8}and 992 more/),
    dump('thousand', ['crowd_thread'], /(thread \d+ "crowd" \(kthread\)\s+){8}and 992 more/),
  ],
  [
    'a lost wake-up',
    dump('lost-wakeup', ['waitForNobody']),
    dump('lost-wakeup', ['wait_for_signal']),
    watched('lost-wakeup', ['lost_wakeup_thread'], /slept uninterruptibly/),
  ],
  [
    'hung I/O',
    { ...dump('hung-io', [], /role="libuv pool"[^\n]*syscall=read/, /uv__fs_read/), but: 'the thread' },
    { ...watched('hung-io', [], /read of 4096 bytes at 4096 of file descriptor/), but: 'file and place' },
    watched(
      'hung-io',
      ['read_thread'],
      /read of 4096 bytes at 0 of file descriptor/,
      /slept uninterruptibly/,
    ),
  ],
  // With what a dump might want.
  ["the allocator's lock is held", called(C.allocator), C.allocator, 'as in C'],
  ["the engine's memory is locked", called(C.engine), C.engine, 'as in C'],
  ["the symboliser's lock is held", called(C.symboliser), C.symboliser, 'as in C'],
  ["the dynamic linker's lock is held", called(C.linker), C.linker, 'as in C'],
  ["stdio's lock is held", called(C.stdio), C.stdio, 'there is no stdio'],
  ["printk's lock is held", KERNEL_ONLY, KERNEL_ONLY, dump('chatter', ['chatter_thread'], /syscall=write/)],
  [
    'memory is exhausted',
    { ...crash('no-memory', 'SIGABRT', ['fillHeap']), args: ['--max-old-space-size=40'] },
    dump('no-memory', ['spin_without_memory']),
    dump('no-memory', ['no_memory_thread']),
  ],
  // Locks.
  [
    'two threads deadlocked',
    dump('deadlock', ['waitForWorker', 'waitForMain']),
    dump('deadlock', ['lock_first', 'lock_second'], /waits for pthread mutex native_second, held by thread/),
    dump(
      'abba',
      ['abba_first', 'abba_first, took', 'abba_second', 'abba_second, took'],
      /waits for mutex victim_second, held by thread/,
    ),
  ],
  [
    'the same with rw_semaphores',
    NO_LOCKS,
    KERNEL_ONLY,
    dump(
      'abba-rwsem',
      ['sem_first', 'sem_second'],
      /waits for rwsem \(read\) victim_sem_second, held by thread/,
    ),
  ],
  [
    'ABBA reversal, not met yet',
    NO_LOCKS,
    'ThreadSanitizer’s',
    order('order', ['order_thread, one order', 'order_thread, the other'], /circular lock order/),
  ],
  [
    'a lock of softirq and outside',
    NO_LOCKS,
    KERNEL_ONLY,
    order('softirq', ['tasklet_takes', 'softirq_thread'], /taken in softirq, and elsewhere/),
  ],
  [
    'a lock held over sleep',
    NO_LOCKS,
    dump(
      'lock-over-sleep',
      ['sleep_with_lock', 'want_first'],
      /waitsFor="pthread mutex native_first" heldBy=\d+/,
    ),
    crash('sleep-under-spinlock', 'SIGABRT', [
      'sleep_under_spinlock_thread',
      'sleep_under_spinlock_thread, took',
    ]),
  ],
  [
    'a lock held too long',
    NO_LOCKS,
    'pthread’s are not watched',
    watched('holder', ['holder_thread', 'holder_thread, took'], /has held lock victim_first/),
  ],
  [
    'unlock missed on an error path',
    NO_LOCKS,
    {
      ...dump('error-path', ['want_first'], /waitsFor="pthread mutex native_first" heldBy=\d+/),
      but: 'who waits and who holds',
    },
    order('error-path', ['forget_unlock'], /left with a lock held in the function of a kthread/),
  ],
  // Memory.
  [
    'a leak at one call site',
    NO_MEMORY,
    checked(dump('leak', ['leak_here, allocated']), 'count'),
    checked(dump('leak', ['leak_here']), 'count'),
  ],
  [
    'use after free',
    called(C.freed),
    C.freed,
    checked(
      crash(
        'use-after-free',
        'SIGSEGV',
        ['free_and_use', 'free_and_use, allocated', 'free_and_use, freed'],
        /the fill of freed memory/,
        /freed, in quarantine/,
      ),
      'quarantine',
    ),
  ],
  [
    'an overrun, found when freed',
    called(C.overrun),
    C.overrun,
    checked(
      crash('overrun', 'SIGABRT', ['overrun_thread', 'overrun_thread, allocated'], /SIGABRT: overrun: /),
      'redzone',
    ),
  ],
  [
    'a pointer out of a red zone',
    called(C.redZone),
    C.redZone,
    checked(crash('red-zone', 'SIGSEGV', ['red_zone_thread'], /the fill of a red zone/), 'redzone'),
  ],
  [
    'a timer freed while armed',
    NO_MEMORY,
    KERNEL_ONLY,
    order('armed-timer', ['free_armed'], /memory freed with an armed timer in it/),
  ],
  // Crashes.
  ['SIGSEGV: null', called(C.null), C.null, crash('null', 'SIGSEGV', ['null_thread'], /null pointer/)],
  ["SIGSEGV: another stack's guard page", called(C.guard), C.guard, 'as in C'],
  [
    'SIGSEGV: stack overflow',
    called(C.overflow),
    C.overflow,
    crash(
      'overflow',
      'SIGSEGV',
      ['overflow'],
      /stack overflow of thread \d+: the guard page below its stack/,
    ),
  ],
  ['SIGBUS', called(C.bus), C.bus, 'maps no files'],
  ['SIGILL', called(C.ill), C.ill, crash('ill', 'SIGILL', ['ill_thread'], /of the instruction/)],
  ['SIGFPE', called(C.fpe), C.fpe, crash('fpe', 'SIGFPE', ['divide_thread'], /of the instruction/)],
  ['SIGABRT', crash('abort', 'SIGABRT', ['giveUp'], /node::Abort/), C.abort, 'has no abort()'],
  ['BUG()', KERNEL_ONLY, KERNEL_ONLY, crash('bug', 'SIGABRT', ['bug_thread'], /SIGABRT: .*BUG/)],
  [
    'panic()',
    KERNEL_ONLY,
    KERNEL_ONLY,
    crash('panic', 'SIGABRT', ['panic_thread'], /nothing works any more/),
  ],
  ['a failed verify', called(C.verify), C.verify, 'of the engine'],
];

function lineOf(file: string, culprit: string): number {
  const lines = readFileSync(file, 'utf8').split('\n');
  const wanted = file.endsWith('.ts')
    ? (line: string) => new RegExp(`^\\s*(function )?${culprit}\\(.*\\{$`).test(line)
    : (line: string) => line.trimEnd().endsWith(`culprit: ${culprit} */`);
  const index = lines.findIndex(wanted);
  if (index < 0) throw new Error(`${file} has no culprit ${culprit}`);
  return index + 1;
}

/** The function of a culprit, its file as part of a pattern, and its line. */
export function place(language: Language, culprit: string): { fn: string; file: string; line: number } {
  const source = SOURCES[language];
  const file = basename(source).replace('.', '\\.');
  return { fn: culprit.split(',')[0]!, file, line: lineOf(source, culprit) };
}

/** As dumps name it; where C has got memory of the engine and given it back, they have its FILE:LINE and no more. */
function naming(language: Language, culprit: string): RegExp {
  if (culprit.startsWith('C: ')) return naming('C', culprit.slice(3));
  const { fn, file, line } = place(language, culprit);
  const at = `${file}:${line}\\b`;
  if (language === 'TypeScript') return new RegExp(`js ${fn} at \\S*/${at}`);
  if (language === 'C' && culprit.includes(',')) return new RegExp(`/${at}`);
  return new RegExp(`\\b${fn} at (?:\\S*/)?${at}`);
}

/** Starts it, with @before its command: a program that becomes it. */
export function startVictim(
  language: Language,
  planted: Planted,
  folder: string,
  before: string[] = [],
): Promise<Victim> {
  const { state, env = {}, args = [] } = planted;
  const startIt = (...words: string[]) => {
    const [command, ...rest] = [...before, ...words];
    return start(command!, rest, options);
  };
  const options = {
    env: { RING3_ADDON: addon, RING3_WATCHDOG: undefined, ...env },
    // What crashes has no time to say it, what cannot be had here will not.
    ready: planted.signal || planted.state === 'hung-io' ? /^/ : /ready/,
  };
  if (language === 'C') return startIt(join(dirname(addon), 'diag_victim'), state);
  if (language === 'module') return startIt(process.execPath, join(victims, 'hosted.mjs'), state, 'watch');
  const tsx = createRequire(join(root, 'package.json')).resolve('tsx'); // found wherever it is started
  return startIt(process.execPath, ...args, '--import', tsx, SOURCES.TypeScript, state, folder);
}

const DEADLINE_MS = 20_000;

/** A victim that cannot get into its state on this machine ends with this. */
export const CANNOT = 77;

/** Plants it, looks, and says what was not named; '' = all was, undefined = it cannot be planted here. */
export async function find(language: Language, planted: Planted): Promise<string | undefined> {
  const expected = [...planted.culprits.map((culprit) => naming(language, culprit)), ...(planted.says ?? [])];
  const folder = mkdtempSync(join(tmpdir(), 'ring3-planted-'));
  let victim: Victim | undefined;
  try {
    victim = await startVictim(language, planted, folder);
    const until = performance.now() + DEADLINE_MS;
    for (;;) {
      const ended = victim.child.exitCode !== null || victim.child.signalCode !== null;
      if (ended) await victim.closed;
      if (victim.child.exitCode === CANNOT) return undefined;
      const asks = !ended && victim.output() && (planted.by === 'dump' || planted.by === 'order check');
      const text = victim.stderr() + (asks ? await request(victim.pid) : '');
      const missing = expected.filter((wanted) => !wanted.test(text));
      if (ended && planted.signal && victim.child.signalCode !== planted.signal)
        return `ended by ${victim.child.signalCode ?? victim.child.exitCode}, not by ${planted.signal}\n${text}`;
      if (!missing.length && (ended || !planted.signal)) return '';
      if (ended || performance.now() > until) return `${missing.join(' and ')}: not in\n${text}`;
      await new Promise((done) => setTimeout(done, 50));
    }
  } finally {
    await victim?.end();
    rmSync(folder, { recursive: true });
  }
}

export interface Verdict {
  bug: string;
  language: Language;
  /** What was not named; '' = all was; undefined = it makes no sense there, or cannot be had on this machine. */
  missed: string | undefined;
  /** What the table says. */
  text: string;
}

async function judge(bug: string, language: Language, way: Planted | string): Promise<Verdict> {
  if (typeof way === 'string') return { bug, language, missed: undefined, text: `— ${way}` };
  const missed = await find(language, way);
  const text =
    missed === undefined
      ? 'skipped here'
      : missed
        ? 'MISSED'
        : `found: ${way.by}${way.but ? `, ${way.but}` : ''}`;
  return { bug, language, missed, text };
}

/** Plants all, two at a time. */
export function plantAll(): Map<string, Promise<Verdict>[]> {
  const turns = [Promise.resolve(), Promise.resolve()];
  let next = 0;
  const inTurn = (job: () => Promise<Verdict>) => {
    const lane = next++ % turns.length;
    const verdict = turns[lane]!.then(job);
    turns[lane] = verdict.then(
      () => {},
      () => {},
    );
    return verdict;
  };
  return new Map(
    ROWS.map(([bug, ...ways]) => [bug, ways.map((way, i) => inTurn(() => judge(bug, LANGUAGES[i]!, way)))]),
  );
}

/** The table of README.md. */
export function table(rows: Iterable<readonly [string, readonly Verdict[]]>): string {
  return markdown(
    ['planted', ...LANGUAGES],
    [...rows].map(([bug, verdicts]) => [bug, ...verdicts.map(({ text }) => text)]),
  );
}

/** A table with columns of even width. */
export function markdown(head: string[], rows: string[][]): string {
  const lines = [head, head.map(() => '-'), ...rows];
  const width = (column: number) => Math.max(...lines.map((line) => line[column]!.length));
  return lines
    .map((line, i) => line.map((cell, at) => (i === 1 ? '-'.repeat(width(at)) : cell.padEnd(width(at)))))
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}
