// SPDX-License-Identifier: MIT
/**
 * `ring3 doctor`: looks at what ring3 needs from this machine, says what it saw, and how to mend it. It changes nothing.
 * Each look stands alone: where the addon does not load, the others still tell.
 */
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync, statfsSync } from 'node:fs';
import { createServer, isIP } from 'node:net';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { humanSize } from './journal.js';
import { type Command, helpOf, readArguments, UsageError } from './options.js';

export const doctorCommand = {
  name: 'ring3 doctor',
  operands: '',
  about: `Looks at what ring3 needs here: ok, warn (works, but worse) or fail, and how to mend it.
Exit status: 0, or 1 when something fails.`,
  options: [
    { name: 'listen', value: 'ADDR:PORT', help: 'the address that should be free (127.0.0.1:3260)' },
    { name: 'json', help: 'one JSON object' },
    { name: 'help', help: 'this text' },
  ],
  example: 'ring3 doctor --listen [::1]:3260',
} as const satisfies Command;

export type Verdict = 'ok' | 'warn' | 'fail';

export interface Finding {
  name: string;
  verdict: Verdict;
  seen: string;
  /** What to do; "" where all is well. */
  mend: string;
}

type Look = () => Promise<[Verdict, seen: string, mend?: string]> | [Verdict, seen: string, mend?: string];

const NODE_MAJOR = 20;
const MEMLOCK_MIN = 64 << 20;
const FILES_MIN = 4096 + 1024;
const DISK_MIN = 1 << 30;

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

const onPath = (program: string): string | undefined =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .concat('/usr/sbin', '/sbin')
    .map((folder) => join(folder, program))
    .find((path) => existsSync(path));

/** A soft limit of /proc/self/limits; Infinity = unlimited. */
function softLimit(name: string): number {
  const match = new RegExp(`^${name}\\s+(\\S+)`, 'm').exec(read('/proc/self/limits') ?? '');
  return !match || match[1] === 'unlimited' ? Number.POSITIVE_INFINITY : Number(match[1]);
}

const size = (bytes: number): string => (bytes === Number.POSITIVE_INFINITY ? 'unlimited' : humanSize(bytes));

const first = (error: unknown): string => String((error as Error).message ?? error).split('\n')[0]!;

const node: Look = () =>
  Number(process.versions.node.split('.')[0]) >= NODE_MAJOR
    ? ['ok', process.version]
    : ['fail', process.version, `install Node ${NODE_MAJOR} or later`];

const compiler: Look = () => {
  const missing = ['g++', 'make', 'python3'].filter((program) => !onPath(program));
  if (!missing.length) return ['ok', 'g++, make and python3 are installed'];
  return [
    'warn',
    `${missing.join(', ')} missing: the native parts cannot be built`,
    `apt-get install ${missing.join(' ')}`,
  ];
};

const addon: Look = async () => {
  try {
    const { buildFolder } = await import('../shim/native.js');
    const missing = ['libring3.so', 'scst.ko.so', 'scst_vdisk.ko.so', 'iscsi_scst.ko.so'].filter(
      (name) => !existsSync(join(buildFolder, name)),
    );
    if (!missing.length) return ['ok', `loads from ${buildFolder}`];
    return ['fail', `${missing.join(', ')} missing in ${buildFolder}`, 'npm run build'];
  } catch (error) {
    return ['fail', first(error), 'npm run build'];
  }
};

/** The whole house, for a moment, on a port of its own. */
const target: Look = async () => {
  try {
    const { Target } = await import('../scst-port/index.js');
    const running = await Target.start({ disks: ['ram:1M'], listen: ['127.0.0.1:0'] });
    const portal = running.portals[0]!;
    await running.stop({ timeoutMs: 0 });
    return ['ok', `starts, listens on ${portal}, and stops`];
  } catch (error) {
    return ['fail', first(error), 'mend what fails above; else report it with this line'];
  }
};

const IO_URING_SETUP = 425; // the same number on every architecture

const ioUring: Look = async () => {
  const kernel = `Linux ${read('/proc/sys/kernel/osrelease')?.trim() ?? '?'}`;
  let errno = 0;
  try {
    const { default: koffi } = await import('koffi');
    const libc = koffi.load('libc.so.6');
    const fd = Number(
      libc.func('long syscall(long, long, _Inout_ void *)')(IO_URING_SETUP, 4, Buffer.alloc(120)),
    );
    errno = fd < 0 ? koffi.errno() : 0;
    if (fd >= 0) libc.func('int close(int)')(fd);
  } catch (error) {
    return ['warn', `cannot be tried: ${first(error)}`, 'npm ci'];
  }
  if (!errno) return ['ok', `allowed (${kernel})`];
  const sysctl = read('/proc/sys/kernel/io_uring_disabled')?.trim();
  if (sysctl && sysctl !== '0')
    return [
      'warn',
      `forbidden by kernel.io_uring_disabled=${sysctl}; threads are used`,
      'sysctl kernel.io_uring_disabled=0',
    ];
  return [
    'warn',
    `refused with errno ${errno} (${kernel}); threads are used`,
    'a container may forbid it: run with --security-opt seccomp=unconfined; else a kernel from 5.10 on',
  ];
};

const memlock: Look = () => {
  const limit = softLimit('Max locked memory');
  return limit >= MEMLOCK_MIN
    ? ['ok', size(limit)]
    : [
        'warn',
        `${size(limit)}: too little to register buffers of ${size(MEMLOCK_MIN)}`,
        'ulimit -l unlimited, or LimitMEMLOCK=infinity in a systemd unit',
      ];
};

