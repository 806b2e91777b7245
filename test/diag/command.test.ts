// SPDX-License-Identifier: MIT
/** The commands where what they ask, or who reads them, is not as it should be. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fitted } from '../../scripts/top.js';
import { whyNotTraced } from '../../shim/diag/process.js';
import { request } from '../../shim/diag/request.js';
import { backtrace } from '../../shim/index.js';
import { root } from '../outside/target.js';
import { ring3, start, stuck, type Victim } from './victim.js';

describe('who reads the commands', () => {
  let victim: Victim;
  before(async () => {
    victim = await stuck('idle');
  });
  after(() => victim.end());

  const commands = () => [
    ['sigdump', String(victim.pid)],
    ['backtrace', String(victim.pid), '--json'],
    ['top', String(victim.pid), '--interval', '0.1'],
    ['sigdump', '--help'],
  ];

  /** A command with another stdout; what it says of it, and its status. */
  async function run(args: string[], stdout: 'pipe' | number, begun: (child: ChildProcess) => void) {
    const child = spawn(process.execPath, ['--import', 'tsx', join(root, 'scripts/ring3.ts'), ...args], {
      cwd: root,
      stdio: ['ignore', stdout, 'pipe'],
    });
    begun(child);
    let stderr = '';
    child.stderr!.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    const [status] = await once(child, 'close');
    return { status, stderr };
  }

  it('a full disk: status 1, what failed, and no stack of ours', async () => {
    for (const args of commands()) {
      const full = openSync('/dev/full', 'w');
      const { status, stderr } = await run(args, full, () => closeSync(full));
      assert.equal(
        stderr,
        'ring3: stdout: ENOSPC: no space left on device, write\n  what it has is not whole: give it another place\n',
      );
      assert.equal(status, 1);
    }
  });

  it('one who leaves: status 0, and not a word', async () => {
    for (const args of commands()) {
      const { status, stderr } = await run(args, 'pipe', (child) => child.stdout!.destroy());
      assert.equal(stderr, '');
      assert.equal(status, 0);
    }
  });

  it('a small terminal: what stands first is shown', () => {
    const text = 'one two\nthree\nfour\n';
    assert.equal(fitted(text, 24, 80), 'one two\nthree\nfour');
    assert.equal(fitted(text, 2, 5), 'one t\n... 2');
    assert.equal(fitted(text, 1, 1), '.');
    assert.equal(fitted(text, 0, 0), '.');
  });
});

describe('answers that are none', () => {
  let server: ReturnType<typeof createServer> | undefined;
  let victim: Victim | undefined;
  afterEach(async () => {
    server?.close();
    server = undefined;
    await victim?.end();
    victim = undefined;
  });
  /** As a process of @pid would listen; this one does. */
  const listen = async (pid: number, answer: (socket: Socket) => void) => {
    server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => answer(socket));
    });
    server.listen({ path: `\0ring3-diag-${pid}`.padEnd(108, '\0') });
    await once(server, 'listening');
  };

  it('of another process that took the name', async () => {
    victim = await start('sh', ['-c', 'echo ready; exec sleep 60']);
    await listen(victim.pid, (socket) => socket.end('\nring3Dump=1\ndumpMs=1\n'));
    await assert.rejects(request(victim.pid), {
      code: 'EPERM',
      message: /^another process has taken the name .*\nring3 backtrace/,
    });
  });

  it('a name of a process that is gone, which somebody has taken', async () => {
    victim = await start('sh', ['-c', 'echo ready; exec sleep 60']);
    const { pid } = victim;
    await victim.end();
    await listen(pid, (socket) => socket.end('\nring3Dump=1\nx=\x1b[2J\ndumpMs=1\n'));
    await assert.rejects(request(pid), { code: 'ESRCH' });
  });

  it('junk out of a process: said, bounded, and nothing for a terminal', async () => {
    const source = `
      const { createServer } = require('node:net');
      const answers = {
        json: (socket) => socket.end('nonsense "dumpMs":1}\\n'),
        escapes: (socket) => socket.end('\\nring3Dump=1\\nname=\\x1b[2J\\x9b\\ndumpMs=1\\n'),
        refusal: (socket) => socket.end('ring3-error: \\x1b]0;title\\x07\\n'),
        endless: (socket) => { const go = () => { while (socket.write(Buffer.alloc(65536, 120))); }; socket.on('drain', go); go(); },
        half: (socket) => socket.end('\\nring3Dump=1\\n'),
      };
      createServer((socket) => { socket.on('error', () => {}); socket.once('data', () => answers[process.argv[1]](socket)); })
        .listen({ path: ('\\0ring3-diag-' + process.pid).padEnd(108, '\\0') }, () => console.log('ready'));`;
    const from = async (what: string) => {
      await victim?.end();
      victim = await start(process.execPath, ['-e', source, what]);
      return victim.pid;
    };
    await assert.rejects(request(await from('json'), { json: true }), {
      code: 'EPIPE',
      message: /what is no dump/,
    });
    assert.equal(await request(await from('escapes')), '\nring3Dump=1\nname=?[2J?\ndumpMs=1\n');
    await assert.rejects(request(await from('refusal')), {
      code: 'EPERM',
      message: /: \?\]0;title\?\nask as that user/,
    });
    await assert.rejects(request(await from('endless')), { code: 'EPIPE', message: /what is no dump/ });
    await assert.rejects(request(await from('half')), {
      code: 'EPIPE',
      message: /in the middle of its dump/,
    });
  });
});

