// SPDX-License-Identifier: MIT
/** Gets into the state its first argument names. Lines count: stuck.test.ts finds them by their comments. */
import { execFileSync } from 'node:child_process';
import { openSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';

const addon = process.env.RING3_ADDON;
if (addon) createRequire(import.meta.url)(addon);

/** Tells who waits for it; written when this returns. */
const ready = () => process.stdout.write('ready\n');

function spinForEver() {
  ready();
  for (let n = 0; ; n++) globalThis.counted = n;
} // the function above is spinForEver

function readBlocked() {
  ready();
  readSync(openSync(process.argv[3], 'r+'), Buffer.alloc(1));
}

class Waiter {
  waitForNobody() {
    ready();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }
}

function runChild() {
  ready();
  execFileSync('sleep', ['60']);
}

function recurse(depth) {
  return depth ? recurse(depth - 1) + 1 : spinForEver();
}

const states = {
  spin: spinForEver,
  read: readBlocked,
  wait: () => new Waiter().waitForNobody(),
  child: runChild,
  deep: () => recurse(40),
  idle: () => {
    ready();
    setInterval(() => {}, 1000);
  },
  abort: () => {
    ready();
    process.abort();
  },
  pool: () => {
    ready();
    createRequire(import.meta.url)(process.argv[3]).overflow();
  },
  wasm: () => {
    // (module (memory 1) (func (export "f") (drop (i32.load (i32.const 1000000)))))
    const bytes = Buffer.from(
      '0061736d01000000010401600000030201000503010001070501016600000a0c010a0041c0843d2802001a0b',
      'hex',
    );
    try {
      new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.f();
    } catch (error) {
      ready();
      process.stdout.write(`${error.name}\n`);
    }
  },
};

setTimeout(states[process.argv[2]], 50);
