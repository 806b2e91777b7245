// SPDX-License-Identifier: MIT
/** Set-up on a machine that lacks something: PATH names a folder with little in it. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram, root, runProgram } from '../outside/target.js';

describe('set-up', () => {
  let bin: string;

  /** @param programs that are there, besides node */
  async function setup(kinds: string[], programs: string[]) {
    mkdirSync(bin);
    chmodSync(join(bin, '..'), 0o755);
    for (const name of programs) writeFileSync(join(bin, name), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    // As another user: root would install packages.
    const asNobody =
      process.getuid?.() === 0 ? [findProgram('setpriv')!, '--reuid=65534', '--clear-groups'] : [];
    const [command, ...args] = [...asNobody, process.execPath, join(root, 'scripts/setup.mjs'), ...kinds];
    return runProgram(command!, args, { env: { PATH: bin, NODE_V8_COVERAGE: '' } });
  }

  before(async function () {
    if (process.getuid?.() !== 0) return;
    const setpriv = findProgram('setpriv');
    const script = join(root, 'scripts/setup.mjs');
    const seen = setpriv
      ? await runProgram(setpriv, ['--reuid=65534', '--clear-groups', 'test', '-r', script])
      : undefined;
    if (seen?.status === 0) return;
    console.log('      skipped: as root, with nobody else who may read this folder');
    this.skip();
  });
  beforeEach(() => {
    bin = join(mkdtempSync(join(tmpdir(), 'ring3-setup-')), 'bin');
  });
  afterEach(() => rmSync(join(bin, '..'), { recursive: true, force: true }));

  it('names the command that installs what a build needs, and fails', async () => {
    const done = await setup(['build'], ['make', 'apt-get', 'dpkg-query']);
    assert.deepEqual([done.status, done.stdout], [1, '']);
    assert.equal(
      done.stderr,
      'setup: missing: g++ python3\n  run: sudo apt-get install -y --no-install-recommends g++ python3\n',
    );
  });
  it('knows systems without apt-get', async () => {
    const done = await setup(['build'], ['g++']);
    assert.equal(done.status, 1);
    assert.match(done.stderr, /missing: make python3\n {2}install them, .* with its package manager\n/);
  });
  it('wants programs, not packages: with those there it goes on', async () => {
    const done = await setup(['build'], ['make', 'g++', 'python3']);
    assert.doesNotMatch(done.output, /missing/);
  });
  it('without test programs goes on, and says what is skipped', async () => {
    const done = await setup(['test'], ['apt-get', 'dpkg-query', 'qemu-img', 'taskset']);
    assert.match(
      done.stdout,
      /^setup: missing: libiscsi-bin qemu-block-extra\b.*; tests that need them are skipped\n {2}run: sudo apt-get/,
    );
    assert.doesNotMatch(done.stderr, /missing/);
  });
});
