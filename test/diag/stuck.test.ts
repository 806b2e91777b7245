// SPDX-License-Identifier: MIT
/** Dumps of Node processes that are stuck in every way, told by themselves and from outside. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { request } from '../../shim/diag/request.js';
import type { Dump, Frame } from '../../shim/diag/schema.js';
import { backtrace, sigdump } from '../../shim/index.js';
import { until } from '../until.js';
import { addon, lineOf, ring3, start, stuck, type Victim, victims } from './victim.js';

const file = join(victims, 'stuck.mjs');

const jsOf = (frames: Frame[]) =>
  frames.flatMap(({ js }) => (js ? [`${js.function} ${js.file.replace('file://', '')}:${js.line}`] : []));

function mainFrames(dump: Dump): Frame[] {
  const main = dump.threads?.find(({ tid }) => tid === dump.pid);
  return dump.stacks?.[main?.stack ?? -1]?.frames ?? [];
}

describe('stuck processes', () => {
  let folder: string;
  let victim: Victim;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'ring3-stuck-'));
  });
  after(() => rmSync(folder, { recursive: true }));
  afterEach(() => victim?.end());

  const STATES: [state: string, fn: string, line: string, native: RegExp][] = [
    ['spin', 'spinForEver', 'function spinForEver', /./],
    ['read', 'readBlocked', 'function readBlocked', /^read$|uv__fs_read|uv_fs_read/],
    ['wait', 'waitForNobody', 'waitForNobody() {', /WaitSync/],
    ['child', 'runChild', 'function runChild', /SyncProcessRunner|uv_run/],
    ['deep', 'recurse', 'function recurse', /./],
  ];
  for (const [state, fn, line, inside] of STATES)
    it(`names ${fn}() by its line, from inside and from outside`, async () => {
      const fifo = join(folder, 'fifo');
      if (state === 'read') execFileSync('mkfifo', [fifo]);
      victim = await stuck(state, fifo);
      const want = `${fn} ${file}:${lineOf(file, line)}`;
      let own: Frame[] = [];
      await until(
        async () => {
          own = mainFrames(await sigdump({ pid: victim.pid }));
          return jsOf(own).includes(want) && own.some(({ function: name }) => name && inside.test(name));
        },
        () => `${want} and ${inside} in\n${own.map(({ function: name }) => name).join(' ')} ${jsOf(own)}`,
      );
      const outside = await backtrace({ pid: victim.pid });
      const main = outside.threads.find(({ tid }) => tid === victim.pid);
      assert.ok(jsOf(main?.frames ?? []).includes(want), jsOf(main?.frames ?? []).join('\n'));
      assert.equal(victim.child.exitCode, null, 'it lives on');
    });

  it('writes a dump at SIGQUIT and lives on', async () => {
    victim = await stuck('spin');
    process.kill(victim.pid, 'SIGQUIT');
    await victim.until(/dumpMs=/);
    assert.match(victim.stderr(), /reason=SIGQUIT/);
    assert.match(victim.stderr(), /js spinForEver at /);
    assert.equal(victim.child.exitCode, null);
  });

  it('makes few dumps of many signals', async () => {
    victim = await stuck('idle');
    for (let i = 0; i < 500; i++) process.kill(victim.pid, 'SIGQUIT');
    const dumps = () => victim.stderr().match(/ring3Dump=1/g)?.length ?? 0;
    await until(() => dumps() > 0);
    await new Promise((done) => setTimeout(done, 1500)); // time for many
    assert.ok(dumps() < 100, `${dumps()} dumps`);
  });

  it('answers two at once', async () => {
    victim = await stuck('spin');
    const both = await Promise.all([sigdump({ pid: victim.pid }), sigdump({ pid: victim.pid })]);
    for (const dump of both) assert.equal(dump.pid, victim.pid);
  });

  it('goes on when nobody can read what it writes', async () => {
    victim = await stuck('idle');
    victim.child.stderr!.destroy();
    process.kill(victim.pid, 'SIGQUIT');
    assert.equal((await sigdump({ pid: victim.pid })).pid, victim.pid);
    const full = openSync('/dev/full', 'w');
    const done = spawnSync(
      process.execPath,
      ['--import', 'tsx', 'scripts/ring3.ts', 'sigdump', String(victim.pid)],
      {
        stdio: ['ignore', full, 'pipe'],
      },
    );
    closeSync(full);
    assert.notEqual(done.status, null);
    assert.equal((await sigdump({ pid: victim.pid })).pid, victim.pid);
  });

  it('appends to RING3_DUMP_FILE', async () => {
    const path = join(folder, 'dump.txt');
    victim = await start(process.execPath, [file, 'idle'], {
      env: { RING3_ADDON: addon, RING3_DUMP_FILE: path },
    });
    process.kill(victim.pid, 'SIGQUIT');
    await until(() => existsSync(path) && /reason=SIGQUIT/.test(readFileSync(path, 'utf8')));
    assert.equal(victim.stderr(), '');
  });

  it('dies of the signal it crashes by, with a dump before', async () => {
    for (const signal of ['SIGSEGV', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGABRT'] as const) {
      victim = await stuck('spin');
      process.kill(victim.pid, signal);
      assert.deepEqual(await victim.closed, [null, signal]);
      assert.match(victim.stderr(), new RegExp(`reason=${signal}`));
      assert.match(victim.stderr(), /js spinForEver at /);
    }
  });

  it('shows what called process.abort()', async () => {
    victim = await stuck('abort');
    assert.deepEqual(await victim.closed, [null, 'SIGABRT']);
    assert.match(victim.stderr(), /node::Abort/);
    assert.match(victim.stderr(), /crashed=true/);
  });

  it('has alternate stacks in the main thread, the pool and a worker the moment it is loaded', async () => {
    const { stdout, stderr } = spawnSync(process.execPath, [join(victims, 'altstacks.mjs')], {
      env: { ...process.env, RING3_ADDON: addon },
      encoding: 'utf8',
    });
    const told = JSON.parse(stdout);
    assert.deepEqual(told, { main: true, pool: Array(16).fill(true), worker: true }, stderr);
  });

  it("tells an overflowed stack of libuv's pool", async () => {
    victim = await stuck('pool', join(dirname(addon), 'diag_victim_node.node'));
    assert.deepEqual(await victim.closed, [null, 'SIGSEGV'], victim.stderr());
    assert.match(victim.stderr(), /overflow_the_pool at .*pool\.c:\d+/);
    assert.match(victim.stderr(), /stack overflow of thread \d+: the guard page below its stack/);
    assert.match(victim.stderr(), /role="libuv pool"[^\n]*crashed=true/);
    assert.match(victim.stderr(), /\.\.\. \d+ frames \.\.\.\n[\s\S]*#\d{4,} +execute at .*pool\.c:\d+/);
  });

  it("leaves WebAssembly's traps to V8", async () => {
    victim = await stuck('wasm');
    await victim.until(/RuntimeError/);
    assert.equal(victim.stderr(), '');
  });

  it("tells TypeScript that Node's loop is blocked, and by whom", async () => {
    victim = await start(process.execPath, ['--import', 'tsx', join(victims, 'stuck-typed.ts')]);
    await victim.closed;
    const events = victim
      .output()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const stall = events.find(({ kind, stack }) => kind === 'node' && /countSlowly/.test(stack));
    assert.match(stall.what, /event loop has been blocked for \d+ ms/);
    assert.match(stall.stack, /js countSlowly at .*stuck-typed\.ts/);
    const { dump } = events.find((event) => event.dump);
    assert.ok(dump.watchdogs.node >= 1);
  });

  it('is off with RING3_DIAG=off', async () => {
    victim = await start(process.execPath, [file, 'idle'], {
      env: { RING3_ADDON: addon, RING3_DIAG: 'off' },
    });
    await assert.rejects(sigdump({ pid: victim.pid }), { code: 'ENOTSUP' });
  });
});

describe('bad use of sigdump and backtrace', () => {
  let victim: Victim;
  afterEach(() => victim?.end());

  const GONE = 2 ** 22 + 1;
  for (const command of ['sigdump', 'backtrace'])
    for (const [why, args, status, says] of [
      ['no PID', [], 'usage', /PID/],
      ['no number', ['no-such-thing'], 'usage', /'no-such-thing' is no PID/],
      ['0', ['0'], 'usage', /'0' is no PID/],
      ['-1', ['--', '-1'], 'usage', /'-1' is no PID/],
      ['a process that is gone', [String(GONE)], 1, /no (such )?process/],
      ['two', ['1', '2'], 'usage', /one PID/],
      ['an unknown option', ['1', '--ful'], 'usage', /--ful is no option/],
    ] as const)
      it(`${command}: ${why}`, async () => {
        const done = await ring3([command, ...args]);
        assert.equal(done.stdout, '');
        assert.match(done.stderr, says);
        assert.doesNotMatch(done.stderr, /\bat .*\.ts:\d+/, 'no stack trace');
        if (status === 1) assert.equal(done.status, 1);
        else assert.ok(done.status === 2 || done.status === 64, `status ${done.status}`);
      });

  it('sigdump: a process that is none of ours', async () => {
    victim = await start('sh', ['-c', 'echo ready; exec sleep 60']);
    const done = await ring3(['sigdump', String(victim.pid)]);
    assert.equal(done.status, 1);
    assert.match(done.stderr, /is no ring3 process/);
    assert.match(done.stderr, new RegExp(`ring3 backtrace ${victim.pid}`));
  });

  it('backtrace: a process that is none of ours is shown all the same', async () => {
    victim = await start('sh', ['-c', 'echo ready; exec sleep 60']);
    await until(async () => {
      const done = await ring3(['backtrace', String(victim.pid)]);
      assert.equal(done.status, 0, done.stderr);
      return /nanosleep/.test(done.stdout);
    });
  });

  it('sigdump and backtrace: of another user', async function () {
    if (process.getuid?.() !== 0) this.skip();
    victim = await stuck('idle');
    const nobody = 65534;
    await assert.rejects(
      async () => {
        process.seteuid!(nobody);
        try {
          await request(victim.pid);
        } finally {
          process.seteuid!(0);
        }
      },
      { code: 'EPERM' },
    );
  });

  it('sigdump: sections', async () => {
    victim = await stuck('idle');
    const dump = await sigdump({ pid: victim.pid, only: ['tasks', 'watchdogs'] });
    assert.ok(dump.tasks && dump.watchdogs && !dump.threads && !dump.locks && !dump.memory);
    await assert.rejects(
      sigdump({ pid: victim.pid, only: ['thread' as 'threads'] }),
      /'thread' is no section/,
    );
    const done = await ring3(['sigdump', String(victim.pid), '--only', 'lock']);
    assert.match(done.stderr, /'lock' is no section/);
  });

  it('backtrace: a file that is no core', async () => {
    const done = await ring3(['backtrace', file]);
    assert.equal(done.status, 1);
    assert.match(done.stderr, /is no ELF file; expected: a core file of/);
  });

  it('backtrace: one thread, and none of that number', async () => {
    victim = await stuck('spin');
    const one = await ring3(['backtrace', String(victim.pid), '--thread', String(victim.pid), '--json']);
    assert.equal(JSON.parse(one.stdout).threads.length, 1);
    const none = await ring3(['backtrace', String(victim.pid), '--thread', '1']);
    assert.match(none.stderr, /has no thread \d+/);
    const js = await ring3(['backtrace', String(victim.pid), '--js', '--json']);
    assert.deepEqual(
      JSON.parse(js.stdout).threads.map(({ tid }: { tid: number }) => tid),
      [victim.pid],
    );
  });

  it('backtrace: a core file', async function () {
    if (spawnSync('gcore', ['-h']).error) this.skip();
    victim = await stuck('spin');
    const folder = mkdtempSync(join(tmpdir(), 'ring3-core-'));
    try {
      execFileSync('gcore', ['-o', join(folder, 'core'), String(victim.pid)], { stdio: 'ignore' });
      const { threads } = await backtrace({ core: join(folder, `core.${victim.pid}`) });
      const main = threads.find(({ tid }) => tid === victim.pid);
      assert.ok(jsOf(main?.frames ?? []).some((line) => line.startsWith('spinForEver ')));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
