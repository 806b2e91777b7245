// SPDX-License-Identifier: MIT
/** Buffers over the engine's memory: held, dropped, forgotten, and misused; the numbers of that memory. */
import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { BufferCache, Memory } from '../../shim/index.js';
import { until } from '../until.js';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** Lets finalizers run until @condition holds. */
async function collect(condition: () => boolean): Promise<void> {
  await until(async () => {
    if (condition()) return true;
    gc();
    await turn();
    return condition();
  }, 'memory comes back');
}

const used = (name: string) => Memory.caches.find((cache) => cache.name === name)?.used ?? 0;

describe('BufferCache', () => {
  it('gives buffers of its size, aligned, apart from each other', async () => {
    const cache = new BufferCache('test-apart', 5000, { align: 512 });
    const buffers = Array.from({ length: 100 }, (_, index) => {
      const cached = cache.alloc({ zeroed: index % 2 === 0 });
      assert.equal(cached.buffer.length, 5000);
      if (index % 2 === 0) assert(cached.buffer.every((byte) => byte === 0));
      cached.buffer.fill(index);
      return cached;
    });
    for (const [index, { buffer }] of buffers.entries()) assert(buffer.every((byte) => byte === index));
    assert.equal(cache.out, 100);
    assert.equal(used('test-apart'), 100);
    assert.throws(() => cache.destroy(), { code: 'EBUSY', syscall: 'sys_buf_cache_destroy' });
    for (const cached of buffers) cached.drop();
    await collect(() => cache.out === 0);
    assert.equal(used('test-apart'), 0);
    cache.destroy();
    cache.destroy();
    assert.throws(() => cache.alloc(), { code: 'ENOENT' });
  });

  it('keeps a buffer for each holder, and empties every view with the last drop', async () => {
    const cache = new BufferCache('test-held', 64);
    const cached = cache.alloc();
    const view = new Uint8Array(cached.buffer.buffer, cached.buffer.byteOffset, 8);
    const slice = cached.buffer.subarray(8, 16);
    cached.hold().hold();
    assert.equal(cached.holders, 3);
    assert.equal(cached.drop(), false);
    assert.equal(cached.drop(), false);
    cached.buffer.write('still here');
    const { buffer } = cached;
    assert.equal(cached.drop(), true);
    for (const stale of [view, slice, buffer]) {
      assert.equal(stale.length, 0);
      stale[0] = 1;
      assert.equal(stale[0], undefined);
    }
    for (const misuse of [() => cached.drop(), () => cached.hold(), () => cached.buffer])
      assert.throws(misuse, { code: 'ERR_BUFFER_DROPPED' });
    await collect(() => cache.out === 0);
    cache.destroy();
  });

  it('takes back what was forgotten', async () => {
    const cache = new BufferCache('test-forgotten', 1 << 16);
    for (let i = 0; i < 200; i++) cache.alloc().buffer.fill(1);
    await collect(() => cache.out === 0);
    assert.equal(used('test-forgotten'), 0);
    cache.destroy();
  });

  it('keeps the memory while only a slice is left', async () => {
    const cache = new BufferCache('test-slice', 4096);
    const slice = (() => cache.alloc().buffer.fill(7).subarray(100, 110))();
    for (let i = 0; i < 5; i++) {
      gc();
      await turn();
    }
    assert.equal(cache.out, 1);
    assert.deepEqual([...slice], Array(10).fill(7));
  });

  it('is copied where it would be transferred: its memory stays on its thread', () => {
    const cache = new BufferCache('test-moved', 100);
    const cached = cache.alloc();
    cached.buffer[0] = 3;
    let copy: Uint8Array | undefined;
    try {
      copy = structuredClone(cached.buffer, { transfer: [cached.buffer.buffer as ArrayBuffer] });
    } catch (error) {
      assert.equal((error as Error).name, 'DataCloneError'); // newer versions of Node refuse
    }
    assert.equal(cached.buffer.length, 100);
    if (copy) {
      assert.equal(copy[0], 3);
      copy[0] = 4;
    }
    assert.equal(cached.buffer[0], 3);
    cached.drop();
  });

  it('may itself be forgotten while buffers are out', async () => {
    const cached = (() => new BufferCache('test-orphan', 256).alloc())();
    gc();
    await turn();
    cached.buffer.fill(9);
    assert.equal(used('test-orphan'), 1);
    cached.drop();
    await collect(() => !Memory.caches.some((cache) => cache.name === 'test-orphan'));
  });

  it('refuses what is out of range', () => {
    assert.throws(() => new BufferCache('x', 0), /bytes is 0, should be a whole number from 1/);
    assert.throws(() => new BufferCache('x', (1 << 24) + 1), /bytes is/);
    assert.throws(() => new BufferCache('x', 8, { align: 48 }), /align is 48, should be a power of two/);
    assert.throws(() => new BufferCache(3 as never, 8), /name is number/);
  });
});

describe('Memory', () => {
  it('has a limit that fails allocations and nothing else', () => {
    const cache = new BufferCache('test-limit', 1 << 20);
    const { usedBytes } = Memory.usage;
    const before = Memory.setLimit(usedBytes + (8 << 20));
    const got = [];
    try {
      assert.throws(
        () => {
          for (;;) got.push(cache.alloc());
        },
        { code: 'ENOMEM', syscall: 'sys_buf_alloc' },
      );
    } finally {
      Memory.setLimit(before);
    }
    assert(got.length >= 4 && got.length <= 8, `${got.length} buffers of 1 MiB within 8 MiB`);
    got.push(cache.alloc());
    for (const cached of got) cached.drop();
    assert.throws(() => Memory.setLimit(-1), /bytes is -1/);
  });

  it('gives a burst back to the system', async () => {
    const cache = new BufferCache('test-burst', 1 << 16);
    const all = Array.from({ length: 512 }, () => cache.alloc());
    for (const { buffer } of all) buffer.fill(1);
    const peak = process.memoryUsage.rss();
    for (const cached of all) cached.drop();
    await collect(() => cache.out === 0);
    cache.destroy();
    const given = Memory.usage.givenBackBytes;
    assert(Memory.trim() > 16 << 20);
    assert(Memory.usage.givenBackBytes > given);
    assert(process.memoryUsage.rss() < peak - (16 << 20));
  });
});
