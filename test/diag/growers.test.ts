// SPDX-License-Identifier: MIT
/** What grew between two dumps, by call site: the one that grew most stands first, and TypeScript is named as such. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { sigdump } from '../../shim/index.js';
import { lineOf, start, victims } from './victim.js';

describe('memory by call site', () => {
  it('names the TypeScript that keeps buffers, what grew first', async () => {
    const file = join(victims, 'leaky.ts');
    const victim = await start(process.execPath, ['--import', 'tsx', file], { env: { RING3_MEM: 'count' } });
    const sites = async () => (await sigdump({ pid: victim.pid, only: ['memory'] })).memorySites ?? [];
    const many = `keepMany at leaky.ts:${lineOf(file, '// many')}`;
    const few = `keepFew at leaky.ts:${lineOf(file, '// few')}`;
    try {
      const first = await sites();
      assert.equal(first[0]?.site, many);
      assert.equal(first[0]?.objects, 100);
      process.kill(victim.pid, 'SIGUSR2');
      await victim.until(/kept 109/);
      const [top, ...others] = await sites();
      assert.equal(top?.site, few);
      assert.equal(top?.objects, 9);
      assert.ok(top!.grownBytesSinceLastDump >= 9 * 4096);
      assert.equal(others.find(({ site }) => site === many)?.grownBytesSinceLastDump, 0);
      for (const [i, { grownBytesSinceLastDump: grown }] of others.slice(1).entries())
        assert.ok(grown <= others[i]!.grownBytesSinceLastDump);
    } finally {
      await victim.end();
    }
  });
});
