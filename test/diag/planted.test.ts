// SPDX-License-Identifier: MIT
/** Planted bugs of the known kinds: which are found, and by what. Prints the table. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../outside/target.js';

/** [what was planted, what finds it, the test in C that plants it and wants it named by function and line] */
const PLANTED: [bug: string, found: string, test: string][] = [
  ['two mutexes, two orders, deadlocked', 'dump: deadlocks', 'module_abba_is_spelled_out'],
  ['the same with rw_semaphores', 'dump: deadlocks', 'module_abba_of_semaphores_is_spelled_out'],
  ['the same with pthread mutexes', 'dump: deadlocks', 'spells_out_a_deadlock_of_two_pthread_mutexes'],
  ['two orders that did not meet yet', 'order check', 'module_lock_order_reversed'],
  ['a spinlock taken in softirq and outside', 'order check', 'module_lock_in_softirq_and_outside'],
  ['unlock missed on an error path', 'order check', 'module_unlock_missed_on_an_error_path'],
  ['a lock held over sleep', 'crash dump (BUG)', 'module_lock_held_over_sleep'],
  ['a lock held too long', 'watchdog', 'module_lock_held_too_long'],
  ['a work that holds up the next', 'dump: workqueues', 'module_work_that_holds_up_the_next'],
  ['a lost wake-up', 'watchdog', 'module_lost_wakeup_is_a_hung_kthread'],
  ['an endless softirq', 'watchdog', 'module_endless_softirq_stalls_its_event_task'],
  ['a callback that takes too long', 'watchdog', 'a_callback_over_its_budget_is_named'],
  ['waiting for what nobody wakes', 'dump: waitQueues', 'module_wait_queues_with_their_waiters'],
  ['I/O that never ends', 'watchdog', 'io_that_hangs_is_told'],
  ['a leak at one call site', 'dump: memory sites', 'module_leak_by_call_site'],
  ['use after free', 'crash dump', 'module_use_after_free'],
  ['a timer freed while armed', 'order check', 'module_timer_freed_while_armed'],
  ['a null pointer', 'crash dump', 'module_null_pointer'],
  ['a stack overflow', 'crash dump', 'module_stack_overflow'],
  ['BUG()', 'crash dump', 'module_bug'],
];

describe('planted bugs', () => {
  it('are found and named', () => {
    const binary = join(process.env.RING3_BUILD ?? join(root, 'build/Release'), 'diag-test');
    const rows = PLANTED.map(([bug, found, test]) => {
      const done = spawnSync(binary, [test], { encoding: 'utf8' });
      const verdict = /^1 passed, 0 failed, 0 skipped$/m.test(done.stdout)
        ? 'found'
        : /^0 passed, 0 failed, 1 skipped$/m.test(done.stdout)
          ? 'skipped here'
          : 'MISSED';
      return [bug, found, verdict] as const;
    });
    const width = (column: 0 | 1) => Math.max(...rows.map((row) => row[column].length));
    for (const [bug, found, verdict] of rows)
      console.log(`      ${bug.padEnd(width(0))}  ${found.padEnd(width(1))}  ${verdict}`);
    assert.deepEqual(
      rows.filter(([, , verdict]) => verdict === 'MISSED'),
      [],
    );
  });
});
