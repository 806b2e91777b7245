// SPDX-License-Identifier: MIT
/** `ring3 sigdump PID`: what a running ring3 process is doing, told by itself. */
import { request } from '../shim/diag/request.js';
import { SECTIONS, type Section } from '../shim/diag/schema.js';
import { type Command, helpOf, readArguments, UsageError } from './options.js';
import { print } from './output.js';

const sigdumpCommand = {
  name: 'ring3 sigdump',
  operands: 'PID',
  about: `Shows threads with their stacks, locks and who waits for whom, event tasks, memory, I/O, sessions, of a running
ring3 process; it lives on. Works while its threads are stuck. kill -QUIT PID writes the same to its stderr.`,
  options: [
    { name: 'json', help: 'JSON; shim/diag/README.md tells what is in it' },
    { name: 'only', value: 'SECTION,...', repeatable: true, help: `of ${SECTIONS.join(', ')}` },
    { name: 'help', help: 'this text' },
  ],
  example: 'ring3 sigdump 4711 --only locks,threads',
} as const satisfies Command;

/** A process's number out of the command line. */
export function pidOf(text: string | undefined): number {
  if (text === undefined) throw new UsageError('which process? give its PID');
  const pid = /^[1-9]\d{0,9}$/.test(text) ? Number(text) : 0;
  if (!pid || pid > 0x7fff_ffff) throw new UsageError(`'${text}' is no PID`);
  return pid;
}

export async function runSigdump(argv: string[]): Promise<number> {
  const args = readArguments(sigdumpCommand, argv);
  if (args.has('help')) {
    await print(helpOf(sigdumpCommand));
    return 0;
  }
  const pid = pidOf(args.operands[0]);
  if (args.operands.length > 1) throw new UsageError(`one PID, not ${args.operands.length}`);
  const only = args.values('only').flatMap((list) => list.split(','));
  const unknown = only.find((name) => !(SECTIONS as readonly string[]).includes(name));
  if (unknown !== undefined)
    throw new UsageError(`--only: '${unknown}' is no section; there are ${SECTIONS.join(', ')}`);
  const text = await request(pid, { json: args.has('json'), only: only as Section[] });
  await print(text);
  return 0;
}
