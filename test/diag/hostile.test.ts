// SPDX-License-Identifier: MIT
/** Diagnostics as somebody would use them who wants to break them: whatever happens, an answer or a sentence. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { request } from '../../shim/diag/request.js';
import { backtrace, sigdump } from '../../shim/index.js';
import { findProgram, TargetProcess } from '../outside/target.js';
import { until } from '../until.js';
import { schemaErrors } from './schema.js';
import { addon, ring3, start, stuck, type Victim, victims } from './victim.js';

const stateOf = (pid: number) =>
  /^State:\s*(\S)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';

async function untilState(pid: number, state: string): Promise<void> {
  await until(() => stateOf(pid) === state);
}

/** What the socket of @pid answers to @bytes; asked again where it closed before all of them were written. */
async function raw(pid: number, bytes: Buffer | string): Promise<string> {
  let text = '';
  await until(async () => {
    text = await rawOnce(pid, bytes).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') throw error;
      return '';
    });
    return text !== '';
  }, 'an answer');
  return text;
}

function rawOnce(pid: number, bytes: Buffer | string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path: `\0ring3-diag-${pid}`.padEnd(108, '\0') });
    let text = '';
    socket.on('data', (part) => {
      text += part;
    });
    socket.on('error', (error) => (text ? resolve(text) : reject(error)));
    socket.on('close', () => resolve(text));
    socket.end(bytes);
  });
}

