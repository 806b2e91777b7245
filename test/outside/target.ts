// SPDX-License-Identifier: MIT
/**
 * A ring3 target as a process of its own, for tests and benchmarks that judge it from outside.
 *
 * It listens on a free loopback port and is ended, by its pid, at stop() or at the latest when this process exits.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { DEADLINE_MS } from '../until.js';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The folder of the outside judges (load generator, VM), which may be absent. */
export const shared = process.env.RING3_SHARED ?? join(dirname(root), 'shared');

export interface ReadyEvent {
  event: 'ready';
  iqn: string;
  portals: string[];
  luns: { lun: number; name: string; size: number; readOnly: boolean; provider: string }[];
  pid: number;
}

export interface StartOptions {
  /** More arguments of `ring3 target`. */
  args?: string[];
  env?: NodeJS.ProcessEnv;
  /** A command to put in front, such as ['taskset', '-c', '0,1']. */
  prefix?: string[];
  /** ADDR:PORT to listen on; port 0 = any free one. */
  listen?: string;
  /** Run the compiled program, not the TypeScript sources. */
  compiled?: boolean;
}

function parseLine(line: string): TargetLine {
  try {
    return JSON.parse(line) as TargetLine;
  } catch {
    return { event: 'garbage', line };
  }
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A line of --json. */
export interface TargetLine {
  event: string;
  [field: string]: unknown;
}

/** The command line of `ring3 ARGUMENT...`. */
export const ring3 = (args: string[], compiled = false): string[] => [
  process.execPath,
  ...(compiled ? [join(root, 'dist/scripts/ring3.js')] : ['--import', 'tsx', join(root, 'scripts/ring3.ts')]),
  ...args,
];

export class TargetProcess {
  /** Everything it wrote to stderr so far. */
  stderr = '';

  /** It has ended, and all that it wrote has been read. */
  readonly #closed: Promise<unknown>;

  private constructor(
    readonly child: ChildProcess,
    readonly ready: ReadyEvent,
    /** Every line of stdout so far. */
    readonly events: TargetLine[],
  ) {
    this.#closed = once(child, 'close');
  }

  static async start(disks: string[], options: StartOptions = {}): Promise<TargetProcess> {
    const listen = ['--listen', options.listen ?? '127.0.0.1:0'];
    const args = ['target', ...disks, '--json', ...listen, ...(options.args ?? [])];
    const command = [...(options.prefix ?? []), ...ring3(args, options.compiled)];
    const child = spawn(command[0]!, command.slice(1), {
      cwd: root,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    child.once('exit', () => running.delete(child));
    let stderr = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const lines = createInterface({ input: child.stdout! });
    const events: TargetLine[] = [];
    const ready = await new Promise<ReadyEvent>((resolve, reject) => {
      lines.on('line', (line) => {
        const event = parseLine(line);
        events.push(event);
        if (event.event === 'ready') resolve(event as unknown as ReadyEvent);
      });
      child.once('error', reject);
      child.once('close', (code, signal) =>
        reject(new Error(`the target ended with ${code ?? signal} before it was ready: ${stderr.trim()}`)),
      );
    });
    const target = new TargetProcess(child, ready, events);
    target.stderr = stderr;
    child.stderr!.on('data', (text: string) => {
      target.stderr += text;
    });
    return target;
  }

  get pid(): number {
    return this.ready.pid;
  }

  get iqn(): string {
    return this.ready.iqn;
  }

  /** "ADDR:PORT" of the first portal. */
  get portal(): string {
    return this.ready.portals[0]!;
  }

  /** libiscsi's and qemu's URL of a LUN; @login is "user%secret". */
  url(lun = 0, login = ''): string {
    return `iscsi://${login ? `${login}@` : ''}${this.portal}/${this.iqn}/${lun}`;
  }

  /** The first event of this name with these fields, or fields like these, now or to come; undefined after @timeoutMs. */
  async event(
    name: string,
    fields: Record<string, unknown> = {},
    timeoutMs = DEADLINE_MS,
  ): Promise<TargetLine | undefined> {
    const end = Date.now() + timeoutMs;
    const wanted = Object.entries({ event: name, ...fields });
    const fits = (seen: unknown, expected: unknown) =>
      expected instanceof RegExp ? expected.test(String(seen)) : seen === expected;
    for (;;) {
      const found = this.events.find((event) => wanted.every(([key, value]) => fits(event[key], value)));
      if (found || Date.now() >= end) return found;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  get alive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Sends @signal and waits; returns the exit code, or the signal's name that ended it. */
  async stop(signal: NodeJS.Signals = 'SIGINT', timeoutMs = 2 * DEADLINE_MS): Promise<number | string> {
    if (this.alive) {
      const late = setTimeout(() => this.child.kill('SIGKILL'), timeoutMs);
      process.kill(this.pid, signal);
      await this.#closed;
      clearTimeout(late);
    }
    return this.child.exitCode ?? this.child.signalCode ?? 'unknown';
  }
}

export interface Finished {
  status: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  output: string;
  late: boolean;
}

/** Runs a program to its end, or to @timeoutMs, whatever it says. */
export async function runProgram(
  command: string,
  args: string[],
  {
    timeoutMs = 3 * DEADLINE_MS,
    env = {},
    input,
  }: { timeoutMs?: number; env?: NodeJS.ProcessEnv; input?: Buffer } = {},
): Promise<Finished> {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  const result: Finished = { status: null, signal: null, stdout: '', stderr: '', output: '', late: false };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      result[name] += text;
      result.output += text;
    });
  child.stdin.on('error', () => {}); // a program that ends without reading is no failure of ours
  child.stdin.end(input);
  const timer = setTimeout(() => {
    result.late = true;
    child.kill('SIGKILL');
  }, timeoutMs);
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve());
  }).finally(() => clearTimeout(timer));
  result.status = child.exitCode;
  result.signal = child.signalCode;
  return result;
}

/** The path of an installed program, or undefined. */
export function findProgram(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(':')
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}
