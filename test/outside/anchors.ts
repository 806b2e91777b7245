// SPDX-License-Identifier: MIT
/**
 * What each tool shows of a process in each state that test/diag/planted.ts plants: npm run test:anchors. Each is run,
 * none is quoted from its manual: ring3 sigdump and backtrace, Node's diagnostic report, gdb, eu-stack, and gcore with
 * who reads its core. A process that crashed is asked by what it left: the dump or report it wrote, and the kernel's
 * core. A tool that is not installed is left out, with a line that says so. Prints the tables that the docs have; the
 * one of what ring3 itself finds of all that is planted, in three languages, alone: npm run test:anchors -- planted
 * and the other: -- beside [PATTERN]
 * RING3_ANCHORS_TEXTS names a folder to keep what each said in, for who doubts the table.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CANNOT,
  LANGUAGES,
  type Language,
  markdown,
  type Planted,
  place,
  plantAll,
  ROWS,
  startVictim,
  table,
  type Verdict,
} from '../diag/planted.js';
import { addon, type Victim } from '../diag/victim.js';
import { findProgram, root } from './target.js';

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));
const TOOL_SECONDS = 20;
/** Until a victim is in its state, and watchdogs have seen it. */
const SETTLE_MS = 1500;
const CRASH_MS = 30_000;
/** For a report that was asked for to be written. */
const REPORT_MS = 4000;

/** The last words of a tool that had to be ended, for some wait for ever for a thread to stop. */
const HANGS = '\n(hangs)';

/** What it says; it is ended with its children. */
const run = (...words: string[]): Promise<string> =>
  new Promise((resolve) => {
    const limited = ['--signal=KILL', String(TOOL_SECONDS), ...words];
    execFile('timeout', limited, { maxBuffer: 1 << 28, cwd: root }, (error, stdout) =>
      resolve(error?.signal === 'SIGKILL' || error?.code === 137 ? stdout + HANGS : stdout),
    );
  });

/* ---- who is asked about what ----------------------------------------------------------------- */

interface State {
  bug: string;
  language: Language;
  planted: Planted;
}

/** Of each bug the victim with most of ring3 in it; and JavaScript's own, which native tools do not read. */
const STATES: State[] = ROWS.flatMap(([bug, ...ways]) => {
  const all = ways.flatMap((planted, i) =>
    typeof planted === 'string' ? [] : [{ bug, language: LANGUAGES[i]!, planted }],
  );
  const own = all.filter(
    ({ language, planted: { culprits } }) =>
      language === 'TypeScript' && culprits.length && !culprits.includes('callNative'),
  );
  return [...new Set([all.at(-1)!, ...own])];
});

/** What planted.ts has a dump say of a state, besides where its culprit is, in a word. */
const SAID: Record<string, string> = {
  'a blocking call': 'queue',
  "Node's loop is blocked": 'since when',
  'an endless event task': 'which task',
  'a callback over its budget': 'which task',
  'a work that holds up the next': 'queue',
  '1000 threads': 'folded',
  'a lost wake-up': 'since when',
  'hung I/O': 'file, since when',
  'two threads deadlocked': 'circle',
  'the same with rw_semaphores': 'circle',
  'ABBA reversal, not met yet': 'circle',
  'a lock of softirq and outside': 'why',
  'a lock held too long': 'since when',
  'unlock missed on an error path': 'why',
  'use after free': 'why',
  'an overrun, found when freed': 'why',
  'a pointer out of a red zone': 'why',
  'a timer freed while armed': 'why',
  'SIGSEGV: null': 'why',
  "SIGSEGV: another stack's guard page": 'why',
  'SIGSEGV: stack overflow': 'why',
  SIGBUS: 'why',
};

/** What a culprit's second word is called in the table: `FUNCTION, allocated` is where its memory was. */
const PLACES: [word: string, what: RegExp][] = [
  ['taken', /, took$/],
  ['alloc', /, allocated$/],
  ['free', /, freed$/],
];

/** The locks of victims, by name. */
const LOCK = '\\b(victim|native)_(sem_)?(first|second|spin)\\b';

/** What there is of a victim: it lives, or left a core and words. */
interface Found {
  victim: Victim;
  /** Reports go there. */
  folder: string;
  /** It ended: by the kernel's core, where this machine writes them. */
  crashed: boolean;
  core: string | undefined;
  /** What gcore said. */
  taken?: Promise<string>;
}

