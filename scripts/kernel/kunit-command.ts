// SPDX-License-Identifier: MIT
/** `ring3 kunit`: runs the KUnit suites of modules, each module in a process of its own. */
import { existsSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { placeIn, placeOf, readCrash } from '../../kernel-api/crash.js';
import { type Command, helpOf, readArguments, UsageError } from '../options.js';
import { build, definesOf, sanitizerOf, withDefines } from './build-command.js';
import { toolchain } from './compile.js';
import { dependsOf } from './depends.js';
import { KtapReader, type Results } from './ktap.js';
import { buildHosted } from './link.js';
import type { Sanitizer } from './paths.js';
import { type Load, type RunResult, run } from './runner.js';
import { kernelSource } from './source.js';
import { symbolsOf } from './symbols.js';

type Names =
  | 'builtin'
  | 'filter'
  | 'json'
  | 'times'
  | 'define'
  | 'asan'
  | 'tsan'
  | 'gdb'
  | 'cpus'
  | 'timeout'
  | 'help';

const command: Command<Names> = {
  name: 'ring3 kunit',
  operands: 'MODULE.ko.so|FILE.c...',
  about:
    'Runs the KUnit tests of modules and prints KTAP. A C file, or one of the kernel tree, is built first. The\nexit status is 0 when there was a test and none failed.',
  options: [
    { name: 'filter', value: 'GLOB', help: "suites, or suite.case: --filter 'list*.*del*'" },
    { name: 'json', help: 'one JSON document instead of KTAP' },
    { name: 'times', help: 'each case with its time' },
    { name: 'define', value: 'CONFIG_X=y', repeatable: true, help: 'for files that are built' },
    { name: 'builtin', help: 'the module was built with --builtin; files are built so' },
    { name: 'asan', help: 'AddressSanitizer and UndefinedBehaviorSanitizer; files are built with them' },
    { name: 'tsan', help: 'ThreadSanitizer; likewise' },
    { name: 'gdb', help: 'under gdb, before the first module is loaded' },
    { name: 'cpus', value: 'N', help: 'virtual CPUs that threads share (2)' },
    { name: 'timeout', value: 'SECONDS', help: 'for one module (120)' },
    { name: 'help', help: 'this text' },
  ],
  example: "ring3 kunit lib/list-test.c --filter 'list*'",
};

export interface KunitOptions {
  san?: Sanitizer;
  filter?: string;
  /** It was built with --builtin: it brings KUnit along. */
  builtin?: boolean;
  /** Virtual CPUs that run events (1), and those that threads share (2). */
  cpus?: number;
  others?: number;
  /** CPUs of the machine. */
  cores?: number | undefined;
  timeout?: number;
  gdb?: boolean;
  onText?: (text: string) => void;
}

export interface KunitResult extends Results {
  path: string;
  run: RunResult;
  ms: number;
}

/** Runs the suites of one module that is already built. */
export async function kunit(path: string, options: KunitOptions = {}): Promise<KunitResult> {
  const san = options.san ?? 'none';
  const needed = dependsOf(path);
  const sign = { none: /^__[at]san_init$/, address: /^__asan_init$/, thread: /^__tsan_init$/ }[san];
  if (symbolsOf(path, '-D', '-u').some((name) => sign.test(name)) !== (san !== 'none'))
    throw new UsageError(
      san === 'none'
        ? `${path} was built with a sanitizer: run it with --asan or --tsan`
        : `${path} was not built with this sanitizer: ring3 build --${san === 'address' ? 'asan' : 'tsan'}, or give its FILE.c`,
    );
  const params = options.filter ? [`filter_glob=${options.filter}`] : [];
  let order = [...needed, path];
  if (!options.builtin && !needed.some((one) => basename(one) === 'kunit.ko.so')) {
    const { lib, kunit: runtime } = await buildHosted(toolchain(kernelSource(), { san }));
    order = [...new Set([...dependsOf(runtime.path), lib.path, runtime.path, ...order])];
  }
  const takesFilter = (one: string) => (options.builtin ? one === path : basename(one) === 'kunit.ko.so');
  const loads: Load[] = order.map((one) => ({ path: one, params: takesFilter(one) ? params : [] }));
  const reader = new KtapReader();
  const started = Date.now();
  const result = await run(loads, {
    san,
    cpus: options.cpus ?? 1,
    others: options.others ?? 2,
    cores: options.cores,
    timeout: options.timeout ?? 120,
    gdb: options.gdb ?? false,
    onLine: (line) => {
      const ktap = reader.read(line);
      if (ktap || line.level <= 4) options.onText?.(line.text);
    },
  });
  return { ...reader.results, path, run: result, ms: Date.now() - started };
}

/** Why a run is no success, or "". */
export function complaint({ path, run: { loaded, ended, lost, log, dump }, cases }: KunitResult): string {
  if (ended) {
    const last = cases.at(-1);
    const crash = readCrash(dump);
    const where = crash?.where ?? placeIn(dump, basename(path));
    return [
      `${path}: the process ended with ${ended}${last ? ` after ${last.suite}.${last.name}` : ''}`,
      ...(crash?.what ? [`: ${crash.what}`] : []),
      ...(where ? [`, in ${placeOf(where)}`] : []),
    ].join('');
  }
  for (const [module, rc] of loaded)
    if (rc !== 0) {
      const why = log.filter(({ level }) => level <= 3).at(-1)?.text;
      return `${module}: insmod failed: ${rc}${why ? `: ${why}` : ''}`;
    }
  if (lost) return `${path}: ${lost} lines of the log were lost`;
  if (!cases.length) return `${path}: no test ran: it has no suite, or the filter names none of them`;
  const failed = cases.filter(({ verdict }) => verdict === 'not ok').length;
  return failed ? `${path}: ${failed} of ${cases.length} cases failed` : '';
}

/** It ran to its end, and had no test. */
const isSilent = ({ run: { loaded, ended }, cases }: KunitResult): boolean =>
  !ended && !cases.length && [...loaded.values()].every((rc) => rc === 0);

export async function runKunit(argv: string[]): Promise<number> {
  const args = readArguments(command, withDefines(argv));
  if (args.has('help')) {
    process.stdout.write(helpOf(command));
    return 0;
  }
  if (!args.operands.length) throw new UsageError('which module? give its MODULE.ko.so, or FILE.c');
  const san = sanitizerOf(args.has('asan'), args.has('tsan'));
  const json = args.has('json');
  const builtin = args.has('builtin');
  const config = definesOf(args.values('define'));
  const others = args.wholeNumber('cpus', 1, 256) ?? 2;
  const timeout = args.wholeNumber('timeout', 1, 86_400) ?? 120;
  const filter = args.value('filter');
  const results: KunitResult[] = [];
  for (const operand of args.operands) {
    let path = resolve(operand);
    if (operand.endsWith('.c')) {
      const { objects } = toolchain(kernelSource(), { san, config });
      const [built] = await build([operand], { san, config, out: `${objects}/modules`, builtin });
      path = built!.path;
    } else if (!operand.endsWith('.so')) {
      throw new UsageError(`${operand} is no module and no C file; expected MODULE.ko.so or FILE.c`);
    } else if (!existsSync(path)) {
      throw new UsageError(`${operand}: there is no such file in ${dirname(path)}`);
    }
    results.push(
      await kunit(path, {
        san,
        builtin,
        ...(filter === undefined ? {} : { filter }),
        others,
        timeout,
        gdb: args.has('gdb'),
        onText: (text) => json || process.stdout.write(`${text}\n`),
      }),
    );
  }
  if (args.has('gdb')) return 0; // its user has seen what there was
  // Of several modules, one that the filter leaves nothing of is no failure.
  const silent = (result: KunitResult) => filter !== undefined && isSilent(result);
  const told = results.some((result) => !silent(result)) ? results.filter((one) => !silent(one)) : results;
  const complaints = told.map(complaint).filter(Boolean);
  const cases = results.flatMap((result) => result.cases);
  const count = (verdict: string) => cases.filter((one) => one.verdict === verdict).length;
  const ms = results.reduce((sum, result) => sum + result.ms, 0);
  if (json) {
    const counts = { passed: count('ok'), failed: count('not ok'), skipped: count('skip') };
    process.stdout.write(`${JSON.stringify({ ...counts, ms, complaints, cases }, null, 2)}\n`);
  } else {
    if (args.has('times'))
      for (const one of cases) process.stdout.write(`# ${one.ms.toFixed(3)} ms ${one.suite}.${one.name}\n`);
    process.stdout.write(
      `# ${count('ok')} passed, ${count('not ok')} failed, ${count('skip')} skipped in ${(ms / 1000).toFixed(2)} s\n`,
    );
  }
  for (const result of told) if (complaint(result)) process.stderr.write(result.run.stderr);
  for (const text of complaints) process.stderr.write(`ring3 kunit: ${text}\n`);
  return complaints.length ? 1 : 0;
}
