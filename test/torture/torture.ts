// SPDX-License-Identifier: MIT
/**
 * The kernel's own torture of locks and RCU, unmodified:
 * `npm run test:torture -- [--asan|--tsan] [--cores=N] [--cpus=EVENTS+OTHERS]... [--seconds=N] [PATTERN...]`.
 * Each module runs for a few seconds, on few virtual CPUs and on many; what it must say of itself at its end stands
 * here, and the numbers it prints are shown. Skips, with the reason, where the kernel's sources cannot be had.
 */
import { join } from 'node:path';
import { build } from '../../scripts/kernel/build-command.js';
import { type Toolchain, toolchain } from '../../scripts/kernel/compile.js';
import { buildHosted } from '../../scripts/kernel/link.js';
import { packageRoot, requireNative, type Sanitizer } from '../../scripts/kernel/paths.js';
import { type RunResult, run } from '../../scripts/kernel/runner.js';
import { kernelSource, SourceMissing } from '../../scripts/kernel/source.js';
import { type Layout, testOptions } from '../../scripts/kernel/test-options.js';

interface Torture {
  /** Files of the kernel tree, linked to one module named after the first. */
  sources: string[];
  params: string[];
  /** Seconds it runs. */
  seconds: number;
  /** What it says when all is well. */
  wants: RegExp;
  /** Lines with numbers worth showing: the last one is. */
  shows?: RegExp;
  /** What its init returns. */
  rc?: number;
  config?: Record<string, string>;
  /** The kernel itself says "!!!" of what is torture of a broken RCU: it must be found out. */
  broken?: boolean;
  /** What it says of an order of events that it does not foresee and the rules allow: it runs again, twice at most. */
  again?: RegExp;
  /** The sanitizers under which it is not run, each with the reason. */
  not?: Partial<Record<Sanitizer, string>>;
}

const TORTURE = ['kernel/torture.c'];
const QUIET = ['stutter=1', 'shuffle_interval=1', 'stat_interval=1', 'onoff_interval=0', 'verbose=0'];

function lock(type: string): Torture {
  return {
    sources: ['kernel/locking/locktorture.c', ...TORTURE],
    params: [`torture_type=${type}`, 'nwriters_stress=4', 'nreaders_stress=4', ...QUIET],
    seconds: 2,
    wants: /End of test: SUCCESS/,
    shows: /(Writes|Reads): .*/,
  };
}

function rcu(type: string): Torture {
  return {
    sources: ['kernel/rcu/rcutorture.c', ...TORTURE],
    params: [
      `torture_type=${type}`,
      'nreaders=4',
      'nfakewriters=2',
      'n_barrier_cbs=2',
      'fwd_progress=0',
      'test_boost=0',
      ...QUIET,
    ],
    seconds: 3,
    wants: /End of test: SUCCESS/,
    shows: /ver: \d+ .* rta: \d+ rtaf: \d+ rtf: \d+/,
    config: { CONFIG_RCU_TORTURE_TEST: 'm' },
  };
}

function scale(type: string): Torture {
  return {
    sources: ['kernel/rcu/refscale.c', ...TORTURE],
    params: [`scale_type=${type}`, 'nruns=5', 'loops=1000', 'shutdown=0', 'verbose=0'],
    seconds: 2,
    wants: /^Runs\s+Time\(ns\)/,
    shows: /^5\s+([\d.]+)/,
  };
}

/** Grace periods: how long a writer waits for each, with a reader about. */
function gracePeriods(type: string): Torture {
  return {
    sources: ['kernel/rcu/rcuscale.c', ...TORTURE],
    params: [`scale_type=${type}`, 'nreaders=1', 'nwriters=1', 'holdoff=0', 'shutdown=0', 'verbose=0'],
    seconds: 3,
    wants: /-scale: Test complete/,
    shows: /gps: (\d+) batches: \d+$/,
  };
}

/** Its statistics are read without a mark while they are counted, which is all that ThreadSanitizer would see. */
const quietParams = (params: string[], sanitizer: Sanitizer) =>
  sanitizer === 'thread'
    ? params.map((param) => param.replace(/^stat_interval=.*/, 'stat_interval=0'))
    : params;

