// SPDX-License-Identifier: MIT
/** Planted bugs and states, in each language: all that planted.ts lists is found and named, and README.md says so. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../outside/target.js';
import { LANGUAGES, plantAll, ROWS, table, type Verdict } from './planted.js';

describe('planted bugs', () => {
  let verdicts: ReturnType<typeof plantAll>;
  before(() => {
    verdicts = plantAll();
  });

  for (const [bug, ...ways] of ROWS)
    for (const [i, way] of ways.entries())
      if (typeof way !== 'string')
        it(`${bug}, in ${LANGUAGES[i]}: named by ${way.by}`, async function () {
          const { missed } = await verdicts.get(bug)![i]!;
          if (missed === undefined) this.skip();
          assert.equal(missed, '');
        });

  it('stand in README.md as they were found', async () => {
    const all: [string, Verdict[]][] = [];
    for (const [bug, some] of verdicts) all.push([bug, await Promise.all(some)]);
    const readme = readFileSync(join(root, 'shim/diag/README.md'), 'utf8');
    for (const line of table(all).split('\n'))
      if (!line.includes('skipped here'))
        assert.ok(
          readme.includes(line),
          `npm run test:anchors -- planted\nprints what README.md lacks:\n${line}`,
        );
  });
});
