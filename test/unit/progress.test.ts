// SPDX-License-Identifier: MIT
/** What set-up shows of a build: scripts/progress.mjs in a process of its own. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { root, runProgram } from '../outside/target.js';

/** Shows what @shell does. */
const show = (shell: string) =>
  runProgram(process.execPath, [
    '--input-type=module',
    '-e',
    `import { progress } from ${JSON.stringify(join(root, 'scripts/progress.mjs'))};
     const did = await progress('build: x', '/bin/sh', ['-c', ${JSON.stringify(shell)}], { cwd: '/', next: 'do this' });
     console.log('did', did);`,
  ]);
const CC = "echo '  CC(target) Release/obj.target/host/aio/src/lane.o'";

describe('progress', () => {
  it('says nothing of what has nothing to do', async () => {
    const done = await show('echo configured');
    assert.deepEqual([done.status, done.stdout, done.stderr], [0, 'did false\n', '']);
  });
  it('says on a pipe that it works, and how much it was', async () => {
    const done = await show(`${CC}; ${CC}`);
    assert.match(done.stdout, /^build: x\.\.\.\nbuild: x: 2 steps, \d+\.\d s\ndid true\n$/);
  });
  it('shows errors, and what to do next, when it fails', async () => {
    const done = await show(`${CC}; echo 'a.c:1: error: no' >&2; exit 3`);
    assert.equal(done.status, 1);
    assert.equal(done.stderr, 'a.c:1: error: no\nbuild: x: failed\n  do this\n');
  });
  it('fails when it is killed', async () => {
    const done = await show('kill -9 $$');
    assert.equal(done.status, 1);
  });
});
