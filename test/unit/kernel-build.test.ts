// SPDX-License-Identifier: MIT
/** `ring3 build` and `ring3 kunit`: what they build, and what they say when they cannot. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type BuildOptions, build } from '../../scripts/kernel/build-command.js';
import { toolchain } from '../../scripts/kernel/compile.js';
import { dependsOf, readSection } from '../../scripts/kernel/depends.js';
import { readConfig, readKbuild } from '../../scripts/kernel/kbuild.js';
import { KtapReader, readLogLine } from '../../scripts/kernel/ktap.js';
import { complaint, kunit } from '../../scripts/kernel/kunit-command.js';
import { isUpToDate } from '../../scripts/kernel/readme.js';
import { run } from '../../scripts/kernel/runner.js';
import { kernelSource, SourceMissing, unpackPath } from '../../scripts/kernel/source.js';
import { root } from '../outside/target.js';

const MODULE = (body: string) => `#include <linux/module.h>\n${body}\nMODULE_LICENSE("GPL");\n`;

let folder: string;

/** Files below the folder of this test; the path of the first. */
function write(files: Record<string, string>): string {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return join(folder, Object.keys(files)[0]!);
}

const buildHere = (targets: string[], options: Partial<BuildOptions> = {}) =>
  build(targets, { out: folder, ...options });

/** What it says when it refuses. */
async function refusal(targets: string[], options: Partial<BuildOptions> = {}): Promise<string> {
  try {
    await buildHere(targets, options);
  } catch (error) {
    return (error as Error).message;
  }
  throw new assert.AssertionError({ message: `${targets} was built` });
}

