#!/usr/bin/env node
// SPDX-License-Identifier: MIT
/** The ring3 command. Exit status: 0, 1 (it failed), 2 (wrong usage), 130 (forced by a second signal). */
import { readFileSync } from 'node:fs';
import { nearest, UsageError } from './options.js';

/** A command's module is loaded when it is called: doctor has to run where the addon does not load. */
const COMMANDS: ReadonlyMap<string, { about: string; run: (args: string[]) => Promise<number> }> = new Map([
  [
    'target',
    {
      about: 'serve disks over iSCSI: ring3 target [DISK...]',
      run: async (args) => {
        await (await import('./target-command.js')).runTarget(args);
        return 0;
      },
    },
  ],
  [
    'build',
    {
      about: 'compile kernel code: ring3 build FILE.c|FOLDER',
      run: async (args) => (await import('./kernel/build-command.js')).runBuild(args),
    },
  ],
  [
    'kunit',
    {
      about: 'run the tests of modules: ring3 kunit MODULE.ko.so',
      run: async (args) => (await import('./kernel/kunit-command.js')).runKunit(args),
    },
  ],
  [
    'run',
    {
      about: 'host modules: ring3 run MODULE.ko.so... [NAME.PARAM=VALUE]',
      run: async (args) => (await import('./host/run-command.js')).runRun(args),
    },
  ],
  [
    'insmod',
    {
      about: 'load a module into a host that runs: ring3 insmod FILE [PARAM=VALUE]',
      run: async (args) => (await import('./host/commands.js')).runInsmod(args),
    },
  ],
  [
    'rmmod',
    {
      about: 'take a module away: ring3 rmmod MODULE',
      run: async (args) => (await import('./host/commands.js')).runRmmod(args),
    },
  ],
  [
    'lsmod',
    {
      about: 'modules of a host that runs',
      run: async (args) => (await import('./host/commands.js')).runLsmod(args),
    },
  ],
  [
    'dmesg',
    {
      about: 'the log of a host that runs: ring3 dmesg [-w]',
      run: async (args) => (await import('./host/commands.js')).runDmesg(args),
    },
  ],
  [
    'uevents',
    {
      about: 'what happens to kobjects and modules of a host that runs: ring3 uevents [-w]',
      run: async (args) => (await import('./host/uevents-command.js')).runUevents(args),
    },
  ],
  [
    'proc',
    {
      about: 'files of /proc and /sys of a host that runs: ring3 proc PATH[=VALUE]',
      run: async (args) => (await import('./host/proc-command.js')).runProc(args),
    },
  ],
  [
    'doctor',
    {
      about: 'what keeps it from working here, and the mend',
      run: async (args) => (await import('./doctor.js')).runDoctor(args),
    },
  ],
  [
    'sigdump',
    {
      about: 'what a running ring3 process is doing: ring3 sigdump PID',
      run: async (args) => (await import('./sigdump.js')).runSigdump(args),
    },
  ],
  [
    'backtrace',
    {
      about: 'stacks of any process or core file: ring3 backtrace PID|CORE',
      run: async (args) => (await import('./backtrace.js')).runBacktrace(args),
    },
  ],
  [
    'top',
    {
      about: 'a live screen of a ring3 process: ring3 top PID',
      run: async (args) => (await import('./top.js')).runTop(args),
    },
  ],
]);

const HELP = `usage: ring3 COMMAND [arguments]

${[...COMMANDS].map(([name, { about }]) => `  ${name.padEnd(10)} ${about}`).join('\n')}

ring3 COMMAND --help tells more; ring3 --version
Exit status: 0, or 1 when it failed, 2 for a wrong command line, 130 when a second signal forced it.
`;

function version(): string {
  for (const path of ['../package.json', '../../package.json'])
    try {
      return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')).version;
    } catch {} // sources lie one folder deep, the compiled program two
  return 'unknown';
}

interface Explained {
  message: string;
  /** What to do about it. */
  next: string;
  status: number;
}

const NEXT: Record<string, string> = {
  EADDRINUSE: 'something listens there already; choose another port: --listen 127.0.0.1:13260',
  EADDRNOTAVAIL: 'this machine has no such address; ip address shows those it has',
  EACCES: 'a port below 1024 needs root; choose another with --listen',
};

/** What a user wrote may come back in a message: one line, and nothing that upsets a terminal. */
const oneLine = (message: string): string => message.replace(/\p{Cc}/gu, '?');

/** One sentence and the next step; for a bug in here, where it is. */
function explain(error: unknown, command: string): Explained {
  const { code = '', message, name, stack } = error as NodeJS.ErrnoException;
  if (['BuildError', 'KbuildError'].includes(name)) return { message, next: 'nothing was built', status: 1 };
  if (['UsageError', 'OptionError', 'DiskError'].includes(name))
    return { message: oneLine(message), next: `${command} --help tells more`, status: 2 };
  if (name === 'FlushError')
    return { message, next: "look at the machine's log (dmesg) for the device, then at the data", status: 1 };
  const [first = '', next] = message.split('\n'); // an error that knows its mend brings it along
  if (next !== undefined) return { message: first, next, status: 1 };
  if (name !== 'KernelError' && !code) return { message: stack ?? message, next: 'this is a bug', status: 1 };
  const mend = name === 'KernelError' ? undefined : NEXT[code];
  return { message, next: mend ?? 'ring3 doctor looks for what is wrong here', status: 1 };
}

/** Those that serve: what blocks their loop is told, unless RING3_WATCHDOG says otherwise. */
const WATCHED = new Set(['target', 'run', 'kunit']);

async function main(argv: string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === '--version' || name === '-V') {
    process.stdout.write(`${version()}\n`);
    return 0;
  }
  if (name === 'help' && rest.length) return main([...rest.slice(0, 1), '--help']);
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(HELP);
    return name === undefined ? 2 : 0;
  }
  const command = COMMANDS.get(name);
  if (!command) {
    const guess = nearest(name, [...COMMANDS.keys()]);
    throw new UsageError(`'${name}' is no command${guess ? `; did you mean ${guess}?` : ''}`);
  }
  if (WATCHED.has(name)) process.env.RING3_WATCHDOG ??= 'on';
  return command.run(rest);
}

const argv = process.argv.slice(2);
main(argv).then(
  (status) => process.exit(status),
  (error) => {
    const command = argv[0] && COMMANDS.has(argv[0]) ? `ring3 ${argv[0]}` : 'ring3';
    const { message, next, status } = explain(error, command);
    process.stdout.on('error', () => {}); // it may be what failed
    process.stderr.write(`ring3: ${message.replaceAll('\n', '\n  ')}\n  ${next}\n`);
    if (argv.includes('--json'))
      process.stdout.write(`${JSON.stringify({ event: 'error', message, next, status })}\n`);
    process.exit(status);
  },
);
