// SPDX-License-Identifier: MIT
/** A kernel in a process of its own: what works there as here, and a module that crashes, which ends that process only. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { IsolatedKernel, Kernel, KernelCrash } from '../../kernel-api/index.js';
import { until } from '../until.js';
import { failsWith, fixture } from './kernel-fixture.js';

/** Until the process is no more; a zombie is none. */
const gone = (pid: number): boolean => !existsSync(`/proc/${pid}`);

/** The same for one whose new parent, which is not ours, may take its time to ask for its status. */
function ended(pid: number): boolean {
  try {
    return /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return true;
  }
}

describe('an isolated kernel', () => {
  let kernel: IsolatedKernel;
  beforeEach(async () => {
    kernel = await Kernel.start({ cpus: 1, isolate: true });
  });
  afterEach(() => kernel.kill());

  it('loads, calls, reads, writes and unloads as one of this process does', async () => {
    assert.ok(kernel instanceof IsolatedKernel);
    assert.notEqual(kernel.pid, process.pid);
    assert.equal(kernel.cpus, 1);
    assert.equal(Kernel.running, false);
    const demo = await kernel.insmod(fixture('demo'));
    assert.equal(demo.name, 'fix_demo');
    assert.deepEqual(
      (await kernel.lsmod()).map(({ name }) => name),
      ['fix_demo'],
    );
    assert.ok((await demo.exports()).includes('demo_sum'));
    assert.equal(await demo.call('int demo_sum(int, int)', 2, 3), 5);
    assert.equal((await kernel.module('fix-demo')).path, demo.path);
    await kernel.printk('said from outside', 'warn');
    assert.ok((await kernel.dmesg()).some(({ text, level }) => text === 'said from outside' && level === 4));
    await kernel.rmmod(demo);
    assert.deepEqual(await kernel.lsmod(), []);
    await assert.rejects(demo.call('int demo_sum(int, int)', 2, 3), failsWith('ENOENT', /not loaded/));
    const pid = kernel.pid!;
    await kernel.stop();
    assert.ok(gone(pid));
    await kernel.stop(); // once more does no harm
  });

  it('has the tree of its modules', async () => {
    await kernel.insmod(fixture('tree'));
    assert.equal(await kernel.tree.read('/proc/fix_tree/hello'), 'hello\n');
    await kernel.tree.write('/sys/kernel/fix_tree/level', 4);
    assert.equal(await kernel.tree.read('/sys/module/fix_tree/parameters/level'), '4\n');
    assert.equal((await kernel.tree.list('/proc/fix_tree')).length, 5);
    assert.equal((await kernel.tree.stat('/proc/fix_tree/link')).name, 'hello');
    assert.deepEqual(
      (await kernel.tree.list()).map(({ name }) => name),
      ['proc', 'sys'],
    );
    await assert.rejects(
      kernel.tree.read('/proc/none'),
      failsWith('ENOENT', /read \/proc\/none: there is no/),
    );
    await assert.rejects(
      kernel.tree.read('/proc/fix_tree/lines', { most: 5 }),
      failsWith('EFBIG', /5 bytes/),
    );
  });

  it('refuses as one of this process does, and goes on', async () => {
    await assert.rejects(kernel.insmod('/nowhere.ko.so'), failsWith('ENOENT', /insmod \/nowhere.ko.so: /));
    await assert.rejects(kernel.insmod(fixture('fails')), failsWith('ENODEV', /init failed: -19/));
    await assert.rejects(kernel.insmod(''), TypeError);
    await assert.rejects(kernel.module('nobody'), failsWith('ENOENT', /nobody is not loaded/));
    await assert.rejects(kernel.rmmod('nobody'), failsWith('ENOENT', /nobody/));
    const demo = await kernel.insmod(fixture('demo'));
    await assert.rejects(demo.call('int demo_summ(int)', 1), failsWith('ENOENT', /did you mean demo_sum/));
    await assert.rejects(demo.call('nonsense'), /is no prototype/);
    await assert.rejects(demo.call('int demo_sum(int, int)', Buffer.alloc(1), 2), /memory is not shared/);
    await assert.rejects(demo.readParameter('nothing'), failsWith('ENOENT', /nothing/));
    assert.equal(await demo.call('int demo_sum(int, int)', 2, 3), 5);
    await assert.rejects(Kernel.start({ cpus: 1000, isolate: true }), /cpus is 1000/);
  });

  for (const [how, signal, said] of [
    ['null', 'SIGSEGV', /SIGSEGV while module fix_crash was loaded: 0x10: null pointer/],
    ['bug', 'SIGABRT', /SIGABRT while module fix_crash was loaded: kernel BUG at .*fix_crash\.c:\d+/],
  ] as const)
    it(`that a module's init crashes (${how}) says where, and this process lives`, async () => {
      const demo = await kernel.insmod(fixture('demo'));
      const pid = kernel.pid!;
      await assert.rejects(kernel.insmod(fixture('crash'), { how }), (error: unknown) => {
        assert.ok(error instanceof KernelCrash, String(error));
        assert.match(error.message, said);
        assert.match(error.message, /, in (touch|crash_init)\S* at fix_crash\.c:\d+ \(fix_crash\.ko\.so\)$/);
        assert.equal(error.signal, signal);
        assert.equal(error.loading, 'fix_crash');
        assert.equal(error.code, 'ECRASHED');
        assert.equal(error.where!.file, 'fix_crash.c');
        assert.ok(error.frames.length > 1);
        return true;
      });
      assert.ok(gone(pid));
      const crash = await kernel.crashed;
      // What is asked for later rejects with the same.
      for (const late of [kernel.lsmod(), demo.call('int demo_sum(int, int)', 1, 2), kernel.stop()])
        await assert.rejects(late, (error) => error === crash);
      const next = await Kernel.start({ cpus: 1, isolate: true });
      assert.equal((await next.insmod(fixture('demo'))).name, 'fix_demo');
      await next.stop();
    });

  it('that crashes later tells by itself, and who waits', async () => {
    await kernel.insmod(fixture('crash'), { how: 'later' });
    const crash = await kernel.crashed;
    assert.equal(crash.loading, undefined);
    assert.match(crash.message, /SIGSEGV while it ran: 0x10: null pointer.*, in touch at fix_crash\.c:\d+/);
    await assert.rejects(kernel.dmesg(), (error) => error === crash);
  });

  it('whose module never returns from its init can be killed', async () => {
    const loading = kernel.insmod(fixture('crash'), { how: 'never' });
    const rejected = assert.rejects(loading, failsWith('ENODEV', /was stopped/));
    while (!(await kernel.dmesg()).some(({ text }) => /never returns/.test(text)));
    await kernel.kill();
    await rejected;
  });

  it('that is killed from outside says so', async () => {
    process.kill(kernel.pid!, 'SIGKILL');
    const crash = await kernel.crashed;
    assert.match(crash.message, /ended with SIGKILL while it ran$/);
    assert.deepEqual(crash.frames, []);
    assert.equal(crash.where, undefined);
  });

  it('is one of several, beside one of this process', async () => {
    const here = await Kernel.start({ cpus: 1 });
    here.consoleLogLevel = -1;
    const other = await Kernel.start({ cpus: 2, isolate: true });
    await assert.rejects(other.insmod(fixture('crash'), { how: 'null' }), KernelCrash);
    assert.equal((await kernel.insmod(fixture('demo'))).name, 'fix_demo');
    assert.equal((await here.insmod(fixture('demo'))).symbol('int demo_sum(int, int)')(1, 2), 3);
    await here.stop();
  });

  it('is followed: its log, its uevents, and files that come in parts', async () => {
    const log = kernel.followDmesg({ level: 6 });
    const events = kernel.followUevents({ subsystem: 'module' });
    const [line, event] = [log.next(), events.next()]; // before there is anything
    await kernel.insmod(fixture('tree'));
    const said = [(await line).value?.text];
    assert.equal((await event).value?.devpath, '/module/fix_tree');
    await kernel.printk('the end', 'info');
    for await (const { text } of log) {
      said.push(text);
      if (text === 'the end') break;
    }
    assert.ok(said.includes('fix_tree: loaded'), said.join());
    assert.equal((await kernel.uevents()).length, 1);
    let bytes = 0;
    for await (const part of kernel.tree.chunks('/proc/fix_tree/lines')) {
      assert.ok(Buffer.isBuffer(part));
      bytes += part.length;
    }
    assert.equal((await kernel.tree.readBytes('/proc/fix_tree/lines')).length, bytes);
    const paths: string[] = [];
    for await (const { path } of kernel.tree.walk('/proc/fix_tree')) paths.push(path);
    assert.equal(paths.length, 5);
    await kernel.tree.write('/proc/fix_tree/bytes', Buffer.from([1, 2]));
    await assert.rejects(kernel.tree.chunks('/proc/none').next(), failsWith('ENOENT', /no such file/));
    assert.throws(() => {
      kernel.consoleLogLevel = 8;
    }, TypeError);
    kernel.consoleLogLevel = -1;
  });

  it('ends what is followed: with a signal, a stop, a crash', async () => {
    const end = new AbortController();
    const log = kernel.followDmesg({ from: 'now', signal: end.signal });
    const waiting = log.next();
    end.abort();
    assert.equal((await waiting).done, true);
    assert.equal((await kernel.followUevents({ signal: end.signal }).next()).done, true);
    const events = kernel.followUevents();
    const stopped = events.next();
    await kernel.dmesg(); // it was heard of
    await kernel.stop();
    assert.equal((await stopped).done, true);
    kernel = await Kernel.start({ cpus: 1, isolate: true });
    const doomed = kernel.followDmesg({ from: 'now' }).next();
    process.kill(kernel.pid!, 'SIGABRT');
    await assert.rejects(doomed, KernelCrash);
  });

  it('says of a module that ends what it did not free, and of the next one nothing of that', async () => {
    process.env.RING3_MEM = 'leaks';
    let watched: IsolatedKernel;
    try {
      watched = await Kernel.start({ cpus: 1, isolate: true });
    } finally {
      delete process.env.RING3_MEM;
    }
    try {
      const leaks = async () =>
        (await watched.dmesg()).flatMap(({ text }) => /^.*still in use: .*$/.exec(text)?.[0] ?? []);
      const expected = [
        /^fix_fails: still in use: 1 objects, 5 bytes, allocated in fails_init at fix_fails\.c:\d+$/,
        /^fix_fails: still in use: 1 objects, 12 bytes, allocated in fails_init at fix_fails\.c:\d+$/,
        /^fix_fails: still in use: 2 objects, 200 bytes, allocated in fails_init at fix_fails\.c:\d+$/,
      ];
      for (const life of [1, 2]) {
        await watched.insmod(fixture('fails'), { leak: true, error: 0 });
        await watched.rmmod('fix_fails');
        const told = await leaks();
        assert.equal(told.length, life * expected.length, told.join('\n'));
        for (const line of expected)
          assert.equal(told.filter((one) => line.test(one)).length, life, told.join('\n'));
      }
      await watched.insmod(fixture('fails'), { error: 0 });
      await watched.rmmod('fix_fails');
      await assert.rejects(
        watched.insmod(fixture('fails'), { leak: true }),
        /still in use: 2 objects, 200 bytes/,
      );
      assert.equal((await leaks()).length, 3 * expected.length);
      await watched.stop();
    } finally {
      await watched.kill();
    }
  });

  it('loads with parameters as text', async () => {
    const demo = await kernel.insmodText(fixture('demo'), 'size=7');
    assert.equal(await demo.readParameter('size'), '7');
  });
});

describe('the process of an isolated kernel', () => {
  it('is spared a Ctrl-C, and ends with its parent, even one that is killed while it is stopped itself', async () => {
    const script = fileURLToPath(new URL('./kernel-isolate-parent.ts', import.meta.url));
    const parent = spawn(process.execPath, ['--import', 'tsx', script], {
      detached: true, // a group of its own, as a shell's job
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const over = once(parent, 'exit');
    let said = '';
    parent.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const says = (what: RegExp) =>
      until(
        () => what.test(said),
        () => said,
      );
    await says(/pid \d+\n/);
    const pid = Number(/pid (\d+)/.exec(said)![1]);
    try {
      process.kill(-parent.pid!, 'SIGINT');
      await says(/answers 0\n/);
      assert.ok(!gone(pid));
      assert.doesNotMatch(said, /crashed/);
      process.kill(pid, 'SIGSTOP'); // so that it cannot see its parent go
    } finally {
      process.kill(parent.pid!, 'SIGKILL');
    }
    await over;
    await until(
      () => ended(pid),
      () => `${pid} is still there`,
    );
  });
});
