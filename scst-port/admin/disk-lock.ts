// SPDX-License-Identifier: MIT
/**
 * A disk belongs to one process: flock(2) on its file, exclusive, or shared where it is served read-only. Two targets
 * that write one file would overwrite each other's blocks, and what initiators cache of it. The kernel lets go when the
 * process ends, however it ends.
 */
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import koffi from 'koffi';
import { DiskError } from './disk.js';

const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;

/** Others hold a lock for a moment, such as udev of a block device that it looks at; so does one who is leaving. */
const TRIES = 10;
const RETRY_MS = 50;

const flock = koffi.load('libc.so.6').func('int flock(int, int)');

export class DiskLocks {
  readonly #fds: number[] = [];

  /** @throws DiskError when another process has it; a file system that cannot lock is no error */
  async take({ path, label, readOnly }: { path: string; label: string; readOnly: boolean }): Promise<void> {
    const fd = openSync(path, 'r');
    this.#fds.push(fd);
    for (let tries = TRIES; flock(fd, (readOnly ? LOCK_SH : LOCK_EX) | LOCK_NB) !== 0; tries--) {
      if (koffi.errno() !== koffi.os.errno.EAGAIN) return;
      if (!tries)
        throw new DiskError(
          `${label} is in use by another process (fuser ${path} tells which); stop that, or serve it read-only in both: ${label},ro`,
        );
      await sleep(RETRY_MS);
    }
  }

  /** May be called twice. */
  release(): void {
    for (const fd of this.#fds.splice(0)) closeSync(fd);
  }
}
