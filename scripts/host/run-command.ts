// SPDX-License-Identifier: MIT
/** `ring3 run`: a process that hosts modules, until a signal. */
import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { formatRecord, Kernel, KernelError, type LogRecord, type Module } from '../../kernel-api/index.js';
import { type Arguments, type Command, helpOf, readArguments, UsageError } from '../options.js';
import { paramsOf } from './commands.js';
import { runIsolated, tellParent } from './isolate.js';
import { plain, recordJson } from './print.js';
import { badName, socketFolder } from './protocol.js';
import { HostServer } from './server.js';

const runCommand = {
  name: 'ring3 run',
  operands: '[MODULE...] [NAME.PARAM=VALUE...]',
  about: `Hosts modules in this process: loads them in the order given, shows the log, and takes them away at the end. Meanwhile
ring3 insmod, rmmod, lsmod and dmesg work on it.`,
  options: [
    { name: 'cpus', value: 'N', help: 'event CPUs, 1 to 256 (one per CPU)' },
    { name: 'name', value: 'NAME', help: 'how other commands call it (host)' },
    {
      name: 'modules',
      value: 'FOLDER[:FOLDER...]',
      help: 'where request_module() looks, by name or alias (nowhere: -ENOENT)',
    },
    { name: 'for', value: 'SECONDS', help: 'ends by itself' },
    {
      name: 'isolate',
      help: 'in a child process: a module that crashes is reported, with where,\nand this process goes on to the end',
    },
    { name: 'level', value: '0..7', help: 'the least urgent messages that are shown, -1 = none (6)' },
    { name: 'json', help: 'one JSON object per line, for what happens and for the log' },
    { name: 'help', help: 'this text' },
  ],
  example: 'ring3 run brd.ko.so brd.rd_nr=2 --cpus 2',
} as const satisfies Command;

type Names = (typeof runCommand.options)[number]['name'];

interface Load {
  path: string;
  name: string;
  params: string;
}

/** "/a/my-brd.ko.so" -> "my_brd" */
const moduleName = (path: string): string => basename(path).replace(/\..*$/s, '').replaceAll('-', '_');

/** Files, and parameters for them as a kernel's command line has them. @throws UsageError */
export function loadsOf(operands: readonly string[]): Load[] {
  const loads: Load[] = [];
  const params: { name: string; word: string }[] = [];
  const given = new Set(operands.filter((operand) => existsSync(operand)).map(moduleName));
  for (const operand of operands) {
    const match = /^([\w-]+)\.([A-Za-z_][\w-]*(?:=.*)?)$/s.exec(operand);
    const named = match && (operand.includes('=') || given.has(match[1]!.replaceAll('-', '_')));
    if (named && !existsSync(operand)) params.push({ name: match[1]!.replaceAll('-', '_'), word: match[2]! });
    else if (!existsSync(operand)) throw new UsageError(`${operand}: there is no such module file`);
    else loads.push({ path: resolve(operand), name: moduleName(operand), params: '' });
  }
  for (const load of loads)
    if (loads.some((other) => other !== load && other.name === load.name))
      throw new UsageError(`two modules are called ${load.name}`);
  for (const { name, word } of params) {
    const load = loads.find((one) => one.name === name);
    if (!load) throw new UsageError(`${name}.${word}: no module ${name} is given`);
    load.params = `${load.params} ${paramsOf([word])}`.trim();
  }
  return loads;
}

/** Lines for people, or for programs. */
class Voice {
  constructor(
    readonly json: boolean,
    readonly level: number,
  ) {}

  say(line: string, fields: { event: string } & Record<string, unknown>): void {
    process.stdout.write(this.json ? `${JSON.stringify(fields)}\n` : `${plain(line)}\n`);
  }

  record(record: LogRecord): void {
    if (record.level > this.level) return;
    process.stdout.write(
      this.json
        ? `${JSON.stringify({ event: 'log', ...JSON.parse(recordJson(record)) })}\n`
        : `${plain(formatRecord(record))}\n`,
    );
  }
}

/** A failure that was told already, with its own words. */
function complain(error: unknown): void {
  if (!(error instanceof KernelError)) throw error;
  process.stderr.write(`ring3: ${plain(error.message)}\n`);
}