describe('diagnostics, misused', () => {
  let victim: Victim;
  afterEach(() => victim?.end());

  it('a stopped process: sigdump says so, backtrace shows it and leaves it stopped', async () => {
    victim = await stuck('idle');
    process.kill(victim.pid, 'SIGSTOP');
    await untilState(victim.pid, 'T');
    const done = await ring3(['sigdump', String(victim.pid)]);
    assert.equal(done.status, 1);
    assert.match(done.stderr, /is stopped, and answers when it goes on: kill -CONT \d+\n {2}ring3 backtrace/);
    const { threads } = await backtrace({ pid: victim.pid });
    assert.ok(threads.some(({ frames }) => frames.some((frame) => frame.function?.startsWith('uv_run'))));
    await untilState(victim.pid, 'T');
    process.kill(victim.pid, 'SIGCONT');
    assert.equal((await sigdump({ pid: victim.pid, only: ['tasks'] })).pid, victim.pid);
  });

  it('a process that is killed meanwhile: a whole dump or an error, never half of one', async () => {
    for (let round = 0; round < 6; round++) {
      victim = await stuck('spin');
      const asked = Array.from({ length: 6 }, () => sigdump({ pid: victim.pid }));
      const killed = new Promise((done) => setTimeout(done, round * 7)).then(() => victim.end());
      for (const answer of await Promise.allSettled(asked))
        if (answer.status === 'fulfilled') assert.equal(answer.value.pid, victim.pid);
        else assert.match(answer.reason.code, /^(EPIPE|ESRCH|ENOTSUP)$/, answer.reason.stack);
      await killed;
    }
  });

  it('a process that dies of a crash while it is asked', async () => {
    for (let round = 0; round < 4; round++) {
      victim = await stuck('spin');
      const asked = Array.from({ length: 4 }, () => request(victim.pid));
      process.kill(victim.pid, 'SIGSEGV');
      await Promise.allSettled(asked);
      assert.deepEqual(await victim.closed, [null, 'SIGSEGV']);
      assert.match(victim.stderr(), /reason=SIGSEGV/);
    }
  });

  it('a hundred at once', async () => {
    victim = await stuck('idle');
    const asked = Array.from({ length: 100 }, () => sigdump({ pid: victim.pid, only: ['tasks'] }));
    for (const dump of await Promise.all(asked)) assert.equal(dump.pid, victim.pid);
  });

  it('more than there is room for, who asked while nobody listened: each has his dump', async () => {
    victim = await stuck('idle');
    const answers: Promise<string>[] = [];
    const sockets: Socket[] = [];
    const come = (count: number) => {
      for (let i = 0; i < count; i++) {
        const socket = connect({ path: `\0ring3-diag-${victim.pid}`.padEnd(108, '\0') });
        socket.setEncoding('utf8');
        sockets.push(socket);
        answers.push(text(socket));
      }
    };
    come(63);
    await sigdump({ pid: victim.pid, only: ['tasks'] }); // those before it were let in
    process.kill(victim.pid, 'SIGSTOP');
    await untilState(victim.pid, 'T');
    come(10);
    for (const socket of sockets) socket.write('dump json only=tasks\n');
    await new Promise((done) => setTimeout(done, 700)); // a place may be wanted after half a second
    process.kill(victim.pid, 'SIGCONT');
    for (const answer of await Promise.all(answers)) assert.equal(JSON.parse(answer).pid, victim.pid);
  });

  it('numbers that are no process: a thread, one that has ended', async () => {
    victim = await stuck('idle');
    const thread = execFileSync('ls', [`/proc/${victim.pid}/task`], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .at(-1)!;
    const one = await ring3(['sigdump', thread]);
    assert.match(one.stderr, new RegExp(`${thread} is a thread of process ${victim.pid}\n {2}ask that one`));
    const parent = await start('sh', ['-c', 'sleep 0 & echo ready $!; exec sleep 60']);
    const ended = Number(/\d+/.exec(parent.output())?.[0]);
    await untilState(ended, 'Z');
    const two = await ring3(['sigdump', String(ended)]);
    assert.match(two.stderr, /has ended, and its parent has not noticed yet/);
    assert.equal((await ring3(['backtrace', String(ended)])).status, 1);
    await parent.end();
  });

  it('words that are no request', async () => {
    victim = await stuck('idle');
    const usage = 'ring3-error: expected: dump [json] [only=SECTION,...]\n';
    for (const [bytes, says] of [
      ['', usage],
      ['\n', usage],
      ['dumb\n', usage],
      ['dump jsonx\n', usage],
      ['dump only=\n', usage],
      ['dump only=threads only\n', usage],
      [`dump ${'x'.repeat(100_000)}\n`, usage],
      [Buffer.alloc(300, 0), usage],
      [Buffer.alloc(300, 0xff), usage],
      ['dump only=,\n', "ring3-error: no section ''\n"],
      ['dump only=locks,,tasks\n', "ring3-error: no section ''\n"],
      ['dump only=thread\n', "ring3-error: no section 'thread'\n"],
      [`dump only=${'y'.repeat(200)}\n`, `ring3-error: no section '${'y'.repeat(140)}`],
    ] as const)
      assert.ok(
        (await raw(victim.pid, bytes)).startsWith(says),
        `${bytes.slice(0, 40)}: ${await raw(victim.pid, bytes)}`,
      );
    assert.ok(JSON.parse(await raw(victim.pid, 'dump json only=tasks,tasks\r\n')).tasks);
    assert.equal((await sigdump({ pid: victim.pid })).pid, victim.pid);
  });

  it('--only with words that are no sections', async () => {
    victim = await stuck('idle');
    for (const bad of ['', ',', 'locks,', 'Locks', 'threads locks', '../x', 'x'.repeat(3000)]) {
      const done = await ring3(['sigdump', String(victim.pid), '--only', bad]);
      assert.equal(done.stdout, '');
      assert.equal(done.status, 2, done.stderr);
      assert.match(done.stderr, bad ? /is no section; there are threads, locks/ : /--only needs a value/);
    }
  });

  it('somebody who connects and says nothing holds nobody up for long', async () => {
    victim = await stuck('idle');
    const silent = Array.from({ length: 8 }, () =>
      connect({ path: `\0ring3-diag-${victim.pid}`.padEnd(108, '\0') }),
    );
    for (const socket of silent) socket.on('error', () => {});
    assert.equal((await sigdump({ pid: victim.pid })).pid, victim.pid);
    for (const socket of silent) socket.destroy();
  });

  it('a slow one, others being served meanwhile, has his dump when he asks', async () => {
    victim = await stuck('idle');
    const slow = connect({ path: `\0ring3-diag-${victim.pid}`.padEnd(108, '\0') });
    let text = '';
    slow.setEncoding('utf8').on('data', (part) => {
      text += part;
    });
    const closed = once(slow, 'close');
    await once(slow, 'connect');
    for (let i = 0; i < 3; i++)
      assert.equal((await sigdump({ pid: victim.pid, only: ['tasks'] })).pid, victim.pid);
    await new Promise((done) => setTimeout(done, 500)); // well below the five seconds he has
    slow.write('dump js');
    assert.equal((await sigdump({ pid: victim.pid, only: ['tasks'] })).pid, victim.pid);
    slow.write('on only=tasks\n');
    await closed;
    assert.equal(JSON.parse(text).pid, victim.pid);
  });

  it('more that say nothing than there is room for: the first of them are told so, and the next is served', async () => {
    victim = await stuck('idle');
    const said: string[] = [];
    const silent = Array.from({ length: 100 }, (_, i) => {
      const socket = connect({ path: `\0ring3-diag-${victim.pid}`.padEnd(108, '\0') });
      said[i] = '';
      socket.setEncoding('utf8').on('data', (part) => {
        said[i] = `${said[i]}${part}`;
      });
      return socket.on('error', () => {});
    });
    assert.equal((await sigdump({ pid: victim.pid, only: ['tasks'] })).pid, victim.pid);
    await until(() => said.filter(Boolean).length === 100, 'all to be told');
    for (const text of said) assert.match(text, /^ring3-error: expected: dump \[json\]/);
    for (const socket of silent) socket.destroy();
  });

  it('a core that is cut off or overwritten: stacks or a sentence, and no crash', async function () {
    if (!findProgram('gcore')) {
      console.log('      skipped: gcore (of gdb) is not installed');
      this.skip();
    }
    const folder = mkdtempSync(join(tmpdir(), 'ring3-core-'));
    victim = await start('sh', ['-c', 'echo ready; exec sleep 60']);
    try {
      while (readFileSync(`/proc/${victim.pid}/comm`, 'utf8') !== 'sleep\n')
        await new Promise((done) => setTimeout(done, 10));
      spawnSync('gcore', ['-o', join(folder, 'core'), String(victim.pid)]);
      const whole = readFileSync(join(folder, `core.${victim.pid}`));
      writeFileSync(join(folder, 'whole'), whole);
      let seed = 1;
      const random = (below: number) => {
        seed = (seed * 48271) % 0x7fffffff;
        return seed % below;
      };
      const names = ['whole'];
      for (let i = 0; i < 40; i++) {
        const cut = i % 2 ? whole.subarray(0, random(whole.length)) : Buffer.from(whole);
        for (let j = 0; !(i % 2) && j < 20; j++) cut[random(8192)] = random(256);
        writeFileSync(join(folder, `core${i}`), cut);
        names.push(`core${i}`);
      }
      const done = spawnSync(
        process.execPath,
        ['--import', 'tsx', join(victims, 'cores.ts'), ...names.map((name) => join(folder, name))],
        { encoding: 'utf8' },
      );
      assert.equal(done.status, 0, `${done.signal} ${done.stdout} ${done.stderr}`);
      const lines = done.stdout.trim().split('\n');
      assert.equal(lines.length, names.length);
      assert.match(lines[0]!, /^[1-9]\d* frames/, 'the whole one has frames');
      for (const line of lines)
        assert.match(line, /^(\d+ frames|ENOEXEC|ENODATA|ENOENT|ESRCH|ENOMEM|EINVAL)/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('dumps are what the schema says, of each kind of process', async () => {
    victim = await stuck('spin');
    const dumps = [await sigdump({ pid: victim.pid })];
    const stacks = [await backtrace({ pid: victim.pid })];
    for (const state of ['abba', 'waits', 'work', 'order', 'leak']) {
      const hosted = await start(process.execPath, [join(victims, 'hosted.mjs'), state], {
        env: { RING3_ADDON: addon, RING3_LOCKDEP: '1', RING3_MEM: 'count' },
      });
      dumps.push(await sigdump({ pid: hosted.pid }));
      await hosted.end();
    }
    assert.deepEqual(schemaErrors(dumps, 'Dump'), []);
    assert.deepEqual(schemaErrors(stacks, 'Backtrace'), []);
    assert.match(
      schemaErrors([{ ...dumps[0], more: 1 }], 'Dump').join(),
      /more.* does not exist in type 'Dump'/,
    );
  });
});

describe('a target under load, dumped all the time', () => {
  it('serves on, and each dump is whole and what the schema says', async function () {
    if (!findProgram('qemu-img')) {
      console.log('      skipped: qemu-img is not installed');
      this.skip();
    }
    const target = await TargetProcess.start(['ram:64M'], { args: ['--threads', '2'] });
    const load = spawn(
      'qemu-img',
      ['bench', '-f', 'raw', '-t', 'none', '-c', '600000', '-d', '32', '-s', '4096', target.url(0)],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let said = '';
    load.stderr.on('data', (text) => {
      said += text;
    });
    try {
      const ended = once(load, 'exit');
      const deadline = performance.now() + 20_000;
      let dumps = 0;
      let checked = false;
      const ask = async (signal: boolean) => {
        while (load.exitCode === null && load.signalCode === null && performance.now() < deadline) {
          if (signal) process.kill(target.child.pid!, 'SIGQUIT');
          const dump = await sigdump({ pid: target.child.pid! });
          dumps++;
          assert.ok(dump.threads!.length > 3 && dump.stacks!.length > 0);
          if (!checked && Array.isArray(dump.iscsi) && dump.iscsi.length) {
            checked = true;
            assert.deepEqual(schemaErrors([dump], 'Dump'), []);
          }
        }
      };
      await Promise.all([ask(false), ask(false), ask(true)]);
      const slow = load.exitCode === null && load.signalCode === null;
      if (slow) load.kill(); // a slow machine: what was served until now, was served
      const [status] = await ended;
      if (!slow) assert.equal(status, 0, said);
      assert.ok(dumps > 3 && checked, `${dumps} dumps`);
      assert.equal(target.child.exitCode, null);
    } finally {
      assert.equal(await target.stop(), 0, target.stderr.slice(-2000));
    }
  });
});