const tortures: Record<string, Torture> = {
  ...Object.fromEntries(
    [
      'spin_lock',
      'spin_lock_irq',
      'rw_lock',
      'rw_lock_irq',
      'mutex_lock',
      'ww_mutex_lock',
      'rwsem_lock',
      'percpu_rwsem_lock',
    ].map((type) => [`locktorture ${type}`, lock(type)]),
  ),
  'locktorture rw_lock_irq': {
    ...lock('rw_lock_irq'),
    not: { thread: 'its readers all write their flags to one variable, locktorture.c:308' },
  },
  'rcutorture rcu': rcu('rcu'),
  'rcutorture srcu': rcu('srcu'),
  'rcutorture srcud': rcu('srcud'),
  'rcutorture tasks': rcu('tasks'),
  'rcutorture tasks-rude': rcu('tasks-rude'),
  'rcutorture tasks-tracing': rcu('tasks-tracing'),
  'rcutorture busted': {
    ...rcu('busted'),
    wants: /End of test: FAILURE/,
    broken: true,
    not: { thread: 'an RCU without grace periods, so its readers race as they are meant to' },
  },
  // rwsem is not among them: it would sleep with interrupts off, which a debug kernel does not let pass.
  ...Object.fromEntries(
    ['rcu', 'srcu', 'refcnt', 'rwlock', 'lock', 'clock'].map((type) => [`refscale ${type}`, scale(type)]),
  ),
  ...Object.fromEntries(
    ['rcu', 'srcu', 'tasks-tracing'].map((type) => [`rcuscale ${type}`, gracePeriods(type)]),
  ),
  'test-ww_mutex': {
    sources: ['kernel/locking/test-ww_mutex.c'],
    params: [],
    seconds: 0,
    wants: /All ww mutex selftests passed/,
    // Wait-Die: who has backed off meets the older one again that has both mutexes by now and does not run at the
    // moment, and has to back off once more. With more CPUs than cores that is no rare moment.
    again: /cyclic deadlock not resolved, .* = -35$/,
  },
  percpu_test: {
    sources: ['lib/percpu_test.c'],
    params: [],
    seconds: 0,
    wants: /percpu test done/,
    rc: -11,
  },
  atomic64_test: {
    sources: ['lib/atomic64_test.c'],
    params: [],
    seconds: 0,
    wants: /passed for|atomic64_test: loaded/,
  },
};

/** Event CPUs and others: the usual, 64 of them, and one that all threads share. */
const usual: Layout[] = [
  { cpus: 2, others: 2 },
  { cpus: 16, others: 48 },
  { cpus: 1, others: 1 },
];

const { san, cores, patterns, ...options } = testOptions('test:torture', process.argv.slice(2), [
  'cores',
  'cpus',
  'seconds',
]);
const layouts = options.layouts.length ? options.layouts : usual;
const total = { passed: 0, failed: 0, skipped: 0 };

function problemOf(torture: Torture, path: string, result: RunResult): string {
  if (result.ended) return `the process ended with ${result.ended}`;
  const rc = result.loaded.get(path);
  if (rc !== (torture.rc ?? 0)) return `init returned ${rc}, expected ${torture.rc ?? 0}`;
  const warning = result.log.find(({ text }) => /^(WARNING|BUG|kernel BUG) at |!!!/.test(text));
  if (warning && !torture.broken) return warning.text;
  if (!result.log.some(({ text }) => torture.wants.test(text))) return `it never said ${torture.wants}`;
  return '';
}

async function torment(tools: Toolchain, name: string, torture: Torture): Promise<void> {
  const reason = torture.not?.[san];
  if (reason) {
    total.skipped++;
    console.log(`skip - ${name}: ${reason}`);
    return;
  }
  // What must fail is given the time to.
  const asked = torture.broken ? Math.max(options.seconds ?? 0, torture.seconds) : options.seconds;
  const seconds = torture.seconds && (asked ?? torture.seconds);
  const { lib } = await buildHosted(tools);
  const [module] = await build(torture.sources, {
    san,
    config: torture.config ?? {},
    out: join(tools.objects, 'torture'),
    uses: [lib.path],
  });
  for (const layout of torture.seconds ? layouts : layouts.slice(0, 1)) {
    const once = () =>
      run([{ path: lib.path }, { path: module!.path, params: quietParams(torture.params, san) }], {
        ...layout,
        san,
        cores,
        suppressions: join(packageRoot, 'test/torture/tsan.supp'),
        stayMs: seconds * 1000,
        timeout: (30 + seconds) * (san === 'none' ? 1 : 5),
      });
    const where = `${layout.cpus}+${layout.others} CPUs`;
    let result = await once();
    for (let tries = 1; tries < 3; tries++) {
      const unforeseen = result.log.find(({ text }) => torture.again?.test(text));
      if (!unforeseen) break;
      console.log(`# ${name}, ${where}: again, after ${unforeseen.text}`);
      result = await once();
    }
    const problem = problemOf(torture, module!.path, result);
    const shown = result.log.findLast(({ text }) => torture.shows?.test(text))?.text ?? '';
    console.log(
      `${problem ? 'not ok' : 'ok'} - ${name}, ${where}${shown && `: ${torture.shows!.exec(shown)![0]}`}`,
    );
    if (problem) {
      const last = result.log.slice(-8).map(({ text }) => text);
      console.log(`# ${[problem, ...result.stderr.split('\n').slice(0, 30), ...last].join('\n# ')}`);
    }
    total[problem ? 'failed' : 'passed']++;
  }
}

const chosen = Object.entries(tortures).filter(
  ([name]) => !patterns.length || patterns.some((pattern) => name.includes(pattern)),
);
try {
  const source = kernelSource();
  requireNative(san);
  const tools = toolchain(source, { san, config: {} });
  for (const [name, torture] of chosen) await torment(tools, name, torture);
} catch (error) {
  if (!(error instanceof SourceMissing)) throw error;
  console.log(`# skipped: ${error.message.split('\n')[0]}`);
  total.skipped += chosen.length;
}
const under = [san === 'none' ? '' : `the ${san} sanitizer`, cores ? `${cores} cores` : ''].filter(Boolean);
if (under.length) console.log(`Torture under ${under.join(', ')}:`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed ? 1 : 0);
