// SPDX-License-Identifier: MIT
/** /proc and /sys of a hosted module, from TypeScript: reading, writing, listing, and rmmod meanwhile. */
import assert from 'node:assert/strict';
import { Completion, Kernel, type KernelError, type Module } from '../../kernel-api/index.js';
import { until } from '../until.js';
import { failsWith, fixture } from './kernel-fixture.js';

describe('tree of /proc and /sys', () => {
  let kernel: Kernel;
  let module: Module;

  before(async () => {
    kernel = await Kernel.start({ cpus: 1 });
    kernel.consoleLogLevel = -1;
  });
  beforeEach(async () => {
    module = await kernel.insmod(fixture('tree'), { label: 'x y' });
  });
  afterEach(async () => {
    for (const { name } of kernel.lsmod().reverse()) await kernel.rmmod(name);
  });
  after(() => kernel.stop());

  /** Its errno's name, or nothing. */
  const refusal = (path: string) =>
    kernel.tree.read(path).then(
      () => '',
      (error) => (error as KernelError).code,
    );

  it('reads text, bytes, and files longer than any buffer', async () => {
    assert.equal(await kernel.tree.read('/proc/fix_tree/hello'), 'hello\n');
    assert.equal(await kernel.tree.read('/proc/fix_tree/link'), 'hello\n');
    assert.deepEqual([...(await kernel.tree.readBytes('/proc/fix_tree/bytes'))], [0, 255, 128, 120]);
    const lines = (await kernel.tree.read('/proc/fix_tree/lines')).split('\n');
    assert.equal(lines.length, 20_001);
    assert.ok(lines.slice(0, -1).every((line, at) => line === `line ${at}`));
    await assert.rejects(
      kernel.tree.read('/proc/fix_tree/lines', { most: 1000 }),
      failsWith('EFBIG', /read \/proc\/fix_tree\/lines: it is longer than 1000 bytes/),
    );
    for await (const part of kernel.tree.chunks('/proc/fix_tree/lines')) {
      assert.match(part.toString(), /^line 0\nline 1\n/);
      break; // closes it
    }
  });

  it('writes, once, and says what was not taken', async () => {
    await kernel.tree.write('/sys/kernel/fix_tree/level', '12\n');
    assert.equal(await kernel.tree.read('/sys/module/fix_tree/parameters/level'), '12\n');
    await kernel.tree.write('/sys/module/fix_tree/parameters/level', 13);
    assert.equal(await kernel.tree.read('/sys/kernel/fix_tree/level'), '13\n');
    await kernel.tree.write('/proc/fix_tree/bytes', Buffer.from([1, 2, 3]));
    await assert.rejects(
      kernel.tree.write('/proc/fix_tree/bytes', 'more than ten'),
      failsWith('EFBIG', /write \/proc\/fix_tree\/bytes: it took 10 of 13 bytes/),
    );
    await assert.rejects(
      kernel.tree.write('/proc/fix_tree/bytes', 'seven77'),
      failsWith('EILSEQ', /its owner says so/),
    );
    await assert.rejects(
      kernel.tree.write('/sys/kernel/fix_tree/level', 'high'),
      failsWith('EINVAL', /write \/sys\/kernel\/fix_tree\/level: its owner refuses that/),
    );
    await assert.rejects(
      kernel.tree.write('/sys/module/fix_tree/parameters/level', 'high'),
      failsWith('EINVAL', /parameters\/level/),
    );
    assert.ok(
      kernel
        .dmesg()
        .some(({ text }) => /parameter level is 'high' \(not valid\); expected a whole number/.test(text)),
    );
  });

  it('refuses bad paths with the path', async () => {
    const { tree } = kernel;
    for (const [path, code, reason] of [
      ['/proc/nothing', 'ENOENT', /there is no such file/],
      ['/proc/fix_tree', 'EISDIR', /is a directory/],
      ['/proc/fix_tree/hello/x', 'ENOTDIR', /no directory/],
      ['/sys/module/fix_tree/parameters/secret', 'EACCES', /permissions/],
      ['/sys/module/fix_tree/parameters/leave_behind', 'ENOENT', /no such file/],
      [`/${'x'.repeat(256)}`, 'ENAMETOOLONG', /longer than 255/],
      [`/${'x/'.repeat(5000)}`, 'ENAMETOOLONG', /4095/],
      ['proc/fix_tree', 'EINVAL', /begins with \//],
    ] as const) {
      await assert.rejects(tree.read(path), failsWith(code, reason));
      await assert.rejects(tree.read(path), (error: Error) => error.message.includes(path));
    }
    await assert.rejects(tree.write('/proc/fix_tree/hello', 'x'), failsWith('EACCES', /write \/proc/));
    await assert.rejects(tree.list('/proc/fix_tree/hello'), failsWith('ENOTDIR', /list \/proc/));
    await assert.rejects(tree.stat('/sys/none'), failsWith('ENOENT', /stat \/sys\/none/));
    for (const path of ['', 'a\0b', 7 as unknown as string]) await assert.rejects(tree.read(path), TypeError);
  });

  it('lists, and walks', async () => {
    assert.deepEqual(await kernel.tree.list('/proc/fix_tree'), [
      { name: 'bytes', kind: 'file', mode: 0o644, size: 0 },
      { name: 'hello', kind: 'file', mode: 0o444, size: 0 },
      { name: 'lines', kind: 'file', mode: 0o444, size: 0 },
      { name: 'link', kind: 'link', mode: 0o777, size: 0, target: 'hello' },
      { name: 'slow', kind: 'file', mode: 0o444, size: 0 },
    ]);
    assert.deepEqual(
      (await kernel.tree.list()).map(({ name }) => name),
      ['proc', 'sys'],
    );
    assert.deepEqual(await kernel.tree.stat('/sys/module/fix_tree/parameters/level'), {
      name: 'level',
      kind: 'file',
      mode: 0o644,
      size: 4096,
    });
    const paths: string[] = [];
    for await (const { path } of kernel.tree.walk('/sys/')) paths.push(path);
    for (const path of [
      '/sys/kernel/debug/fix_tree/reading',
      '/sys/kernel/fix_tree/level',
      '/sys/module/fix_tree/initstate',
      '/sys/module/fix_tree/parameters/label',
    ])
      assert.ok(paths.includes(path), path);
  });

  it('tells of modules', async () => {
    const { tree } = kernel;
    assert.equal(await tree.read('/sys/module/fix_tree/initstate'), 'live\n');
    assert.equal(await tree.read('/sys/module/fix_tree/refcnt'), '0\n');
    assert.equal(await tree.read('/sys/module/fix_tree/version'), '7\n');
    assert.equal(await tree.read('/sys/module/fix_tree/parameters/label'), 'x y\n');
    assert.ok(Number(await tree.read('/sys/module/fix_tree/coresize')) > 1000);
    await kernel.rmmod(module);
    assert.equal(await refusal('/sys/module/fix_tree/initstate'), 'ENOENT');
    assert.deepEqual(await tree.list('/sys/module'), []);
    assert.deepEqual(
      (await tree.list('/proc')).map(({ name }) => name),
      ['sys'],
    );
  });

  it('lets rmmod wait for who reads', async () => {
    const gate = new Completion();
    module.symbol('void tree_gate(void *completion)')(gate.address);
    const idle = kernel.tree.chunks('/proc/fix_tree/lines');
    assert.equal((await idle.next()).done, false);
    const read = kernel.tree.read('/proc/fix_tree/slow');
    await until(async () => (await kernel.tree.read('/sys/kernel/debug/fix_tree/reading')) === '1\n');
    let gone = false;
    const removal = kernel.rmmod(module).then(() => {
      gone = true;
    });
    await until(async () => (await refusal('/proc/fix_tree/hello')) === 'ENOENT');
    assert.equal(gone, false);
    gate.completeAll();
    await removal;
    // Its first read(2) ended well; whether the second was in time is open.
    assert.match(await read.catch((error: KernelError) => error.code), /^(at last\n|EIO)$/);
    await assert.rejects(idle.next(), failsWith('EIO', /read \/proc\/fix_tree\/lines/));
    gate.dispose();
  });

  it('keeps a module whose functions an open file of debugfs has', async () => {
    const numbers = kernel.tree.chunks('/sys/kernel/debug/fix_tree/reading');
    const functions = kernel.tree.chunks('/sys/kernel/debug/fix_tree/hello');
    await Promise.all([numbers.next(), functions.next()]);
    await assert.rejects(kernel.rmmod(module), failsWith('EBUSY', /in use: 1 references/));
    assert.equal(await kernel.tree.read('/sys/module/fix_tree/refcnt'), '1\n');
    await functions.return();
    await kernel.rmmod(module);
    await assert.rejects(numbers.next(), failsWith('EIO', /read \/sys\/kernel\/debug\/fix_tree\/reading/));
  });

  it('refuses what it cannot be', async () => {
    await kernel.rmmod(module);
    await kernel.stop();
    await assert.rejects(kernel.tree.read('/proc/fix_tree/hello'), failsWith('ENODEV', /no kernel runs/));
    kernel = await Kernel.start({ cpus: 1 });
    kernel.consoleLogLevel = -1;
    assert.deepEqual(await kernel.tree.list('/proc/sys'), []);
  });

  it('reports what a module leaves behind', async () => {
    await kernel.rmmod(module);
    module = await kernel.insmod(fixture('tree'), { leave_behind: true });
    await kernel.rmmod(module);
    const said = kernel.dmesg().map(({ text }) => text);
    assert.ok(said.some((text) => /fix_tree: left behind: a file of \/proc 'hello'/.test(text)));
    assert.ok(said.some((text) => /fix_tree: its code stays until the process ends/.test(text)));
    // So that this is harmless.
    assert.equal(await kernel.tree.read('/proc/fix_tree/hello'), 'hello\n');
    module = await kernel.insmod(fixture('demo')); // for the next
  });
});
