// SPDX-License-Identifier: MIT
/**
 * Modules of Linux 6.1, unmodified, driven as its own self-tests do: lib/test_sysctl.c (what sysctl.sh asks of it),
 * lib/test_kmod.c (kmod.sh) and samples/kobject.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Kernel, type KernelError } from '../../kernel-api/index.js';
import { HostServer } from '../../scripts/host/server.js';
import { build } from '../../scripts/kernel/build-command.js';
import { dependsOf } from '../../scripts/kernel/depends.js';
import { SourceMissing } from '../../scripts/kernel/source.js';
import { root } from '../outside/target.js';

const PAGE = 4096;

describe('hosted modules of the kernel', function () {
  this.timeout(300_000);
  let folder: string;
  let kernel: Kernel;
  const module = (name: string) => join(folder, `${name}.ko.so`);

  before(async function () {
    folder = mkdtempSync(join(tmpdir(), 'ring3-hosted-'));
    try {
      for (const file of [
        'lib/test_sysctl.c',
        'lib/test_kmod.c',
        'samples/kobject/kobject-example.c',
        'samples/kobject/kset-example.c',
      ])
        await build([file], { out: folder });
    } catch (error) {
      if (!(error instanceof SourceMissing)) throw error;
      console.log(`      skipped: ${error.message}`);
      this.skip();
    }
    kernel = await Kernel.start({ cpus: 2, moduleFolders: [folder] });
    kernel.consoleLogLevel = -1;
  });
  after(async () => {
    if (Kernel.running) await Kernel.attach().stop();
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    for (const { name } of Kernel.running ? kernel.lsmod().reverse() : []) await kernel.rmmod(name);
  });

  /** After what it uses. */
  async function insmod(name: string, params: Record<string, boolean> = {}): Promise<void> {
    const loaded = kernel.lsmod().map(({ path }) => path);
    for (const path of dependsOf(module(name))) if (!loaded.includes(path)) await kernel.insmod(path);
    await kernel.insmod(module(name), params);
  }

  const read = async (path: string) => (await kernel.tree.read(path)).trimEnd();
  const errno = (promise: Promise<unknown>) =>
    promise.then(
      () => '',
      (error) => (error as KernelError).code,
    );

  describe('test_sysctl', () => {
    const at = (name: string) => `/proc/sys/debug/test_sysctl/${name}`;
    beforeEach(() => insmod('test_sysctl'));

    /** What dd does: so many bytes a write, from a position on. */
    async function dd(path: string, text: string, { bytes = PAGE, seek = 0 } = {}): Promise<void> {
      const file = await kernel.tree.open(path, { write: true });
      try {
        await file.seek(seek);
        for (let done = 0; done < text.length; ) done += await file.write(text.slice(done, done + bytes));
      } finally {
        await file.close();
      }
    }

    /** Of a number or a string: what counts is where a write begins. */
    async function positions(path: string, original: string, text: string): Promise<void> {
      assert.equal(await read(path), original);
      await kernel.tree.write(path, `${text}\n`);
      assert.equal(await read(path), text);
      await kernel.tree.write(path, `${original}\n`);
      assert.equal(await read(path), original);
      await dd(path, `${text}\n`);
      assert.equal(await read(path), text);
      await dd(path, `${text}\n`.slice(1), { bytes: 1, seek: 1 }); // as it stands there already
      assert.equal(await read(path), text);
      await kernel.tree.write(path, original);
      await dd(path, `${text}\n`, { bytes: 20, seek: 40 }); // beyond its end
      assert.equal(await read(path), original);
      await errno(dd(path, `${'A'.repeat(50)}${text}\n`, { bytes: 50 }));
      assert.notEqual(await read(path), text);
    }

    /** Numbers of more than 32 bits, whose lower half would be in range. */
    async function tooWide(path: string, original: string): Promise<void> {
      for (const sign of ['', '-'])
        for (const high of ['0x00000001', '0xffffffff'])
          for (const low of ['00000000', '00000001', 'ffffffff', '80000000', '7fffffff']) {
            await kernel.tree.write(path, original);
            assert.equal(await errno(kernel.tree.write(path, sign + high + low)), 'EINVAL');
            assert.equal(await read(path), original);
          }
    }

    /** A page is taken, what is behind it is not looked at. */
    async function blanks(path: string, original: string): Promise<void> {
      await dd(path, `${' '.repeat(PAGE / 8 - 1)}3\n`, { bytes: 512 });
      assert.equal(await read(path), '3');
      await kernel.tree.write(path, original);
      await errno(dd(path, `${' '.repeat(PAGE / 8)}4\n`, { bytes: 512 }));
      assert.notEqual(await read(path), '4');
      await kernel.tree.write(path, original);
      await kernel.tree.write(path, `${' '.repeat(PAGE - 2)}5`);
      assert.equal(await read(path), '5');
      assert.equal(await errno(kernel.tree.write(path, `${' '.repeat(PAGE - 1)}6`)), 'EINVAL');
      assert.equal(await read(path), '5');
    }

    it('0001: an int with limits', async () => {
      const path = at('int_0001');
      await positions(path, '60', '61');
      await tooWide(path, '60');
      await blanks(path, '60');
      for (const value of ['-1', '101']) assert.equal(await errno(kernel.tree.write(path, value)), 'EINVAL');
    });

    it('0002: a string', async () => {
      const path = at('string_0001');
      const room = 65;
      await positions(path, '(none)', 'Testing sysctl');
      await kernel.tree.write(path, '(none)');
      await dd(path, 'Testing sysctl\n', { bytes: 1 });
      assert.equal(await read(path), 'Testing sysctl');
      await dd(path, 'Testing sysctl\n', { bytes: 1, seek: 1 });
      assert.equal(await read(path), 'TTesting sysctl');
      await dd(path, `${'A'.repeat(room - 2)}B`, { bytes: room });
      assert.match(await read(path), /^A{63}B$/);
      for (const [text, bytes] of [
        [`${'A'.repeat(room - 1)}B`, room - 1], // its last byte is a write of its own
        [`${'A'.repeat(room - 1)}B`, room],
        [`${'A'.repeat(room - 1)}BB`, room + 1],
      ] as const) {
        await kernel.tree.write(path, '(none)');
        await dd(path, text, { bytes });
        assert.match(await read(path), /^A{64}$/);
      }
    });

    it('0003: an int', async () => {
      const path = at('int_0002');
      await positions(path, '1', '2');
      await tooWide(path, '1');
      await blanks(path, '1');
      for (const [value, code] of [
        ['2147483647', ''],
        ['2147483648', 'EINVAL'],
        ['-3', ''],
        ['-2147483648', ''],
        ['-2147483649', 'EINVAL'],
      ] as const) {
        await kernel.tree.write(path, '1');
        assert.equal(await errno(kernel.tree.write(path, value)), code);
        assert.equal(await read(path), code ? '1' : value);
      }
    });

    it('0004: an unsigned int', async () => {
      const path = at('uint_0001');
      await positions(path, '314', '315');
      await tooWide(path, '314');
      await blanks(path, '314');
      for (const [value, code] of [
        ['4294967295', ''],
        ['4294967296', 'EINVAL'],
        ['-3', 'EINVAL'],
      ] as const) {
        await kernel.tree.write(path, '314');
        assert.equal(await errno(kernel.tree.write(path, value)), code);
        assert.equal(await read(path), code ? '314' : value);
      }
    });

    it('0005: an array of ints', async () => {
      const path = at('int_0003');
      assert.equal(await read(path), '0\t1\t2\t3');
      await kernel.tree.write(path, '4 3 2 1');
      assert.equal(await read(path), '4\t3\t2\t1');
      await kernel.tree.write(path, '100 101');
      assert.equal(await read(path), '100\t101\t2\t1');
      await dd(path, `${' '.repeat(PAGE / 8 - 1)}9\n`, { bytes: 512 });
      assert.equal(await read(path), '9\t101\t2\t1');
      await errno(dd(path, `${' '.repeat(PAGE / 8)}7\n`, { bytes: 512 }));
      assert.equal(await read(path), '9\t101\t2\t1');
    });

    it('0006: a bitmap, of any length and pattern', async () => {
      let seed = 6;
      const random = (below: number) => {
        seed = (seed * 1103515245 + 12345) % 2 ** 31;
        return Math.floor((seed / 2 ** 31) * below);
      };
      for (let round = 0; round < 50; round++) {
        const length = random(65_000);
        let bit = random(1024);
        let text = String(bit);
        while (text.length <= length && bit < 65_500) {
          bit += 2 + random(10);
          text += `,${bit}`;
          if (random(2)) {
            const end = bit + 1 + random(10);
            text += `-${end}`;
            bit = end;
          }
        }
        await dd(at('bitmap_0001'), text, { bytes: 1 << 17 });
        assert.equal(await read(at('bitmap_0001')), text);
      }
    });

    it('0007, 0008: what boots do, and the constants', async () => {
      assert.equal(await read(at('boot_int')), '0'); // there is no command line
      assert.equal(await read(at('match_int')), '1');
      assert.equal(await errno(kernel.tree.write(at('match_int'), '0')), 'EACCES');
    });

    it('is gone after rmmod', async () => {
      await kernel.rmmod('test_sysctl');
      assert.deepEqual(await kernel.tree.list('/proc/sys'), []);
    });
  });

  describe('test_kmod', () => {
    const at = (name: string) => `/sys/devices/virtual/misc/test_kmod0/${name}`;
    const set = (name: string, value: string | number) => kernel.tree.write(at(name), value);
    beforeEach(async () => {
      await insmod('test_kmod');
      await set('reset', '1');
    });

    /** Its trigger ends well whatever the requests said: that is the result. */
    async function trigger(): Promise<string> {
      await set('trigger_config', '1');
      return read(at('test_result'));
    }

    before(async () => {
      const source = join(folder, 'src');
      mkdirSync(source);
      const head = '#include <linux/fs.h>\n#include <linux/module.h>\nMODULE_LICENSE("GPL");\n';
      writeFileSync(join(source, 'test_module.c'), head);
      writeFileSync(
        join(source, 'some_fs.c'),
        `${head}MODULE_ALIAS_FS("somefs");
static struct file_system_type somefs = { .name = "somefs", .owner = THIS_MODULE };
static int __init start(void) { return register_filesystem(&somefs); }
module_init(start);
static void __exit leave(void) { unregister_filesystem(&somefs); }
module_exit(leave);
`,
      );
      for (const name of ['test_module.c', 'some_fs.c']) await build([join(source, name)], { out: folder });
    });

    it('0001: a name nobody has, and none', async () => {
      for (const name of ['nope_x', '\n']) {
        await set('config_test_driver', name);
        await set('config_num_threads', 1);
        assert.equal(await trigger(), '256');
      }
    });

    it('0002: a driver, a file system, many threads at once', async () => {
      await set('config_num_threads', 50);
      assert.match(await read(at('config')), /Number of threads:\t50\n.*driver:\ttest_module/s);
      assert.equal(await trigger(), '0');
      assert.ok(kernel.lsmod().some(({ name }) => name === 'test_module'));
      await set('config_test_fs', 'somefs');
      await set('config_test_case', 2); // get_fs_type()
      assert.equal(await trigger(), '0');
      assert.equal(kernel.module('some_fs').name, 'some_fs');
      await set('config_test_fs', 'no_such_fs');
      assert.equal(await trigger(), '-22');
    });

    it('0003: more than are answered at a time', async () => {
      await set('config_num_threads', 150);
      assert.equal(await trigger(), '0');
      await set('config_test_driver', 'nope_x');
      assert.equal(await trigger(), '256');
    });

    it('loads first what a driver uses', async () => {
      const source = join(folder, 'pair');
      mkdirSync(source);
      const head = '#include <linux/module.h>\nMODULE_LICENSE("GPL");\nint given(void);\n';
      writeFileSync(join(source, 'Kbuild'), 'obj-m := giver.o taker.o\n');
      writeFileSync(join(source, 'giver.c'), `${head}int given(void) { return 7; }\nEXPORT_SYMBOL(given);\n`);
      writeFileSync(
        join(source, 'taker.c'),
        `${head}static int __init take(void) { return given() == 7 ? 0 : -EIO; }\nmodule_init(take);
static void __exit leave(void) { }\nmodule_exit(leave);\n`,
      );
      await build([source], { out: folder });
      await set('config_test_driver', 'taker');
      await set('config_num_threads', 8);
      assert.equal(await trigger(), '0');
      assert.deepEqual(kernel.lsmod().find(({ name }) => name === 'giver')?.usedBy, ['taker']);
    });

    it('refuses what its configuration refuses', async () => {
      assert.equal(await errno(set('config_num_threads', 'many')), 'EINVAL');
      assert.equal(await errno(set('config_test_case', 9)), 'EINVAL');
    });

    it('sends what udev would be told', () => {
      const event = kernel.uevents().findLast(({ subsystem }) => subsystem === 'misc');
      assert.equal(event?.devpath, '/devices/virtual/misc/test_kmod0');
      assert.deepEqual(
        [event?.action, event?.properties.MAJOR, event?.properties.DEVNAME],
        ['add', '10', 'test_kmod0'],
      );
    });

    it('tests as it is loaded, where that is asked for', async () => {
      await kernel.rmmod('test_kmod');
      // Its threads ask for tun, and for btrfs, while its init waits for them. Nobody has those here.
      await insmod('test_kmod', { force_init_test: true });
      assert.equal(await read(at('test_result')), '-22');
      const said = kernel.dmesg().map(({ text }) => text);
      assert.ok(said.includes('test_kmod0: Sync thread 49 return status: 256'));
      assert.ok(said.includes('test_kmod0: Sync thread 49 fs: NULL'));
    });
  });

  describe('ring3 proc', () => {
    /** What a shell sees. */
    async function proc(...args: string[]): Promise<string> {
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ['--import', 'tsx', join(root, 'scripts/ring3.ts'), 'proc', '--host', 'samples', ...args],
        { cwd: root },
      );
      return stdout;
    }

    let server: HostServer;
    let runtime: string | undefined;
    beforeEach(async () => {
      runtime = process.env.XDG_RUNTIME_DIR;
      process.env.XDG_RUNTIME_DIR = folder;
      server = await HostServer.listen(kernel, 'samples');
    });
    afterEach(async () => {
      await server.close();
      if (runtime === undefined) delete process.env.XDG_RUNTIME_DIR;
      else process.env.XDG_RUNTIME_DIR = runtime;
    });

    it('test_sysctl: a number below /proc/sys, through the same', async () => {
      await insmod('test_sysctl');
      const path = '/proc/sys/debug/test_sysctl/int_0001';
      assert.equal(await proc(`${path}=7`, path), '7\n');
      assert.match(await proc('/proc/sys/debug/test_sysctl'), /^bitmap_0001\nboot_int\nint_0001\n/);
    });

    it('kobject-example: three numbers, through ring3 proc', async () => {
      await insmod('kobject-example');
      assert.equal(await proc('/sys/kernel/kobject_example'), 'bar\nbaz\nfoo\n');
      assert.equal(
        await proc('/sys/kernel/kobject_example/foo=42', '/sys/kernel/kobject_example/foo'),
        '42\n',
      );
      await kernel.tree.write('/sys/kernel/kobject_example/baz', '-7\n');
      assert.equal(await proc('/sys/kernel/kobject_example/baz'), '-7\n');
      assert.equal(await errno(kernel.tree.write('/sys/kernel/kobject_example/bar', 'x')), 'EINVAL');
    });

    it('kset-example: three objects that are told of', async () => {
      await insmod('kset-example');
      assert.equal(await proc('/sys/kernel/kset_example'), 'bar/\nbaz/\nfoo/\n');
      assert.equal(await proc('/sys/kernel/kset_example/bar'), 'bar\nbaz\nfoo\n');
      await kernel.tree.write('/sys/kernel/kset_example/foo/baz', 12);
      assert.equal(await proc('/sys/kernel/kset_example/foo/baz'), '12\n');
      await kernel.rmmod('kset-example');
      assert.deepEqual(
        kernel
          .uevents()
          .filter(({ subsystem }) => subsystem === 'kset_example')
          .map(({ action, devpath }) => `${action} ${devpath.split('/').at(-1)}`)
          .sort(),
        ['add bar', 'add baz', 'add foo', 'remove bar', 'remove baz', 'remove foo'],
      );
    });
  });
});
