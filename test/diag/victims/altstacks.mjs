// SPDX-License-Identifier: MIT
/**
 * Which threads of Node have an alternate signal stack the moment the addon is loaded: asked on each of them, with
 * sigaltstack(2). Prints a line of JSON: the main thread, libuv's pool, and a worker, which loads the addon itself.
 */
import { stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import koffi from 'koffi';

const SS_DISABLE = 2;
const POOL = 4;
const libc = koffi.load('libc.so.6');
const sigaltstack = libc.func('int sigaltstack(const void *set, _Out_ uint8_t *old)');
const usleep = libc.func('int usleep(uint us)');

/** False: the thread this runs on has none. */
function has(old) {
  return !(old.readInt32LE(8) & SS_DISABLE);
}

function here() {
  const old = Buffer.alloc(24);
  sigaltstack(null, old);
  return has(old);
}

/** On one of the pool. */
const there = () =>
  new Promise((resolve, reject) => {
    const old = Buffer.alloc(24);
    sigaltstack.async(null, old, (error) => (error ? reject(error) : resolve(has(old))));
  });

await stat('/'); // the pool is there by then, if Node's own loader has not begun it
createRequire(import.meta.url)(process.env.RING3_ADDON);
if (isMainThread) {
  const main = here();
  // more than there are threads in the pool, and each of those is kept for a while
  const pool = [];
  for (let i = 0; i < 4 * POOL; i++) {
    pool.push(there());
    usleep.async(1000, () => {});
  }
  const worker = new Worker(new URL(import.meta.url));
  const told = new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  console.log(JSON.stringify({ main, pool: await Promise.all(pool), worker: await told }));
} else {
  parentPort.postMessage(here());
}
