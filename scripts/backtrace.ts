// SPDX-License-Identifier: MIT
/** `ring3 backtrace PID|CORE`: stacks, taken from outside: of any process of ours, and of a core file. */
import { existsSync } from 'node:fs';
import { type Command, helpOf, readArguments, UsageError } from './options.js';
import { print } from './output.js';
import { pidOf } from './sigdump.js';

const backtraceCommand = {
  name: 'ring3 backtrace',
  operands: 'PID|CORE',
  about: `Shows the stacks of all threads of a process, one of ring3's or not, or of a core file: native functions with
file and line, and JavaScript. The process stands still for some milliseconds and needs not answer.`,
  options: [
    { name: 'thread', value: 'TID', help: 'of this thread only' },
    { name: 'js', help: 'only threads that run JavaScript' },
    { name: 'all', help: 'all threads (which is the default)' },
    { name: 'json', help: 'JSON' },
    { name: 'help', help: 'this text' },
  ],
  example: 'ring3 backtrace 4711 --js',
} as const satisfies Command;

export async function runBacktrace(argv: string[]): Promise<number> {
  const args = readArguments(backtraceCommand, argv);
  if (args.has('help')) {
    await print(helpOf(backtraceCommand));
    return 0;
  }
  const [what, ...more] = args.operands;
  if (what === undefined || more.length) throw new UsageError('give one PID or one core file');
  if (args.has('all') && (args.has('js') || args.has('thread')))
    throw new UsageError('--all excludes --js and --thread');
  const isPid = /^\d+$/.test(what) && !existsSync(what);
  if (!isPid && !existsSync(what)) throw new UsageError(`'${what}' is no PID, and no such file is there`);
  const { backtraceText } = await import('../shim/diag/diag.js');
  const text = backtraceText({
    ...(isPid ? { pid: pidOf(what) } : { core: what }),
    tid: args.wholeNumber('thread', 1, 0x7fff_ffff) ?? 0,
    json: args.has('json'),
    jsOnly: args.has('js'),
  });
  await print(text);
  return 0;
}
