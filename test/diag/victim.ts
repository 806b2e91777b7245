// SPDX-License-Identifier: MIT
/** Victims as processes of their own, and the ring3 command. All of them end with this process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../outside/target.js';

export const addon = join(process.env.RING3_BUILD ?? join(root, 'build/Release'), 'ring3_node.node');
export const victims = join(root, 'test/diag/victims');

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export interface Victim {
  pid: number;
  child: ChildProcess;
  output(): string;
  stderr(): string;
  /** Resolves when stdout or stderr matches. */
  until(pattern: RegExp): Promise<void>;
  /** Its exit status and signal, once it has ended and all that it wrote was read. */
  closed: Promise<[code: number | null, signal: NodeJS.Signals | null]>;
  end(): Promise<void>;
}

/** Starts a program and waits for "ready" on its stdout. */
export async function start(
  command: string,
  args: string[],
  { env = {}, ready = /ready/ }: { env?: NodeJS.ProcessEnv; ready?: RegExp } = {},
): Promise<Victim> {
  // A Node that collects coverage keeps no lines that we can see; victims are measured as users run them.
  const child = spawn(command, args, {
    env: { ...process.env, NODE_V8_COVERAGE: undefined, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  let output = '';
  let stderr = '';
  child.stdout!.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  child.stderr!.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const victim: Victim = {
    pid: child.pid!,
    child,
    output: () => output,
    stderr: () => stderr,
    until: async (pattern) => {
      while (!pattern.test(output) && !pattern.test(stderr)) {
        if (child.exitCode !== null || child.signalCode !== null) {
          await victim.closed; // what it said last may still be on its way
          if (pattern.test(output) || pattern.test(stderr)) return;
          throw new Error(
            `ended (${child.exitCode ?? child.signalCode}) before ${pattern}: ${output}${stderr}`,
          );
        }
        await new Promise((done) => setTimeout(done, 20));
      }
    },
    closed: once(child, 'close') as Victim['closed'],
    end: async () => {
      child.kill('SIGKILL');
      await victim.closed;
    },
  };
  await victim.until(ready);
  return victim;
}

/** A JavaScript victim with the addon in it, in @state. */
export const stuck = (state: string, ...args: string[]) =>
  start(process.execPath, [join(victims, 'stuck.mjs'), state, ...args], { env: { RING3_ADDON: addon } });

/** Runs `ring3 ARGS`. */
export async function ring3(
  args: string[],
  { as, env = {} }: { as?: number; env?: NodeJS.ProcessEnv } = {},
): Promise<{ status: number | null; stdout: string; stderr: string; ms: number }> {
  const from = performance.now();
  const child = spawn(process.execPath, ['--import', 'tsx', join(root, 'scripts/ring3.ts'), ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(as === undefined ? {} : { uid: as, gid: as }),
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const [status] = await once(child, 'close');
  return { status, stdout, stderr, ms: performance.now() - from };
}

/** The line of @file, from 1, that holds @text first. */
export function lineOf(file: string, text: string): number {
  const lines = readFileSync(file, 'utf8').split('\n');
  const index = lines.findIndex((line) => line.includes(text));
  if (index < 0) throw new Error(`${file} has no line with ${text}`);
  return index + 1;
}
