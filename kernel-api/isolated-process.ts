// SPDX-License-Identifier: MIT
/** A process that may crash while it hosts modules, as who watches over it sees it: its crash dump, and its other output. */
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CrashReport, readCrash } from './crash.js';

/** Where it writes its dump: a folder of its own, until dispose(). */
export class CrashFolder {
  readonly #folder = mkdtempSync(join(tmpdir(), 'ring3-'));
  readonly #file = join(this.#folder, 'dump');

  /** How it is started: in a process group of its own, so that a terminal's Ctrl-C is for us alone, who decide. */
  get spawnOptions(): { detached: true; env: NodeJS.ProcessEnv } {
    return { detached: true, env: { ...process.env, RING3_DUMP_FILE: this.#file } };
  }

  /** What it says of the crash; undefined when it had no time to write one. */
  report(): CrashReport | undefined {
    try {
      return readCrash(readFileSync(this.#file, 'utf8'));
    } catch {
      return undefined;
    }
  }

  dispose(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Its stderr, but for the crash dump, which is in the file. */
export function passStderr(child: ChildProcess): void {
  let dumping = false;
  let rest = '';
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    for (const line of lines) {
      dumping ||= line === 'ring3Dump=1';
      if (!dumping) process.stderr.write(`${line}\n`);
    }
  });
}
