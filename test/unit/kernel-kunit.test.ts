// SPDX-License-Identifier: MIT
/** `ring3 kunit`: suites run, fail, crash and hang; and their logs are read. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { KtapReader, readLogLine } from '../../scripts/kernel/ktap.js';
import { complaint, kunit } from '../../scripts/kernel/kunit-command.js';
import { root } from '../outside/target.js';
import { buildHere, MODULE, onSources, write } from './kernel-sources.js';

describe('ring3 kunit', () => {
  onSources();
  const suite = (cases: Record<string, string>, extra = '') =>
    `#include <kunit/test.h>\n${MODULE(extra)}${Object.entries(cases)
      .map(([name, body]) => `static void ${name}(struct kunit *test)\n{\n${body}\n}\n`)
      .join('')}static struct kunit_case cases[] = { ${Object.keys(cases)
      .map((name) => `KUNIT_CASE(${name}), `)
      .join(
        '',
      )}{ } };\nstatic struct kunit_suite suite = { .name = "own", .test_cases = cases };\nkunit_test_suite(suite);\n`;
  const runSuite = async (text: string, options = {}) => {
    const [module] = await buildHere([write({ 'own_test.c': text })]);
    return kunit(module!.path, { timeout: 60, ...options });
  };
  const good = { passes: 'KUNIT_EXPECT_EQ(test, 1, 1);', skips: 'kunit_skip(test, "no hardware");' };

  it('counts what passes and what skips itself', async () => {
    const result = await runSuite(suite(good));
    assert.equal(complaint(result), '');
    assert.deepEqual(
      result.cases.map(({ name, verdict, notes }) => [name, verdict, notes]),
      [
        ['passes', 'ok', []],
        ['skips', 'skip', ['no hardware']],
      ],
    );
    assert.ok(result.cases.every(({ suite, ms }) => suite === 'own' && ms >= 0));
  });

  it('names the case that fails, and where', async () => {
    const result = await runSuite(
      suite({ ...good, fails: 'KUNIT_EXPECT_EQ(test, 2, 3);', aborts: 'KUNIT_ASSERT_TRUE(test, false);' }),
    );
    assert.match(complaint(result), /2 of 4 cases failed/);
    const [fails] = result.cases.filter(({ name }) => name === 'fails');
    assert.equal(fails!.verdict, 'not ok');
    assert.match(fails!.notes.join('\n'), /fails: EXPECTATION FAILED at .*own_test\.c:\d+/);
  });

  it('says what the module did not free, where RING3_MEM asks for it', async () => {
    process.env.RING3_MEM = 'leaks';
    try {
      let said = '';
      const result = await runSuite(
        suite({ leaks: 'KUNIT_EXPECT_TRUE(test, kmalloc(123, GFP_KERNEL) != NULL);' }),
        {
          onText: (text: string) => {
            said += `${text}\n`;
          },
        },
      );
      assert.equal(complaint(result), '');
      assert.match(
        said,
        /^own_test: still in use: 1 objects, 123 bytes, allocated in leaks at own_test\.c:\d+$/m,
      );
      assert.doesNotMatch(said, /^kunit: still in use/m);
    } finally {
      delete process.env.RING3_MEM;
    }
  });

  it('runs what the filter names', async () => {
    const result = await runSuite(suite(good), { filter: 'o*.pass*' });
    assert.deepEqual(
      result.cases.map(({ name }) => name),
      ['passes'],
    );
    assert.match(complaint(await runSuite(suite(good), { filter: 'other*' })), /no test ran/);
  });

  it('tells where a test crashed, and where one hangs', async () => {
    const crash = await runSuite(suite({ ...good, crashes: '*(volatile int *)16 = 1;' }));
    assert.match(
      complaint(crash),
      /the process ended with SIGSEGV after own\.skips: 0x10: null pointer.*, in crashes at own_test\.c:\d+ \(own_test\.ko\.so\)$/,
    );
    const hang = await runSuite(suite({ hangs: 'for (;;)\n\t\tbarrier();' }), { timeout: 2 });
    assert.match(complaint(hang), /no end after 2 s, in hangs at own_test\.c:\d+ \(own_test\.ko\.so\)$/);
  });

  it('wants a module that was built with the sanitizer it runs under', async () => {
    const [module] = await buildHere([write({ 'own_test.c': suite(good) })]);
    await assert.rejects(
      kunit(module!.path, { san: 'address' }),
      /own_test\.ko\.so was not built with this sanitizer: ring3 build --asan/,
    );
  });

  it('is no success when the module does not load', async () => {
    const bad = 'static int __init bad(void) { return -ENODEV; }\nmodule_init(bad);';
    assert.match(complaint(await runSuite(suite(good, bad))), /insmod failed: -19.*init.*-19/);
    assert.match(complaint(await runSuite(MODULE(''))), /no test ran/);
  });

  it('says so by its exit status', async () => {
    const file = write({ 'own_test.c': suite({ fails: 'KUNIT_FAIL(test, "on purpose");' }) });
    const ring3 = (...args: string[]) =>
      spawnSync('npx', ['tsx', 'scripts/ring3.ts', 'kunit', ...args], { cwd: root, encoding: 'utf8' });
    const done = ring3(file, '--json');
    assert.equal(done.status, 1);
    const { failed, cases } = JSON.parse(done.stdout);
    assert.equal(failed, 1);
    assert.equal(cases[0].name, 'fails');
    assert.equal(ring3('lib/test_bits.c').status, 0);
    assert.equal(ring3('lib/test_bits.c', 'lib/test_sort.c', '--filter', '*sort*').status, 0);
    assert.equal(ring3('gone.ko.so').status, 2);
  });
});

describe('the log of a test', () => {
  const read = (text: string) => {
    const reader = new KtapReader();
    for (const [at, line] of text.split('\n').entries())
      reader.read(readLogLine(`<6>[    1.${String(at).padStart(6, '0')}] ${line}`)!);
    return reader.results;
  };

  it('is read as KTAP, other lines left alone', () => {
    const results = read(
      '    KTAP version 1\n    # Subtest: s\n    1..2\nnoise\n    ok 1 a\n        # param\n    not ok 2 b\nnot ok 1 s',
    );
    assert.deepEqual(
      results.cases.map(({ suite, name, verdict }) => [suite, name, verdict]),
      [
        ['s', 'a', 'ok'],
        ['s', 'b', 'not ok'],
      ],
    );
    assert.deepEqual(results.suites, [{ name: 's', verdict: 'not ok' }]);
    assert.deepEqual(results.cases[1]!.notes, ['# param']);
  });

  it('is not confused by anything else', () => {
    assert.equal(readLogLine('=insmod x 0'), undefined);
    assert.equal(readLogLine('<6>[x] y'), undefined);
    assert.deepEqual(read('ok\nnot ok\nok ok ok\n'), { cases: [], suites: [] });
  });
});
