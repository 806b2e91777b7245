// SPDX-License-Identifier: MIT
/** The socket of a module host, which anybody of this user may abuse. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { ring3, runProgram } from '../outside/target.js';
import { until } from '../until.js';
import { fixture, pause } from './kernel-fixture.js';
import { folder, Host, onHosts } from './kernel-hosts.js';

describe('the socket of a module host', () => {
  onHosts();

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
});
