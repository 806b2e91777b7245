// SPDX-License-Identifier: MIT
/** mocha runs all files in one process: a hook outside any describe() is every file's, and its skip() skips them all. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../outside/target.js';

it('no test file has a hook for all others', () => {
  const files = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.test.ts'),
  );
  assert.ok(files.length > 50, `${files.length} test files`);
  const found = files.flatMap((name) =>
    readFileSync(join(root, 'test', name), 'utf8')
      .split('\n')
      .flatMap((line, at) => (/^(before|after)(Each)?\(/.test(line) ? [`${name}:${at + 1}: ${line}`] : [])),
  );
  assert.deepEqual(found, []);
});
