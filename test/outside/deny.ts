// SPDX-License-Identifier: MIT
/**
 * Runs a program whose system calls fail as told: `deny.ts preadv2=EIO io_uring_setup=EPERM -- PROGRAM ARGUMENT...`
 *
 * A seccomp filter answers them with that errno, in the program and all that it starts. So a test can have a disk that
 * breaks, or a kernel without io_uring, without root and without touching the machine.
 */
import { accessSync, constants as files } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import koffi from 'koffi';

/** Numbers of x86_64 and arm64. */
const CALLS: ReadonlyMap<string, [x64: number, arm64: number]> = new Map([
  ['preadv', [295, 69]],
  ['preadv2', [327, 286]],
  ['pwritev', [296, 70]],
  ['pwritev2', [328, 287]],
  ['fdatasync', [75, 83]],
  ['fsync', [74, 82]],
  ['fallocate', [285, 47]],
  ['io_uring_setup', [425, 425]],
]);

const AUDIT_ARCH = { x64: 0xc000003e, arm64: 0xc00000b7 } as const;

// linux/filter.h, linux/seccomp.h, linux/prctl.h
const [LOAD_WORD, JUMP_IF_EQUAL, RETURN] = [0x20, 0x15, 0x06];
const [RETURN_ALLOW, RETURN_ERRNO] = [0x7fff0000, 0x00050000];
const [PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER] = [38, 22, 2];

const F_SETFD = 2;

type Instruction = [code: number, jumpTrue: number, jumpFalse: number, k: number];

function filter(denied: [number, number][], architecture: number): Instruction[] {
  const rules = denied.flatMap(([call, errno]): Instruction[] => [
    [JUMP_IF_EQUAL, 0, 1, call],
    [RETURN, 0, 0, RETURN_ERRNO | errno],
  ]);
  return [
    [LOAD_WORD, 0, 0, 4], // seccomp_data.arch
    [JUMP_IF_EQUAL, 1, 0, architecture],
    [RETURN, 0, 0, RETURN_ALLOW],
    [LOAD_WORD, 0, 0, 0], // seccomp_data.nr
    ...rules,
    [RETURN, 0, 0, RETURN_ALLOW],
  ];
}

function parseRule(text: string, column: 0 | 1): [number, number] {
  const [name = '', code = ''] = text.split('=');
  const call = CALLS.get(name)?.[column];
  const errno = (constants.errno as Record<string, number>)[code];
  if (call === undefined || errno === undefined)
    throw new Error(`deny: '${text}', expected CALL=ERRNO, CALL one of ${[...CALLS.keys()].join(', ')}`);
  return [call, errno];
}

function findOnPath(program: string): string {
  if (program.includes('/')) return program;
  for (const folder of (process.env.PATH ?? '').split(delimiter))
    try {
      accessSync(join(folder, program), files.X_OK);
      return join(folder, program);
    } catch {}
  throw new Error(`deny: there is no ${program}`);
}

function main(argv: string[]): void {
  const border = argv.indexOf('--');
  const arch = process.arch;
  if (border < 0 || !argv[border + 1])
    throw new Error('deny: CALL=ERRNO... -- PROGRAM ARGUMENT... is expected');
  if (arch !== 'x64' && arch !== 'arm64') throw new Error(`deny: knows no system calls of ${arch}`);
  const rules = argv.slice(0, border).map((text) => parseRule(text, arch === 'x64' ? 0 : 1));
  const program = filter(rules, AUDIT_ARCH[arch]);

  const code = Buffer.alloc(program.length * 8);
  program.forEach(([op, jumpTrue, jumpFalse, k], i) => {
    code.writeUInt16LE(op, i * 8);
    code.writeUInt8(jumpTrue, i * 8 + 2);
    code.writeUInt8(jumpFalse, i * 8 + 3);
    code.writeUInt32LE(k >>> 0, i * 8 + 4);
  });
  koffi.struct('sock_fprog', { len: 'uint16_t', filter: 'const void *' });
  const libc = koffi.load('libc.so.6');
  const prctl = libc.func('int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)');
  const setFilter = libc.func(
    'int prctl(int, unsigned long, const sock_fprog *, unsigned long, unsigned long)',
  );
  const execv = libc.func('int execv(const char *, const char **)');
  if (
    (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) as number) < 0 ||
    (setFilter(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, { len: program.length, filter: code }, 0, 0) as number) <
      0
  )
    throw new Error(`deny: no filter can be set here (errno ${koffi.errno()})`);
  // Node marks its own to be closed.
  const fcntl = libc.func('int fcntl(int, int, long)');
  for (const fd of [0, 1, 2]) fcntl(fd, F_SETFD, 0);
  const args = argv.slice(border + 1);
  execv(findOnPath(args[0]!), [...args, null]);
  throw new Error(`deny: ${args[0]} cannot be run (errno ${koffi.errno()})`);
}

main(process.argv.slice(2));
