// SPDX-License-Identifier: MIT
/** What the runner of the C tests under valgrind takes for an error. */
import assert from 'node:assert/strict';
// @ts-expect-error a plain script, without types
import { errorsOf } from '../../scripts/test-valgrind.mjs';

const write = `==71== Thread 2 ring3/0:
==71== Invalid write of size 1
==71==    at 0x109250: main (plant.c:7)
==71==  Address 0x5a000f85 is 5 bytes inside a block of size 100 free'd
==71==    at 0x489384C: mem_watch_free (mem_watch.h:92)
==71==    by 0x109247: main (plant.c:7)
==71==  Block was alloc'd at
==71==    at 0x4894573: mem_watch_alloc (mem_watch.h:81)
==71==    by 0x1091EB: main (plant.c:5)
==71== `;
const jump = `==71== Conditional jump or move depends on uninitialised value(s)
==71==    at 0x10920F: main (plant.c:6)
==71== `;
const death = `==71==
==71== Process terminating with default action of signal 6 (SIGABRT)
==71==    at 0x4FD3EEC: __pthread_kill_implementation (pthread_kill.c:44)
==71==    by 0x4F6F471: abort (abort.c:79)
==71== `;
const crash = `==71==
==71== Process terminating with default action of signal 11 (SIGSEGV)
==71==  Access not within mapped region at address 0x10
==71==    at 0x4F3E1D9: crash_init (fix_crash.c:34)
==71==  If you believe this happened as a result of a stack
==71== `;
const warnings = `==71== Warning: set address range perms: large range [0x59c8b000, 0x85bc8b000) (defined)
--71-- WARNING: unhandled amd64-linux syscall: 441
--71-- You may be able to write your own handler.
`;

describe('errors of a log of memcheck', () => {
  it('are found each once, with where the block was freed', () => {
    const found: string[] = errorsOf(`${write}\n${jump}\n${jump}\n`);
    assert.equal(found.length, 3);
    assert.match(found[0] ?? '', /Invalid write.*plant\.c:7.*free'd.*plant\.c:5/s);
    assert.doesNotMatch(found[0] ?? '', /Conditional/);
    assert.match(found[1] ?? '', /^==71== Conditional[^\n]*\n[^\n]*plant\.c:6\)$/);
  });

  it('are no warnings, and no deaths, which the test is judged by', () => {
    assert.deepEqual(errorsOf(''), []);
    assert.deepEqual(errorsOf(`${warnings}${death}\n${crash}`), []);
    assert.equal(errorsOf(`${warnings}${jump}\n${death}\n`).length, 1);
  });
});
