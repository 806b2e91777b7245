// SPDX-License-Identifier: MIT
/** `ring3 insmod`, `rmmod`, `lsmod`, `dmesg`, `uevents`, `proc`: commands to a module host. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { paramsOf } from '../../scripts/host/commands.js';
import { moduleTable, recordLine } from '../../scripts/host/print.js';
import { badName } from '../../scripts/host/protocol.js';
import { loadsOf } from '../../scripts/host/run-command.js';
import { UsageError } from '../../scripts/options.js';
import { ring3, TargetProcess } from '../outside/target.js';
import { until } from '../until.js';
import { fixture } from './kernel-fixture.js';
import { command, env, folder, Host, onHosts, spawnCommand } from './kernel-hosts.js';

describe('module host commands', () => {
  onHosts();

  it('say how to start a host where none runs', async () => {
    for (const args of [['lsmod'], ['rmmod', 'x'], ['dmesg'], ['uevents'], ['proc'], ['insmod', 'x.ko.so']]) {
      const { status, stderr } = await command(...args);
      assert.equal(status, 1);
      assert.match(stderr, /^ring3: no host runs\n {2}start one: ring3 run /);
    }
  });

  it('load, list, use, unload', async () => {
    const host = await Host.start();
    const label = await command('insmod', fixture('demo'), 'size=3', 'label=two words', 'fast');
    assert.deepEqual([label.status, label.output], [0, '']);
    assert.equal((await command('insmod', fixture('user'))).status, 0);
    const list = await command('lsmod');
    assert.match(
      list.stdout,
      /^Module {18}Size {2}Used by\nfix_demo {12} +\d+ {2}1 fix_user\nfix_user {12} +\d+ {2}0\n$/,
    );
    const modules = JSON.parse((await command('lsmod', '--json')).stdout);
    assert.deepEqual(
      modules.map(({ name, references, usedBy }: Record<string, unknown>) => [name, references, usedBy]),
      [
        ['fix_demo', 1, ['fix_user']],
        ['fix_user', 0, []],
      ],
    );
    const busy = await command('rmmod', 'fix_demo');
    assert.equal(busy.status, 1);
    assert.equal(busy.stderr, 'ring3: rmmod fix_demo: is in use by: fix_user (1 references)\n');
    assert.equal((await command('rmmod', 'fix-user', 'fix_demo')).status, 0);
    const gone = await command('rmmod', 'fix_demo');
    assert.deepEqual([gone.status, gone.stderr], [1, 'ring3: rmmod fix_demo: is not loaded\n']);
    const log = await command('dmesg');
    assert.match(log.stdout, /^\[ *\d+\.\d{6}\] demo: size 3$/m);
    assert.equal(await host.end(), 0);
    assert.match(host.stdout, /^stopping SIGTERM$/m);
    assert.match(host.stdout, /demo: size 3/);
  });

  it('proc lists, shows and writes files of /proc and /sys', async () => {
    await Host.start(fixture('tree'));
    const list = await command('proc', '/proc/fix_tree');
    assert.deepEqual([list.status, list.stdout], [0, 'bytes\nhello\nlines\nlink -> hello\nslow\n']);
    assert.equal((await command('proc')).stdout, 'proc/\nsys/\n');
    assert.equal((await command('proc', '/proc/fix_tree/link')).stdout, 'hello\n');
    const level = '/sys/module/fix_tree/parameters/level';
    const both = await command('proc', `${level}=8`, '/sys/kernel/fix_tree/level');
    assert.deepEqual([both.status, both.output], [0, '8\n']);
    assert.equal((await command('proc', '/proc/fix_tree/lines')).stdout.split('\n')[19_999], 'line 19999');

    const bad = await command('proc', '/proc/none', `${level}=x`, '/proc/fix_tree/hello=1', 'x', level);
    assert.deepEqual([bad.status, bad.stdout], [1, '8\n']);
    assert.match(
      bad.stderr,
      /^ring3: \S+ \/proc\/none: there is no such file \(ENOENT\)\nring3: write \S+level: .* \(EINVAL\)\nring3: write \S+hello: .* \(EACCES\)\nring3: x: .* \(EINVAL\)\n$/,
    );
    const json = await command('proc', '--json', '/proc/fix_tree', '/proc/fix_tree/bytes', level, '/none');
    const [folder, bytes, text, none] = json.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(folder.entries[3], {
      name: 'link',
      kind: 'link',
      mode: 0o777,
      size: 0,
      target: 'hello',
    });
    assert.deepEqual(bytes, { path: '/proc/fix_tree/bytes', kind: 'file', base64: 'AP+AeA==' });
    assert.deepEqual(text, { path: level, kind: 'file', text: '8\n' });
    assert.equal(none.error, 'ENOENT');
  });

  it('pass on what is wrong with a module', async () => {
    await Host.start();
    const missing = await command('insmod', fixture('missing'));
    assert.equal(missing.status, 1);
    assert.match(
      missing.stderr,
      /no such kernel symbol: .*crypto_register_shash \(<crypto\/internal\/hash\.h>\)/,
    );
    assert.match(missing.stderr, /\n {2}nothing of it is loaded; ring3 dmesg shows the log\n$/);
    assert.match((await command('insmod', fixture('demo'), 'size=x')).stderr, /expected a whole number/);
    assert.match((await command('insmod', join(folder, 'none.ko.so'))).stderr, /No such file or directory/);
    const level = await command('dmesg', '--level', 'err');
    assert.match(level.stdout, /no such kernel symbol/);
    assert.equal((await command('dmesg', '--level', 'emerg,alert')).stdout, '');
    const json = (await command('dmesg', '--json', '--level', 'err+')).stdout.trim().split('\n');
    for (const line of json) assert.equal(JSON.parse(line).level, 'err');
  });

  it('dmesg -w shows what comes, and ends with the host', async () => {
    const host = await Host.start(fixture('demo'));
    const follow = spawnCommand(['dmesg', '-w']);
    await until(() => /fix_demo: loaded/.test(follow.stdout), 'it shows what was before');
    assert.equal((await command('insmod', fixture('user'))).status, 0);
    await until(() => /fix_user: loaded/.test(follow.stdout), 'it shows what comes');
    await host.end();
    assert.deepEqual(await follow.ended, [0, null]);
  });

  it('uevents are shown as udevadm monitor does', async () => {
    const host = await Host.start();
    assert.equal((await command('insmod', fixture('uevent'))).status, 0);
    assert.match(
      (await command('uevents')).stdout,
      /^KERNEL\[\d+\.\d{6}\] add {6}\/kernel\/fix_things\/thing \(fix_things\)\nKERNEL\[\d+\.\d{6}\] add {6}\/module\/fix_uevent \(module\)\n$/,
    );
    const follow = spawnCommand(['uevents', '-w', '--property', '--subsystem', 'fix_things']);
    await until(() => /COLOUR=red=ish\nSEQNUM=1\n\n$/.test(follow.stdout), 'it shows what was before');
    assert.equal((await command('proc', '/sys/kernel/fix_things/thing/tell=2')).status, 0);
    await until(
      () =>
        /change {3}.*\nACTION=change\n.*\nSUBSYSTEM=fix_things\nWHICH=1\n.*\nSEQNUM=4\n\n$/.test(
          follow.stdout,
        ),
      'it shows what comes',
    );
    assert.doesNotMatch(follow.stdout, /\(module\)/);
    const json = (await command('uevents', '--json', '--subsystem', 'module')).stdout.trim().split('\n');
    assert.equal(json.length, 1);
    assert.equal(JSON.parse(json[0]!).devpath, '/module/fix_uevent');
    await host.end();
    assert.deepEqual(await follow.ended, [0, null]);
  });

  it('refuse wrong usage with status 2', async () => {
    for (const [args, said] of [
      [['insmod'], /which module\?/],
      [['insmod', 'x.ko.so', '1=2'], /'1=2' is no parameter/],
      [['insmod', 'x.ko.so', 'a="'], /a value cannot hold a quotation mark/],
      [['rmmod'], /which module\?/],
      [['lsmod', 'x'], /takes no arguments/],
      [['dmesg', '--level', 'loud'], /'loud' is no level; expected emerg/],
      [['dmesg', '-x'], /-x is no option/],
      [['proc', '--jsn'], /did you mean --json\?/],
      [['run', 'none.ko.so'], /there is no such module file/],
      [['run', fixture('demo'), 'fix_demi.size=1'], /no module fix_demi is given/],
      [['run', fixture('demo'), fixture('demo')], /two modules are called fix_demo/],
      [['run', '--cpus', '0'], /--cpus is '0', should be a whole number from 1 to 256/],
      [['run', '--for', 'ever'], /--for is 'ever'/],
      [['run', '--name', 'a b'], /no name of a host/],
      [['run', '--name', '123'], /no name of a host/],
      [['run', '--level', '8'], /--level is '8'/],
      [['run', '--isolated'], /did you mean --isolate\?/],
    ] as const) {
      const { status, stderr } = await command(...args);
      assert.equal(status, 2, `${args.join(' ')}: ${stderr}`);
      assert.match(stderr, said);
    }
    for (const name of ['run', 'insmod', 'rmmod', 'lsmod', 'dmesg', 'uevents', 'proc']) {
      const { status, stdout } = await command(name, '--help');
      assert.equal(status, 0);
      assert.match(stdout, new RegExp(`^usage: ring3 ${name}`));
    }
  });

  it('choose among several hosts by name or PID', async () => {
    const one = await Host.start('--name', 'one');
    const two = await Host.start('--name', 'two', fixture('demo'));
    const both = await command('lsmod');
    assert.equal(both.status, 2);
    assert.match(both.stderr, /2 hosts run: one \(PID \d+\), two \(PID \d+\); choose with --host one/);
    assert.doesNotMatch((await command('lsmod', '--host', 'one')).stdout, /fix_demo/);
    assert.match((await command('lsmod', '--host', String(two.child.pid))).stdout, /fix_demo/);
    const none = await command('lsmod', '--host', 'three');
    assert.equal(none.status, 1);
    assert.match(none.stderr, /no host is called three\n {2}these run: one/);
    await two.end('SIGKILL'); // leaves its socket behind
    assert.equal((await command('lsmod')).status, 0);
    assert.equal(readdirSync(join(folder, 'ring3')).length, 1);
    await one.end();
  });

  it('a target is a host too', async () => {
    const target = await TargetProcess.start(['ram:16M'], { env: env() });
    try {
      const { stdout, status } = await command('lsmod');
      assert.equal(status, 0);
      assert.match(stdout, /^scst +\d+ +\d+ .*iscsi_scst/m);
      const refused = await command('rmmod', 'scst');
      assert.equal(refused.status, 1);
      assert.match(refused.stderr, /scst: is in use by: .*iscsi_scst/);
      assert.match((await command('dmesg', '--host', 'target')).stdout, /scst: loaded/);
      assert.equal((await command('insmod', fixture('demo'))).status, 0);
      assert.match((await command('lsmod')).stdout, /^fix_demo/m);
    } finally {
      await target.stop();
    }
  });

  it('end with an error where a full disk takes nothing, and without one where nobody reads', async () => {
    const host = await Host.start(fixture('uevent'));
    const full = openSync('/dev/full', 'w');
    try {
      for (const args of [
        ['lsmod'],
        ['dmesg'],
        ['dmesg', '-w'],
        ['uevents'],
        ['uevents', '-w'],
        ['proc', '/sys/module'],
        ['proc', '/sys/module/fix_uevent/initstate'],
      ]) {
        const [program, ...rest] = ring3(args);
        const done = spawnSync(program!, rest, {
          env: { ...process.env, ...env() },
          stdio: ['ignore', full, 'pipe'],
          encoding: 'utf8',
          timeout: 30_000,
        });
        assert.equal(done.status, 1, `${args}: ${done.stderr}`);
        assert.match(done.stderr, /^ring3: stdout: .*ENOSPC/, args.join(' '));
      }
    } finally {
      closeSync(full);
    }
    for (const args of [
      ['dmesg', '-w'],
      ['uevents', '-w'],
    ]) {
      const [program, ...rest] = ring3(args);
      const child = spawn(program!, rest, {
        env: { ...process.env, ...env() },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = once(child, 'exit');
      await once(child.stdout, 'data');
      child.stdout.destroy();
      let over = false;
      void ended.then(() => {
        over = true;
      });
      while (!over) {
        // until it has something to write
        await command('insmod', fixture('demo'));
        await command('rmmod', 'fix_demo');
      }
      assert.deepEqual(await ended, [0, null], args.join(' '));
    }
    const odd = await command('rmmod', '\x1b[2J');
    assert.equal(odd.status, 1);
    assert.ok(!odd.stderr.includes('\x1b'), JSON.stringify(odd.stderr));
    assert.equal(await host.end(), 0);
  });

  describe('parts', () => {
    it('parameters are words of insmod', () => {
      assert.equal(paramsOf(['a=1', 'b=x y', 'c', 'd=']), 'a=1 b="x y" c d=""');
      for (const bad of ['', '=1', 'a b=1', '1=2', 'a="x"'])
        assert.throws(() => paramsOf([bad]), UsageError, bad);
    });

    it('operands are files and parameters', () => {
      const odd = join(folder, 'x.y=z.ko.so');
      writeFileSync(odd, '');
      assert.deepEqual(loadsOf([odd, 'x.a=1', 'x.b=2 3']), [{ path: odd, name: 'x', params: 'a=1 b="2 3"' }]);
      assert.equal(loadsOf([odd, 'x.quiet'])[0]!.params, 'quiet'); // a bool is y where nothing stands behind it
      assert.throws(() => loadsOf([odd, 'y.quiet']), /y\.quiet: there is no such module file/);
    });

    it('names of hosts', () => {
      for (const good of ['host', 'a.b_C9', 'x'.repeat(32)]) assert.equal(badName(good), undefined);
      for (const bad of ['', '12', 'a/b', 'a-b', '../x', 'x'.repeat(33)])
        assert.match(badName(bad)!, /no name of a host/);
    });

    it("tables and lines as a kernel's tools print them", () => {
      assert.equal(moduleTable([]), 'Module                  Size  Used by\n');
      const line = recordLine({ seq: 1, level: 6, time: 5.1234567, text: 'a\u001b[2Jb\u0000' });
      assert.equal(line, '[    5.123457] a\\x1b[2Jb\\x00');
    });
  });
});
