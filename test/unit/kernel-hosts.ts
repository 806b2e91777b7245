// SPDX-License-Identifier: MIT
/** Module hosts and commands to them, in a folder for sockets of their own. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Finished, ring3, runProgram } from '../outside/target.js';
import { until } from '../until.js';

/** Where the hosts of this describe() have their sockets: onHosts(). */
export let folder: string;
export const env = () => ({ XDG_RUNTIME_DIR: folder });

/** The folder for the tests of a describe(); no host outlives its test. */
export function onHosts(): void {
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'ring3-commands-'));
  });
  afterEach(async () => {
    for (const host of hosts) await host.end('SIGKILL');
  });
  after(() => rmSync(folder, { recursive: true }));
}

/** Runs one command to its end. */
export async function command(...args: string[]): Promise<Finished> {
  const [program, ...rest] = ring3(args);
  return runProgram(program!, rest, { env: env() });
}

export interface Running {
  stdout: string;
  stderr: string;
  /** Exit status and signal. */
  ended: Promise<unknown[]>;
  child: ChildProcess;
}

/** A command that goes on; what it says is gathered. */
export function spawnCommand(args: string[], options: { detached?: boolean } = {}): Running {
  const [program, ...rest] = ring3(args);
  const child = spawn(program!, rest, {
    env: { ...process.env, ...env() },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  });
  const running: Running = { stdout: '', stderr: '', ended: once(child, 'close'), child };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    running.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    running.stderr += text;
  });
  return running;
}

export class Host {
  private constructor(private readonly running: Running) {}

  /** `ring3 run ARGUMENT...`, ready. */
  static async start(...args: string[]): Promise<Host> {
    const host = new Host(spawnCommand(['run', '--cpus', '1', ...args]));
    hosts.add(host);
    await host.until(() => /^ring3 run {3}host|"event":"ready"/m.test(host.stdout));
    return host;
  }

  get child(): ChildProcess {
    return this.running.child;
  }

  get stdout(): string {
    return this.running.stdout;
  }

  get stderr(): string {
    return this.running.stderr;
  }

  async until(ready: () => boolean): Promise<void> {
    const said = () => `${this.stdout}\n${this.stderr}`;
    await until(() => {
      if (!ready() && this.child.exitCode !== null) assert.fail(said());
      return ready();
    }, said);
  }

  get socket(): string {
    return join(
      folder,
      'ring3',
      readdirSync(join(folder, 'ring3')).find((name) => name.includes(`-${this.child.pid}.`))!,
    );
  }

  /** Its exit status. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    hosts.delete(this);
    if (this.child.exitCode === null && this.child.signalCode === null) {
      // what outlives one that was killed, which no test may leave, would hold its pipes
      const ended = signal === 'SIGKILL' ? once(this.child, 'exit') : this.running.ended;
      this.child.kill(signal);
      await ended;
    }
    return this.child.exitCode;
  }
}
const hosts = new Set<Host>();
