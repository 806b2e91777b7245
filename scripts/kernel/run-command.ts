// SPDX-License-Identifier: MIT
/**
 * `ring3 run MODULE...` starts a host and serves the commands insmod, rmmod, lsmod and dmesg on a socket of this user's:
 * one JSON request a line, one or more JSON answers a line.
 */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Kernel, LogRecord } from '../../kernel-api/index.js';
import { type Command, helpOf, readArguments, UsageError } from '../options.js';

interface Request {
  command: 'insmod' | 'rmmod' | 'lsmod' | 'dmesg';
  path?: string;
  params?: Record<string, string>;
  follow?: boolean;
}
interface Answer {
  text?: string;
  record?: LogRecord;
  error?: string;
  /** The last of this request. */
  end?: boolean;
}

/** $RING3_HOST, or a socket in the folder that only this user may enter. */
export function socketPath(): string {
  const given = process.env.RING3_HOST;
  if (given) return given;
  const folder = join(process.env.XDG_RUNTIME_DIR ?? '/tmp', `ring3-${process.getuid?.() ?? 0}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return join(folder, 'host.sock');
}

/** "name=value" words to an object; a word without a value is a flag. */
export function readParams(words: string[]): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf('=');
      if (at === 0) throw new UsageError(`'${word}': a parameter is NAME=VALUE`);
      return at < 0 ? [word, '1'] : [word.slice(0, at), word.slice(at + 1)];
    }),
  );
}

/** MODULE [NAME=VALUE...] MODULE ... */
function readModules(words: string[]): { path: string; params: Record<string, string> }[] {
  const modules: { path: string; words: string[] }[] = [];
  for (const word of words) {
    if (/\.so$/.test(word) && !word.includes('=')) modules.push({ path: resolve(word), words: [] });
    else if (modules.length) modules.at(-1)!.words.push(word);
    else throw new UsageError(`'${word}' is no module: a module's name ends in .ko.so`);
  }
  return modules.map(({ path, words: own }) => ({ path, params: readParams(own) }));
}

const shownRecord = ({ seconds, text }: LogRecord) => `[${seconds.toFixed(6).padStart(13)}] ${text}`;

async function serve(kernel: Kernel, request: Request, say: (answer: Answer) => void, socket: Socket) {
  switch (request.command) {
    case 'insmod':
      await kernel.insmod(request.path ?? '', request.params ?? {});
      break;
    case 'rmmod':
      await kernel.rmmod(request.path ?? '');
      break;
    case 'lsmod':
      for (const { name, references } of kernel.lsmod()) say({ text: `${name.padEnd(24)} ${references}` });
      break;
    case 'dmesg':
      if (!request.follow) {
        for (const record of kernel.log()) say({ record });
        break;
      }
      socket.on(
        'close',
        kernel.follow((record) => say({ record })),
      );
      return;
    default:
      throw new Error(`${JSON.stringify(request)}: no such command`);
  }
  say({ end: true });
}

function listen(kernel: Kernel, path: string): Promise<() => void> {
  const server = createServer((socket) => {
    const say = (answer: Answer) => socket.writable && socket.write(`${JSON.stringify(answer)}\n`);
    socket.on('error', () => socket.destroy());
    createInterface({ input: socket }).on('line', (line) => {
      Promise.resolve()
        .then(() => serve(kernel, JSON.parse(line) as Request, say, socket))
        .catch((error: Error) => say({ error: error.message, end: true }));
    });
  });
  return new Promise((done, fail) => {
    server.on('error', fail);
    server.listen(path, () =>
      done(() => {
        server.close();
        rmSync(path, { force: true });
      }),
    );
  });
}

const runCommand: Command<'cpus' | 'quiet' | 'help'> = {
  name: 'ring3 run',
  operands: '[MODULE.ko.so [NAME=VALUE...]]...',
  about:
    'Starts a host, loads modules in this order and prints the log until SIGINT or SIGTERM; then it unloads them.\nMeanwhile ring3 insmod, rmmod, lsmod and dmesg reach it.',
  options: [
    { name: 'cpus', value: 'N', help: 'event CPUs (one per CPU of the machine)' },
    { name: 'quiet', help: 'do not print the log' },
    { name: 'help', help: 'this text' },
  ],
  example: 'ring3 run brd.ko.so rd_nr=2',
};

