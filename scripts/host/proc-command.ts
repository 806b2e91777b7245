// SPDX-License-Identifier: MIT
/** `ring3 proc`: files of /proc and /sys of a host that runs. */
import { KernelError, type TreeEntry } from '../../kernel-api/index.js';
import { type Command, helpOf, readArguments } from '../options.js';
import { print } from '../output.js';
import { ask, chooseHost } from './client.js';
import { plain } from './print.js';
import type { HostAddress, TreeReply } from './protocol.js';

const procCommand = {
  name: 'ring3 proc',
  operands: '[PATH|PATH=VALUE...]',
  about: `Shows files of /proc and /sys that the modules of a running host made, and lists directories; with a value it writes
(one write of it, as echo -n does). Without a path it lists /.`,
  options: [
    { name: 'json', help: 'one JSON object per path' },
    { name: 'host', value: 'NAME|PID', help: 'which one, where several run' },
    { name: 'help', help: 'this text' },
  ],
  example: 'ring3 proc /sys/module/brd/parameters/rd_nr',
} as const satisfies Command;

/** As ls -F: what kind it is stands behind the name. */
function entryLine({ name, kind, target }: TreeEntry): string {
  const behind = kind === 'directory' ? '/' : kind === 'link' ? ` -> ${target}` : '';
  return `${plain(name + behind)}\n`;
}

/** Text where it is that, else base64. */
function fileJson(path: string, data: Buffer): string {
  const text = data.toString('utf8');
  const content = Buffer.from(text).equals(data) ? { text } : { base64: data.toString('base64') };
  return JSON.stringify({ path, kind: 'file', ...content });
}

async function show(host: HostAddress, path: string, json: boolean): Promise<void> {
  const reply = await ask<TreeReply>(host, { op: 'tree', path });
  if ('entries' in reply) {
    const text = json
      ? `${JSON.stringify({ path, kind: 'directory', entries: reply.entries })}\n`
      : reply.entries.map(entryLine).join('');
    await print(text);
  } else {
    const data = Buffer.from(reply.data, 'base64');
    await print(json ? `${fileJson(path, data)}\n` : data);
  }
}

async function handle(host: HostAddress, operand: string, json: boolean): Promise<void> {
  const at = operand.indexOf('=');
  if (at < 0) return show(host, operand, json);
  const [path, value] = [operand.slice(0, at), operand.slice(at + 1)];
  await ask(host, { op: 'treeWrite', path, value });
  if (json) await print(`${JSON.stringify({ path, kind: 'file', wrote: value })}\n`);
}

export async function runProc(argv: string[]): Promise<number> {
  const args = readArguments<(typeof procCommand.options)[number]['name']>(procCommand, argv);
  if (args.has('help')) {
    process.stdout.write(helpOf(procCommand));
    return 0;
  }
  const host = chooseHost(args.value('host'));
  let status = 0;
  for (const operand of args.operands.length ? args.operands : ['/'])
    try {
      await handle(host, operand, args.has('json'));
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      const message = error.message.replace(/ \(errno \d+\)$/, '');
      process.stderr.write(`ring3: ${plain(message)} (${error.code})\n`);
      if (args.has('json'))
        await print(`${JSON.stringify({ path: operand.replace(/=.*/s, ''), error: error.code, message })}\n`);
      status = 1;
    }
  return status;
}
