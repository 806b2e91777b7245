// SPDX-License-Identifier: MIT
/** The process of an isolated kernel: does what its parent asks over IPC, and ends with it. */
import { Kernel, type KernelOptions } from './kernel.js';
import { callAsync, dieWithParent, KernelError } from './library.js';
import type { FollowOptions } from './log.js';
import type { ParameterValue } from './module.js';
import type { ReadOptions } from './tree.js';
import type { FollowUeventsOptions } from './uevents.js';

/** What the parent asks: a name of `calls`, and its arguments. */
export interface Request {
  id: number;
  call: string;
  args: unknown[];
}

/** What comes back. */
export type Reply =
  | { id: number; value: unknown }
  | { id: number; error: { name: string; message: string; errno?: number } };

let kernel: Kernel | undefined;

function running(): Kernel {
  kernel ??= Kernel.attach();
  return kernel;
}

/** What goes on until it ends or its parent ends it: each item is asked for, so that nothing piles up here. */
interface Stream {
  items: AsyncGenerator<unknown, void, void>;
  end: AbortController;
}
const streams = new Map<number, Stream>();

const calls: Record<string, (...args: never[]) => unknown> = {
  async start(options: KernelOptions & { isolate?: false }) {
    kernel = await Kernel.start(options);
    kernel.consoleLogLevel = -1;
    return kernel.cpus;
  },
  stop: () => running().stop(),
  async insmod(path: string, params: Record<string, ParameterValue>) {
    const { name, path: full } = await running().insmod(path, params);
    return { name, path: full };
  },
  async insmodText(path: string, params: string) {
    const { name, path: full } = await running().insmodText(path, params);
    return { name, path: full };
  },
  module(name: string) {
    const { path, name: known } = running().module(name);
    return { name: known, path };
  },
  rmmod: (name: string) => running().rmmod(name),
  lsmod: () => running().lsmod(),
  dmesg: () => running().dmesg(),
  uevents: () => running().uevents(),
  streamOpen(id: number, kind: 'dmesg' | 'uevents' | 'chunks', options: unknown) {
    const end = new AbortController();
    const { signal } = end;
    const kernel = running();
    const items =
      kind === 'dmesg'
        ? kernel.followDmesg({ ...(options as FollowOptions), signal })
        : kind === 'uevents'
          ? kernel.followUevents({ ...(options as FollowUeventsOptions), signal })
          : kernel.tree.chunks(options as string);
    streams.set(id, { items, end });
  },
  async streamNext(id: number) {
    const { done, value } = await streams.get(id)!.items.next();
    return { done: done ?? false, value };
  },
  async streamEnd(id: number) {
    const stream = streams.get(id);
    streams.delete(id);
    stream?.end.abort();
    await stream?.items.return();
  },
  consoleLogLevel(level: number) {
    running().consoleLogLevel = level;
  },
  printk: (text: string, level: number) => running().printk(text, level),
  readFile: (path: string, options: ReadOptions) => running().tree.read(path, options),
  readBytes: (path: string, options: ReadOptions) => running().tree.readBytes(path, options),
  writeFile: (path: string, data: string | Uint8Array) => running().tree.write(path, data),
  listFiles: (path: string) => running().tree.list(path),
  statFile: (path: string) => running().tree.stat(path),
  exports: (name: string) => running().module(name).exports(),
  parameters: (name: string) => running().module(name).parameters(),
  readParameter: (name: string, param: string) => running().module(name).readParameter(param),
  writeParameter: (name: string, param: string, value: string) =>
    running().module(name).writeParameter(param, value),
  call: (name: string, prototype: string, args: unknown[]) =>
    callAsync(running().module(name).symbol(prototype), ...args),
  readVariable: (name: string, declaration: string) => running().module(name).variable(declaration).get(),
  writeVariable: (name: string, declaration: string, value: unknown) =>
    running().module(name).variable<unknown>(declaration).set(value),
};

async function answer({ id, call, args }: Request): Promise<Reply> {
  try {
    return { id, value: await (calls[call] as (...all: unknown[]) => unknown)(...args) };
  } catch (thrown) {
    const error = thrown as Error;
    // Its message ends with the number, which the parent puts there again.
    const message =
      error instanceof KernelError ? error.message.replace(/ \(errno \d+\)$/, '') : error.message;
    return {
      id,
      error: { name: error.name, message, ...(error instanceof KernelError ? { errno: error.errno } : {}) },
    };
  }
}

process.on('message', (request: Request) => {
  void answer(request).then((reply) => process.send?.(reply));
});
// The parent is gone, or done with us. Not exit(): that waits for the thread of an init that may never return.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
dieWithParent(); // also while a parameter's set(), or a file's write, holds this thread up
