// SPDX-License-Identifier: MIT
/**
 * Hostile initiators against the target, under the address sanitizer:
 * `npm run fuzz:iscsi -- [SECONDS [SEED]]` (30 s, a seed of the clock), once with enough memory and once with
 * allocations that fail. Prints the seed and what was sent; the
 * same seed sends the same PDUs, though not at the same moments. Exit code 1 when anything was found.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { build, outputFolder } from './build.mjs';

const [seconds = '30', seed] = process.argv.slice(2);
if (!/^\d+$/.test(seconds) || (seed !== undefined && !/^\d+$/.test(seed))) {
  console.error('usage: npm run fuzz:iscsi -- [SECONDS [SEED]]');
  process.exit(2);
}
build({ san: 'address', quiet: true });
const binary = join(outputFolder({ san: 'address' }), 'scst-test');
const done = spawnSync(binary, ['--timeout', String(Number(seconds) + 60), 'iscsi_fuzz'], {
  stdio: 'inherit',
  env: {
    ...process.env,
    ASAN_OPTIONS: 'abort_on_error=0:exitcode=99:detect_stack_use_after_return=0',
    UBSAN_OPTIONS: 'print_stacktrace=1',
    RING3_FUZZ_SECONDS: seconds,
    ...(seed === undefined ? {} : { RING3_FUZZ_SEED: seed }),
  },
});
process.exit(done.status ?? 1);
