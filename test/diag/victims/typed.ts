// SPDX-License-Identifier: MIT
/**
 * A TypeScript program that gets into the state its first argument names; of native.h's when it is none of its own.
 */
import { execFileSync } from 'node:child_process';
import { openSync, promises, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { setBudgets } from '../../../shim/index.js';
import { buildFolder } from '../../../shim/native.js';

interface Native {
  enter(state: string): void;
  overflow(): void;
}

const [state = '', folder = ''] = process.argv.slice(2);
const native: Native = createRequire(import.meta.url)(join(buildFolder, 'diag_victim_node.node'));
const ready = () => process.stdout.write('ready\n');

// Lines of types alone, which a compiler leaves out: what is below stands elsewhere in its output.
type Words = Int32Array;
type Kept = number[][];

function spinForEver(): never {
  ready();
  for (let n: number = 0; ; n++) Object.assign(globalThis, { n });
}

function readBlocked(path: string): void {
  execFileSync('mkfifo', [path]);
  ready();
  readSync(openSync(path, 'r+'), Buffer.alloc(1));
}

async function readInPool(path: string): Promise<void> {
  execFileSync('mkfifo', [path]);
  const file = await promises.open(path, 'r+');
  ready();
  await file.read(Buffer.alloc(1));
}

class Waiter {
  constructor(readonly words: Words) {}
  waitForNobody(): void {
    ready();
    Atomics.wait(this.words, 0, 0);
  }
}

function waitForWorker(words: Words): void {
  ready();
  Atomics.wait(words, 0, 0);
}

function waitForMain(words: Words): void {
  parentPort!.postMessage('began');
  Atomics.wait(words, 1, 0);
}

function fillHeap(kept: Kept): void {
  for (;;) kept.push(new Array<number>(1000).fill(1.5));
}

function giveUp(): void {
  process.abort();
}

function callNative(what: string): void {
  native.enter(what);
}

const states: Record<string, () => unknown> = {
  spin: spinForEver,
  blocked: () => readBlocked(join(folder, 'fifo')),
  'hung-io': () => readInPool(join(folder, 'fifo')),
  'lost-wakeup': () => new Waiter(new Int32Array(new SharedArrayBuffer(8))).waitForNobody(),
  deadlock: () => {
    const words = new Int32Array(new SharedArrayBuffer(8));
    // tsx does not reach workers by itself.
    const begin = `import('tsx/esm/api').then(({ tsImport }) => tsImport('${import.meta.url}', '${import.meta.url}'))`;
    new Worker(begin, { eval: true, workerData: words }).once('message', () => waitForWorker(words));
  },
  'no-memory': () => {
    ready();
    fillHeap([]);
  },
  abort: () => {
    ready();
    giveUp();
  },
  pool: () => {
    ready();
    native.overflow();
  },
};

if (!isMainThread) {
  waitForMain(workerData);
} else {
  setBudgets({ node: 300 });
  setTimeout(states[state] ?? (() => callNative(state)), 20);
}