describe('what cannot be looked at', () => {
  it('cores: what the file is instead', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ring3-core-'));
    const elf = (machine: number, width: number, type: number) => {
      const head = Buffer.alloc(64);
      head.set([0x7f, 0x45, 0x4c, 0x46, width, 1, 1]);
      head.writeUInt16LE(type, 16);
      head.writeUInt16LE(machine, 18);
      return head;
    };
    try {
      for (const [bytes, says] of [
        [Buffer.alloc(0), 'is empty'],
        [Buffer.from('text'.repeat(99)), 'is no ELF file'],
        [elf(183, 2, 4), 'is of another machine (AArch64)'],
        [elf(3, 1, 4), 'is of another machine (i386)'],
        [elf(62, 1, 4), 'is of another machine (x86-64, 32 bits)'],
        [elf(9999, 2, 4), 'is of another machine (number 9999)'],
        [elf(62, 2, 3), 'is a program or a library, not a core'],
        [elf(62, 2, 4), 'is a core file that is damaged or cut off'],
      ] as const) {
        const core = join(folder, 'core');
        writeFileSync(core, bytes);
        await assert.rejects(backtrace({ core }), (error: Error) => {
          assert.equal(
            error.message.split('\n')[0],
            `${core} ${says}; expected: a core file of an x86-64 process`,
          );
          return true;
        });
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('a thread, and one that there is not', async () => {
    const victim = await start('sh', ['-c', 'echo ready; exec sleep 60']);
    try {
      const { pid } = victim;
      const its = await ring3(['backtrace', String(pid), '--thread', String(pid)]);
      assert.deepEqual([its.status, its.stderr], [0, '']);
      const none = await ring3(['backtrace', String(pid), '--thread', '1']);
      assert.deepEqual(
        [none.status, none.stderr],
        [1, `ring3: process ${pid} has no thread 1\n  ps -L -p ${pid} lists those it has\n`],
      );
    } finally {
      await victim.end();
    }
  });

  it('who may not, in words', () => {
    const seen = { state: 'S', process: 7, user: 1, tracer: 0, ownPid: 7, hollow: false };
    const says = (more: Partial<typeof seen>, asker: number, scope: number) =>
      whyNotTraced(7, { ...seen, ...more }, asker, scope).message;
    assert.match(says({}, 2, 1), /^process 7 belongs to user 1\nask as that user, or as root$/);
    assert.match(
      says({ tracer: process.pid }, 1, 0),
      new RegExp(`is traced by process ${process.pid} \\(.+\\)`),
    );
    assert.match(
      says({}, 1, 1),
      /ptrace_scope is 1, so only its parent and root may look\nask as root, or: sysctl/,
    );
    assert.match(says({}, 1, 2), /ptrace_scope is 2, so only root may look\n/);
    assert.match(says({}, 0, 3), /ptrace_scope is 3, so nobody may look\nonly a reboot/);
    assert.match(says({}, 0, 1), /^process 7 may not be looked at\nit needs CAP_SYS_PTRACE/);
  });
});
