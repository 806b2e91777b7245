// SPDX-License-Identifier: MIT
/**
 * What each tool shows of a process in each planted state: npm run test:anchors. Each is run, none is quoted from its
 * manual: ring3 sigdump and backtrace, Node's diagnostic report, gdb, eu-stack, and gcore with who reads its core.
 * A tool that is not installed is left out, with a line that says so. Prints the tables that the docs have; the one of
 * what ring3 itself finds of all that is planted, in three languages, alone: npm run test:anchors -- planted
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plantAll, table, type Verdict } from '../diag/planted.js';
import { lineOf, start, type Victim, victims } from '../diag/victim.js';
import { findProgram, root } from './target.js';

const addon = join(process.env.RING3_BUILD ?? join(root, 'build/Release'), 'ring3_node.node');
const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

const run = (command: string, ...args: string[]): Promise<string> =>
  new Promise((resolve) => {
    execFile(command, args, { maxBuffer: 1 << 28, timeout: 30_000, cwd: root }, (_, stdout) =>
      resolve(stdout),
    );
  });

interface State {
  name: string;
  start: (folder: string) => Promise<Victim>;
  /** The culprit, and where: in its file, by line. */
  culprit: RegExp;
  line: RegExp;
  /** What else explains it: the circle of a deadlock spelled out, the wait queue by name. */
  more?: [word: string, says: RegExp];
}

const script =
  (state: string, file = 'stuck.mjs') =>
  (folder: string) =>
    start(
      process.execPath,
      ['--report-on-signal', `--report-directory=${folder}`, join(victims, file), state],
      { env: { RING3_ADDON: addon } },
    );
const hosted = (state: string) => script(state, 'hosted.mjs');

const typed = join(victims, 'typed.ts');

const STATES: State[] = [
  {
    name: 'TypeScript spins',
    start: (folder) =>
      start(process.execPath, [
        ...['--report-on-signal', `--report-directory=${folder}`, '--import', 'tsx', typed, 'spin', folder],
      ]),
    culprit: /spinForEver/,
    line: new RegExp(`typed\\.ts:${lineOf(typed, 'function spinForEver')}\\b`),
  },
  { name: 'JavaScript spins', start: script('spin'), culprit: /spinForEver/, line: /stuck\.mjs:\d+/ },
  {
    name: 'JavaScript in Atomics.wait()',
    start: script('wait'),
    culprit: /waitForNobody/,
    line: /stuck\.mjs:\d+/,
  },
  {
    name: 'JavaScript in execFileSync()',
    start: script('child'),
    culprit: /runChild/,
    line: /stuck\.mjs:\d+/,
  },
  {
    name: 'module: ABBA deadlock',
    start: hosted('abba'),
    culprit: /abba_first/,
    line: /abba_first[^\n]*(\n\s+)?[^\n]*diag_victim\.c:\d+/,
    more: ['circle', /waits for mutex victim_second, held by thread/],
  },
  {
    name: 'module: endless softirq',
    start: hosted('endless-softirq'),
    culprit: /loop_in_timer/,
    line: /loop_in_timer[^\n]*(\n\s+)?[^\n]*diag_victim\.c:\d+/,
  },
  {
    name: 'module: lost wake-up',
    start: hosted('lost-wakeup'),
    culprit: /lost_wakeup_thread/,
    line: /lost_wakeup_thread[^\n]*(\n\s+)?[^\n]*diag_victim\.c:\d+/,
  },
  {
    name: 'module: waits for what nobody wakes',
    start: hosted('waits'),
    culprit: /waits_exclusive_thread/,
    line: /waits_exclusive_thread[^\n]*(\n\s+)?[^\n]*diag_victim\.c:\d+/,
    more: ['queue', /name=victim_wait [\s\S]*task=victim2 /],
  },
];

interface Tool {
  name: string;
  /** Programs it takes. */
  needs?: string[];
  look: (victim: Victim, folder: string) => Promise<string>;
}

/** A core of it, while it lives. */
async function coreOf({ pid }: Victim, folder: string): Promise<string> {
  await run('gcore', '-o', join(folder, 'core'), String(pid));
  return join(folder, `core.${pid}`);
}

const command = join(root, 'scripts/ring3.ts');
const TOOLS: Tool[] = [
  {
    name: 'ring3 sigdump',
    look: ({ pid }) => run(process.execPath, '--import', 'tsx', command, 'sigdump', String(pid)),
  },
  {
    name: 'ring3 backtrace',
    look: ({ pid }) => run(process.execPath, '--import', 'tsx', command, 'backtrace', String(pid)),
  },
  {
    name: 'Node report',
    look: async ({ pid }, folder) => {
      process.kill(pid, 'SIGUSR2');
      for (let i = 0; i < 20; i++) {
        await pause(100);
        const [report] = readdirSync(folder).filter((name) => name.startsWith('report'));
        if (report) return readFileSync(join(folder, report), 'utf8');
      }
      return '';
    },
  },
  {
    name: 'gdb',
    needs: ['gdb'],
    look: ({ pid }) => run('gdb', '-p', String(pid), '-batch', '-ex', 'thread apply all bt'),
  },
  {
    name: 'eu-stack',
    needs: ['eu-stack'],
    look: ({ pid }) => run('eu-stack', '-p', String(pid), '-s', '-i'),
  },
  {
    name: 'gcore, gdb',
    needs: ['gcore', 'gdb'],
    look: async (victim, folder) =>
      run('gdb', '-batch', '-ex', 'thread apply all bt', process.execPath, await coreOf(victim, folder)),
  },
  {
    name: 'gcore, ring3 backtrace',
    needs: ['gcore'],
    look: async (victim, folder) =>
      run(process.execPath, '--import', 'tsx', command, 'backtrace', await coreOf(victim, folder)),
  },
];

function verdict(state: State, text: string): string {
  if (!text.trim()) return 'nothing';
  if (!state.culprit.test(text)) return 'threads, not the culprit';
  const words = [state.line.test(text) ? 'function, line' : 'function'];
  if (state.more?.[1].test(text)) words.push(state.more[0]);
  return words.join(', ');
}

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

async function anchors(): Promise<void> {
  const tools = TOOLS.filter(({ name, needs = [] }) => {
    const missing = needs.filter((program) => !findProgram(program));
    if (missing.length) console.log(`${name}: left out, for ${missing.join(' and ')} is not installed here`);
    return missing.length === 0;
  });
  console.log(`| state | ${tools.map(({ name }) => name).join(' | ')} |`);
  console.log(`| --- |${' --- |'.repeat(tools.length)}`);
  for (const state of STATES) {
    const cells: string[] = [];
    for (const tool of tools) {
      const folder = mkdtempSync(join(tmpdir(), 'ring3-anchors-'));
      const victim = await state.start(folder);
      await pause(700);
      const from = performance.now();
      const text = await tool.look(victim, folder);
      cells.push(`${verdict(state, text)} (${((performance.now() - from) / 1000).toFixed(1)} s)`);
      await victim.end();
      rmSync(folder, { recursive: true });
    }
    console.log(`| ${state.name} | ${cells.join(' | ')} |`);
  }
}

if (!existsSync(addon)) throw new Error(`${addon} is not built: npm run build`);
await planted();
if (process.argv[2] !== 'planted') {
  console.log();
  await anchors();
}
