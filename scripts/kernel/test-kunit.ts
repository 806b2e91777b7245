// SPDX-License-Identifier: MIT
/**
 * The kernel's own tests, unmodified:
 * `npm run test:kunit -- [--asan|--tsan] [--cores=N] [--cpus=EVENTS+OTHERS] [PATTERN...]`. What runs and what it must say
 * is test/kunit/suites.json; beside it stands what a kernel said that was built as a process (UML), where its results are
 * at hand. Skips, with the reason, where the kernel's sources cannot be had.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build-command.js';
import { type Toolchain, toolchain } from './compile.js';
import { dependsOf } from './depends.js';
import { complaint, kunit } from './kunit-command.js';
import { buildHosted } from './link.js';
import { packageRoot, requireNative, type Sanitizer, surveyFolder } from './paths.js';
import { type RunResult, run } from './runner.js';
import { type KernelSource, kernelSource, SourceMissing } from './source.js';
import { type Layout, refuse, testOptions } from './test-options.js';

interface Entry {
  sources: string[];
  /** Modules that are loaded before, a file each. */
  needs?: string[];
  config?: Record<string, string>;
  builtin?: boolean;
  params?: string[];
  /** Why it stands here as it does. */
  why?: string;
  /** Seconds; the sanitizers get five times as many. */
  timeout?: number;
  /** Virtual CPUs that threads share. */
  others?: number;
  /** The sanitizers under which it is not run, each with the reason. */
  not?: Partial<Record<Sanitizer, string>>;
}
interface KunitEntry extends Entry {
  passed: number;
  skipped?: number;
}
interface SelftestEntry extends Entry {
  /** Lines of the log that hold a result: (what), or (name)(what). */
  result?: string;
  /** Names of its results at the oracle. */
  oracle?: string[];
  /** All of them, in their order, where that is known. */
  says?: string[];
  /** What init returns when all is well. */
  rc?: number;
  /** It provokes warnings. */
  warnings?: boolean;
}

const suites: { kunit: KunitEntry[]; selftests: SelftestEntry[] } = JSON.parse(
  readFileSync(join(packageRoot, 'test/kunit/suites.json'), 'utf8'),
);

/** "kind,name,result" -> the results by name. */
function readOracle(): Map<string, string> {
  const file = join(surveyFolder, 'oracle_uml_6.1.csv');
  if (!existsSync(file)) return new Map();
  const lines = readFileSync(file, 'utf8').trim().split(/\r?\n/).slice(1);
  return new Map(
    lines.map((line) => {
      const [, kind, name, quoted, plain] = /^(\w+),([^,]*),(?:"(.*)"|(.*))$/.exec(line) ?? [];
      return [`${kind}:${name}`, quoted ?? plain ?? ''];
    }),
  );
}

interface Outcome {
  passed: number;
  failed: number;
  skipped: number;
  /** How many of them the oracle passed; undefined = it has none of them. */
  oracle: string;
  says: string;
  problem: string;
  ms: number;
}

const oracle = readOracle();

/** Virtual CPUs: what was asked for, or what the entry needs. */
const layoutOf = (entry: Entry): Layout => layouts[0] ?? { cpus: 1, others: entry.others ?? 2 };

async function runKunitEntry(entry: KunitEntry, path: string, san: Sanitizer): Promise<Outcome> {
  const result = await kunit(path, {
    san,
    builtin: entry.builtin ?? false,
    ...layoutOf(entry),
    cores,
    timeout: (entry.timeout ?? 30) * (san === 'none' ? 1 : 5),
  });
  const count = (verdict: string) => result.cases.filter((one) => one.verdict === verdict).length;
  const [passed, failed, skipped] = [count('ok'), count('not ok'), count('skip')];
  let problem = complaint(result);
  if (!problem && (passed !== entry.passed || skipped !== (entry.skipped ?? 0)))
    problem = `expected ${entry.passed} passed and ${entry.skipped ?? 0} skipped`;
  if (problem) problem += `\n${result.run.stderr}`;
  const known = result.cases.map(({ name }) => oracle.get(`kunit_case:${name}`)).filter(Boolean);
  return {
    passed,
    failed: problem && !failed ? 1 : failed,
    skipped,
    oracle: known.length ? `${known.filter((verdict) => verdict === 'ok').length} ok` : '-',
    says: `${passed} ok${skipped ? `, ${skipped} skipped` : ''}`,
    problem,
    ms: result.ms,
  };
}

/** What is wrong with a self-test's run, or "". */
function selftestProblem(entry: SelftestEntry, path: string, result: RunResult, says: string[]): string {
  if (result.ended) return `the process ended with ${result.ended}`;
  const rc = result.loaded.get(path);
  if (rc !== (entry.rc ?? 0)) return `init returned ${rc}, expected ${entry.rc ?? 0}`;
  const warning = result.log.find(({ text }) => /^(WARNING|BUG|kernel BUG) at /.test(text));
  if (warning && !entry.warnings) return warning.text;
  if (entry.result && !says.length) return `no line of the log is ${entry.result}`;
  if (entry.says && says.join('\n') !== entry.says.join('\n'))
    return `the log says ${says.join('; ')}, expected ${entry.says.join('; ')}`;
  return '';
}

