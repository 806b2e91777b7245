// SPDX-License-Identifier: MIT
/** `ring3 run`, with and without --isolate: modules that load, fail, stay, never return and crash. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readCrash } from '../../scripts/host/isolate.js';
import { ring3, runProgram } from '../outside/target.js';
import { until } from '../until.js';
import { fixture } from './kernel-fixture.js';
import { command, env, folder, Host, onHosts, spawnCommand } from './kernel-hosts.js';

describe('ring3 run', () => {
  onHosts();

  it('loads modules with their parameters, and ends by itself', async () => {
    const { status, stdout, stderr } = await command(
      ...[
        'run',
        fixture('demo'),
        fixture('user'),
        'fix_demo.size=12',
        'fix-demo.label=a b',
        '--cpus',
        '1',
        '--for',
        '0',
      ],
    );
    assert.equal(status, 0, stderr);
    assert.match(stdout, /demo: size 12/);
    assert.match(stdout, /^ring3 run {3}host host, PID \d+, 1 CPUs {3}fix_demo fix_user$/m);
    assert.match(stdout, /fix_user: unloaded\n.*fix_demo: unloaded/);
    const json = await command(
      'run',
      fixture('demo'),
      '--json',
      '--cpus',
      '1',
      '--for',
      '0',
      '--name',
      'mine',
    );
    const events = json.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const ready = events.find(({ event }) => event === 'ready');
    assert.deepEqual([ready.name, ready.cpus, ready.modules], ['mine', 1, ['fix_demo']]);
    assert.deepEqual(readdirSync(join(folder, 'ring3')), []);
  });

  it('says what modules did not free, where RING3_MEM asks for it', async () => {
    for (const [mem, said] of [
      ['leaks', 1],
      ['count', 0],
    ] as const) {
      const [program, ...rest] = ring3([
        'run',
        fixture('fails'),
        'fix_fails.leak',
        'fix_fails.error=0',
        '--cpus',
        '1',
        '--for',
        '0',
      ]);
      const done = await runProgram(program!, rest, { env: { ...env(), RING3_MEM: mem } });
      assert.equal(done.status, 0, done.stderr);
      const told = `${done.stdout}${done.stderr}`.match(
        /fix_fails: still in use: 2 objects, 200 bytes, allocated in fails_init at fix_fails\.c:\d+$/gm,
      );
      assert.equal(told?.length ?? 0, said, done.stdout + done.stderr);
    }
  });

  it('fails where a module does, and takes the others away', async () => {
    const { status, stdout, stderr } = await command(
      ...['run', fixture('demo'), fixture('fails'), '--cpus', '1', '--for', '0'],
    );
    assert.equal(status, 1);
    assert.match(stderr, /^ring3: insmod .*fix_fails: init failed: -19 \(ENODEV\)/);
    assert.match(stdout, /fix_demo: unloaded/);
    const stays = await command('run', fixture('stays'), '--cpus', '1', '--for', '0');
    assert.equal(stays.status, 1);
    assert.match(stays.stderr, /fix_stays: cannot be unloaded: it has an init and no exit/);
  });

  it('says that an init does not return, and ends at a second signal', async () => {
    const run = spawnCommand(['run', fixture('crash'), 'fix_crash.how=never', '--cpus', '1']);
    const kill = () => run.child.kill('SIGKILL');
    process.once('exit', kill);
    await until(() => /fix_crash: never returns/.test(run.stdout));
    run.child.kill('SIGTERM');
    await until(() => run.stderr !== '');
    assert.match(run.stderr, /SIGTERM: the init of fix_crash has not returned; a second signal ends/);
    run.child.kill('SIGTERM');
    assert.deepEqual(await run.ended, [null, 'SIGTERM']);
    process.off('exit', kill);
  });

  describe('a crash', () => {
    for (const [how, said] of [
      ['null', /crashed with SIGSEGV while module fix_crash was loaded: 0x10: null pointer/],
      ['call', /crashed with SIGSEGV while module fix_crash was loaded: 0x0: a call of a null pointer/],
      ['bug', /crashed with SIGABRT while module fix_crash was loaded: kernel BUG at .*fix_crash\.c:\d+/],
    ] as const)
      it(`of kind ${how} is told by --isolate, with function, file and line`, async () => {
        const { status, stderr, stdout } = await command(
          ...[
            'run',
            fixture('demo'),
            fixture('crash'),
            `fix_crash.how=${how}`,
            '--isolate',
            '--cpus',
            '1',
            '--json',
          ],
        );
        assert.equal(status, 1);
        assert.match(stderr, said);
        assert.match(stderr, /\n {2}in (touch|crash_init)\S* at fix_crash\.c:\d+ \(fix_crash\.ko\.so\)\n/);
        assert.doesNotMatch(stderr, /ring3Dump|registers/);
        const crash = stdout
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line))
          .find(({ event }) => event === 'crash');
        assert.equal(crash.module, 'fix_crash');
        assert.equal(crash.where.file, 'fix_crash.c');
        assert.ok(crash.where.line > 0);
      });

    it('that comes after init is told as well', async () => {
      const { status, stderr } = await command(
        'run',
        fixture('crash'),
        'fix_crash.how=later',
        '--isolate',
        '--cpus',
        '1',
      );
      assert.equal(status, 1);
      assert.match(stderr, /crashed with SIGSEGV while it ran: 0x10: null pointer/);
      assert.match(stderr, /\n {2}in touch at fix_crash\.c:\d+ \(fix_crash\.ko\.so\)\n/);
    });

    it('that does not come leaves --isolate as run is', async () => {
      const { status, stdout, stderr } = await command(
        ...['run', fixture('demo'), '--isolate', '--cpus', '1', '--for', '0'],
      );
      assert.equal(status, 0, stderr);
      assert.match(stdout, /fix_demo: unloaded/);
      const fails = await command('run', fixture('fails'), '--isolate', '--cpus', '1', '--for', '0');
      assert.equal(fails.status, 1);
      assert.match(fails.stderr, /init failed: -19/);
    });

    it('ends with the signal that its parent was sent', async () => {
      const host = await Host.start('--isolate', fixture('demo'));
      assert.equal(await host.end('SIGINT'), 0);
      assert.match(host.stdout, /stopping SIGINT[\s\S]*fix_demo: unloaded/);
    });

    it('is none when a terminal sends Ctrl-C to both', async () => {
      const run = spawnCommand(['run', '--isolate', '--cpus', '1', fixture('demo')], { detached: true });
      const said = () => run.stdout + run.stderr;
      await until(() => said().includes('ring3 run   host'), said);
      process.kill(-run.child.pid!, 'SIGINT');
      assert.deepEqual(await run.ended, [0, null], said());
      assert.match(said(), /stopping SIGINT[\s\S]*fix_demo: unloaded/);
    });

    it('of the process that watches leaves no host behind', async () => {
      const host = await Host.start('--isolate', fixture('demo'));
      const pid = Number(/PID (\d+)/.exec(host.stdout)![1]);
      await host.end('SIGKILL');
      await until(
        () => {
          try {
            process.kill(pid, 0);
            return false;
          } catch {
            return true;
          }
        },
        () => `${pid} still runs`,
      );
    });

    it('dump is read whatever is in it', () => {
      assert.equal(readCrash(''), undefined);
      assert.equal(readCrash('ring3Dump=1\n-- stacks --\n'), undefined);
      const half = 'signal=SIGSEGV code=1 tid=7 address=0x0 addressIs="null"\ntid=7 crashed=true stack=0\n';
      assert.deepEqual(readCrash(half), { signal: 'SIGSEGV', what: '0x0: null', stack: [] });
      const inlined = `${half}-- stacks --\nstack=0\n    thread 7\n  #0  a at m.c:1, inlined in\n    b at m.c:2 (m.ko.so+0x1)\n`;
      assert.deepEqual(readCrash(inlined)!.where, { function: 'a', file: 'm.c', line: 1, object: 'm.ko.so' });
    });
  });
});
