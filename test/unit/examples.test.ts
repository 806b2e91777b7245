// SPDX-License-Identifier: MIT
/** The examples in the docstrings of the engine and of aio run as they stand. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../outside/target.js';

const FILES = [...readdirSync(join(root, 'shim')).map((name) => `shim/${name}`), 'aio/index.ts'].filter(
  (name) => name.endsWith('.ts'),
);

/** What must have one. */
const WANTED = ['alarm', 'buffer_cache', 'callback', 'event_task', 'index', 'memory', 'poll'];

/** What examples take from around them. */
const AROUND = `
import { open as openFile, read as readFile } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import * as shim from '${root}/shim/index.ts';
import * as aio from '${root}/aio/index.ts';
const { Alarm, BufferCache, Callback, EventTask, Memory, Poll, PollEvents } = shim;
const { open } = aio;
const pending: string[] = [];
const writeOut = (texts: string[]) => texts.length = 0;
const read = (fd: number) => readFile(fd, () => {});
`;

interface Example {
  name: string;
  code: string;
}

function examples(file: string): Example[] {
  const source = readFileSync(join(root, file), 'utf8');
  return [...source.matchAll(/^ \* ```ts\n(.*?)^ \* ```$/gms)].map(([, code = ''], index) => ({
    name: `${file}, example ${index + 1}`,
    code: code.replaceAll(/^ \* ?/gm, '').replaceAll(/^import .*\n/gm, ''),
  }));
}

describe('examples of docstrings', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ring3-examples-'));
  const all = FILES.flatMap(examples);
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('are there for each class', () => {
    for (const name of WANTED)
      assert(
        all.some((example) => example.name.startsWith(`shim/${name}.ts`)),
        `shim/${name}.ts has none`,
      );
    assert(all.filter(({ name }) => name.startsWith('aio/')).length >= 2);
    assert(all.filter(({ name }) => name.startsWith('shim/event_task.ts')).length >= 2);
  });

  it('run, and keep the process no longer than they say', () => {
    const path = join(folder, 'examples.mts');
    const body = all.map(
      ({ name, code }, index) => `
async function example${index}(fd: number) {
${code.replaceAll('disk.img', join(folder, `disk-${index}`))}
}
await example${index}(await new Promise<number>((resolve) => openPipe(resolve)));
process.stderr.write(${JSON.stringify(`done: ${name}\n`)});`,
    );
    // The read end of a pipe that closes at once, for polls.
    const openPipe = `
import { closeSync } from 'node:fs';
import koffi from '${root}/node_modules/koffi/index.js';
const pipe = koffi.load('libc.so.6').func('int pipe(_Out_ int *)');
function openPipe(resolve: (fd: number) => void) {
  const ends = [0, 0];
  pipe(ends);
  closeSync(ends[1] ?? -1);
  resolve(ends[0] ?? -1);
}`;
    writeFileSync(path, `${AROUND}${openPipe}${body.join('\n')}\n`);
    const { status, stderr, signal } = spawnSync(process.execPath, ['--import', 'tsx', path], {
      cwd: root,
      encoding: 'utf8',
      timeout: 60_000,
    });
    assert.deepEqual(
      stderr.split('\n').filter(Boolean),
      all.map(({ name }) => `done: ${name}`),
    );
    assert.equal(signal, null, 'it does not end');
    assert.equal(status, 0);
  }).timeout(70_000);
});
