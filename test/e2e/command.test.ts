// SPDX-License-Identifier: MIT
/** ring3 target as a user meets it: output, limits, signals. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Initiator, Op } from '../outside/initiator.js';
import { findProgram, ring3, root, runProgram, TargetProcess } from '../outside/target.js';
import { until } from '../until.js';

/** What the threads of a process are called. */
const threadNames = (pid: number): string[] =>
  readdirSync(`/proc/${pid}/task`).map((tid) => readFileSync(`/proc/${pid}/task/${tid}/comm`, 'utf8').trim());

describe('ring3 target', () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'ring3-command-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** The command with its output as people see it, until it is ready. */
  async function start(args: string[], command = ring3(['target', ...args])) {
    const child = spawn(command[0]!, command.slice(1), {
      cwd: root,
      env: { ...process.env, XDG_DATA_HOME: join(folder, 'data'), TERM: 'xterm' },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const seen = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      seen.out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      seen.err += text;
    });
    await until(
      () => seen.out.includes('connect:') || child.exitCode !== null,
      () => seen.out + seen.err,
    );
    return { child, seen };
  }
  async function ended(child: ChildProcess): Promise<number | string | null> {
    await until(() => child.exitCode !== null || child.signalCode !== null, 'the target ends');
    return child.exitCode ?? child.signalCode;
  }

  it('without a disk serves 1 GiB of its own, and says how to connect; quiet when piped', async () => {
    const { child, seen } = await start(['--listen', '127.0.0.1:0']);
    await sleep(1500);
    child.kill('SIGINT');
    assert.equal(await ended(child), 0, seen.err);
    const disk = join(folder, 'data/ring3/disk.img');
    assert.equal(statSync(disk).size, 2 ** 30);
    const [first, lun, connect, ...rest] = seen.out.split('\n');
    assert.match(first!, /^ring3 target {3}iqn\.2026-11\.dev\.ring3:\S+ {5}portal 127\.0\.0\.1:\d+$/);
    assert.ok(lun!.startsWith(`  LUN 0   ${disk}   1.0 GiB   file, `), lun);
    assert.ok(lun!.endsWith(', thin'), lun);
    const port = /:(\d+)$/.exec(first!)![1];
    assert.ok(
      connect!.startsWith(
        `connect:  iscsiadm -m discovery -t st -p 127.0.0.1:${port}  |  qemu-img info iscsi://`,
      ),
    );
    assert.deepEqual(rest, [''], 'no status line');
    assert.match(seen.err, /stopping SIGINT: .*\n.*stopped {2}disks are flushed\n$/);
  });

  it('prints an URL that qemu-img takes', async function () {
    if (!findProgram('qemu-img')) this.skip();
    const { child, seen } = await start(['ram:8M', '--listen', '127.0.0.1:0']);
    const url = /qemu-img info (\S+)/.exec(seen.out)![1]!;
    const done = await runProgram('qemu-img', ['info', url]);
    child.kill('SIGTERM');
    assert.equal(await ended(child), 0);
    assert.match(done.output, /virtual size: 8 MiB/);
  });

  it('shows a live line on a terminal, and Ctrl-C ends it there', async function () {
    if (!findProgram('script')) this.skip();
    const words = ring3(['target', 'ram:8M', '--listen', '127.0.0.1:0']);
    const { child, seen } = await start([], ['script', '-qec', `exec ${words.join(' ')}`, '/dev/null']);
    await until(() => seen.out.includes('sessions 0'));
    const { portal, iqn } = /ring3 target {3}(?<iqn>\S+) {5}portal (?<portal>\S+)/.exec(seen.out)!.groups!;
    const peer = await Initiator.login(portal!, iqn!);
    await until(() => seen.out.includes('sessions 1'));
    peer.close();
    child.stdin!.write('\x03');
    assert.equal(await ended(child), 0, seen.out);
    const flat = seen.out.replaceAll('\r\u001b[K', '<line>');
    assert.match(flat, /<line>sessions 0 {3}read 0 B\/s 0 IOPS {3}write 0 B\/s 0 IOPS/);
    assert.match(flat, /<line>sessions 1 {3}read/);
    assert.match(flat, /<line>\d\d:\d\d:\d\d login {4}iqn/, 'the log does not run into the live line');
    assert.match(flat, /stopped {2}disks are flushed/);
  });

  it('with --quiet, says nothing but its banner', async () => {
    const { child, seen } = await start(['ram:8M', '--listen', '127.0.0.1:0', '--quiet']);
    const portal = /portal (\S+)/.exec(seen.out)![1]!;
    const peer = await Initiator.connect(portal);
    peer.raw(Buffer.alloc(48));
    await peer.ended();
    child.kill('SIGTERM');
    assert.equal(await ended(child), 0);
    assert.equal(seen.err, '');
  });

  it('warns when it listens beyond this machine without CHAP, and says what to do', async () => {
    const { child, seen } = await start(['ram:8M', '--listen', '0.0.0.0:0', '--listen', '127.0.0.1:0']);
    child.kill('SIGTERM');
    assert.equal(await ended(child), 0);
    assert.match(
      seen.err,
      /^warning: anyone who reaches 0\.0\.0\.0:0 can read and write the disks; add --chap USER:FILE\n/,
    );
    const json = await TargetProcess.start(['ram:8M'], { listen: '[::]:0' });
    assert.match(String((await json.event('warning'))?.message), /anyone who reaches \[::\]:0/);
    assert.equal(await json.stop(), 0);
    const loop = await TargetProcess.start(['ram:8M'], { listen: '[::1]:0' });
    assert.equal(await loop.event('warning', {}, 50), undefined);
    assert.equal(await loop.stop(), 0);
  });

  it('goes on when who reads its output leaves', async () => {
    const { child, seen } = await start(['ram:8M', '--listen', '127.0.0.1:0']);
    const [portal, iqn] = [/portal (\S+)/.exec(seen.out)![1]!, /target {3}(\S+)/.exec(seen.out)![1]!];
    child.stdout!.destroy();
    child.stderr!.destroy();
    for (let i = 0; i < 3; i++) (await Initiator.login(portal, iqn)).close();
    await sleep(50);
    assert.equal(child.exitCode, null);
    child.kill('SIGTERM');
    assert.equal(await ended(child), 0);
  });

  it('goes on when who reads its output does not, and keeps little for it', async () => {
    const words = ring3(['target', 'ram:8M', '--json', '--listen', '127.0.0.1:0']).join(' ');
    // The first line comes through; then nobody reads.
    const shell = `${words} | { head -n 1; exec sleep 20; }`;
    const child = spawn('/bin/sh', ['-c', shell], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    const line = await new Promise<string>((resolve) =>
      child.stdout.setEncoding('utf8').once('data', resolve),
    );
    const { portals, iqn, pid } = JSON.parse(line);
    const rss = () => Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
    try {
      const before = rss();
      for (let i = 0; i < 30; i++)
        await Promise.all(
          Array.from({ length: 200 }, async () => {
            const peer = await Initiator.connect(portals[0]);
            peer.raw(Buffer.alloc(48));
            await peer.ended();
            peer.close();
          }),
        );
      (await Initiator.login(portals[0], iqn)).close();
      assert.ok(rss() - before < 100_000, `${rss() - before} KiB more`);
      process.kill(pid, 'SIGTERM');
      await until(() => !statSync(`/proc/${pid}`, { throwIfNoEntry: false }), 'it ends all the same');
    } finally {
      process.kill(-child.pid!, 'SIGKILL');
    }
  });

  it('stays when there is no terminal to hang up', async () => {
    const { child } = await start(['ram:8M', '--listen', '127.0.0.1:0']);
    child.kill('SIGHUP');
    await sleep(300);
    assert.equal(child.exitCode ?? child.signalCode, null);
    child.kill('SIGTERM');
    assert.equal(await ended(child), 0);
  });

  it('ends in order when its terminal does', async function () {
    if (!findProgram('script')) this.skip();
    const disk = join(folder, 'hangup.img');
    const words = ring3(['target', `${disk},size=1M`, '--listen', '127.0.0.1:0']);
    const { child, seen } = await start([], ['script', '-qec', `exec ${words.join(' ')}`, '/dev/null']);
    const [portal, iqn] = [/portal (\S+)/.exec(seen.out)![1]!, /target {3}(\S+)/.exec(seen.out)![1]!];
    const peer = await Initiator.login(portal, iqn);
    child.kill('SIGKILL');
    const message = await peer.receive();
    assert.equal(message?.opcode, Op.Async, 'asked to log out, not cut off');
    assert.ok(await peer.ended());
    const again = await TargetProcess.start([disk]); // it has let go of the disk
    assert.equal(await again.stop(), 0);
  });

  it('serves as an ordinary user, without any right', async function () {
    const setpriv = findProgram('setpriv');
    if (process.getuid?.() !== 0 || !setpriv) this.skip();
    const nobody = [setpriv, '--reuid=65534', '--regid=65534', '--clear-groups', '--bounding-set=-all'];
    const readable = await runProgram(nobody[0]!, [
      ...nobody.slice(1),
      'test',
      '-r',
      join(root, 'scripts/ring3.ts'),
    ]);
    if (readable.status !== 0) this.skip(); // this folder is root's own
    const target = await TargetProcess.start(['ram:8M'], { prefix: nobody });
    assert.match(readFileSync(`/proc/${target.pid}/status`, 'utf8'), /^CapEff:\s*0+$/m);
    const peer = await Initiator.login(target.portal, target.iqn);
    peer.command([0, 0, 0, 0, 0, 0]);
    await peer.receive();
    peer.command([0x28, 0, 0, 0, 0, 0, 0, 0, 8, 0], { read: 4096 });
    assert.equal((await peer.receive())?.data.length, 4096);
    peer.close();
    assert.equal(await target.stop(), 0, target.stderr);
  });

  it('runs out of descriptors, and serves again when there are some', async () => {
    const prefix = ['/bin/sh', '-c', 'ulimit -n 100; exec "$0" "$@"'];
    const target = await TargetProcess.start(['ram:8M'], { prefix });
    const peers: Initiator[] = [];
    for (let i = 0; i < 150; i++) peers.push(await Initiator.connect(target.portal));
    await sleep(200);
    assert.ok(target.alive);
    for (const peer of peers) peer.close();
    const peer = await Initiator.login(target.portal, target.iqn);
    peer.command([0, 0, 0, 0, 0, 0]);
    assert.equal((await peer.receive())?.opcode, Op.ScsiResponse);
    peer.close();
    assert.equal(await target.stop(), 0, target.stderr);
  });

  it('uses as many event threads as it is told', async () => {
    const target = await TargetProcess.start(['ram:8M'], { args: ['--threads', '3'] });
    const peers = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        Initiator.login(target.portal, target.iqn, {
          InitiatorName: `iqn.2026-11.dev.ring3.test:thread-${i}`,
        }),
      ),
    );
    const names = threadNames(target.pid);
    assert.equal(names.filter((name) => /^ring3\/\d+$/.test(name)).length, 3, names.join(' '));
    for (const peer of peers) peer.close();
    assert.equal(await target.stop(), 0);
  });

  it('writes JSON lines with the fields that are documented', async () => {
    const file = join(folder, 'json.img');
    writeFileSync(file, '');
    truncateSync(file, 1 << 20);
    const target = await TargetProcess.start([file], { args: ['--verbose'] });
    const peer = await Initiator.login(target.portal, target.iqn);
    await target.event('login');
    await target.event('status', { sessions: 1 });
    peer.close();
    const bad = await Initiator.connect(target.portal);
    bad.raw(Buffer.alloc(48));
    await bad.ended();
    const seeker = await Initiator.connect(target.portal);
    await seeker.loginRequest({
      InitiatorName: 'iqn.2026-11.dev.ring3.test:seeker',
      SessionType: 'Discovery',
    });
    seeker.close();
    await target.event('logout');
    await target.event('discovery');
    assert.equal(await target.stop(), 0);
    const documented: Record<string, string[]> = {
      ready: ['iqn', 'portals', 'luns', 'pid'],
      login: ['time', 'session', 'initiator', 'peer', 'portal', 'user'],
      logout: ['time', 'session', 'initiator', 'peer', 'reason', 'seconds'],
      refused: ['time', 'peer', 'initiator', 'status', 'reason'],
      discovery: ['time', 'initiator', 'peer'],
      status: ['time', 'sessions', 'readBytes', 'readCommands', 'writeBytes', 'writeCommands'],
      stopping: ['time', 'signal'],
      stopped: ['time', 'ended'],
    };
    for (const line of target.events) {
      const { event, ...fields } = line;
      assert.ok(documented[event], JSON.stringify(line));
      assert.deepEqual(Object.keys(fields).sort(), documented[event].sort(), event);
      if ('time' in fields) assert.equal(new Date(String(fields.time)).toISOString(), fields.time);
    }
    assert.deepEqual(new Set(target.events.map(({ event }) => event)), new Set(Object.keys(documented)));
    const lun = target.ready.luns[0]! as unknown as Record<string, unknown>;
    assert.deepEqual([lun.lun, lun.name, lun.size, lun.readOnly, lun.thin], [0, file, 1 << 20, false, true]);
    assert.equal(target.ready.pid, target.child.pid);
  });
});

