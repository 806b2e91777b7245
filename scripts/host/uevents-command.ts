// SPDX-License-Identifier: MIT
/** `ring3 uevents`: what happens to the kobjects and modules of a host that runs, as `udevadm monitor` shows it. */
import type { Uevent } from '../../kernel-api/index.js';
import { type Command, helpOf, readArguments } from '../options.js';
import { print } from '../output.js';
import { ask, chooseHost, followHostUevents } from './client.js';
import { plain } from './print.js';

const ueventsCommand = {
  name: 'ring3 uevents',
  operands: '',
  about: `Prints the uevents of a host that runs, a line each: time, action, path below /sys, subsystem. It keeps the last 512.`,
  options: [
    { name: 'follow', help: 'waits for more; -w is the same' },
    { name: 'property', help: 'KEY=VALUE lines too, and an empty one behind' },
    { name: 'subsystem', value: 'NAME', help: 'only of this one' },
    { name: 'json', help: 'one JSON object per line' },
    { name: 'host', value: 'NAME|PID', help: 'which one, where several run' },
    { name: 'help', help: 'this text' },
  ],
  example: 'ring3 uevents -w --property',
} as const satisfies Command;

/** As udevadm's. */
function eventText(
  { time, action, devpath, subsystem, properties, lost }: Uevent,
  property: boolean,
): string {
  const line = plain(`KERNEL[${time.toFixed(6)}] ${action.padEnd(8)} ${devpath} (${subsystem})`);
  const pairs = Object.entries(properties).map(([key, value]) => `${plain(`${key}=${value}`)}\n`);
  const gap = lost ? `# ${lost} events were lost before the next\n` : '';
  return `${gap}${line}\n${property ? `${pairs.join('')}\n` : ''}`;
}

export async function runUevents(argv: string[]): Promise<number> {
  const args = readArguments<(typeof ueventsCommand.options)[number]['name']>(
    ueventsCommand,
    argv.map((arg) => (arg === '-w' ? '--follow' : arg)),
  );
  if (args.has('help')) {
    process.stdout.write(helpOf(ueventsCommand));
    return 0;
  }
  const subsystem = args.value('subsystem');
  const host = chooseHost(args.value('host'));
  const text = (event: Uevent): string => {
    if (subsystem !== undefined && event.subsystem !== subsystem) return '';
    return args.has('json') ? `${JSON.stringify(event)}\n` : eventText(event, args.has('property'));
  };
  if (!args.has('follow')) {
    const { events } = await ask<{ ok: true; events: Uevent[] }>(host, { op: 'uevents' });
    await print(events.map(text).join(''));
    return 0;
  }
  for await (const event of followHostUevents(host, 'start')) {
    const line = text(event);
    if (line && !(await print(line))) break; // head(1) took what it wanted
  }
  return 0;
}
