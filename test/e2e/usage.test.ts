// SPDX-License-Identifier: MIT
/** What the ring3 command says of itself, and of command lines that are wrong: what was seen, what is expected, what to do next. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ring3, root, runProgram } from '../outside/target.js';

const run = (...args: string[]) => {
  const [command, ...rest] = ring3(args);
  return runProgram(command!, rest);
};

/** Fails with @status, one line that matches, and a second one with the next step; nothing on stdout. */
async function fails(args: string[], status: number, line: RegExp, next: RegExp): Promise<void> {
  const done = await run(...args);
  assert.equal(done.status, status, done.output);
  const [first, second, ...more] = done.stderr.split('\n');
  assert.match(first!, line);
  assert.ok(first!.startsWith('ring3: '));
  assert.match(second!, /^ {2}\S/);
  assert.match(second!, next);
  assert.deepEqual(more, [''], 'two lines');
  assert.equal(done.stdout, '');
}

describe('the ring3 command', () => {
  for (const args of [
    ['--help'],
    ['-h'],
    ['help'],
    ['target', '--help'],
    ['target', '-h'],
    ['doctor', '--help'],
    ['help', 'doctor'],
  ])
    it(`helps with ${args.join(' ')}`, async () => {
      const done = await run(...args);
      assert.deepEqual([done.status, done.stderr], [0, '']);
      assert.match(done.stdout, /^usage: ring3/);
    });
  it('names every command in its help, and each of them has help', async () => {
    const { stdout } = await run('--help');
    const names = [...stdout.matchAll(/^ {2}([a-z]+) {2,}\S/gm)].map((match) => match[1]!);
    assert.ok(names.includes('target') && names.includes('doctor'), stdout);
    for (const name of names) {
      const done = await run(name, '--help');
      assert.equal(done.status, 0, `${name}: ${done.output}`);
      assert.match(done.stdout, new RegExp(`^usage: ring3 ${name}\\b`));
    }
  });
  it('tells its version', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    for (const option of ['--version', '-V']) {
      const done = await run(option);
      assert.deepEqual([done.status, done.stdout], [0, `${version}\n`]);
    }
  });
  it('without a command, shows help and fails', async () => {
    const done = await run();
    assert.equal(done.status, 2);
    assert.match(done.output, /^usage: ring3 COMMAND/);
  });

  for (const [args, line, next] of [
    [['tagret'], /'tagret' is no command; did you mean target\?/, /ring3 --help/],
    [['frobnicate'], /'frobnicate' is no command$/, /ring3 --help/],
    [['constructor'], /'constructor' is no command$/, /ring3 --help/],
    [['--verison'], /'--verison' is no command/, /ring3 --help/],
    [
      ['target', '--lisen', 'x'],
      /--lisen is no option of ring3 target; did you mean --listen\?/,
      /ring3 target --help/,
    ],
    [['doctor', '--jsno'], /did you mean --json\?/, /ring3 doctor --help/],
    [
      ['target', 'ram:1M', '--threads', 'x'],
      /--threads is 'x', should be a whole number from 1 to 256/,
      /--help/,
    ],
    [['target', 'ram:1M', '--iqn', 'me'], /'me' is no name of a target; expected such as iqn\./, /--help/],
    [['target', 'ram:1M', '--initiator', ''], /--initiator needs a value/, /--help/],
    [['target', 'ram:1M', '--initiator', 'a b'], /'a b' is no pattern of initiator names/, /--help/],
    [
      ['target', 'ram:1M', '--listen', 'host:1'],
      /'host:1' is no address to listen on; expected such as/,
      /--help/,
    ],
    [['target', 'ram:nix'], /'nix' is no size; expected a whole number and K, M, G, T or P/, /--help/],
    [['target', 'ram:1M,fast'], /'fast' is no disk option; expected size=/, /--help/],
    [
      ['target', 'a\nb\u001b[2J,size=1M'],
      /'a\?b\?\[2J' is no path of a disk; expected one without/,
      /--help/,
    ],
    [['target', 'a,\n=\u001b[2J'], /'\?=\?\[2J' is no disk option/, /--help/],
    [
      ['target', '/no/such/disk'],
      /\/no\/such\/disk does not exist; add its size: \/no\/such\/disk,size=10G/,
      /--help/,
    ],
    [['target', '/no/such/disk,size=1M'], /\/no\/such\/disk cannot be created: ENOENT/, /--help/],
    [['target', 'ram:0'], /'0' is no size; expected at least 1 byte and less than 8P/, /--help/],
    [['target', 'null:9000P'], /'9000P' is no size; expected at least 1 byte and less than 8P/, /--help/],
    [['target', 'ram:1.5M'], /'1\.5M' is no size; expected a whole number/, /--help/],
    [['target', 'ram:1M,sanitize-rate=0'], /'0' is no sanitize-rate; expected at least 1 byte/, /--help/],
    [['target', 'a b,c.img'], /'c\.img' is no disk option; expected .*; a path has no comma/, /--help/],
    [
      ['target', 'ram:1M', '--listen', '127.0.0.1:4711', '--listen', '127.0.0.1:4711'],
      /--listen: 127\.0\.0\.1:4711 is given twice/,
      /--help/,
    ],
    [['doctor', '--listen', '1'], /--listen is '1', expected such as/, /ring3 doctor --help/],
    [['backtrace', '1', '--thread', 'x'], /--thread is 'x', should be a whole number from 1 to/, /--help/],
    [['top', '1', '--count', '1e3'], /--count is '1e3', should be a whole number from 1 to/, /--help/],
    [['build'], /which file or folder\? give FILE\.c, or FOLDER/, /--help/],
    [['build', 'x.c', '--define', '1BAD'], /--define is '1BAD', should be CONFIG_NAME/, /--help/],
    [['build', 'x.c', '--config', 'none'], /--config: none cannot be read: ENOENT/, /--help/],
    [['kunit'], /which module\? give its MODULE\.ko\.so, or FILE\.c/, /--help/],
    [['kunit', 'package.json'], /package\.json is no module and no C file; expected MODULE/, /--help/],
    [['kunit', 'x.ko.so', '--timeout', '0'], /--timeout is '0', should be a whole number from 1/, /--help/],
    [['help', 'tagret'], /'tagret' is no command; did you mean target\?/, /--help/],
    [['target', '/'], /\/ is neither a file nor a block device/, /--help/],
    [['target', '/dev/zero'], /\/dev\/zero is neither a file nor a block device/, /--help/],
    [
      ['target', 'ram:1M', '--chap', 'alice:/dev/null'],
      /chap: the secret has 0 bytes, should have 12 to 255/,
      /--help/,
    ],
  ] as [string[], RegExp, RegExp][])
    it(`refuses ${JSON.stringify(args.join(' '))}`, () => fails(args, 2, line, next));

  it('refuses one file as two disks, by whatever name', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ring3-command-'));
    const file = join(folder, 'a.img');
    writeFileSync(file, Buffer.alloc(1 << 20));
    symlinkSync(file, join(folder, 'b.img'));
    await fails(
      ['target', file, join(folder, 'b.img'), '--listen', '127.0.0.1:0'],
      2,
      /b\.img is given twice/,
      /--help/,
    );
    rmSync(folder, { recursive: true });
  });
  it('refuses the same secret both ways', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ring3-command-'));
    writeFileSync(join(folder, 's'), 'a_secret_of_20_bytes', { mode: 0o600 });
    const secret = `alice:${join(folder, 's')}`;
    await fails(
      ['target', 'ram:1M', '--chap', secret, '--mutual-chap', secret],
      2,
      /have the same secret/,
      /--help/,
    );
    rmSync(folder, { recursive: true });
  });

  it('says so when the port is in use, and leaves no file behind', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
    );
    const folder = mkdtempSync(join(tmpdir(), 'ring3-command-'));
    try {
      const disk = join(folder, 'new.img');
      const args = ['target', `${disk},size=1M`, '--listen', '127.0.0.1:0', '--listen', `127.0.0.1:${port}`];
      await fails(
        args,
        1,
        new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port}: EADDRINUSE`),
        /something listens there already; choose another port: --listen/,
      );
      assert.equal(statSync(disk, { throwIfNoEntry: false }), undefined);
    } finally {
      server.close();
      rmSync(folder, { recursive: true });
    }
  });
  it('says so when the address is none of this machine', () =>
    fails(
      ['target', 'ram:1M', '--listen', '192.0.2.77:3260'],
      1,
      /cannot listen on 192\.0\.2\.77:3260: EADDRNOTAVAIL/,
      /this machine has no such address/,
    ));
  for (const [command, next] of [
    ['sigdump', /ps -eL? lists/],
    ['top', /ps -eL? lists/],
    ['backtrace', /ps -eL? lists/],
  ] as const)
    it(`${command} says where to look when there is no such process`, () =>
      fails([command, '99999999'], 1, /no (such )?process/, next));
  it('with --json, tells an error as an object too', async () => {
    const done = await run('target', 'ram:1M,fast', '--json');
    assert.equal(done.status, 2);
    const { event, message, next, status } = JSON.parse(done.stdout);
    assert.deepEqual([event, status], ['error', 2]);
    assert.match(`${message} ${next}`, /is no disk option.*--help/);
  });
});