const hugepages: Look = () => {
  const count = Number(/^HugePages_Total:\s+(\d+)/m.exec(read('/proc/meminfo') ?? '')?.[1] ?? 0);
  const mode = /\[(\w+)\]/.exec(read('/sys/kernel/mm/transparent_hugepage/enabled') ?? '')?.[1];
  if (count || (mode && mode !== 'never'))
    return ['ok', `${count} reserved, transparent ones: ${mode ?? 'not in this kernel'}`];
  return [
    'warn',
    'none reserved, and no transparent ones: more TLB misses',
    'echo madvise > /sys/kernel/mm/transparent_hugepage/enabled',
  ];
};

const addressSpace: Look = () => {
  const limit = softLimit('Max address space');
  return limit === Number.POSITIVE_INFINITY
    ? ['ok', 'unlimited']
    : ['fail', `${size(limit)}: the engine reserves its memory region at start`, 'ulimit -v unlimited'];
};

const openFiles: Look = () => {
  const limit = softLimit('Max open files');
  return limit >= FILES_MIN
    ? ['ok', String(limit)]
    : ['warn', `${limit}: fewer sessions than the limit of 4096`, `ulimit -n ${FILES_MIN}`];
};

const crc32c: Look = () => {
  const flags = read('/proc/cpuinfo') ?? '';
  return /\bsse4_2\b|\bcrc32\b/.test(flags)
    ? ['ok', 'by instruction']
    : ['warn', 'by table: digests cost more', 'none; leave digests off where the network can be trusted'];
};

const chap: Look = () => {
  const missing = ['md5', 'sha1', 'sha256', 'sha3-256'].filter((name) => {
    try {
      createHash(name);
      return false;
    } catch {
      return true;
    }
  });
  if (!missing.length) return ['ok', 'MD5, SHA1, SHA-256, SHA3-256'];
  return ['warn', `OpenSSL has no ${missing.join(', ')}`, 'initiators must offer another algorithm'];
};

const port =
  (listen: string): Look =>
  async () => {
    const match = /^(?:\[([0-9a-fA-F:]+)\]|([\d.]+))(?::(\d{1,5}))?$/.exec(listen);
    if (!match || !isIP(match[1] ?? match[2]!))
      throw new UsageError(`--listen is '${listen}', expected such as 127.0.0.1:3260 or [::1]:3260`);
    const server = createServer();
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(Number(match[3] ?? 3260), match[1] ?? match[2], resolve);
      });
      return ['ok', `${listen} is free`];
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const mend =
        code === 'EADDRNOTAVAIL'
          ? 'this machine has no such address; ip address shows those it has'
          : 'choose another: ring3 target --listen 127.0.0.1:13260';
      return ['fail', `${listen}: ${code}`, mend];
    } finally {
      server.close();
    }
  };

const diskFolder: Look = () => {
  let folder = join(process.env.XDG_DATA_HOME || join(homedir(), '.local/share'), 'ring3');
  while (!existsSync(folder)) folder = dirname(folder);
  try {
    accessSync(folder, constants.W_OK);
    const { bavail, bsize } = statfsSync(folder);
    const free = bavail * bsize;
    return free >= DISK_MIN
      ? ['ok', `${folder}, ${size(free)} free`]
      : [
          'warn',
          `${folder} has ${size(free)} free, the default disk may grow to ${size(DISK_MIN)}`,
          'name a DISK',
        ];
  } catch (error) {
    return [
      'warn',
      `${folder}: ${(error as NodeJS.ErrnoException).code}`,
      'name a DISK, or set XDG_DATA_HOME',
    ];
  }
};

const clients: Look = () => {
  const found = ['iscsiadm', 'iscsi-ls', 'qemu-img'].filter(onPath);
  if (found.length) return ['ok', found.join(', ')];
  return ['warn', 'no initiator is installed here', 'apt-get install libiscsi-bin, or open-iscsi'];
};

const looks = (listen: string): [name: string, look: Look][] => [
  ['node', node],
  ['compiler', compiler],
  ['addon', addon],
  ['address space', addressSpace],
  ['target', target],
  ['io_uring', ioUring],
  ['memlock', memlock],
  ['hugepages', hugepages],
  ['open files', openFiles],
  ['crc32c', crc32c],
  ['chap', chap],
  ['port', port(listen)],
  ['default disk', diskFolder],
  ['clients', clients],
];

/** All findings, in the order of what needs what. */
export async function examine(listen = '127.0.0.1:3260'): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [name, look] of looks(listen)) {
    const [verdict, seen, mend = ''] = await look();
    findings.push({ name, verdict, seen, mend });
  }
  return findings;
}

export async function runDoctor(args: string[]): Promise<number> {
  const given = readArguments(doctorCommand, args);
  if (given.has('help')) {
    process.stdout.write(helpOf(doctorCommand));
    return 0;
  }
  const findings = await examine(given.value('listen'));
  const ok = findings.every(({ verdict }) => verdict !== 'fail');
  if (given.has('json')) {
    process.stdout.write(`${JSON.stringify({ ok, checks: findings })}\n`);
  } else {
    for (const { name, verdict, seen, mend } of findings)
      process.stdout.write(
        `${verdict.padEnd(5)} ${name.padEnd(14)} ${seen}\n${mend ? `${' '.repeat(21)}mend: ${mend}\n` : ''}`,
      );
  }
  return ok ? 0 : 1;
}
