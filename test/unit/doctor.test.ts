// SPDX-License-Identifier: MIT
/** The doctor on machines that lack something: the lack is made with limits and variables of a process of its own. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Finding } from '../../scripts/doctor.js';
import { root, runProgram } from '../outside/target.js';

interface Examined {
  ok: boolean;
  status: number | null;
  of(name: string): Finding;
  checks: Finding[];
}

const doctor = (...args: string[]) => [
  process.execPath,
  '--import',
  'tsx',
  join(root, 'scripts/ring3.ts'),
  'doctor',
  ...args,
];

/** @param limit a command of the shell's before it, such as "ulimit -n 100" */
async function examine(
  options: { env?: NodeJS.ProcessEnv; limit?: string; args?: string[] } = {},
): Promise<Examined> {
  const { env, limit = ':', args = ['--listen', '127.0.0.1:0'] } = options;
  const [command, ...rest] = ['/bin/sh', '-c', `${limit}; exec "$0" "$@"`, ...doctor('--json', ...args)];
  const done = await runProgram(command!, rest, env ? { env } : {});
  assert.equal(done.stdout.trim().split('\n').length, 1, done.output);
  const { ok, checks } = JSON.parse(done.stdout) as { ok: boolean; checks: Finding[] };
  return { ok, status: done.status, checks, of: (name) => checks.find((one) => one.name === name)! };
}

describe('ring3 doctor', () => {
  it('finds nothing that fails here, and each finding has what it saw', async () => {
    const { ok, status, checks } = await examine();
    assert.deepEqual([ok, status], [true, 0], JSON.stringify(checks));
    assert.ok(checks.length >= 14);
    for (const { name, verdict, seen, mend } of checks) {
      assert.ok(['ok', 'warn', 'fail'].includes(verdict) && seen, name);
      assert.equal(mend === '', verdict === 'ok', `${name}: ${verdict} '${mend}'`);
    }
  });

  it('tells the same in words', async () => {
    const done = await runProgram(doctor()[0]!, doctor('--listen', '127.0.0.1:0').slice(1));
    assert.equal(done.status, 0, done.output);
    assert.match(done.stdout, /^ok {4}node {11}v\d+/m);
    assert.match(done.stdout, /^ok {4}target {9}starts, listens on 127\.0\.0\.1:\d+, and stops/m);
  });

  it('fails where nothing is built, and still looks at the rest', async () => {
    const { ok, status, of } = await examine({ env: { RING3_BUILD: '/nonexistent' } });
    assert.deepEqual([ok, status], [false, 1]);
    assert.equal(of('addon').verdict, 'fail');
    assert.match(of('addon').mend, /npm run build/);
    assert.equal(of('target').verdict, 'fail');
    assert.equal(of('node').verdict, 'ok');
  });

  it('fails where a module is missing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ring3-doctor-'));
    try {
      for (const name of ['ring3_node.node', 'libring3.so', 'scst.ko.so'])
        symlinkSync(join(root, 'build/Release', name), join(folder, name));
      const { of } = await examine({ env: { RING3_BUILD: folder } });
      assert.match(of('addon').seen, /scst_vdisk\.ko\.so, iscsi_scst\.ko\.so missing/);
      assert.equal(of('target').verdict, 'fail');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('fails where the address space is limited', async () => {
    const { of } = await examine({ limit: 'ulimit -v 60000000' });
    assert.equal(of('address space').verdict, 'fail');
    assert.match(of('address space').seen, /57\.2 GiB/);
    assert.equal(of('address space').mend, 'ulimit -v unlimited');
  });

  it('warns of small limits', async () => {
    const { of, ok } = await examine({ limit: 'ulimit -n 200; ulimit -l 64' });
    assert.deepEqual([of('open files').verdict, of('memlock').verdict, ok], ['warn', 'warn', true]);
    assert.match(of('open files').seen, /^200: /);
    assert.match(of('memlock').seen, /^64\.0 KiB: /);
  });

  it('warns where programs are missing', async () => {
    const { of } = await examine({ env: { PATH: '/nonexistent' } });
    assert.equal(of('compiler').verdict, 'warn');
    assert.match(of('compiler').mend, /^apt-get install g\+\+ make python3$/);
  });

  it('warns where the default disk cannot be', async function () {
    const { of } = await examine({ env: { XDG_DATA_HOME: '/proc/self' } });
    if (process.getuid?.() === 0 && of('default disk').verdict === 'ok') this.skip();
    assert.equal(of('default disk').verdict, 'warn');
    assert.match(of('default disk').mend, /name a DISK/);
  });

  it('warns where io_uring is refused', async () => {
    const done = await runProgram(process.execPath, [
      ...['--import', 'tsx', join(root, 'test/outside/deny.ts'), 'io_uring_setup=EPERM', '--'],
      ...doctor('--json', '--listen', '127.0.0.1:0'),
    ]);
    const { ok, checks } = JSON.parse(done.stdout) as { ok: boolean; checks: Finding[] };
    const found = checks.find(({ name }) => name === 'io_uring')!;
    assert.deepEqual([ok, found.verdict], [true, 'warn'], 'it works, but worse');
    assert.match(found.seen, /refused with errno 1 .*; threads are used/);
    assert.match(found.mend, /seccomp=unconfined/);
  });

  it('fails where the port is in use', async () => {
    const server: Server = createServer();
    const port = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
    );
    try {
      const { ok, of } = await examine({ args: ['--listen', `127.0.0.1:${port}`] });
      assert.equal(ok, false);
      assert.equal(of('port').seen, `127.0.0.1:${port}: EADDRINUSE`);
      assert.match(of('port').mend, /choose another/);
    } finally {
      server.close();
    }
  });

  it('fails where the address is none of this machine', async () => {
    const { of } = await examine({ args: ['--listen', '192.0.2.77:3260'] });
    assert.match(of('port').seen, /EADDRNOTAVAIL/);
  });

  it('refuses a bad address, with exit status 2', async () => {
    const done = await runProgram(doctor()[0]!, doctor('--listen', 'localhost').slice(1));
    assert.equal(done.status, 2);
    assert.match(
      done.stderr,
      /^ring3: --listen is 'localhost', expected such as 127\.0\.0\.1:3260 or \[::1\]:3260\n/,
    );
  });
});
