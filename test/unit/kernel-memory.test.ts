// SPDX-License-Identifier: MIT
/** Memory of the kernel as buffers. */
import assert from 'node:assert/strict';
import { addressOf, Kernel, KmemCache, kfree, kmalloc } from '../../kernel-api/index.js';
import { failsWith, fixture, onKernel } from './kernel-fixture.js';

describe('kernel memory', () => {
  onKernel();

  describe('KmemCache and kmalloc', () => {
    it('gives zeros at aligned addresses that do not move', () => {
      const cache = new KmemCache('tests', 100, { align: 64 });
      const buffers = Array.from({ length: 300 }, () => cache.alloc());
      assert.equal(new Set(buffers.map(addressOf)).size, 300);
      for (const buffer of buffers) {
        assert.equal(buffer.length, 100);
        assert.equal(addressOf(buffer) % 64n, 0n);
        assert.ok(buffer.every((byte) => byte === 0));
        buffer.fill(0xaa);
      }
      assert.equal(cache.used, 300);
      for (const buffer of buffers) cache.free(buffer);
      assert.ok(cache.alloc().every((byte) => byte === 0));
      assert.equal(cache.used, 1);
    });

    it('takes freed memory away from all that looked at it', () => {
      const cache = new KmemCache('gone', 64);
      const buffer = cache.alloc();
      const slice = buffer.subarray(8, 16);
      assert.equal(addressOf(slice), addressOf(buffer) + 8n);
      cache.free(buffer);
      assert.equal(buffer.length, 0);
      assert.equal(slice.length, 0);
      assert.equal(buffer[0], undefined);
      assert.throws(() => buffer.writeUInt8(1, 0), RangeError);
      assert.throws(() => addressOf(buffer), failsWith('EINVAL', /was freed/));
      cache.dispose();
    });

    it("refuses a second free, and what is another's", () => {
      const cache = new KmemCache('one', 64);
      const other = new KmemCache('other', 64);
      const buffer = cache.alloc();
      assert.throws(() => other.free(buffer), failsWith('EINVAL', /not of cache other/));
      assert.throws(() => kfree(buffer), failsWith('EINVAL', /not of kmalloc/));
      assert.throws(() => cache.free(Buffer.alloc(64)), failsWith('EINVAL', /none of cache one/));
      assert.throws(() => cache.dispose(), failsWith('EBUSY', /1 objects of 64 bytes were not freed/));
      cache.free(buffer);
      assert.throws(() => cache.free(buffer), failsWith('EINVAL', /freed before/));
      cache.dispose();
      other.dispose();
      assert.throws(() => cache.alloc(), failsWith('EINVAL', /disposed of/));
      assert.throws(() => cache.dispose(), failsWith('EINVAL', /disposed of/));
    });

    it('refuses sizes that cannot be', () => {
      for (const size of [0, -1, 65_537, 1.5]) assert.throws(() => new KmemCache('x', size), TypeError);
      for (const align of [0, 24, 8192]) assert.throws(() => new KmemCache('x', 64, { align }), TypeError);
      for (const bytes of [0, -1, (4 << 20) + 1]) assert.throws(() => kmalloc(bytes), TypeError);
      assert.throws(() => new KmemCache('', 64), TypeError);
    });

    it('kmalloc() is memory for modules', async () => {
      const kernel = Kernel.attach();
      const demo = await kernel.insmod(fixture('demo'), { label: 'abc' });
      const buffer = kmalloc(32);
      const label = demo.symbol('char *demo_label(const char *suffix, void *buf, unsigned long bytes)');
      label('def', addressOf(buffer), buffer.length);
      assert.equal(buffer.toString('latin1', 0, 7), 'abcdef\0');
      kfree(buffer);
      assert.throws(() => kfree(buffer), failsWith('EINVAL', /freed before/));
      await kernel.rmmod(demo);
    });
  });
});
