// SPDX-License-Identifier: MIT
/**
 * Runs libiscsi's conformance suite (iscsi-test-cu) on a fresh thin disk, a suite at a time, and tells tests that
 * really ran from those that only printed [SKIPPED]: `npm run test:conformance -- [SUITE...] [--json] [--verbose]`.
 *
 * The disk's URL is given twice: as the second path that the multipath tests want. A suite is one process with a time-out, so a hang costs one suite. The disk is restarted only if the target dies.
 */
import { findProgram, runProgram, TargetProcess } from './target.js';

const SUITE_TIMEOUT_MS = 120_000;

interface Verdict {
  suite: string;
  test: string;
  verdict: 'passed' | 'failed' | 'skipped';
  why: string;
}

/** The "ALL.Suite.Test" lines of --list. */
async function listTests(program: string): Promise<Map<string, string[]>> {
  const { output } = await runProgram(program, ['--list']);
  const suites = new Map<string, string[]>();
  for (const line of output.split('\n')) {
    const match = /^(ALL\.[A-Za-z0-9_]+)\.([A-Za-z0-9_]+)\s*$/.exec(line);
    if (!match) continue;
    suites.set(match[1]!, [...(suites.get(match[1]!) ?? []), match[2]!]);
  }
  return suites;
}

/** CUnit's verbose report: "  Test: NAME ...output... passed|FAILED", blocks in the order of the run. */
export function readReport(suite: string, tests: string[], output: string): Verdict[] {
  const blocks = output.split(/^\s*Test: /m).slice(1);
  const found = new Map(blocks.map((block) => [/^\S+/.exec(block)?.[0] ?? '', block]));
  return tests.map((test) => {
    const block = found.get(test);
    if (block === undefined) return { suite, test, verdict: 'failed', why: 'did not report' };
    const failed = /FAILED/.test(block);
    const skip = /\[SKIPPED\]\s*(.*)/.exec(block);
    if (failed) {
      const why = /\[FAILED\]\s*(.*)/.exec(block)?.[1] ?? block.slice(0, 200).replaceAll('\n', ' ');
      return { suite, test, verdict: 'failed', why };
    }
    if (skip) return { suite, test, verdict: 'skipped', why: skip[1]!.trim() };
    return { suite, test, verdict: /passed/.test(block) ? 'passed' : 'failed', why: '' };
  });
}

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  const wanted = args.filter((arg) => !arg.startsWith('--'));
  const program = findProgram('iscsi-test-cu');
  if (!program) {
    console.log('skipped: iscsi-test-cu is not installed (apt-get install libiscsi-bin)');
    return 0;
  }
  const suites = await listTests(program);
  const verdicts: Verdict[] = [];
  let target = await TargetProcess.start(['ram:256M', 'ram:256M']);
  try {
    for (const [suite, tests] of suites) {
      if (wanted.length && !wanted.some((name) => suite.includes(name))) continue;
      const options = ['--dataloss', '--allow-sanitize', '--test', suite, '--verbose'];
      const done = await runProgram(program, [...options, target.url(0), target.url(0)], {
        timeoutMs: SUITE_TIMEOUT_MS,
      });
      const report = readReport(suite, tests, done.output);
      verdicts.push(...report);
      const count = (verdict: string) => report.filter((entry) => entry.verdict === verdict).length;
      const note = done.late ? '  (timed out)' : target.alive ? '' : '  (THE TARGET DIED)';
      console.log(
        `${suite.padEnd(34)} ${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped${note}`,
      );
      if (args.includes('--verbose')) console.log(done.output);
      if (!target.alive) {
        console.log(target.stderr.slice(-4000));
        target = await TargetProcess.start(['ram:256M', 'ram:256M']);
      }
    }
  } finally {
    await target.stop();
  }
  const ended = (verdict: string) => verdicts.filter((entry) => entry.verdict === verdict);
  for (const entry of ended('failed')) console.log(`failed  ${entry.suite}.${entry.test}: ${entry.why}`);
  for (const entry of ended('skipped')) console.log(`skipped ${entry.suite}.${entry.test}: ${entry.why}`);
  if (args.includes('--json')) console.log(JSON.stringify(verdicts));
  console.log('conformance:');
  console.log(
    `${ended('passed').length} passed, ${ended('failed').length} failed, ${ended('skipped').length} skipped`,
  );
  return ended('failed').length || !verdicts.length ? 1 : 0;
}

if (process.argv[1]?.endsWith('conformance.ts')) process.exitCode = await main();