async function unloadAll(kernel: Kernel, modules: Module[]): Promise<boolean> {
  let well = true;
  // Also those that other commands loaded; latest first.
  for (const { name } of kernel.lsmod().reverse())
    try {
      await kernel.rmmod(name);
    } catch (error) {
      complain(error);
      well = false;
    }
  modules.length = 0;
  return well;
}

/** Until a signal, or @seconds. A second signal ends the process at once. */
function untilTheEnd(seconds: number | undefined): Promise<string> {
  return new Promise((finish) => {
    if (seconds !== undefined) setTimeout(() => finish('time'), seconds * 1000);
    const alive = setInterval(() => {}, 1 << 30);
    let asked = false;
    process.once('disconnect', () => process.kill(process.pid, 'SIGTERM')); // who watched over us is gone
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => {
        if (asked) {
          // Not exit(): that waits for the thread on which an init may never return.
          process.removeAllListeners(signal);
          process.kill(process.pid, signal);
        }
        asked = true;
        clearInterval(alive);
        finish(signal);
      });
  });
}

async function host(args: Arguments<Names>, loads: Load[]): Promise<number> {
  const voice = new Voice(args.has('json'), args.wholeNumber('level', -1, 7) ?? 6);
  const seconds = args.wholeNumber('for', 0, 86_400 * 365);
  const name = args.value('name') ?? 'host';
  const kernel = await Kernel.start({
    cpus: args.wholeNumber('cpus', 1, 256) ?? 0,
    moduleFolders: (args.value('modules') ?? '').split(':').filter(Boolean),
  });
  kernel.consoleLogLevel = -1; // it is shown once, by us
  const quiet = new AbortController();
  const shown = (async () => {
    for await (const record of kernel.followDmesg({ signal: quiet.signal })) voice.record(record);
  })();
  let loading: string | undefined;
  const end = untilTheEnd(seconds);
  void end.then((why) => {
    if (loading && why !== 'time')
      process.stderr.write(
        `ring3: ${why}: the init of ${loading} has not returned; a second signal ends the process without it\n`,
      );
  });
  const server = await HostServer.listen(kernel, name);
  const modules: Module[] = [];
  let status = 0;
  try {
    for (const { path, name: module, params } of loads) {
      loading = module;
      tellParent({ event: 'loading', module });
      modules.push(await kernel.insmodText(path, params));
      tellParent({ event: 'loaded', module });
      loading = undefined;
    }
  } catch (error) {
    loading = undefined;
    complain(error);
    status = 1;
  }
  if (!status) {
    const ready = {
      event: 'ready',
      name,
      pid: process.pid,
      cpus: kernel.cpus,
      modules: kernel.lsmod().map((one) => one.name),
    };
    voice.say(
      `ring3 run   host ${name}, PID ${process.pid}, ${kernel.cpus} CPUs   ${modules.map((one) => one.name).join(' ') || 'no module'}`,
      ready,
    );
    const why = await end;
    voice.say(`stopping ${why}`, { event: 'stopping', why });
  }
  tellParent({ event: 'stopping' });
  await server.close();
  if (!(await unloadAll(kernel, modules))) status = 1;
  else await kernel.stop();
  quiet.abort();
  await shown;
  await new Promise<void>((done) => process.stdout.write('', () => done()));
  return status;
}

export async function runRun(argv: string[]): Promise<number> {
  const args = readArguments<Names>(runCommand, argv);
  if (args.has('help')) {
    process.stdout.write(helpOf(runCommand));
    return 0;
  }
  const loads = loadsOf(args.operands);
  const wrong = badName(args.value('name') ?? 'host');
  if (wrong) throw new UsageError(wrong);
  args.wholeNumber('cpus', 1, 256);
  args.wholeNumber('for', 0, 86_400 * 365);
  args.wholeNumber('level', -1, 7);
  socketFolder();
  process.stdout.on('error', () => {}); // who reads may leave; the modules stay
  if (args.has('isolate'))
    return runIsolated(
      argv.filter((arg) => arg !== '--isolate'),
      args.has('json'),
    );
  return host(args, loads);
}
