// SPDX-License-Identifier: MIT
/** Waiting in tests: for what shall happen, never for a time. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

/** What has not happened by then does not; a slow and busy machine needs less. */
export const DEADLINE_MS = 30_000;

/**
 * Resolves once @condition holds.
 * @param what that did not happen, for the error; a function is asked at the end
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string | (() => string) = String(condition),
): Promise<void> {
  const end = performance.now() + DEADLINE_MS;
  while (!(await condition())) {
    assert.ok(
      performance.now() < end,
      `not within ${DEADLINE_MS / 1000} s: ${typeof what === 'string' ? what : what()}`,
    );
    await sleep(2);
  }
}
