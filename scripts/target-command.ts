// SPDX-License-Identifier: MIT
/** `ring3 target [DISK...]`: serves disks until a signal ends it. */
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';
import { AioError, preferProvider } from '../aio/index.js';
import type { Kernel } from '../kernel-api/index.js';
import {
  type Credentials,
  DiskError,
  defaultIqn,
  isLoopback,
  parseListen,
  parseSize,
  Target,
  type TargetOptions,
} from '../scst-port/index.js';
import { HostServer } from './host/server.js';
import { Journal } from './journal.js';
import { type Arguments, type Command, helpOf, readArguments, UsageError } from './options.js';
import { Output } from './output.js';
import { banner, statusLine, type Totals } from './screen.js';

export const targetCommand = {
  name: 'ring3 target',
  operands: '[DISK...]',
  about: `Serves disks over iSCSI from this process. A DISK is a file, a block device, ram:SIZE or null:SIZE, with options
behind commas: size=10G (of a file that does not exist yet), blocksize=4096, serial=ABC, ro, removable,
sanitize-rate=64M (bytes a second), wsnz=0 (WRITE SAME of no blocks: up to the end).
Without a DISK: ~/.local/share/ring3/disk.img, 1 GiB.
Ctrl-C flushes, asks initiators to log out, and ends; a second one forces.`,
  options: [
    { name: 'size', value: 'SIZE', help: 'of files that do not exist yet (1G for the default disk)' },
    { name: 'listen', value: 'ADDR:PORT', repeatable: true, help: '127.0.0.1:3260; IPv6 as [::1]:3260' },
    { name: 'iqn', value: 'NAME', help: "the target's name (made of the host's)" },
    { name: 'chap', value: 'USER:FILE', help: 'initiators must know the secret in FILE' },
    { name: 'mutual-chap', value: 'USER:FILE', help: 'and we prove that we know the one in this FILE' },
    { name: 'digest', value: 'KIND', help: 'none, crc32c, or both (as the initiator likes)' },
    { name: 'initiator', value: 'PATTERN', repeatable: true, help: 'who may log in, with * and ?' },
    { name: 'threads', value: 'N', help: 'event threads (one per CPU)' },
    {
      name: 'aio',
      value: 'NAME',
      help: 'who does the I/O of files: io_uring, libaio or threads (the best here)',
    },
    { name: 'login-timeout', value: 'SECONDS', help: 'for a login (15)' },
    { name: 'json', help: 'one JSON object per line on standard output' },
    { name: 'quiet', help: 'no log and no status line; warnings only' },
    { name: 'verbose', help: 'the kernel modules\' log too; with --json, a "status" every second' },
    { name: 'help', help: 'this text' },
  ],
  example: 'ring3 target disk.img,size=10G ram:1G --listen 127.0.0.1:3260',
} as const satisfies Command;

type Name = (typeof targetCommand)['options'][number]['name'];

/** A second signal forces only when it is none of the same keystroke, delivered to a process group and passed on. */
const SAME_KEYSTROKE_MS = 250;
/** What initiators get to log out when they are asked. */
const GRACE_MS = 1000;
const STATUS_MS = 1000;
/** For who reads our last lines slowly. */
const FAREWELL_MS = 200;
/** Exit status: a second signal came. */
const FORCED = 130;

function credentials(name: Name, text: string | undefined, warn: (line: string) => void) {
  if (text === undefined) return undefined;
  const colon = text.indexOf(':');
  const [user, path] = [text.slice(0, Math.max(colon, 0)), text.slice(colon + 1)];
  if (!user || !path) throw new UsageError(`--${name} is '${text}', should be USER:FILE`);
  let secret: Buffer;
  try {
    secret = readFileSync(path);
    const status = statSync(path);
    if (status.isFile() && status.mode & 0o004)
      warn(`${path} can be read by every user; run: chmod 600 ${path}`);
  } catch (error) {
    throw new UsageError(
      `--${name}: the secret in ${path} cannot be read: ${(error as NodeJS.ErrnoException).code}`,
    );
  }
  let end = secret.length;
  while (end && (secret[end - 1] === 10 || secret[end - 1] === 13)) end--; // an editor's last line end
  return { user, secret: secret.subarray(0, end) } satisfies Credentials;
}