before(function () {
  this.timeout(300_000); // the hosted library, from nothing
  try {
    toolchain(kernelSource());
  } catch (error) {
    if (!(error instanceof SourceMissing)) throw error;
    console.log(`      skipped: ${error.message}`);
    this.skip();
  }
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ring3-build-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('ring3 build', function () {
  this.timeout(300_000);

  it('names a function that nothing provides, its header, and who needs it', async () => {
    const file = write({
      'wants.c': MODULE(
        '#include <linux/fs.h>\nextern int vfs_unlink_everything(void);\nextern int register_blkdev(unsigned int, const char *);\nint wants(void);\nint wants(void) { return vfs_unlink_everything() + register_blkdev(1, "x"); }',
      ),
    });
    const text = await refusal([file]);
    assert.match(text, /2 functions or variables of the kernel that nothing here provides/);
    assert.match(text, /vfs_unlink_everything: needed by .*wants\.c; no header of the kernel declares it/);
    assert.match(text, /register_blkdev: needed by .*wants\.c; the kernel declares it in <linux\/blkdev\.h>/);
  });

  it('names a function whose declaration is missing, with the line', async () => {
    const file = write({
      'calls.c': MODULE('int f(void);\nint f(void)\n{\n\treturn register_blkdev(0, "x");\n}'),
    });
    const text = await refusal([file]);
    assert.match(text, /calls\.c:5 needs register_blkdev\(\): the kernel declares it in <linux\/blkdev\.h>/);
  });

  it('reads what the compiler says in any locale', async () => {
    const file = write({
      'here.c': MODULE('int f(void);\nint f(void)\n{\n\treturn vfs_nothing_of_it(0);\n}'),
    });
    const { LC_ALL: before } = process.env;
    process.env.LC_ALL = 'C';
    const text = await refusal([file]).finally(() => {
      if (before === undefined) delete process.env.LC_ALL;
      else process.env.LC_ALL = before;
    });
    assert.match(text, /here\.c:5 needs vfs_nothing_of_it\(\): no header of the kernel declares it/);
  });

  it('tells a header that is not offered from one that does not exist', async () => {
    const known = await refusal([write({ 'a.c': '#include <linux/usb.h>\n' })]);
    assert.match(known, /a\.c needs <linux\/usb\.h>, a kernel header that is not offered here/);
    const shared = await refusal([write({ 'a.c': '#include <linux/major.h>\n' })]);
    assert.match(shared, /a kernel header that is not offered here/); // though libc has it as well
    const unknown = await refusal([write({ 'b.c': '#include <linux/no_such_thing.h>\n' })]);
    assert.match(
      unknown,
      /b\.c needs <linux\/no_such_thing\.h>, which neither this kernel API nor Linux 6\.1/,
    );
  });

  it('tells an architecture, and libc, from what the kernel has for all', async () => {
    assert.match(
      await refusal([write({ 'a.c': '#include <asm/fpu/api.h>\n' })]),
      /<asm\/fpu\/api\.h>, a header of one/,
    );
    assert.match(
      await refusal([write({ 'b.c': '#include <stdio.h>\n' })]),
      /<stdio\.h>, a header of libc: is this/,
    );
  });

  it('names what is missing though the compiler does not', async () => {
    const said = async (body: string) => refusal([write({ 'a.c': MODULE(body) })]);
    assert.match(
      await said('int f(void);\nint f(void)\n{\n\treturn vfs_nothing_of_it(0);\n}'),
      /a\.c:5 needs vfs_nothing_of_it\(\): no header/,
    );
    assert.match(
      await said('extern int x;\nint x = LLC_SAP_NETBEUI;'),
      /a\.c:3 needs LLC_SAP_NETBEUI: .* in <\w+\/.*\.h>, which is not offered here/,
    );
    assert.match(
      await said('struct usb_device device;'),
      /a\.c:2 needs struct usb_device: .* in <linux\/usb\.h>, which is not offered here/,
    );
    assert.match(
      await said('DECLARE_EWMA(signal, 10, 8);'),
      /a\.c:2 needs DECLARE_EWMA: .* in <linux\/average\.h>, which is not offered here/,
    );
    assert.match(
      await said('int f(void);\nint f(void) { return !!debugfs_create_dir("x", 0); }'),
      /a\.c:3 needs debugfs_create_dir\(\): <linux\/debugfs\.h> has it, and nothing that is included here/,
    );
    assert.match(
      await said('#include <linux/sched.h>\nint f(void);\nint f(void) { return !!current->mm; }'),
      /a\.c:4 needs ‘mm’ in struct task_struct: <linux\/sched\.h> here has the struct with fewer members/,
    );
  });

  it('passes on what the compiler says of any other mistake', async () => {
    assert.match(
      await refusal([write({ 'c.c': MODULE('int x = "text";\nsyntax error') })]),
      /c\.c:3:.*error/,
    );
  });

  it('names a function that two of its files define', async () => {
    const one = write({ 'one.c': MODULE('int twice(void);\nint twice(void) { return 1; }') });
    const two = write({ 'two.c': 'int twice(void);\nint twice(void) { return 2; }\n' });
    assert.match(await refusal([one, two]), /twice is defined in two of its files/);
  });

  it('refuses an export that another module has already', async () => {
    const text = 'int shared(void);\nint shared(void) { return 1; }\nEXPORT_SYMBOL(shared);';
    const [first] = await buildHere([write({ 'first.c': MODULE(text) })]);
    const second = write({ 'second.c': MODULE(text) });
    assert.match(
      await refusal([second], { uses: [first!.path] }),
      /second: exports shared, which first\.ko\.so exports already/,
    );
    assert.match(
      await refusal(['lib/sort.c']),
      /sort: exports .*sort.*, which linux_lib\.ko\.so exports already\n.*has lib\/sort\.c: .* edit \/.*\/lib\/sort\.c$/,
    );
  });

  it('writes into a module which others it uses, and only those', async () => {
    const [base] = await buildHere([
      write({ 'base.c': MODULE('int base(void);\nint base(void) { return 7; }\nEXPORT_SYMBOL(base);') }),
    ]);
    const [idle] = await buildHere([write({ 'idle.c': MODULE('') })]);
    const user = write({
      'user.c': MODULE('int base(void);\nint use(void);\nint use(void) { return base(); }'),
    });
    const [module] = await buildHere([user], { uses: [base!.path, idle!.path] });
    assert.deepEqual(dependsOf(module!.path), [base!.path]);
    assert.equal(readSection(user, '.text'), undefined); // no ELF file
    const result = await run([{ path: module!.path }]);
    assert.notEqual(result.loaded.get(module!.path), 0); // base is not loaded
    const both = await run([{ path: base!.path }, { path: module!.path }]);
    assert.equal(both.loaded.get(module!.path), 0);
  });

  it('says which module of --uses is not there', async () => {
    const file = write({ 'a.c': MODULE('') });
    assert.match(await refusal([file], { uses: [join(folder, 'gone.ko.so')] }), /there is no .*gone\.ko\.so/);
  });

  it('hides what is not exported', async () => {
    const [base] = await buildHere([
      write({ 'base.c': MODULE('int hidden(void);\nint hidden(void) { return 7; }') }),
    ]);
    const user = write({
      'user.c': MODULE('int hidden(void);\nint use(void);\nint use(void) { return hidden(); }'),
    });
    assert.match(
      await refusal([user], { uses: [base!.path] }),
      /hidden: needed by .*user\.c.*base\.c has it, and does not export it: give that file as well/,
    );
  });

  it('orders modules by what they use of each other, and refuses a circle', async () => {
    const text = (own: string, other: string) =>
      MODULE(
        `int ${own}(void);\nint ${other}(void);\nint ${own}(void) { return ${other}(); }\nEXPORT_SYMBOL(${own});`,
      );
    write({
      Kbuild: 'obj-m := user.o base.o\n',
      'user.c': text('use', 'base'),
      'base.c': MODULE('int base(void);\nint base(void) { return 7; }\nEXPORT_SYMBOL(base);'),
    });
    assert.deepEqual(
      (await buildHere([folder])).map(({ name }) => name),
      ['base', 'user'],
    );
    write({ 'base.c': text('base', 'use') });
    assert.match(
      await refusal([folder]),
      /user -> base -> user: modules that use each other's exports.*\nmove what both use/,
    );
  });

  it('tells what the compiler warned of, also when nothing is compiled again', async () => {
    const file = write({ 'a b/warns.c': MODULE('#warning on purpose') });
    for (const fresh of [false, true]) {
      const [module] = await buildHere([file]);
      assert.equal(module!.fresh, fresh);
      assert.match(module!.warnings, /on purpose/);
    }
  });

  it('may be asked for the same twice at once', async () => {
    const file = write({ 'same.c': MODULE('') });
    const built = await Promise.all([0, 1, 2, 3].map(() => buildHere([file])));
    assert.deepEqual(new Set(built.map(([module]) => module!.path)).size, 1);
  });

  it('compiles again what changed, and nothing else', async () => {
    const one = write({ 'one.c': MODULE('#include "own.h"\nint one = OWN;'), 'own.h': '#define OWN 1\n' });
    const two = write({ 'two.c': '#include <linux/types.h>\nextern int two;\nint two = 2;\n' });
    assert.equal((await buildHere([one, two]))[0]!.fresh, false);
    assert.equal((await buildHere([one, two]))[0]!.fresh, true);
    const soon = new Date(Date.now() + 2000);
    write({ 'own.h': '#define OWN 3\n' });
    utimesSync(join(folder, 'own.h'), soon, soon);
    assert.equal((await buildHere([one, two]))[0]!.fresh, false);
  });

  it('says where sources are looked for', async () => {
    assert.match(await refusal(['no/such/file.c']), /no\/such\/file\.c: neither here nor in the kernel tree/);
    assert.match(await refusal([write({ 'x.txt': '' })]), /is no C file\nring3 build takes/);
  });

  it('says how the sources are got when they are not there', () => {
    const env = { ...process.env, RING3_LINUX_SOURCE: '/nonexistent.tar.xz', XDG_CACHE_HOME: folder };
    const done = spawnSync('npx', ['tsx', 'scripts/ring3.ts', 'build', 'lib/list-test.c'], {
      cwd: root,
      env,
      encoding: 'utf8',
    });
    assert.equal(done.status, 1);
    assert.match(done.stderr, /RING3_LINUX_SOURCE is \/nonexistent\.tar\.xz, and there is no such file/);
    assert.match(done.stderr, /unset it, or name the linux-source-6\.1\.tar\.xz/);
  });
});

describe("the kernel's sources", () => {
  it('are unpacked when they are asked for, and nothing else is', () => {
    write({
      'linux-source-6.1/samples/demo/demo.c': 'int demo;\n',
      'linux-source-6.1/samples/other.c': '',
      'tree/x': '',
    });
    const archive = join(folder, 'archive.tar.xz');
    assert.equal(spawnSync('tar', ['-C', folder, '-cJf', archive, 'linux-source-6.1']).status, 0);
    const source = { tree: join(folder, 'tree'), archive, version: '6.1', includes: [] };
    const there = () => readdirSync(join(folder, 'tree'), { recursive: true }).sort();
    assert.equal(unpackPath(source, 'samples/other.c'), true);
    assert.deepEqual(there(), ['samples', 'samples/other.c', 'x']);
    assert.equal(unpackPath(source, 'samples/demo'), true);
    assert.equal(unpackPath(source, 'samples/demo'), true);
    const all = ['samples', 'samples/demo', 'samples/demo/demo.c', 'samples/other.c', 'x'];
    assert.deepEqual(there(), all);
    for (const not of ['samples/gone', 'samples/gone.c', '../linux-source-6.1', '/etc', '../x.c'])
      assert.equal(unpackPath(source, not), false, not);
    assert.deepEqual(there(), all);
  });
});

describe('a Kbuild file', () => {
  const kbuild = (text: string, config = {}, files: Record<string, string> = {}) => {
    write({ Kbuild: text, ...files });
    return readKbuild(folder, config);
  };
  const complaintOf = (text: string, config = {}, files = {}) => {
    try {
      kbuild(text, config, files);
    } catch (error) {
      return (error as Error).message;
    }
    throw new assert.AssertionError({ message: `read without complaint: ${text}` });
  };
  const c = (...names: string[]) => Object.fromEntries(names.map((name) => [name, '']));

  it('makes composite modules, with flags for all and for one', () => {
    const [spec] = kbuild(
      'obj-m := big.o # one\nbig-objs := a.o \\\n  b.o\nbig-$(CONFIG_MORE) += c.o\nccflags-y += -DX=1 -Iinc\nCFLAGS_a.o := -DA\n',
      { CONFIG_MORE: 'y' },
      c('a.c', 'b.c', 'c.c'),
    );
    assert.equal(spec!.name, 'big');
    assert.deepEqual(
      spec!.sources,
      ['a.c', 'b.c', 'c.c'].map((name) => join(folder, name)),
    );
    const all = ['-DX=1', `-I${join(folder, 'inc')}`];
    assert.deepEqual(spec!.flags![join(folder, 'a.c')], [...all, '-DA']);
    assert.deepEqual(spec!.flags![join(folder, 'b.c')], all);
  });

  it('follows the configuration', () => {
    const text =
      'obj-$(CONFIG_ONE) += one.o\nifeq ($(CONFIG_TWO),y)\nobj-m += two.o\nelse\nobj-m += three.o\nendif\nifdef CONFIG_NO\nobj-m += four.o\nendif\n';
    const names = (config: Record<string, string>) =>
      kbuild(text, config, c('one.c', 'two.c', 'three.c')).map(({ name }) => name);
    assert.deepEqual(names({ CONFIG_ONE: 'm', CONFIG_TWO: 'y' }), ['one', 'two']);
    assert.deepEqual(names({ CONFIG_ONE: 'n' }), ['three']);
  });

  it('goes into folders, and reads the Kbuild part of a Makefile of two', () => {
    write({ 'sub/Makefile': 'obj-m := leaf.o\n', 'sub/leaf.c': '' });
    write({
      Makefile:
        'ifneq ($(KERNELRELEASE),)\nobj-y := sub/\nelse\nall:\n\t$(MAKE) -C $(shell uname -r)\nendif\n',
    });
    assert.deepEqual(
      readKbuild(folder, {}).map(({ name }) => name),
      ['leaf'],
    );
  });

  it('may be a whole Makefile of a module that lives alone', () => {
    const text =
      'KDIR ?= /lib/modules/$(shell uname -r)/build\nPWD := $(shell pwd)\nobj-m += alone.o\nalone-objs := $(patsubst %.c,%.o,$(notdir $(wildcard $(src)/*.c)))\nall:\n\tmake -C $(KDIR) M=$(PWD) modules\nclean:\n\t$(MAKE) -C $(KDIR) M=$(PWD) clean\n';
    const [spec] = kbuild(text, {}, c('one.c', 'two.c'));
    assert.deepEqual(
      spec!.sources,
      ['one.c', 'two.c'].map((name) => join(folder, name)),
    );
  });

  it("knows what kernel-api's headers are configured with", () => {
    const text =
      'obj-$(CONFIG_SMP) += smp.o\nobj-$(CONFIG_PREEMPT_RT) += rt.o\nifeq ($(CONFIG_HZ),1000)\nobj-m += hz.o\nendif\n';
    const names = (config: Record<string, string>) =>
      kbuild(text, config, c('smp.c', 'rt.c', 'hz.c')).map(({ name }) => name);
    assert.deepEqual(names({}), ['hz', 'smp']);
    assert.deepEqual(names({ CONFIG_SMP: 'n', CONFIG_PREEMPT_RT: 'm' }), ['rt', 'hz']);
  });

  it('gives flags as a shell would, and takes them away', () => {
    const [spec] = kbuild(
      `obj-m := f.o\nf-y := a.o b.o\nccflags-y := -DTEXT=\\"a\\" '-DTWO=b c' -Wall $(call cc-option,-fno-such-flag,-DOLD)\nCFLAGS_REMOVE_b.o := -Wall\n`,
      {},
      c('a.c', 'b.c'),
    );
    assert.deepEqual(spec!.flags![join(folder, 'a.c')], ['-DTEXT="a"', '-DTWO=b c', '-Wall', '-DOLD']);
    assert.deepEqual(spec!.flags![join(folder, 'b.c')], ['-DTEXT="a"', '-DTWO=b c', '-DOLD']);
  });

  it('may be in a folder with spaces, whose flags go to those below', () => {
    write({
      'a b/Kbuild':
        'obj-y := sub/\nsubdir-y := more\nsubdir-ccflags-y := -I$(src)/inc\nccflags-y := -DHERE\n',
      'a b/sub/Kbuild': 'obj-m := leaf.o\n',
      'a b/sub/leaf.c': '',
      'a b/more/Makefile': 'obj-m := other.o\nccflags-y := -I$(src)\n',
      'a b/more/other.c': '',
    });
    const here = join(folder, 'a b');
    assert.deepEqual(
      readKbuild(here, {}).map(({ name, flags }) => [name, ...Object.values(flags!)]),
      [
        ['leaf', [`-I${here}/inc`]],
        ['other', [`-I${here}/inc`, `-I${here}/more`]],
      ],
    );
  });

  it('is read with paths relative to the kernel tree that it is in', () => {
    write({
      'tree/include/linux/kernel.h': '',
      'tree/drivers/x/Makefile':
        'obj-m := x.o\nccflags-y := -I $(srctree)/$(src)/inc -I$(srctree)/drivers/y -Idrivers/z\n',
      'tree/drivers/x/x.c': '',
    });
    const tree = join(folder, 'tree');
    const [spec] = readKbuild(join(tree, 'drivers/x'), {});
    assert.deepEqual(spec!.flags![join(tree, 'drivers/x/x.c')], [
      '-I',
      `${tree}/drivers/x/inc`,
      `-I${tree}/drivers/y`,
      `-I${tree}/drivers/z`,
    ]);
  });

  it('is refused, with the line, where it is not understood', () => {
    assert.match(
      complaintOf('obj-m := x.o\nwhat is this\n', {}, c('x.c')),
      /Kbuild:2: what is this\nmake says: missing separator/,
    );
    assert.match(complaintOf('ifdef X\nobj-m := x.o\n'), /Kbuild:3: .*\nmake says: missing 'endif'/);
    assert.match(complaintOf('$(error no such luck)\n'), /Kbuild:1: .*\nmake says: no such luck/);
    assert.match(complaintOf('obj-m := gone.o\n'), /gone\.o: there is no gone\.c/);
    assert.match(complaintOf('obj-m := fast.o\n', {}, c('fast.S')), /fast\.o is made of assembly/);
    assert.throws(() => readKbuild(join(folder, 'nowhere'), {}), /has neither Kbuild nor Makefile/);
    assert.throws(() => readConfig('CONFIG_A=y\nnonsense\n', '.config'), /\.config:2: nonsense/);
  });

  it('is built with its own .config, which -D changes', async () => {
    write({
      Kbuild: 'obj-$(CONFIG_DEMO) := demo.o\n',
      '.config': 'CONFIG_DEMO=m\n# CONFIG_QUIET is not set\nCONFIG_SIZE=12\n',
      'demo.c': MODULE(
        '#if !IS_MODULE(CONFIG_DEMO) || IS_ENABLED(CONFIG_QUIET) || CONFIG_SIZE != WANTED\n#error configuration\n#endif',
      ),
    });
    write({ Kbuild: 'obj-$(CONFIG_DEMO) := demo.o\nccflags-y := -DWANTED=12\n' });
    assert.equal((await buildHere([folder]))[0]!.name, 'demo');
    assert.match(await refusal([folder], { config: { CONFIG_SIZE: '13' } }), /#error configuration/);
    assert.match(
      await refusal([folder], { config: { CONFIG_DEMO: 'n' } }),
      /no module under this configuration\n.*: -D CONFIG_DEMO=m$/,
    );
  });
});

describe('ring3 kunit', () => {
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

describe("kernel-api's README", () => {
  it('lists the headers as they are', () => {
    assert.ok(isUpToDate(), 'npm run kernel:readme');
  });
});
