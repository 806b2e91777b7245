// SPDX-License-Identifier: MIT
/** `ring3 insmod`, `rmmod`, `lsmod`, `dmesg`: against a host that runs. */
import { resolve } from 'node:path';
import { KernelError, type LogRecord, type ModuleInfo, parseLevels } from '../../kernel-api/index.js';
import { type Arguments, type Command, helpOf, readArguments, UsageError } from '../options.js';
import { print } from '../output.js';
import { ask, chooseHost, followHost } from './client.js';
import { moduleTable, plain, recordJson, recordLine } from './print.js';

const HOST = { name: 'host', value: 'NAME|PID', help: 'which one, where several run' } as const;
const HELP = { name: 'help', help: 'this text' } as const;

const insmodCommand = {
  name: 'ring3 insmod',
  operands: 'FILE [PARAM=VALUE...]',
  about: 'Loads a module into a host that runs, and says nothing where that works.',
  options: [HOST, HELP],
  example: 'ring3 insmod build/brd.ko.so rd_nr=2',
} as const satisfies Command;

const rmmodCommand = {
  name: 'ring3 rmmod',
  operands: 'MODULE...',
  about: 'Takes modules away, in the order given.',
  options: [HOST, HELP],
  example: 'ring3 rmmod brd',
} as const satisfies Command;

const lsmodCommand = {
  name: 'ring3 lsmod',
  operands: '',
  about:
    'Lists the modules of a host that runs: their sizes in bytes, references, and the modules that use them.',
  options: [{ name: 'json', help: 'one JSON array' }, HOST, HELP],
  example: 'ring3 lsmod',
} as const satisfies Command;

const dmesgCommand = {
  name: 'ring3 dmesg',
  operands: '',
  about: 'Prints the log of a host that runs; it holds the last 2048 records.',
  options: [
    { name: 'follow', help: 'waits for more; -w is the same' },
    {
      name: 'level',
      value: 'LEVEL,...',
      help: 'only of these: emerg, alert, crit, err, warn, notice, info, debug; err+ for it\nand worse',
    },
    { name: 'json', help: 'one JSON object per line' },
    HOST,
    HELP,
  ],
  example: 'ring3 dmesg -w --level warn+',
} as const satisfies Command;

/** Its arguments, or undefined after its help. */
function argumentsOf<N extends string>(
  command: Command<N | 'help'>,
  argv: string[],
): Arguments<N | 'help'> | undefined {
  const args = readArguments(command, argv);
  if (!args.has('help')) return args;
  process.stdout.write(helpOf(command));
  return undefined;
}

/** "a=1 b="x y"": each operand is one parameter, spaces and all. @throws UsageError */
export function paramsOf(words: readonly string[]): string {
  return words
    .map((word) => {
      const match = /^([A-Za-z_][\w-]*)(?:=(.*))?$/s.exec(word);
      if (!match) throw new UsageError(`'${word}' is no parameter: expected NAME=VALUE`);
      const [, name = '', value] = match;
      if (value?.includes('"')) throw new UsageError(`${name}: a value cannot hold a quotation mark`);
      return value !== undefined && (/\s/.test(value) || !value) ? `${name}="${value}"` : word;
    })
    .join(' ');
}

export async function runInsmod(argv: string[]): Promise<number> {
  const args = argumentsOf(insmodCommand, argv);
  if (!args) return 0;
  const [file, ...words] = args.operands;
  if (file === undefined) throw new UsageError('which module? give its FILE.ko.so');
  const params = paramsOf(words);
  const host = chooseHost(args.value('host'));
  try {
    await ask(host, { op: 'insmod', path: resolve(file), params });
  } catch (error) {
    if (error instanceof KernelError) error.message += '\nnothing of it is loaded; ring3 dmesg shows the log';
    throw error;
  }
  return 0;
}

export async function runRmmod(argv: string[]): Promise<number> {
  const args = argumentsOf(rmmodCommand, argv);
  if (!args) return 0;
  if (!args.operands.length) throw new UsageError('which module? give its name, as ring3 lsmod shows it');
  const host = chooseHost(args.value('host'));
  let status = 0;
  for (const name of args.operands)
    try {
      await ask(host, { op: 'rmmod', name });
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      process.stderr.write(`ring3: ${plain(error.message.replace(/ \(errno \d+\)$/, ''))}\n`);
      status = 1;
    }
  return status;
}

export async function runLsmod(argv: string[]): Promise<number> {
  const args = argumentsOf(lsmodCommand, argv);
  if (!args) return 0;
  const { modules } = await ask<{ ok: true; modules: ModuleInfo[] }>(chooseHost(args.value('host')), {
    op: 'lsmod',
  });
  await print(args.has('json') ? `${JSON.stringify(modules)}\n` : moduleTable(modules));
  return 0;
}

export async function runDmesg(argv: string[]): Promise<number> {
  const args = argumentsOf(
    dmesgCommand,
    argv.map((arg) => (arg === '-w' ? '--follow' : arg)),
  );
  if (!args) return 0;
  const given = args.value('level');
  let levels: Set<number> | undefined;
  try {
    levels = given === undefined ? undefined : parseLevels(given);
  } catch (error) {
    throw new UsageError(`--level: ${(error as Error).message.replace(/ \(errno \d+\)$/, '')}`);
  }
  const host = chooseHost(args.value('host'));
  const text = (record: LogRecord): string =>
    !levels || levels.has(record.level)
      ? `${args.has('json') ? recordJson(record) : recordLine(record)}\n`
      : '';
  if (!args.has('follow')) {
    const { records } = await ask<{ ok: true; records: LogRecord[] }>(host, { op: 'dmesg' });
    await print(records.map(text).join(''));
    return 0;
  }
  for await (const record of followHost(host, 'start')) {
    const line = text(record);
    if (line && !(await print(line))) break; // head(1) took what it wanted
  }
  return 0;
}