/** By --aio, else by $RING3_AIO, which aio looks at itself; here its name is checked before anything is served. */
function chooseAio(option: string | undefined): void {
  const name = option ?? (process.env.RING3_AIO || undefined);
  try {
    if (name !== undefined) preferProvider(name);
  } catch (error) {
    const from = option === undefined ? 'RING3_AIO' : '--aio';
    throw error instanceof AioError ? new UsageError(`${from}: ${error.why}`) : error;
  }
}

function digests(kind = 'both'): ('None' | 'CRC32C')[] {
  if (kind === 'none') return ['None'];
  if (kind === 'crc32c') return ['CRC32C'];
  if (kind === 'both') return ['None', 'CRC32C'];
  throw new UsageError(`--digest is '${kind}', should be none, crc32c or both`);
}

function listenAddresses(given: string[]): string[] {
  const all = given.length ? given : ['127.0.0.1:3260'];
  const seen = new Set<string>();
  for (const text of all) {
    try {
      const { address, port } = parseListen(text);
      if (!port || !seen.has(`${address} ${port}`)) seen.add(`${address} ${port}`);
      else throw new Error(`${text} is given twice`);
    } catch (error) {
      throw new UsageError(`--listen: ${(error as Error).message}`);
    }
  }
  return all;
}

/** Where the disk is that is served when none is named. */
export function defaultDisk(): string {
  const folder = join(process.env.XDG_DATA_HOME || join(homedir(), '.local/share'), 'ring3');
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new DiskError(
      `${folder} cannot be made for the default disk: ${(error as NodeJS.ErrnoException).code}; name a DISK`,
    );
  }
  return join(folder, 'disk.img');
}

/** Checked options of one run. @throws UsageError, DiskError */
export function targetOptions(
  args: Arguments<Name>,
  warn: (line: string) => void,
): TargetOptions & { listen: string[] } {
  const { operands } = args;
  const size = args.value('size');
  if (args.has('quiet') && args.has('verbose'))
    throw new UsageError('--quiet and --verbose exclude each other');
  if (args.has('mutual-chap') && !args.has('chap'))
    throw new UsageError('--mutual-chap needs --chap: who does not prove itself gets no proof');
  const loginTimeout = args.wholeNumber('login-timeout', 1, 300);
  const listen = listenAddresses(args.values('listen'));
  const chap = credentials('chap', args.value('chap'), warn);
  const open = chap ? [] : listen.filter((text) => !isLoopback(parseListen(text).address));
  if (open.length)
    warn(`anyone who reaches ${open.join(' or ')} can read and write the disks; add --chap USER:FILE`);
  return {
    iqn: args.value('iqn') ?? defaultIqn(),
    size: size ? parseSize(size) : operands.length ? 0 : 2 ** 30,
    listen,
    threads: args.wholeNumber('threads', 1, 256) ?? 0,
    chap,
    mutualChap: credentials('mutual-chap', args.value('mutual-chap'), warn),
    digests: digests(args.value('digest')),
    initiators: args.values('initiator'),
    consoleLevel: args.has('quiet') ? 3 : args.has('verbose') ? 6 : 4,
    loginTimeoutMs: loginTimeout && loginTimeout * 1000,
    disks: operands.length ? operands : [defaultDisk()],
  };
}

/** Of all sessions, since each began. */
async function totals(target: Target): Promise<Totals> {
  const sum = { sessions: 0, readBytes: 0, readCommands: 0, writeBytes: 0, writeCommands: 0 };
  for (const session of await target.sessions()) {
    sum.sessions++;
    for (const key of ['readBytes', 'readCommands', 'writeBytes', 'writeCommands'] as const)
      sum[key] += session[key];
  }
  return sum;
}

