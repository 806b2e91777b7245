// SPDX-License-Identifier: MIT
/** The module and the test that kernel-api/README.md shows are compiled and run as they stand there. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildFolder } from '../../shim/native.js';
import { findProgram, root, runProgram } from '../outside/target.js';

describe('kernel-api/README.md', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'ring3-readme-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  /** The first block of code in this language. */
  const block = (language: string): string => {
    const text = readFileSync(join(root, 'kernel-api/README.md'), 'utf8');
    const match = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'ms').exec(text);
    assert.ok(match, `no block of ${language}`);
    return match[1]!;
  };

  it('shows a module and a test that work', async function () {
    const cc = findProgram(process.env.CC ?? 'gcc');
    if (!cc) this.skip();
    writeFileSync(join(folder, 'counter.c'), block('c'));
    assert.ok(block('c').trim().split('\n').length <= 22, 'the module is short');
    const includes = spawnSync(cc!, ['-print-file-name=include'], { encoding: 'utf8' }).stdout.trim();
    const built = await runProgram(cc!, [
      ...['-std=gnu11', '-nostdinc', '-isystem', includes, `-I${join(root, 'kernel-api/include')}`],
      ...['-include', 'linux/compiler_types.h', '-D__KERNEL__', '-DMODULE', '-fno-strict-aliasing', '-Wall'],
      ...['-g', '-O2', '-fPIC', '-shared', '-nostdlib', '-fvisibility=hidden', '-Wl,-Bsymbolic'],
      `-Wl,-T,${join(root, 'kernel-api/module.lds')}`,
      ...['-o', join(folder, 'counter.ko.so'), join(folder, 'counter.c'), join(buildFolder, 'libring3.so')],
    ]);
    assert.equal(built.status, 0, built.output);

    // The package under its own name, and what runs TypeScript.
    mkdirSync(join(folder, 'node_modules/ring3'), { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(
      join(folder, 'node_modules/ring3/package.json'),
      JSON.stringify({
        name: 'ring3',
        type: 'module',
        exports: { './kernel-api': `./kernel-api/index.ts` },
      }),
    );
    symlinkSync(join(root, 'kernel-api'), join(folder, 'node_modules/ring3/kernel-api'));
    writeFileSync(join(folder, 'counter.test.ts'), block('ts'));
    const mocha = join(root, 'node_modules/mocha/bin/mocha.js');
    const tsx = join(root, 'node_modules/tsx/dist/loader.mjs');
    const done = spawnSync(process.execPath, ['--import', tsx, mocha, '--exit', 'counter.test.ts'], {
      cwd: folder,
      encoding: 'utf8',
    });
    assert.equal(done.status, 0, done.stdout + done.stderr);
    assert.match(done.stdout, /2 passing/);
  });
});
