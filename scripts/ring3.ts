#!/usr/bin/env node
// SPDX-License-Identifier: MIT
/** The ring3 command: `ring3 target [DISK...]`. Exit status: 0, 1 (it failed), 64 (wrong usage), 130 (forced). */
import { mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DiskError, defaultIqn, parseSize, Target } from '../scst-port/index.js';

const HELP = `usage: ring3 target [DISK...] [options]

Serves disks over iSCSI from this process. A DISK is a file, a block device, ram:SIZE or null:SIZE, with options
behind commas: disk.img,size=10G,ro,blocksize=4096,serial=ABC. Without a DISK: ~/.local/share/ring3/disk.img, 1 GiB.

  --size SIZE             of files that do not exist yet (1G for the default disk)
  --listen ADDR:PORT      repeatable; 127.0.0.1:3260. IPv6: [::1]:3260
  --iqn NAME              the target's name (${defaultIqn()})
  --chap USER:FILE        initiators must know the secret in FILE
  --mutual-chap USER:FILE and we prove that we know the one in this FILE
  --digest KIND           none, crc32c, or both (both: as the initiator likes)
  --initiator PATTERN     who may log in, with * and ?; repeatable
  --threads N             event threads (one per CPU)
  --json                  one JSON object per line
  --quiet                 no status line
  --help

example: ring3 target disk.img,size=10G ram:1G --listen 127.0.0.1:3260
`;

class UsageError extends Error {}

const options = {
  size: { type: 'string' },
  listen: { type: 'string', multiple: true },
  iqn: { type: 'string' },
  chap: { type: 'string' },
  'mutual-chap': { type: 'string' },
  digest: { type: 'string' },
  initiator: { type: 'string', multiple: true },
  threads: { type: 'string' },
  json: { type: 'boolean' },
  quiet: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

function credentials(name: string, text: string | undefined) {
  if (text === undefined) return undefined;
  const colon = text.indexOf(':');
  if (colon < 1) throw new UsageError(`${name} is '${text}', should be USER:SECRET-FILE`);
  const secret = readFileSync(text.slice(colon + 1), 'utf8').trim();
  if (secret.length < 12)
    throw new UsageError(`${name}: the secret has ${secret.length} characters, at least 12 are needed`);
  return { user: text.slice(0, colon), secret };
}

function defaultDisk(): string {
  const folder = join(process.env.XDG_DATA_HOME ?? join(homedir(), '.local/share'), 'ring3');
  mkdirSync(folder, { recursive: true });
  return join(folder, 'disk.img');
}

function digests(kind = 'both'): ('None' | 'CRC32C')[] {
  if (kind === 'none') return ['None'];
  if (kind === 'crc32c') return ['CRC32C'];
  if (kind === 'both') return ['None', 'CRC32C'];
  throw new UsageError(`--digest is '${kind}', should be none, crc32c or both`);
}

const human = (bytes: number): string => {
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), 4);
  return `${(bytes / 1024 ** power).toFixed(1)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB'][power]}`;
};

function banner(target: Target): string {
  const portal = target.portals[0]!;
  const luns = target.luns.map(
    (lun) =>
      `  LUN ${lun.lun}   ${lun.name}   ${human(lun.size)}   ${lun.provider}${lun.thin ? ', thin' : ''}${lun.readOnly ? ', read-only' : ''}`,
  );
  return [
    `ring3 target   ${target.iqn}     portal ${target.portals.join(' ')}`,
    ...luns,
    `connect:  iscsiadm -m discovery -t st -p ${portal}  |  qemu-img info iscsi://${portal}/${target.iqn}/0`,
  ].join('\n');
}

/** A line a second: what all sessions did since the last. */
function statusLine(target: Target): NodeJS.Timeout {
  let before = { read: 0, reads: 0, written: 0, writes: 0 };
  return setInterval(async () => {
    const now = { read: 0, reads: 0, written: 0, writes: 0 };
    const sessions = await target.sessions();
    for (const one of sessions) {
      now.read += one.readBytes;
      now.reads += one.readCommands;
      now.written += one.writeBytes;
      now.writes += one.writeCommands;
    }
    const rate = (bytes: number, count: number) =>
      `${human(Math.max(bytes, 0))}/s ${Math.max(count, 0)} IOPS`;
    const reads = rate(now.read - before.read, now.reads - before.reads);
    const writes = rate(now.written - before.written, now.writes - before.writes);
    before = now;
    process.stdout.write(`\r\x1b[Ksessions ${sessions.length}   read ${reads}   write ${writes}`);
  }, 1000);
}

async function runTarget(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const threads = Number(values.threads ?? 0);
  if (!Number.isInteger(threads) || threads < 0 || threads > 256)
    throw new UsageError(`--threads is '${values.threads}', should be a whole number from 1 to 256`);
  const chap = credentials('--chap', values.chap);
  const listen = values.listen ?? ['127.0.0.1:3260'];
  const warn = (line: string) => process.stderr.write(`${line}\n`);
  const target = await Target.start({
    iqn: values.iqn ?? defaultIqn(),
    disks: positionals.length ? positionals : [defaultDisk()],
    size: values.size ? parseSize(values.size) : positionals.length ? 0 : 2 ** 30,
    listen,
    threads,
    chap,
    mutualChap: credentials('--mutual-chap', values['mutual-chap']),
    digests: digests(values.digest),
    initiators: values.initiator ?? [],
    log: warn,
  });
  if (!chap && listen.some((address) => !/^(127\.|\[::1\])/.test(address)))
    warn(
      'warning: anyone who reaches this address can read and write the disks; add --chap USER:SECRET-FILE',
    );
  const ready = {
    event: 'ready',
    iqn: target.iqn,
    portals: target.portals,
    luns: target.luns,
    pid: process.pid,
  };
  process.stdout.write(`${values.json ? JSON.stringify(ready) : banner(target)}\n`);
  const status = process.stdout.isTTY && !values.json && !values.quiet ? statusLine(target) : undefined;
  const keepAlive = setInterval(() => {}, 1 << 30);
  await new Promise<void>((resolve) => {
    let asked = false;
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.on(signal, () => {
        if (asked) process.exit(130);
        asked = true;
        resolve();
      });
  });
  clearInterval(status);
  clearInterval(keepAlive);
  await target.stop({ timeoutMs: 1000 });
}

function explain(error: unknown): { line: string; status: number } {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') return { line: `${message}; choose another port with --listen`, status: 1 };
  if (error instanceof UsageError || error instanceof DiskError || code?.startsWith('ERR_PARSE_ARGS'))
    return { line: `${message}\nring3 target --help tells more`, status: 64 };
  return { line: message, status: 1 };
}

async function main(): Promise<void> {
  const [command, ...rest] = process.argv.slice(2);
  if (command === 'target') return runTarget(rest);
  process.stdout.write(HELP);
  if (command && command !== '--help') throw new UsageError(`'${command}' is no command; there is: target`);
}

main().then(
  () => process.exit(0),
  (error) => {
    const { line, status } = explain(error);
    process.stderr.write(`ring3: ${line}\n`);
    process.exit(status);
  },
);