/** Calls @show about once a second with what all sessions did, until the returned function is called. */
function everySecond(target: Target, show: (before: Totals, now: Totals, seconds: number) => void) {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let before = { sessions: 0, readBytes: 0, readCommands: 0, writeBytes: 0, writeCommands: 0 };
  let since = Date.now();
  const tick = async () => {
    const now = await totals(target);
    if (stopped) return;
    show(before, now, Math.max(Date.now() - since, 1) / 1000);
    before = now;
    since = Date.now();
    timer = setTimeout(tick, STATUS_MS);
  };
  timer = setTimeout(tick, STATUS_MS);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

/** Ends the process now: process.exit() waits for calls into the kernel side, which may be what hangs. */
function leave(): never {
  process.stderr.write('forced: what was not flushed may be lost\n');
  koffi.load('libc.so.6').func('void _exit(int)')(FORCED);
  throw new Error('not reached');
}

/**
 * Resolves at the first signal that ends the target; one that comes later calls @force. The end of a terminal ends who
 * is on it; without one (nohup, a service) a hang-up is nobody's.
 */
function untilSignal(force: () => never): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let asked = 0;
    const onTerminal = [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);
    if (!onTerminal) process.on('SIGHUP', () => {});
    for (const signal of ['SIGINT', 'SIGTERM', ...(onTerminal ? (['SIGHUP'] as const) : [])] as const)
      process.on(signal, () => {
        if (asked && Date.now() - asked > SAME_KEYSTROKE_MS) force();
        asked ||= Date.now();
        resolve(signal);
      });
  });
}

/** A target is a host of modules as well: ring3 lsmod and dmesg work on it. It serves without that too. */
async function controlSocket(kernel: Kernel, warn: (line: string) => void): Promise<HostServer | undefined> {
  try {
    return await HostServer.listen(kernel, 'target');
  } catch (error) {
    warn(`ring3 lsmod and dmesg will not find this target: ${(error as Error).message.split('\n')[0]}`);
    return undefined;
  }
}

export async function runTarget(args: string[]): Promise<void> {
  const given = readArguments<Name>(targetCommand, args);
  if (given.has('help')) {
    process.stdout.write(helpOf(targetCommand));
    return;
  }
  const json = given.has('json');
  const live = process.stdout.isTTY && !json && !given.has('quiet');
  const stdout = new Output(process.stdout, (count) =>
    json ? `${JSON.stringify({ event: 'lost', count })}\n` : '',
  );
  const stderr = new Output(process.stderr, (count) => `${count} lines were not read and are lost\n`);
  const journal = new Journal({
    json,
    quiet: given.has('quiet'),
    verbose: given.has('verbose'),
    out: (text) => stdout.write(text),
    err: (text) => stderr.write(live ? `\r\x1b[K${text}` : text),
  });
  // A write past the limit of file sizes is an error, no end.
  process.on('SIGXFSZ', () => {});

  const warnings: string[] = []; // told when it serves: an error stands alone
  const options = targetOptions(given, (line) => warnings.push(line));
  chooseAio(given.value('aio'));
  const signal = untilSignal(leave);
  const target = await Target.start({ ...options, onEvent: (event) => journal.event(event) });
  for (const line of warnings) journal.warn(line);
  const { iqn, portals, luns } = target;
  const control = await controlSocket(target.kernel.kernel, (line) => journal.warn(line));
  const ready = { event: 'ready', iqn, portals, luns, pid: process.pid };
  stdout.write(json ? `${JSON.stringify(ready)}\n` : banner(target, options.chap?.user));

  let stopStatus = () => {};
  if (live) stopStatus = everySecond(target, (...three) => stdout.write(`\r\x1b[K${statusLine(...three)}`));
  else if (json && given.has('verbose'))
    stopStatus = everySecond(target, (_, now) => journal.say('', { event: 'status', ...now }));
  const keepAlive = setInterval(() => {}, 1 << 30);
  const name = await signal;
  clearInterval(keepAlive);
  stopStatus();
  journal.say(`stopping ${name}: initiators are asked to log out; once more forces`, {
    event: 'stopping',
    signal: name,
  });
  await control?.close();
  const ended = await target.stop({ timeoutMs: GRACE_MS });
  journal.say(`stopped  disks are flushed${ended ? `, ${ended} sessions were ended` : ''}`, {
    event: 'stopped',
    ended,
  });
  await Promise.all([stdout.flush(FAREWELL_MS), stderr.flush(FAREWELL_MS)]);
}