describe('a signal', () => {
  let target: TargetProcess;
  let peer: Initiator;

  async function begins(): Promise<void> {
    target = await TargetProcess.start(['ram:8M']);
    peer = await Initiator.login(target.portal, target.iqn);
    peer.command([0, 0, 0, 0, 0, 0]);
    await peer.receive();
  }
  beforeEach(begins);
  afterEach(() => peer.close());

  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    it(`${signal}: the initiator is asked to log out (Async Message), and not waited for when it has`, async () => {
      const stopped = target.stop(signal);
      const message = await peer.receive();
      assert.equal(message?.opcode, Op.Async);
      assert.equal(message.header[36], 1, 'AsyncEvent: logout is wanted');
      peer.send({
        opcode: Op.Logout,
        flags: 0x80,
        itt: 77,
        immediate: true,
        words: { 24: peer.cmdSn, 28: peer.expStatSn },
      });
      assert.equal((await peer.receive())?.opcode, Op.LogoutResponse);
      assert.ok(await peer.ended());
      assert.equal(await stopped, 0, target.stderr);
      assert.deepEqual([target.events.at(-1)?.event, target.events.at(-1)?.ended], ['stopped', 0]);
      assert.ok(await target.event('stopping', { signal }));
    });

  it('does not wait for ever for an initiator that does not listen', async () => {
    assert.equal(await target.stop('SIGINT'), 0, target.stderr);
    assert.equal(target.events.at(-1)?.ended, 1, 'one session was ended');
  });

  it('again, later, forces: 130', async () => {
    for (;;) {
      const begin = Date.now();
      process.kill(target.pid, 'SIGINT');
      assert.equal((await peer.receive())?.opcode, Op.Async);
      await sleep(400); // no longer the same keystroke, and well within what initiators get to log out
      const took = Date.now() - begin;
      const status = await target.stop('SIGINT');
      if (status === 130) break;
      assert.ok(status === 0 && took > 800, `${status} after ${took} ms`); // it was through before: once more
      await begins();
    }
    assert.match(target.stderr, /forced: what was not flushed may be lost/);
  });

  it('again, of the same keystroke, does not force', async () => {
    process.kill(target.pid, 'SIGINT');
    assert.equal(await target.stop('SIGINT'), 0);
  });

  it('ends logins that are under way', async () => {
    const slow = await Initiator.connect(target.portal);
    await slow.loginRequest({ InitiatorName: 'iqn.2026-11.dev.ring3.test:slow', TargetName: target.iqn }, 1, {
      csg: 1,
    });
    const stopped = target.stop('SIGTERM');
    assert.equal((await slow.receive())?.loginStatus, 0x0301);
    assert.ok(await slow.ended());
    assert.equal(await stopped, 0);
    assert.ok(await target.event('refused', { reason: 'the target stops' }));
  });

  it('lets a port be used again at once', async () => {
    assert.equal(await target.stop('SIGINT'), 0);
    const next = await TargetProcess.start(['ram:8M'], { listen: target.portal });
    assert.equal(next.portal, target.portal);
    assert.equal(await next.stop(), 0);
  });
});