interface Tool {
  name: string;
  /** Programs it takes. */
  needs?: string[];
  /** Undefined: this cannot be asked. */
  look: (found: Found, state: State) => Promise<string | undefined>;
}

const command = ['--import', 'tsx', join(root, 'scripts/ring3.ts')];
const BACKTRACES = ['-batch', '-ex', 'thread apply all bt'];

const program = ({ language }: State) =>
  language === 'C' ? join(addon, '../diag_victim') : process.execPath;

/** Asks about the process, or the core it left. */
const asks =
  (live: (pid: string) => string[], dead: (core: string, state: State) => string[]): Tool['look'] =>
  async ({ victim, crashed, core }, state) => {
    if (crashed && !core) return undefined;
    return run(...(core ? dead(core, state) : live(String(victim.pid))));
  };

/** Of a core that gcore takes of it, while it lives: once for all who read it. */
const ofCore =
  (read: (core: string, state: State) => string[]): Tool['look'] =>
  async (found, state) => {
    if (found.crashed) return undefined;
    const core = join(found.folder, `taken.${found.victim.pid}`);
    found.taken ??= run('gcore', '-o', join(found.folder, 'taken'), String(found.victim.pid));
    const told = await found.taken;
    return existsSync(core) ? run(...read(core, state)) : told;
  };

async function nodeReport({ victim, folder, crashed }: Found, state: State): Promise<string | undefined> {
  if (state.language === 'C') return undefined;
  if (!crashed) process.kill(victim.pid, 'SIGUSR2');
  for (const until = performance.now() + (crashed ? 0 : REPORT_MS); ; await pause(100)) {
    const name = readdirSync(folder).find((name) => name.startsWith('report'));
    const text = name ? readFileSync(join(folder, name), 'utf8') : '';
    if (text.endsWith('}\n') || performance.now() > until) return text;
  }
}

const TOOLS: Tool[] = [
  {
    name: 'ring3 sigdump',
    look: async ({ victim, crashed }) => {
      const dump = crashed ? '' : await run(process.execPath, ...command, 'sigdump', `${victim.pid}`);
      return victim.stderr() + dump; // with what watchdogs, and a crash, said by themselves
    },
  },
  {
    name: 'ring3 backtrace',
    look: asks(
      (pid) => [process.execPath, ...command, 'backtrace', pid],
      (core) => [process.execPath, ...command, 'backtrace', core],
    ),
  },
  { name: 'Node report', look: nodeReport },
  {
    name: 'gdb',
    needs: ['gdb'],
    look: asks(
      (pid) => ['gdb', '-p', pid, ...BACKTRACES],
      (core, state) => ['gdb', ...BACKTRACES, program(state), core],
    ),
  },
  {
    name: 'eu-stack',
    needs: ['eu-stack'],
    look: asks(
      (pid) => ['eu-stack', '-p', pid, '-s', '-i'],
      (core, state) => ['eu-stack', '--core', core, '-e', program(state), '-s', '-i'],
    ),
  },
  {
    name: 'gcore, gdb',
    needs: ['gcore', 'gdb'],
    look: ofCore((core, state) => ['gdb', ...BACKTRACES, program(state), core]),
  },
  {
    name: 'gcore, backtrace',
    needs: ['gcore'],
    look: ofCore((core) => [process.execPath, ...command, 'backtrace', core]),
  },
];

/* ---- what it says ---------------------------------------------------------------------------- */

/** How much of the culprit is there, and what besides. */
function verdict({ bug, language, planted }: State, text: string | undefined): string {
  if (text === undefined) return '—';
  if (!text.trim()) return 'nothing';
  const has = (pattern: string) => new RegExp(pattern).test(text);
  const { culprits, says = [] } = planted;
  const stands = culprits.filter((culprit) => !culprit.includes(','));
  const places = (stands.length ? stands : culprits).map((culprit) => place(language, culprit));
  // In a frame of any of their formats; gdb and eu-stack may have the file in the next line. A loop has two lines.
  const named = places.filter(({ fn }) => has(`(#\\d+ [^\\n]*|"symbol": "[^"]*|\\bat |\\bjs )\\b${fn}\\b`));
  const placed = places.filter(({ fn, file, line }) =>
    has(`\\b${fn}\\b[^\\n]*(\\n\\s+)?[^\\n]*${file}:(${line}|${line + 1})\\b`),
  );
  const words = [named.length ? 'function' : text.endsWith(HANGS) ? 'hangs' : 'no'];
  if (placed.length) words[0] = placed.length === places.length ? 'line' : 'line of one';
  for (const [word, what] of PLACES)
    for (const culprit of culprits.filter((culprit) => stands.length && what.test(culprit))) {
      const { file, line } = place(language, culprit);
      if (has(`${file}:${line}\\b`) && !words.includes(word)) words.push(word);
    }
  if (has(LOCK)) words.push('lock');
  if (SAID[bug] && says.length && says.every((wanted) => wanted.test(text))) words.push(SAID[bug]);
  return words.join(', ');
}

