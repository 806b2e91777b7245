// SPDX-License-Identifier: MIT
/** Modules loaded, called and unloaded from TypeScript; misuse answered with errors. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { callAsync, Kernel, type Module } from '../../kernel-api/index.js';
import { failsWith, fixture, runWorker, workersEnded } from './kernel-fixture.js';

describe('module host', () => {
  let kernel: Kernel;
  let folder: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ring3-host-'));
    kernel = await Kernel.start({ cpus: 1 });
    kernel.consoleLogLevel = -1;
  });
  afterEach(async () => {
    for (const { name } of kernel.lsmod().reverse()) await kernel.rmmod(name);
  });
  after(async () => {
    await workersEnded();
    await kernel.stop();
    rmSync(folder, { recursive: true });
  });

  it('starts once per process', async () => {
    await assert.rejects(Kernel.start(), failsWith('EBUSY', /runs in this process already/));
    assert.equal(Kernel.running, true);
    assert.equal(Kernel.attach().cpus, 1);
    for (const cpus of [-1, 1.5, 1000, Number.NaN, '2' as unknown as number])
      await assert.rejects(Kernel.start({ cpus }), TypeError);
  });

  it('refuses options that do not exist, here and in a process of its own', async () => {
    const wrong: [unknown, RegExp][] = [
      [{ cpu: 2 }, /^Kernel\.start\(\): there is no option "cpu"; there are cpus, otherCpus, .*isolate$/],
      [{ cpu: 2, isolate: true }, /there is no option "cpu"/],
      [{ [`a\n${'x'.repeat(100)}`]: 1 }, /no option "a\\nx{58}"; there are/],
      [{ moduleFolders: 'build' }, /moduleFolders is string, should be an array such as \['build'\]/],
      [2, /options are number, should be an object/],
      [null, /options are null, should be an object/],
      [[], /options are an array, should be an object/],
    ];
    for (const [options, message] of wrong)
      await assert.rejects(Kernel.start(options as { cpus: number }), { name: 'TypeError', message });
  });

  describe('insmod and rmmod', () => {
    it('loads, lists, unloads', async () => {
      const demo = await kernel.insmod(fixture('demo'), { size: 64, fast: true, list: [1, 2] });
      const [info, ...more] = kernel.lsmod();
      assert.equal(more.length, 0);
      assert.deepEqual(
        { ...info, size: 0 },
        {
          name: 'fix_demo',
          size: 0,
          references: 0,
          usedBy: [],
          id: demo.id,
          path: fixture('demo'),
        },
      );
      assert.ok(info!.size > 1000 && info!.size < 1 << 20, String(info!.size));
      assert.equal(demo.loaded, true);
      await kernel.rmmod(demo);
      assert.equal(demo.loaded, false);
      assert.deepEqual(kernel.lsmod(), []);
    });

    it('refuses a second rmmod, of the object and of the name', async () => {
      const demo = await kernel.insmod(fixture('demo'));
      await kernel.rmmod(demo);
      await assert.rejects(kernel.rmmod(demo), failsWith('ENOENT', /was unloaded before/));
      await assert.rejects(kernel.rmmod('fix_demo'), failsWith('ENOENT', /fix_demo: is not loaded/));
      // The next one of this name is another module.
      const again = await kernel.insmod(fixture('demo'));
      assert.notEqual(again.id, demo.id);
      await assert.rejects(kernel.rmmod(demo), failsWith('ENOENT', /was unloaded before/));
      assert.equal(again.loaded, true);
    });

    it('lets one of two rmmods at once win', async () => {
      const demo = await kernel.insmod(fixture('demo'));
      const results = await Promise.allSettled([kernel.rmmod(demo), kernel.rmmod(demo), kernel.rmmod(demo)]);
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
    });

    it('lets one of two insmods at once win', async () => {
      const results = await Promise.allSettled([1, 2, 3].map(() => kernel.insmod(fixture('demo'))));
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
      for (const result of results)
        if (result.status === 'rejected') failsWith('EEXIST', /of this name already/)(result.reason);
    });

    it('gives fresh data to each life of a module', async () => {
      for (let i = 0; i < 3; i++) {
        const demo = await kernel.insmod(fixture('demo'));
        const calls = demo.symbol('long demo_calls(void)');
        assert.deepEqual([calls(), calls()], [1, 2]);
        await kernel.rmmod(demo);
      }
    });

    it('takes names with spaces in the path, and relative ones', async () => {
      const path = join(folder, 'a b-c.ko.so');
      copyFileSync(fixture('stays'), path);
      await assert.rejects(
        kernel.insmod(path, { a: 1 }),
        failsWith('ENOENT', /unknown parameter 'a'; it has none/),
      );
      const link = join(folder, 'my-demo.ko.so');
      symlinkSync(fixture('demo'), link);
      assert.equal((await kernel.insmod(link)).name, 'my_demo');
    });

    it('keeps modules that others use', async () => {
      await assert.rejects(
        kernel.insmod(fixture('user')),
        failsWith('ENOENT', /no such kernel symbol: .*demo_sum/),
      );
      const demo = await kernel.insmod(fixture('demo'));
      const user = await kernel.insmod(fixture('user'));
      assert.deepEqual(
        kernel.lsmod().map(({ references, usedBy }) => [references, usedBy]),
        [
          [1, ['fix_user']],
          [0, []],
        ],
      );
      await assert.rejects(kernel.rmmod(demo), failsWith('EBUSY', /fix_demo: is in use by: fix_user/));
      await kernel.rmmod(user);
      await kernel.rmmod(demo);
    });

    for (const [name, code, said] of [
      ['missing', 'ENOENT', /crypto_register_shash \(<crypto\/internal\/hash.h>\).*/],
      ['missing', 'ENOENT', /malloc/],
      ['unlicensed', 'ENOEXEC', /has no MODULE_LICENSE/],
      ['old', 'ENOEXEC', /built for 'ring3-1', this host is 'ring3-\d+'/],
      ['plain', 'ENOEXEC', /is no module/],
      ['fails', 'ENODEV', /init failed: -19 \(ENODEV\)/],
      ['nowhere', 'ENOENT', /cannot be opened: No such file/],
    ] as const)
      it(`says what is wrong with fix_${name}: ${said.source}`, async () => {
        await assert.rejects(kernel.insmod(fixture(name)), failsWith(code, said));
        assert.deepEqual(kernel.lsmod(), []);
      });

    it('says what is no module at all', async () => {
      const text = join(folder, 'text.ko.so');
      writeFileSync(text, '#!/bin/sh\n');
      await assert.rejects(
        kernel.insmod(text),
        failsWith('ENOEXEC', /^insmod [^:]*: is no ELF file: it begins with 23 21/),
      );
      await assert.rejects(kernel.insmod(folder), failsWith('EISDIR', /is no regular file/));
      await assert.rejects(
        kernel.insmod(process.execPath),
        failsWith('ENOEXEC', /is no (shared object|module)/),
      );
      for (const path of ['', 'a\0b', undefined as unknown as string, 'x'.repeat(5000)])
        await assert.rejects(kernel.insmod(path), TypeError);
    });

    it('reports what a failing init left behind', async () => {
      const path = join(folder, 'leaves.ko.so');
      copyFileSync(fixture('fails'), path);
      await assert.rejects(
        kernel.insmod(path, { leave: true }),
        failsWith('ENODEV', /left behind: thread 'fails-idle'.*its code stays/),
      );
      await assert.rejects(kernel.insmod(path), failsWith('EBUSY', /never unmapped/));
    });
  });

  describe('parameters', () => {
    it('refuses names and values that cannot be', async () => {
      const insmod = (params: Record<string, string | number | boolean | number[]>) =>
        kernel.insmod(fixture('demo'), params);
      await assert.rejects(
        insmod({ sise: 1 }),
        failsWith('ENOENT', /unknown parameter 'sise'; it has: .*size/),
      );
      await assert.rejects(
        insmod({ size: 'x' }),
        failsWith('EINVAL', /size is 'x' .*expected a whole number/),
      );
      await assert.rejects(insmod({ size: 2 ** 40 }), failsWith('ERANGE', /out of range/));
      await assert.rejects(insmod({ list: [1, 2, 3, 4, 5] }), failsWith('EINVAL', /at most/));
      await assert.rejects(insmod({ 'a b': 1 }), TypeError);
      await assert.rejects(insmod({ label: 'say "hi"' }), TypeError);
      await assert.rejects(insmod({ label: 'x'.repeat(70_000) }), TypeError);
      await assert.rejects(
        insmod({ label: 'x'.repeat(2000) }),
        failsWith('ENOSPC', /too long.*at most 1024/),
      );
    });

    it('reads and writes them as sysfs does', async () => {
      const demo = await kernel.insmod(fixture('demo'), { label: 'two words', size: -3, fast: false });
      assert.equal(demo.readParameter('label'), 'two words');
      assert.equal(demo.readParameter('size'), '-3');
      assert.equal(demo.readParameter('fast'), 'N');
      demo.writeParameter('size', 12);
      assert.equal(demo.readParameter('size'), '12');
      demo.writeParameter('label', '');
      assert.equal(demo.readParameter('label'), '');
      assert.throws(() => demo.writeParameter('size', 'x'), failsWith('EINVAL', /expected a whole number/));
      assert.throws(
        () => demo.writeParameter('fast', true),
        failsWith('EACCES', /0444: it cannot be written/),
      );
      assert.throws(() => demo.writeParameter('hidden', 1), failsWith('ENOENT', /permissions 0/));
      assert.throws(() => demo.readParameter('hidden'), failsWith('ENOENT', /cannot be read/));
      assert.throws(() => demo.readParameter('none'), failsWith('ENOENT', /cannot be read/));
      const size = demo.parameters().find(({ name }) => name === 'size');
      assert.deepEqual(size, { name: 'size', perm: 0o644, type: 'int' });
      assert.equal(demo.parameters().length, 6);
      await kernel.rmmod(demo);
      assert.throws(() => demo.readParameter('size'), failsWith('ENODEV', /not loaded any more/));
      assert.throws(() => demo.writeParameter('size', 1), failsWith('ENODEV', /not loaded any more/));
      assert.throws(() => demo.parameters(), failsWith('ENODEV', /not loaded any more/));
    });
  });

  describe('symbols', () => {
    let demo: Module;
    beforeEach(async () => {
      demo = await kernel.insmod(fixture('demo'), { label: 'demo' });
    });

    it("calls functions with the kernel's types", () => {
      assert.equal(demo.symbol('int demo_sum(int, int)')(2, 3), 5);
      assert.equal(demo.symbol('int demo_sum(int a, int b);')(-2, 1), -1);
      const wide = demo.symbol('u64 demo_wide(u32 low, u64 high, bool negate)');
      assert.equal(wide(1, 2, false), 3);
      assert.equal(wide(1, 2n ** 60n, false), 2n ** 60n + 1n);
      assert.equal(wide(1, 0, true), 2n ** 64n - 1n);
      const label = demo.symbol(
        'char *demo_label(const char *suffix, _Out_ uint8_t *buf, unsigned long bytes)',
      );
      const buffer = Buffer.alloc(20);
      assert.equal(label('-x', buffer, buffer.length), 'demo');
      assert.equal(buffer.toString('utf8', 0, 6), 'demo-x');
    });

    it('reads and writes variables', () => {
      const counter = demo.variable<number>('int demo_counter');
      assert.equal(counter.get(), 42);
      counter.set(7);
      assert.equal(counter.get(), 7);
      assert.throws(() => demo.variable('nonsense'), TypeError);
      assert.throws(() => demo.variable('nosuch_t demo_counter'), TypeError);
      assert.throws(() => demo.variable('int demo_none'), failsWith('ENOENT', /exports no 'demo_none'/));
    });

    it('refuses prototypes that are none', () => {
      for (const bad of [
        '',
        'demo_sum',
        'int demo_sum(',
        'nosuch demo_sum(int)',
        'int (*)(int)',
        'int demo_sum(int',
      ])
        assert.throws(() => demo.symbol(bad), TypeError, bad);
      assert.throws(() => demo.symbol(7 as unknown as string), TypeError);
      assert.throws(() => demo.symbol('int demo_sum(int, int)')(1), TypeError);
      assert.throws(() => demo.symbol('int demo_sum(int, int)')('a', {}), TypeError);
    });

    it('knows only what is exported', () => {
      assert.throws(
        () => demo.symbol('int demo_sun(int, int)'),
        failsWith('ENOENT', /did you mean demo_sum\?/),
      );
      assert.throws(() => demo.symbol('int demo_init(void)'), failsWith('ENOENT', /exports no 'demo_init'/));
      assert.throws(() => demo.symbol('void kfree(void *)'), failsWith('ENOENT', /exports no 'kfree'/));
      assert.ok(demo.exports().includes('demo_sum'));
    });

    it('throws for symbols of a module that is gone', async () => {
      const sum = demo.symbol('int demo_sum(int, int)');
      const counter = demo.variable<number>('int demo_counter');
      await kernel.rmmod(demo);
      assert.throws(() => sum(1, 2), failsWith('ENODEV', /demo_sum: module fix_demo is not loaded any more/));
      await assert.rejects(callAsync(sum, 1, 2), failsWith('ENODEV', /not loaded any more/));
      assert.throws(() => counter.get(), failsWith('ENODEV', /not loaded any more/));
      assert.throws(() => demo.symbol('int demo_sum(int, int)'), failsWith('ENODEV', /not loaded any more/));
      // The same module in its next life is another one.
      const again = await kernel.insmod(fixture('demo'));
      assert.throws(() => sum(1, 2), failsWith('ENODEV', /not loaded any more/));
      assert.equal(again.symbol('int demo_sum(int, int)')(1, 2), 3);
    });

    it('is in use while a call runs', async () => {
      const call = callAsync<number>(demo.symbol('int demo_wait(void)'));
      await assert.rejects(kernel.rmmod(demo), failsWith('EBUSY', /is in use: 1 references/));
      demo.symbol('void demo_release(void)')();
      assert.equal(await call, 7);
      await kernel.rmmod(demo);
    });

    it('is called by worker threads, and its unloading is seen there', async () => {
      const messages = runWorker({ job: 'module', name: 'fix_demo' });
      assert.deepEqual(await messages.next(), { sum: 5, running: true });
      await kernel.rmmod(demo);
      messages.worker.postMessage('again');
      assert.deepEqual(await messages.next(), { code: 'ENODEV' });
      await messages.worker.terminate();
    });
  });

  it('finds what modules ask for in its folders', async () => {
    for (const name of ['chain_1', 'chain_2', 'plain_1'])
      copyFileSync(fixture('kmod'), join(folder, `${name}.ko.so`));
    await kernel.stop();
    kernel = await Kernel.start({ cpus: 1, moduleFolders: ['/nowhere', folder] });
    kernel.consoleLogLevel = -1;
    const first = await kernel.insmod(join(folder, 'chain_1.ko.so'));
    assert.deepEqual(
      kernel.lsmod().map(({ name }) => name),
      ['chain_2', 'chain_1'],
    );
    assert.equal(first.readParameter('answer'), '0');
    assert.equal(kernel.module('chain_2').readParameter('answer'), '256');
    // A parameter's set() may ask as well, or wait for a thread that does.
    first.writeParameter('ask', '+plain_1');
    await kernel.rmmod('plain_1');
    await kernel.tree.write('/sys/module/chain_1/parameters/ask', 'plain_1');
    await kernel.rmmod('plain_1');
    await kernel.stop();
    kernel = await Kernel.start({ cpus: 1 });
    kernel.consoleLogLevel = -1;
    const alone = await kernel.insmod(join(folder, 'chain_1.ko.so'));
    assert.equal(alone.readParameter('answer'), '-2');
    await assert.rejects(Kernel.start({ moduleFolders: ['a:b'] }), /should have no :/);
  });
});
