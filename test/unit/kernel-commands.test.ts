// SPDX-License-Identifier: MIT
/** `ring3 run`, `insmod`, `rmmod`, `lsmod`, `dmesg`, and the socket between them, which anybody of this user may abuse. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { paramsOf } from '../../scripts/host/commands.js';
import { readCrash } from '../../scripts/host/isolate.js';
import { moduleTable, recordLine } from '../../scripts/host/print.js';
import { badName } from '../../scripts/host/protocol.js';
import { loadsOf } from '../../scripts/host/run-command.js';
import { UsageError } from '../../scripts/options.js';
import { type Finished, ring3, runProgram, TargetProcess } from '../outside/target.js';
import { until } from '../until.js';
import { fixture, pause } from './kernel-fixture.js';

let folder: string;
const env = () => ({ XDG_RUNTIME_DIR: folder });

/** Runs one command to its end. */
async function command(...args: string[]): Promise<Finished> {
  const [program, ...rest] = ring3(args);
  return runProgram(program!, rest, { env: env() });
}

class Host {
  stdout = '';
  stderr = '';
  private constructor(readonly child: ChildProcess) {}

  /** `ring3 run ARGUMENT...`, ready. */
  static async start(...args: string[]): Promise<Host> {
    const [program, ...rest] = ring3(['run', '--cpus', '1', ...args]);
    const child = spawn(program!, rest, {
      env: { ...process.env, ...env() },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const host = new Host(child);
    hosts.add(host);
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      host.stdout += text;
    });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      host.stderr += text;
    });
    await host.until(() => /^ring3 run {3}host|"event":"ready"/m.test(host.stdout));
    return host;
  }

  async until(ready: () => boolean): Promise<void> {
    const said = () => `${this.stdout}\n${this.stderr}`;
    await until(() => {
      if (!ready() && this.child.exitCode !== null) assert.fail(said());
      return ready();
    }, said);
  }

  get socket(): string {
    return join(
      folder,
      'ring3',
      readdirSync(join(folder, 'ring3')).find((name) => name.includes(`-${this.child.pid}.`))!,
    );
  }

  /** Its exit status. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    hosts.delete(this);
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const exit = once(this.child, 'exit');
      this.child.kill(signal);
      await exit;
    }
    return this.child.exitCode;
  }
}
const hosts = new Set<Host>();

describe('module host commands', () => {
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'ring3-commands-'));
  });
  afterEach(async () => {
    for (const host of hosts) await host.end('SIGKILL');
  });
  after(() => rmSync(folder, { recursive: true }));

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
    const [program, ...rest] = ring3(['dmesg', '-w']);
    const follow = spawn(program!, rest, {
      env: { ...process.env, ...env() },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(follow, 'close');
    let stdout = '';
    follow.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    await until(() => /fix_demo: loaded/.test(stdout), 'it shows what was before');
    assert.equal((await command('insmod', fixture('user'))).status, 0);
    await until(() => /fix_user: loaded/.test(stdout), 'it shows what comes');
    await host.end();
    assert.deepEqual(await ended, [0, null]);
  });

  it('uevents are shown as udevadm monitor does', async () => {
    const host = await Host.start();
    assert.equal((await command('insmod', fixture('uevent'))).status, 0);
    assert.match(
      (await command('uevents')).stdout,
      /^KERNEL\[\d+\.\d{6}\] add {6}\/kernel\/fix_things\/thing \(fix_things\)\nKERNEL\[\d+\.\d{6}\] add {6}\/module\/fix_uevent \(module\)\n$/,
    );
    const [program, ...rest] = ring3(['uevents', '-w', '--property', '--subsystem', 'fix_things']);
    const follow = spawn(program!, rest, {
      env: { ...process.env, ...env() },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(follow, 'close');
    let stdout = '';
    follow.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    await until(() => /COLOUR=red=ish\nSEQNUM=1\n\n$/.test(stdout), 'it shows what was before');
    assert.equal((await command('proc', '/sys/kernel/fix_things/thing/tell=2')).status, 0);
    await until(
      () => /change {3}.*\nACTION=change\n.*\nSUBSYSTEM=fix_things\nWHICH=1\n.*\nSEQNUM=4\n\n$/.test(stdout),
      'it shows what comes',
    );
    assert.doesNotMatch(stdout, /\(module\)/);
    const json = (await command('uevents', '--json', '--subsystem', 'module')).stdout.trim().split('\n');
    assert.equal(json.length, 1);
    assert.equal(JSON.parse(json[0]!).devpath, '/module/fix_uevent');
    await host.end();
    assert.deepEqual(await ended, [0, null]);
  });

  it('run loads modules with their parameters, and ends by itself', async () => {
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

  it('run fails where a module does, and takes the others away', async () => {
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

  it('run says that an init does not return, and ends at a second signal', async () => {
    const [program, ...rest] = ring3(['run', fixture('crash'), 'fix_crash.how=never', '--cpus', '1']);
    const child = spawn(program!, rest, {
      env: { ...process.env, ...env() },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const kill = () => child.kill('SIGKILL');
    process.once('exit', kill);
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    await until(() => /fix_crash: never returns/.test(stdout));
    child.kill('SIGTERM');
    await until(() => stderr !== '');
    assert.match(stderr, /SIGTERM: the init of fix_crash has not returned; a second signal ends/);
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    assert.deepEqual(await exit, [null, 'SIGTERM']);
    process.off('exit', kill);
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

  it("the socket is the user's alone", async () => {
    mkdirSync(join(folder, 'ring3'), { recursive: true });
    chmodSync(join(folder, 'ring3'), 0o777);
    const host = await Host.start();
    assert.equal(statSync(host.socket).mode & 0o777, 0o600);
    assert.equal(statSync(join(folder, 'ring3')).mode & 0o777, 0o700);
  });

  it('a path that no socket can have is an error', async () => {
    const long = join(folder, 'x'.repeat(100));
    const [program, ...rest] = ring3(['run', '--for', '0', '--cpus', '1']);
    const { status, stderr } = await runProgram(program!, rest, { env: { XDG_RUNTIME_DIR: long } });
    assert.equal(status, 1);
    assert.match(stderr, /is longer than 107 bytes.*\n {2}set XDG_RUNTIME_DIR to a shorter one/);
  });

  it('run says what modules did not free, where RING3_MEM asks for it', async () => {
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
      const [program, ...rest] = ring3(['run', '--isolate', '--cpus', '1', fixture('demo')]);
      const child = spawn(program!, rest, {
        env: { ...process.env, ...env() },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      });
      let said = '';
      for (const stream of [child.stdout!, child.stderr!])
        stream.setEncoding('utf8').on('data', (text: string) => {
          said += text;
        });
      await until(
        () => said.includes('ring3 run   host'),
        () => said,
      );
      const ended = once(child, 'exit');
      process.kill(-child.pid!, 'SIGINT');
      assert.deepEqual(await ended, [0, null], said);
      assert.match(said, /stopping SIGINT[\s\S]*fix_demo: unloaded/);
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

  describe('the socket', () => {
    /** What a host answers to @text, until it closes or @lines came. */
    async function say(host: Host, text: string | Buffer, lines = 1): Promise<Record<string, unknown>[]> {
      const socket = createConnection(host.socket);
      let got = '';
      socket.setEncoding('utf8').on('data', (chunk: string) => {
        got += chunk;
      });
      socket.on('error', () => {});
      socket.write(text);
      let newlines = 0;
      socket.on('data', (chunk: string) => {
        newlines += chunk.split('\n').length - 1;
      });
      await until(() => newlines >= lines || socket.destroyed);
      socket.destroy();
      return got
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));
    }

    it('answers nonsense with errors, and lives', async () => {
      const host = await Host.start();
      for (const line of [
        'hello',
        '[]',
        'null',
        '7',
        '{}',
        '{"op":"halt"}',
        '{"op":["insmod"]}',
        '{"op":"insmod"}',
        '{"op":"insmod","path":7,"params":""}',
        '{"op":"rmmod","name":null}',
        '{"op":"insmod","path":"a\\u0000b","params":""}',
        '{"op":"rmmod","name":""}',
        '{"op":"__proto__"}',
        '{"op":"tree"}',
        '{"op":"tree","path":""}',
        '{"op":"treeWrite","path":"/proc/x","value":1}',
        '',
      ]) {
        const [reply] = await say(host, `${line}\n`);
        assert.equal(reply?.ok, false, line);
        assert.equal(typeof reply?.message, 'string');
      }
      const replies = await say(host, '{"op":"hello"}\nx\n{"op":"lsmod"}\n', 3);
      assert.deepEqual(
        replies.map(({ ok }) => ok),
        [true, false, true],
      );
      assert.equal(replies[0]!.pid, host.child.pid);
    });

    it('bounds requests and connections', async () => {
      const host = await Host.start();
      const [long] = await say(host, Buffer.alloc(300 << 10, 'x'));
      assert.match(String(long?.message), /a request has more than 131072 bytes/);
      const sockets = await Promise.all(
        Array.from({ length: 16 }, async () => {
          const socket = createConnection(host.socket);
          await once(socket, 'connect');
          return socket;
        }),
      );
      const [full] = await say(host, '{"op":"hello"}\n');
      assert.match(String(full?.message), /16 commands speak with this host, which is the limit/);
      for (const socket of sockets) socket.destroy();
      await until(async () => (await say(host, '{"op":"hello"}\n'))[0]?.ok === true, 'there is room again');
    });

    /** So many lines of the log. */
    const chatter = (host: Host, lines: number) =>
      say(host, '{"op":"rmmod","name":"nobody"}\n'.repeat(lines), lines);

    it('is not held up by one who does not read the log, and tells him what he missed', async () => {
      const host = await Host.start('--level', '-1');
      const lazy = createConnection(host.socket);
      let got = '';
      lazy.setEncoding('utf8').on('data', (text: string) => {
        got += text;
      });
      lazy.pause();
      lazy.write('{"op":"follow","from":"start"}\n');
      await pause(200);
      const replies = await chatter(host, 12_000);
      assert.equal(replies.length, 12_000);
      lazy.resume();
      await until(() => /"level":4,.*records were lost before they were read/.test(got), 'it is told');
      lazy.destroy();
      assert.equal(await host.end(), 0);
    });

    it('stops hearing one who asks and does not read', async () => {
      const host = await Host.start('--level', '-1', fixture('demo'));
      const resident = () =>
        Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${host.child.pid}/status`, 'utf8'))![1]) / 1024;
      const before = resident();
      const rude = createConnection(host.socket);
      rude.on('error', () => {});
      rude.pause();
      const requests = '{"op":"dmesg"}\n'.repeat(50_000);
      await chatter(host, 2000);
      rude.write(requests); // 50 000 answers of 200 KB each would be 10 GB
      await pause(1500);
      assert.ok(rude.writableLength > 0, 'all was read');
      assert.ok(resident() - before < 100, `${resident() - before} MiB more`);
      assert.equal((await say(host, '{"op":"hello"}\n'))[0]?.ok, true);
      rude.destroy();
      assert.equal(await host.end(), 0);
    });
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
