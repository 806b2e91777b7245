// SPDX-License-Identifier: MIT
/** Runs modules in ring3-run, a process of their own, and reads its log. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type LogLine, readLogLine } from './ktap.js';
import { requireNative, type Sanitizer } from './paths.js';

export interface Load {
  path: string;
  /** "name=value" each. */
  params?: string[];
}

export interface RunOptions {
  san?: Sanitizer;
  /** Virtual CPUs that run events, and those that threads share. */
  cpus?: number;
  others?: number;
  /** CPUs of the machine that it may run on, of those that this process may; all of them otherwise. */
  cores?: number | undefined;
  /** Milliseconds between the last module's init and the first one's exit. */
  stayMs?: number;
  /** Seconds until it is killed. */
  timeout?: number;
  onLine?: (line: LogLine) => void;
  /** A file of ThreadSanitizer's suppressions. */
  suppressions?: string;
  /** Under gdb, with the terminal: nothing is read. */
  gdb?: boolean;
}

export interface RunResult {
  /** What insmod of each module returned: 0 or -errno; a module that was not reached is not in it. */
  loaded: Map<string, number>;
  log: LogLine[];
  /** Lines the ring lost before they were read. */
  lost: number;
  /** How the process ended: "" = well; else "exit status 99", "SIGABRT", "no end after 60 s". */
  ended: string;
  /** What it wrote to stderr: backtraces, reports of sanitizers. */
  stderr: string;
  /** Of shim/diag, when it crashed or was ended while it ran; "" under a sanitizer, which tells by itself. */
  dump: string;
}

const SANITIZER_ENV = {
  ASAN_OPTIONS: 'abort_on_error=0:exitcode=99:detect_stack_use_after_return=0:detect_leaks=0',
  UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
  TSAN_OPTIONS: 'exitcode=99:halt_on_error=1:second_deadlock_stack=1',
};

/** What a dump may take (shim/diag/include/diag.h). */
const DUMP_MS = 3000;

/** CPUs of the machine that this process may run on. */
export function allowedCores(): number[] {
  const list = /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

export function commandOf(loads: Load[], options: RunOptions): string[] {
  const { san = 'none', cpus = 1, others = 2, stayMs = 0, gdb = false } = options;
  const command = [
    join(requireNative(san), 'ring3-run'),
    '--cpus',
    String(cpus),
    '--others',
    String(others),
    '--for',
    String(stayMs),
    '--',
  ];
  for (const { path, params = [] } of loads) command.push(path, ...params);
  if (gdb) command.unshift('gdb', '-q', '-ex', 'set breakpoint pending on', '--args');
  // TSan's shadow wants addresses where it expects them: no randomisation.
  else if (san === 'thread') command.unshift('setarch', '-R');
  if (options.cores) command.unshift('taskset', '-c', allowedCores().slice(0, options.cores).join(','));
  return command;
}

export function run(loads: Load[], options: RunOptions = {}): Promise<RunResult> {
  const [program = '', ...args] = commandOf(loads, options);
  const result: RunResult = { loaded: new Map(), log: [], lost: 0, ended: '', stderr: '', dump: '' };
  const dumps = !options.gdb && (options.san ?? 'none') === 'none';
  const folder = dumps ? mkdtempSync(join(tmpdir(), 'ring3-run-')) : '';
  const suppressed = options.suppressions && {
    TSAN_OPTIONS: `${SANITIZER_ENV.TSAN_OPTIONS}:suppressions=${options.suppressions}`,
  };
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: options.gdb ? 'inherit' : ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        ...SANITIZER_ENV,
        ...suppressed,
        ...(dumps ? { RING3_DUMP_FILE: join(folder, 'dump') } : {}),
      },
    });
    const seconds = options.timeout ?? 120;
    const timer = setTimeout(
      () => {
        result.ended = `no end after ${seconds} s`;
        if (dumps) child.kill('SIGQUIT'); // where it is
        setTimeout(() => child.kill('SIGKILL'), dumps ? DUMP_MS : 0);
      },
      options.gdb ? 2 ** 31 - 1 : seconds * 1000,
    );
    child.on('error', reject);
    child.stderr?.on('data', (part) => {
      result.stderr += part;
    });
    if (child.stdout)
      createInterface({ input: child.stdout }).on('line', (text) => {
        const line = readLogLine(text);
        if (line) {
          result.log.push(line);
          options.onLine?.(line);
        }
        const insmod = /^=insmod (.*) (-?\d+)$/.exec(text);
        if (insmod) result.loaded.set(insmod[1]!, Number(insmod[2]));
        const lost = /^=lost (\d+)$/.exec(text);
        if (lost) result.lost += Number(lost[1]);
      });
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      if (dumps) {
        const file = join(folder, 'dump');
        if (existsSync(file)) result.dump = readFileSync(file, 'utf8');
        rmSync(folder, { recursive: true, force: true });
        result.stderr = result.stderr.split(/^\nring3Dump=1$/m)[0]!;
      }
      if (!result.ended && signal) result.ended = signal;
      else if (!result.ended && status !== 0 && status !== 1) result.ended = `exit status ${status}`;
      resolve(result);
    });
  });
}
