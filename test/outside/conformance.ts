// SPDX-License-Identifier: MIT
/**
 * libiscsi's conformance suite (iscsi-test-cu), a suite at a time on one target with several disks:
 *
 *   npm run test:conformance -- [SUITE...] [--json] [--verbose]
 *
 * A test that only prints [SKIPPED] did not run. What was skipped because of the kind of disk (not removable, not
 * read-only, ...) is run again on a disk of that kind. Each suite is a process with a time-out, so a hang costs one
 * suite; a target that dies is started again and counts as a failure.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram, runProgram, TargetProcess } from './target.js';

const SUITE_TIMEOUT_MS = 180_000;

export interface Verdict {
  suite: string;
  test: string;
  verdict: 'passed' | 'failed' | 'skipped';
  why: string;
}

/** The disks, by LUN, and the reasons for skipping a test on LUN 0 that the disk takes away. */
const DISKS: readonly { what: string; spec: (folder: string) => string; mends?: RegExp }[] = [
  { what: 'memory, thin', spec: () => 'ram:256M' },
  {
    what: 'file, physical blocks of 4096',
    spec: (folder) => `${join(folder, 'disk.img')},size=256M`,
    mends: /LBPPB < 2/,
  },
  { what: 'removable', spec: () => 'ram:64M,removable', mends: /not removable/ },
  { what: 'read-only', spec: () => 'ram:64M,ro', mends: /not write-protected/ },
  // All of it is what one WRITE SAME may write.
  { what: 'WRITE SAME of no blocks', spec: () => 'ram:16M,wsnz=0', mends: /does not support 0-blocks/ },
  { what: 'slow to sanitize', spec: () => 'ram:64M,sanitize-rate=5M' },
];

/** Sanitize.Reset wants to find an overwrite still going on some seconds after it began. */
const SLOW_SANITIZE = { name: 'ALL.Sanitize.Reset', lun: DISKS.length - 1 };

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

/**
 * CUnit's verbose report: "  Test: NAME ...output...passed", or "FAILED" and a numbered list of what was not so, at the
 * start of a line or right behind "...". A "[FAILED]" in the output is a step's remark: some are tried on the way to a pass.
 */
export function readReport(suite: string, tests: string[], output: string): Verdict[] {
  const blocks = output.split(/^\s*Test: /m).slice(1);
  const found = new Map(blocks.map((block) => [/^\S+/.exec(block)?.[0] ?? '', block]));
  return tests.map((test) => {
    const block = found.get(test);
    if (block === undefined) return { suite, test, verdict: 'failed', why: 'did not report' };
    const end = [...block.matchAll(/(?:^|\.\.\.)(passed|FAILED)\b/gm)].at(-1)?.[1];
    const skip = /\[SKIPPED\]\s*(.*)/.exec(block);
    if (end === 'passed' && skip) return { suite, test, verdict: 'skipped', why: skip[1]!.trim() };
    if (end === 'passed') return { suite, test, verdict: 'passed', why: '' };
    const why = /\[FAILED\]\s*(.*)/.exec(block)?.[1] ?? block.slice(0, 200).replaceAll('\n', ' ');
    return { suite, test, verdict: 'failed', why: end ? why : `did not end: ${why}` };
  });
}

class Conformance {
  readonly verdicts: Verdict[] = [];
  private target: TargetProcess | undefined;

  constructor(
    private readonly program: string,
    private readonly folder: string,
    private readonly verbose: boolean,
  ) {}

  private async url(lun: number): Promise<string> {
    if (!this.target?.alive)
      this.target = await TargetProcess.start(DISKS.map((disk) => disk.spec(this.folder)));
    return this.target.url(lun);
  }

  async stop(): Promise<void> {
    await this.target?.stop();
  }

  /** @name is a suite's or a test's; @tests are those it holds. */
  private async runOn(lun: number, name: string, suite: string, tests: string[]): Promise<Verdict[]> {
    const url = await this.url(lun);
    const options = ['--dataloss', '--allow-sanitize', '--test', name, '--verbose'];
    // A second path would see unit attentions of what the first one changed: only for the tests that are about it.
    const paths = suite === 'ALL.MultipathIO' ? [url, url] : [url];
    const done = await runProgram(this.program, [...options, ...paths], { timeoutMs: SUITE_TIMEOUT_MS });
    if (this.verbose) console.log(done.output);
    const report = readReport(suite, tests, done.output);
    if (done.late) console.log(`  (${name} timed out)`);
    if (!this.target!.alive) {
      console.log(`  (THE TARGET DIED)\n${this.target!.stderr.slice(-4000)}`);
      report[0] = { ...report[0]!, verdict: 'failed', why: 'the target died' };
    }
    return report;
  }

  async suite(suite: string, tests: string[]): Promise<void> {
    const start = Date.now();
    const slow = tests.filter((test) => `${suite}.${test}` === SLOW_SANITIZE.name);
    const report = slow.length
      ? await this.each(
          0,
          suite,
          tests.filter((test) => !slow.includes(test)),
        )
      : await this.runOn(0, suite, suite, tests);
    report.push(...(await this.each(SLOW_SANITIZE.lun, suite, slow)));
    for (const [lun, disk] of DISKS.entries())
      for (const [i, entry] of report.entries())
        if (entry.verdict === 'skipped' && disk.mends?.test(entry.why))
          report[i] = (await this.each(lun, suite, [entry.test]))[0]!;
    this.verdicts.push(...report);
    const count = (verdict: string) => report.filter((entry) => entry.verdict === verdict).length;
    const counts = `${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`;
    console.log(`${suite.padEnd(34)} ${counts}  (${((Date.now() - start) / 1000).toFixed(1)} s)`);
  }

  private async each(lun: number, suite: string, tests: string[]): Promise<Verdict[]> {
    const report: Verdict[] = [];
    for (const test of tests) report.push(...(await this.runOn(lun, `${suite}.${test}`, suite, [test])));
    return report;
  }
}

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  const wanted = args.filter((arg) => !arg.startsWith('--'));
  const program = findProgram('iscsi-test-cu');
  if (!program) {
    console.log('skipped: iscsi-test-cu is not installed (apt-get install libiscsi-bin)');
    return 0;
  }
  const folder = mkdtempSync(join(tmpdir(), 'ring3-conformance-'));
  const run = new Conformance(program, folder, args.includes('--verbose'));
  try {
    for (const [suite, tests] of await listTests(program))
      if (!wanted.length || wanted.some((name) => suite.includes(name))) await run.suite(suite, tests);
  } finally {
    await run.stop();
    rmSync(folder, { recursive: true });
  }
  const ended = (verdict: string) => run.verdicts.filter((entry) => entry.verdict === verdict);
  for (const verdict of ['failed', 'skipped'])
    for (const entry of ended(verdict))
      console.log(`${verdict.padEnd(7)} ${entry.suite}.${entry.test}: ${entry.why}`);
  if (args.includes('--json')) console.log(JSON.stringify(run.verdicts));
  console.log('conformance:');
  console.log(
    `${ended('passed').length} passed, ${ended('failed').length} failed, ${ended('skipped').length} skipped`,
  );
  return ended('failed').length || !run.verdicts.length ? 1 : 0;
}

if (process.argv[1]?.endsWith('conformance.ts')) process.exitCode = await main();