async function runSelftest(
  tools: Toolchain,
  entry: SelftestEntry,
  path: string,
  before: string[],
): Promise<Outcome> {
  const { lib } = await buildHosted(tools); // its formatting is wanted by all, also where no symbol is
  const order = [...new Set([lib.path, ...dependsOf(path), ...before])];
  const started = Date.now();
  const needed = order.map((module) => ({ path: module }));
  const result = await run([...needed, { path, params: entry.params ?? [] }], {
    san: tools.san,
    ...layoutOf(entry),
    cores,
    timeout: (entry.timeout ?? 30) * (tools.san === 'none' ? 1 : 5),
  });
  const pattern = new RegExp(entry.result ?? '^$');
  const lines = entry.result
    ? result.log.map(({ text }) => pattern.exec(text)).filter((one) => one !== null)
    : [];
  const says = lines.map((one) => one.slice(1).join(': '));
  let problem = selftestProblem(entry, path, result, says);
  const wanted = (entry.oracle ?? []).map((name) => ({ name, text: oracle.get(`selftest:${name}`) }));
  for (const { name, text } of wanted) {
    const ours = lines.map((one) =>
      one.length > 2 && one[1] === name ? one[2] : one.length === 2 ? one[1] : undefined,
    );
    if (!problem && text !== undefined && !ours.includes(text))
      problem = `the oracle's ${name} says: ${text}`;
  }
  if (problem)
    problem += `\n${result.stderr}\n${result.log
      .slice(-5)
      .map(({ text }) => text)
      .join('\n')}`;
  return {
    passed: problem ? 0 : 1,
    failed: problem ? 1 : 0,
    skipped: 0,
    oracle: wanted.some(({ text }) => text) ? 'the same' : '-',
    says: says.length ? says.join('; ') : `init returned ${entry.rc ?? 0}, no warning`,
    problem,
    ms: Date.now() - started,
  };
}

const total = { passed: 0, failed: 0, skipped: 0 };

interface Built {
  path: string;
  before: string[];
}

async function buildEntry(tools: Toolchain, entry: Entry): Promise<Built> {
  const out = join(tools.objects, entry.builtin ? 'builtin' : 'modules');
  const options = { san: tools.san, config: entry.config ?? {}, builtin: entry.builtin ?? false, out };
  const before: string[] = [];
  for (const source of entry.needs ?? []) before.push((await build([source], options))[0]!.path);
  const [module] = await build(entry.sources, { ...options, uses: before });
  return { path: module!.path, before };
}

/** All that will run, as many at a time as there may be compilers; a test's failure shows when its turn comes. */
const builds = new Map<Entry, Promise<Built>>();

function buildAll(tools: Toolchain, entries: Entry[]): void {
  let last: Promise<unknown>[] = Array.from({ length: tools.jobs }, () => Promise.resolve());
  for (const [at, entry] of entries.entries()) {
    const before = last[at % tools.jobs]!;
    const built = before.then(() => buildEntry(tools, entry));
    const ended = built.catch(() => {});
    last = last.with(at % tools.jobs, ended);
    builds.set(entry, built);
  }
}

async function runEntry(
  tools: Toolchain,
  entry: Entry,
  runIt: (path: string, before: string[]) => Promise<Outcome>,
): Promise<void> {
  const name = entry.sources[0]!;
  const reason = entry.not?.[tools.san];
  if (reason) {
    total.skipped++;
    console.log(`skip ${name.padEnd(32)} ${reason}`);
    return;
  }
  try {
    const { path, before } = await builds.get(entry)!;
    const outcome = await runIt(path, before);
    total.passed += outcome.passed;
    total.failed += outcome.failed;
    total.skipped += outcome.skipped;
    const seconds = (outcome.ms / 1000).toFixed(1).padStart(5);
    const word = outcome.problem ? 'FAIL' : 'ok  ';
    console.log(
      `${word} ${name.padEnd(32)} ${seconds} s  oracle: ${outcome.oracle.padEnd(8)}  ${outcome.says}`,
    );
    if (outcome.problem) console.log(outcome.problem.replace(/^/gm, '     '));
  } catch (error) {
    total.failed++;
    console.log(`FAIL ${name}\n${(error as Error).message.replace(/^/gm, '     ')}`);
  }
}

function finish(): never {
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  process.exit(total.failed ? 1 : 0);
}

function sourceOrSkip(): KernelSource {
  try {
    return kernelSource();
  } catch (error) {
    if (!(error instanceof SourceMissing)) throw error;
    console.log(`skipped: ${error.message}`);
    total.skipped = suites.kunit.length + suites.selftests.length;
    return finish();
  }
}

const { san, cores, layouts, patterns } = testOptions('test:kunit', process.argv.slice(2), ['cores', 'cpus']);
if (layouts.length > 1) refuse('test:kunit', 'one --cpus at a time');
const wanted = (entry: Entry) =>
  !patterns.length || patterns.some((pattern) => entry.sources.some((source) => source.includes(pattern)));

const started = Date.now();
const source = sourceOrSkip();
requireNative(san);
const tools = toolchain(source, { san });
if (!oracle.size) console.log('# the results of a UML kernel are not here: counts stand alone');
console.log(`# KUnit, Linux ${source.version}${san === 'none' ? '' : `, ${san} sanitizer`}`);
await buildHosted(tools);
const chosen = [...suites.kunit, ...suites.selftests].filter((entry) => wanted(entry) && !entry.not?.[san]);
buildAll({ ...tools, jobs: 3 }, chosen);
for (const entry of suites.kunit.filter(wanted))
  await runEntry(tools, entry, (path) => runKunitEntry(entry, path, san));
const kunitTotal = { ...total };
console.log(
  `# KUnit: ${kunitTotal.passed} passed, ${kunitTotal.failed} failed, ${kunitTotal.skipped} skipped (by themselves)`,
);
console.log('# self-tests');
for (const entry of suites.selftests.filter(wanted))
  await runEntry(tools, entry, (path, before) => runSelftest(tools, entry, path, before));
console.log(`# ${((Date.now() - started) / 1000).toFixed(1)} s`);
finish();