/** Plants it and asks all: their verdicts. */
async function ask(state: State, tools: Tool[]): Promise<string[]> {
  const { bug, language, planted } = state;
  const name = `${bug}, ${language}`;
  const folder = mkdtempSync(join(tmpdir(), 'ring3-anchors-'));
  const reports = `--report-on-signal --report-on-fatalerror --report-uncaught-exception --report-directory=${folder}`;
  // Else V8 reserves 4 GB and more for each of tsx's WebAssembly memories, and gcore writes all that.
  const small = ['--disable-wasm-trap-handler', '--wasm-max-mem-pages=1000'];
  const dumped = ['sh', '-c', 'cd "$0" && ulimit -c unlimited && exec "$@"', folder];
  const victim = await startVictim(
    language,
    { ...planted, args: [...(planted.args ?? []), ...small], env: { ...planted.env, NODE_OPTIONS: reports } },
    folder,
    planted.signal ? dumped : [],
  );
  try {
    await (planted.signal ? Promise.race([victim.closed, pause(CRASH_MS)]) : pause(SETTLE_MS));
    const { exitCode, signalCode } = victim.child;
    if (exitCode === CANNOT) return tools.map(() => 'skipped here');
    if (signalCode !== (planted.signal ?? null)) throw new Error(`${name}: ${signalCode ?? exitCode}`);
    const crashed = signalCode !== null;
    const core = readdirSync(folder).find((file) => file.startsWith('core'));
    if (crashed && !core) console.error(`${name}: this machine wrote no core`);
    const found: Found = { victim, folder, crashed, core: core && join(folder, core) };
    const cells: string[] = [];
    for (const tool of tools) {
      const text = await tool.look(found, state);
      cells.push(verdict(state, text));
      const keep = process.env.RING3_ANCHORS_TEXTS;
      if (keep && text) writeFileSync(join(keep, `${name}: ${tool.name}`.replaceAll('/', ' ')), text);
    }
    return cells;
  } finally {
    await victim.end();
    rmSync(folder, { recursive: true });
  }
}

/* ---- the tables ------------------------------------------------------------------------------ */

async function planted(): Promise<void> {
  const rows: [string, Verdict[]][] = [];
  for (const [bug, verdicts] of plantAll()) rows.push([bug, await Promise.all(verdicts)]);
  console.log(table(rows));
  for (const { bug, language, missed } of rows.flatMap(([, verdicts]) => verdicts))
    if (missed) {
      console.error(`${bug}, in ${language}: ${missed}`);
      process.exitCode = 1;
    }
}

async function anchors(wanted: RegExp): Promise<void> {
  const tools = TOOLS.filter(({ name, needs = [] }) => {
    const missing = needs.filter((program) => !findProgram(program));
    if (missing.length) console.log(`${name}: left out, for ${missing.join(' and ')} is not installed here`);
    return missing.length === 0;
  });
  const states = STATES.filter(({ bug, language }) => wanted.test(`${bug}, ${language}`));
  const rows: string[][] = [];
  const from = performance.now();
  let next = 0;
  const inTurn = async () => {
    for (let i = next++; i < states.length; i = next++) {
      const { bug, language } = states[i]!;
      const cells = [bug, language, ...(await ask(states[i]!, tools))];
      console.error(`${((performance.now() - from) / 1000).toFixed()} s: ${cells.join(' | ')}`);
      rows[i] = cells;
    }
  };
  await Promise.all([inTurn(), inTurn()]);
  console.log(markdown(['state', 'victim', ...tools.map(({ name }) => name)], rows));
}

if (!existsSync(addon)) throw new Error(`${addon} is not built: npm run build`);
const [what = '', bugs = ''] = process.argv.slice(2);
if (what !== 'beside') await planted();
if (!what) console.log();
if (what !== 'planted') await anchors(new RegExp(bugs));