export async function runRun(argv: string[]): Promise<number> {
  const args = readArguments(runCommand, argv);
  if (args.has('help')) {
    process.stdout.write(helpOf(runCommand));
    return 0;
  }
  const cpus = Number(args.value('cpus') ?? 0);
  if (!Number.isInteger(cpus) || cpus < 0) throw new UsageError('--cpus wants a number');
  const modules = readModules(args.operands);
  const path = socketPath();
  if (existsSync(path)) {
    if (await isServed(path))
      throw new UsageError(`a host is running already, on ${path}; RING3_HOST names another socket`);
    rmSync(path);
  }
  const { Kernel } = await import('../../kernel-api/index.js');
  const kernel = await Kernel.start({ cpus });
  kernel.consoleLogLevel = -1;
  const unfollow = args.has('quiet')
    ? () => {}
    : kernel.follow((record) => process.stdout.write(`${shownRecord(record)}\n`));
  let unlisten = () => {};
  try {
    for (const { path: module, params } of modules) await kernel.insmod(module, params);
    unlisten = await listen(kernel, path);
    process.stderr.write(`ring3 run: ready on ${path}\n`);
    await new Promise((done) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, done);
    });
  } finally {
    unlisten();
    await kernel.stop();
    await new Promise((done) => setTimeout(done, 60)); // the last of the log
    unfollow();
  }
  return 0;
}

function isServed(path: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = createConnection(path);
    socket.on('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.on('error', () => done(false));
  });
}

function ask(request: Request): Promise<number> {
  const path = socketPath();
  return new Promise((done, fail) => {
    const socket = createConnection(path);
    socket.on('error', (error: NodeJS.ErrnoException) =>
      fail(
        ['ENOENT', 'ECONNREFUSED'].includes(error.code ?? '')
          ? new Error(`no host is running on ${path}\nstart one: ring3 run MODULE.ko.so`)
          : error,
      ),
    );
    socket.on('connect', () => socket.write(`${JSON.stringify(request)}\n`));
    createInterface({ input: socket }).on('line', (line) => {
      const answer = JSON.parse(line) as Answer;
      if (answer.text !== undefined) process.stdout.write(`${answer.text}\n`);
      if (answer.record) process.stdout.write(`${shownRecord(answer.record)}\n`);
      if (answer.error) process.stderr.write(`ring3 ${request.command}: ${answer.error}\n`);
      if (answer.end) {
        socket.destroy();
        done(answer.error ? 1 : 0);
      }
    });
    socket.on('close', () => done(1)); // the host ended; after an end this is too late to matter
  });
}

const clients: Record<Request['command'], Command<'follow' | 'help'>> = {
  insmod: {
    name: 'ring3 insmod',
    operands: 'MODULE.ko.so [NAME=VALUE...]',
    about: 'Loads a module into the running host, and before it those it was built to use.',
    options: [{ name: 'help', help: 'this text' }],
    example: 'ring3 insmod brd.ko.so rd_nr=2',
  },
  rmmod: {
    name: 'ring3 rmmod',
    operands: 'NAME',
    about: 'Unloads a module; refused while it is in use.',
    options: [{ name: 'help', help: 'this text' }],
    example: 'ring3 rmmod brd',
  },
  lsmod: {
    name: 'ring3 lsmod',
    operands: '',
    about: 'Prints the modules and how many references each has.',
    options: [{ name: 'help', help: 'this text' }],
    example: 'ring3 lsmod',
  },
  dmesg: {
    name: 'ring3 dmesg',
    operands: '',
    about: "Prints the host's log.",
    options: [
      { name: 'follow', help: 'and what is added to it (-w)' },
      { name: 'help', help: 'this text' },
    ],
    example: 'ring3 dmesg -w',
  },
};

export async function runClient(command: Request['command'], argv: string[]): Promise<number> {
  const args = readArguments(
    clients[command],
    argv.map((arg) => (arg === '-w' ? '--follow' : arg)),
  );
  if (args.has('help')) {
    process.stdout.write(helpOf(clients[command]));
    return 0;
  }
  const [first, ...rest] = args.operands;
  if (command === 'lsmod' || command === 'dmesg') return ask({ command, follow: args.has('follow') });
  if (!first) throw new UsageError(`${clients[command].name}: which module?`);
  if (command === 'rmmod') {
    if (rest.length) throw new UsageError('ring3 rmmod takes one name');
    return ask({
      command,
      path: first
        .replace(/^.*\//, '')
        .replace(/\.ko\.so$/, '')
        .replaceAll('-', '_'),
    });
  }
  return ask({ command, path: resolve(first), params: readParams(rest) });
}
