// SPDX-License-Identifier: MIT
/** What makes a read hang: a file that is not in the page cache, to be read into memory that nobody fills. */
import { fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';

/** Parameters of diag_victim.ko.so, by the addon in @folder. Ends the process with 77 where that is not permitted. */
export function hungIo(folder) {
  const { bottomless } = createRequire(import.meta.url)(join(folder, 'diag_victim_node.node'));
  const buf = bottomless(4096);
  if (!buf) process.exit(77);
  const temporary = mkdtempSync(join(tmpdir(), 'ring3-hung-'));
  const fd = openSync(join(temporary, 'file'), 'w+');
  rmSync(temporary, { recursive: true });
  writeSync(fd, Buffer.alloc(4096));
  fsyncSync(fd);
  const POSIX_FADV_DONTNEED = 4;
  koffi.load('libc.so.6').func('int posix_fadvise(int, int64_t, int64_t, int)')(
    fd,
    0,
    0,
    POSIX_FADV_DONTNEED,
  );
  return { file: `/proc/self/fd/${fd}`, buf };
}
