// SPDX-License-Identifier: MIT
/** `ring3 build`: what it builds, and what it says when it cannot. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { dependsOf, readSection } from '../../scripts/kernel/depends.js';
import { isUpToDate } from '../../scripts/kernel/readme.js';
import { run } from '../../scripts/kernel/runner.js';
import { unpackPath } from '../../scripts/kernel/source.js';
import { root } from '../outside/target.js';
import { buildHere, folder, MODULE, onSources, refusal, write } from './kernel-sources.js';

describe('ring3 build', function () {
  this.timeout(300_000);
  onSources();

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
  onSources();
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

describe("kernel-api's README", () => {
  it('lists the headers as they are', () => {
    assert.ok(isUpToDate(), 'npm run kernel:readme');
  });
});
