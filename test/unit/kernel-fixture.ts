// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Kernel, KernelError } from '../../kernel-api/index.js';
import { buildFolder } from '../../shim/native.js';

/** A module of test/c/kernel-api/modules, built. */
export const fixture = (name: string): string => join(buildFolder, `fix_${name}.ko.so`);

/** For assert.throws() and rejects(): a KernelError of this errno that says this. */
export const failsWith = (code: string, said: RegExp) => (error: unknown) => {
  assert.ok(error instanceof KernelError, String((error as Error)?.stack ?? error));
  assert.equal(error.code, code, error.message);
  assert.match(error.message, said);
  return true;
};

/** Resolves after @ms. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A kernel of two CPUs for the tests of a describe(). */
export function onKernel(): void {
  let kernel: Kernel;
  before(async () => {
    kernel = await Kernel.start({ cpus: 2 });
    kernel.consoleLogLevel = -1;
  });
  after(async () => {
    await workersEnded();
    await kernel.stop();
  });
}

/** What is thrown out of an event, as from a timer of Node's. */
export async function uncaught(provoke: () => void): Promise<Error> {
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  try {
    return await new Promise<Error>((resolve) => {
      process.once('uncaughtException', resolve);
      provoke();
    });
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const listener of listeners) process.on('uncaughtException', listener);
  }
}

export interface Messages {
  worker: Worker;
  /** Its next message; its error rejects. */
  next: () => Promise<unknown>;
}

const running = new Set<Promise<unknown>>();

/** Resolves when all threads of runWorker() have ended: a kernel does not stop before. */
export const workersEnded = (): Promise<unknown> => Promise.all(running);

/** Runs a job of kernel-worker.ts in a thread. */
export function runWorker(workerData: { job: string } & Record<string, unknown>): Messages {
  // Threads do not inherit what runs TypeScript.
  const script = `import('tsx/esm/api').then(({ register }) => {
    register();
    return import(${JSON.stringify(new URL('./kernel-worker.ts', import.meta.url).href)});
  });`;
  const worker = new Worker(script, { eval: true, workerData });
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  running.add(ended);
  void ended.then(() => running.delete(ended));
  const queue: unknown[] = [];
  let wake = () => {};
  let failure: Error | undefined;
  worker.on('message', (message) => {
    queue.push(message);
    wake();
  });
  worker.on('error', (error) => {
    failure = error;
    wake();
  });
  return {
    worker,
    next: async () => {
      while (!queue.length && !failure)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      if (failure) throw failure;
      return queue.shift();
    },
  };
}
