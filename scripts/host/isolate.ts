// SPDX-License-Identifier: MIT
/**
 * `ring3 run --isolate`: the host is a child process. When it crashes, this one says in which module and where: the
 * child's own crash dump (shim/diag) names functions, files and lines.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plain } from './print.js';

/** What the child tells as it goes. */
export type Progress = { event: 'loading' | 'loaded'; module: string } | { event: 'stopping' };

/** From the host to the process that watches over it; nothing where there is none. */
export function tellParent(progress: Progress): void {
  process.send?.(progress);
}

export interface CrashReport {
  signal: string;
  /** In words: what was touched, or what a BUG() says. */
  what: string;
  /** The first frame of a module's, the one to look at. */
  where?: Frame;
  /** The crashed thread's stack, innermost first. */
  stack: Frame[];
}

export interface Frame {
  function: string;
  file?: string;
  line?: number;
  /** The shared object. */
  object?: string;
}

/** A line of a stack: "#0  touch at fix_crash.c:14 (fix_crash.ko.so+0x10c0)", or one that is inlined in the next. */
function frameOf(line: string): Frame | undefined {
  const match =
    /^\s*(?:#\d+\s+)?(.+?)(?:\+0x[0-9a-f]+)?(?: at ([^\s:]+):(\d+))?(?:, inlined in)?(?: \(([^()]+)\+0x[0-9a-f]+\))?$/.exec(
      line,
    );
  if (!match) return undefined;
  const [, name = '', file, number, object] = match;
  return {
    function: name,
    ...(file ? { file, line: Number(number) } : {}),
    ...(object ? { object } : {}),
  };
}

/** What a crash dump says, as text of shim/diag; undefined when there is no crash in it. */
export function readCrash(dump: string): CrashReport | undefined {
  const head =
    /^signal=(\S+) code=\S+ tid=(\d+) address=(\S+) addressIs="([^"]*)"(?: panic="([^"]*)")?/m.exec(dump);
  if (!head) return undefined;
  const [, signal = '', tid, address, addressIs, panic] = head;
  const number = new RegExp(`^tid=${tid} .*\\bcrashed=true\\b.*\\bstack=(\\d+)$`, 'm').exec(dump)?.[1];
  const stacks = dump.split(/^-- stacks --$/m)[1] ?? '';
  const own = new RegExp(`^stack=${number}\\n((?: .*\\n)*)`, 'm').exec(stacks)?.[1] ?? '';
  const lines = own.split('\n').slice(1).filter(Boolean);
  const stack = lines.flatMap((line) => frameOf(line) ?? []);
  // An inlined function lies in the object of the next frame that has one.
  for (let i = stack.length - 2; i >= 0; i--) {
    const object = stack[i]!.object ?? stack[i + 1]!.object;
    if (object) stack[i]!.object = object;
  }
  const where = stack.find(({ object }) => object?.includes('.ko.so'));
  const touched = addressIs?.startsWith('none') ? '' : `${address}: ${addressIs}`;
  return { signal, what: panic ?? touched, stack, ...(where ? { where } : {}) };
}

const place = ({ function: name, file, line, object }: Frame): string =>
  `${name}${file ? ` at ${file}:${line}` : ''}${object ? ` (${object})` : ''}`;

/** The report for people. */
export function crashText(
  report: CrashReport | undefined,
  signal: string,
  module: string | undefined,
): string {
  const doing = module ? `while module ${module} was loaded` : 'while it ran';
  if (!report) return `ring3: the host ended with ${signal} ${doing}, and wrote no dump\n`;
  const { what, where, stack } = report;
  const lines = [
    `ring3: the host crashed with ${report.signal} ${doing}${what ? `: ${what}` : ''}`,
    ...(where ? [`  in ${place(where)}`] : []),
    ...stack.slice(0, 16).map((frame, i) => `  #${String(i).padEnd(2)} ${place(frame)}`),
  ];
  return `${lines.map(plain).join('\n')}\n`;
}

/**
 * Runs `ring3 run` with these arguments in a child. Signals to end are passed on.
 * @returns the child's exit status, or 1 when it crashed
 */
export async function runIsolated(argv: string[], json: boolean): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'ring3-'));
  const dumpFile = join(folder, 'dump');
  try {
    const child = spawn(process.execPath, [...process.execArgv, process.argv[1]!, 'run', ...argv], {
      stdio: ['inherit', 'inherit', 'pipe', 'ipc'],
      env: { ...process.env, RING3_DUMP_FILE: dumpFile },
    });
    let loading: string | undefined;
    child.on('message', (message) => {
      const progress = message as Progress;
      loading = progress.event === 'loading' ? progress.module : undefined;
    });
    // Its stderr, but for the dump, which is in the file and told in short by us.
    let dumping = false;
    let rest = '';
    child.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
      rest += chunk;
      const lines = rest.split('\n');
      rest = lines.pop()!;
      for (const line of lines) {
        dumping ||= /^ring3Dump=1$/.test(line);
        if (!dumping) process.stderr.write(`${line}\n`);
      }
    });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => child.kill(signal));
    const [status, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (...how) => resolve(how));
    });
    if (!signal) return status ?? 1;
    let dump = '';
    try {
      dump = readFileSync(dumpFile, 'utf8');
    } catch {} // it had no time to write one
    const report = readCrash(dump);
    process.stderr.write(crashText(report, signal, loading));
    if (json)
      process.stdout.write(`${JSON.stringify({ event: 'crash', module: loading, signal, ...report })}\n`);
    return 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
