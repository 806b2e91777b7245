// SPDX-License-Identifier: MIT
/** Kbuild files: what they make, as make reads them. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { readConfig, readKbuild } from '../../scripts/kernel/kbuild.js';
import { buildHere, folder, MODULE, onSources, refusal, write } from './kernel-sources.js';

describe('a Kbuild file', () => {
  onSources();
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
