// SPDX-License-Identifier: MIT
/** Files that are not what a process or a core was made of: names come out of the right one, or there are none. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backtrace } from '../../shim/index.js';
import { findProgram } from '../outside/target.js';
import { until } from '../until.js';
import { ring3, start, type Victim } from './victim.js';

const PROGRAM = `
#include <stdio.h>
#include <unistd.h>
void hang_in_library(void);
static void unused_of_old(void) { pause(); }
int main(void) { puts("ready"); fflush(stdout); hang_in_library(); unused_of_old(); }
`;
const LIBRARY = `
#include <unistd.h>
void hang_in_library(void) { for (;;) pause(); }
`;
/** As long, and other functions where those were. */
const OTHERS = [
  PROGRAM.replaceAll('unused_of_old', 'a_wrong_name').replace(
    'int main(void) {',
    'int wrong(void) { return 1; } $&',
  ),
  LIBRARY.replace('void hang', 'int wrong(int n) { return n * n + 7; }\nvoid hang'),
];

describe('files that changed', () => {
  const cc = findProgram(process.env.CC ?? 'gcc');
  let folder: string;
  let victim: Victim | undefined;

  const compile = (output: string, source: string, ...args: string[]) => {
    const file = join(folder, 'source.c');
    writeFileSync(file, source);
    const common = [
      '-g',
      '-O0',
      '-fno-omit-frame-pointer',
      '-Wl,--build-id',
      '-o',
      join(folder, output),
      file,
    ];
    execFileSync(cc!, [...common, ...args], { stdio: 'pipe' });
  };
  /** What runs in the thread: functions of the program and its library, the innermost first. */
  const functions = async (whose: { pid: number } | { core: string }) => {
    const { threads, files = [], missing } = await backtrace(whose);
    const frames = threads[0]!.frames.filter(({ module = '' }) => /^(hang|libhang\.so)$/.test(module));
    return {
      names: frames.map((frame) => frame.function),
      modules: frames.map((frame) => frame.module),
      files,
      missing,
    };
  };
  /** The victim when it sleeps where it is to hang. */
  const hung = async () => {
    victim = await start(join(folder, 'hang'), []);
    const { pid } = victim;
    await until(
      async () => (await functions({ pid })).names.includes('hang_in_library'),
      'it hangs in its library',
    );
  };
  /** By a new file under the old name, as builds and package managers do. */
  const replace = () => {
    compile('new', OTHERS[0]!, '-L', folder, '-lhang', `-Wl,-rpath,${folder}`);
    compile('new.so', OTHERS[1]!, '-shared', '-fPIC');
    renameSync(join(folder, 'new'), join(folder, 'hang'));
    renameSync(join(folder, 'new.so'), join(folder, 'libhang.so'));
  };

  beforeEach(function () {
    if (!cc) {
      console.log('      skipped: no C compiler');
      this.skip();
    }
    folder = mkdtempSync(join(tmpdir(), 'ring3-files-'));
    compile('libhang.so', LIBRARY, '-shared', '-fPIC');
    compile('hang', PROGRAM, '-L', folder, '-lhang', `-Wl,-rpath,${folder}`);
  });
  afterEach(async () => {
    await victim?.end();
    victim = undefined;
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  it('a process whose program and library were replaced: what it runs, not what lies there now', async () => {
    await hung();
    replace();
    const { names, modules, files } = await functions({ pid: victim!.pid });
    assert.deepEqual(modules, ['libhang.so', 'hang', 'hang']);
    assert.deepEqual(names, ['hang_in_library', 'main', '_start']);
    // The kernel's way to a deleted library is root's; others have it out of memory, and are told.
    for (const sentence of files)
      assert.match(sentence, /libhang\.so was deleted or replaced: only functions/);
  });

  it('a process whose files were deleted', async () => {
    await hung();
    rmSync(join(folder, 'hang'));
    rmSync(join(folder, 'libhang.so'));
    assert.deepEqual((await functions({ pid: victim!.pid })).names, ['hang_in_library', 'main', '_start']);
  });

  it('a core: its files as they were, replaced, gone, and the core cut off', async function () {
    if (!findProgram('gcore')) {
      console.log('      skipped: gcore (of gdb) is not installed');
      this.skip();
    }
    await hung();
    spawnSync('gcore', ['-o', join(folder, 'core'), String(victim!.pid)]);
    const core = join(folder, `core.${victim!.pid}`);
    await victim!.end();
    const whole = await functions({ core });
    assert.deepEqual(whole.names, ['hang_in_library', 'main', '_start']);
    assert.deepEqual(whole.files, []);
    for (const name of ['hang', 'libhang.so']) copyFileSync(join(folder, name), join(folder, `${name}.kept`));

    replace();
    const replaced = await functions({ core });
    assert.equal(replaced.modules[0], 'libhang.so');
    assert.deepEqual(
      replaced.names.filter((name) => name !== undefined && !/^(hang_in_library|main|_start)$/.test(name)),
      [],
    );
    assert.match(replaced.files.join('\n'), /\/libhang\.so is not the one that was loaded: /);
    assert.match(replaced.files.join('\n'), /\/hang is not the one that was loaded: /);

    for (const name of ['hang', 'libhang.so']) rmSync(join(folder, name));
    const gone = await functions({ core });
    assert.equal(
      gone.modules[0],
      'libhang.so',
      'an address in a file that is not there is still one in that file',
    );
    assert.match(gone.files.join('\n'), /\/libhang\.so cannot be read: /);

    for (const name of ['hang', 'libhang.so']) renameSync(join(folder, `${name}.kept`), join(folder, name));
    const bytes = readFileSync(core);
    const segments = Number(bytes.readBigUInt64LE(32));
    const load = Array.from({ length: bytes.readUInt16LE(56) }, (_, i) => segments + 56 * i).find(
      (at) => bytes.readUInt32LE(at) === 1 && bytes.readUInt32LE(at + 4) & 2, // PT_LOAD that is written to
    )!;
    const sizeInFile = load + 32;
    bytes.writeBigUInt64LE(bytes.readBigUInt64LE(sizeInFile) + BigInt(bytes.length), sizeInFile);
    writeFileSync(core, bytes);
    assert.match((await functions({ core })).missing ?? '', /^[1-9]\d* of \d+ bytes: the core was cut off$/);
    const text = await ring3(['backtrace', core]);
    assert.equal(text.status, 0);
    assert.match(text.stdout, /missing="\d+ of \d+ bytes: the core was cut off"/);

    truncateSync(core, 4096); // gcore writes what it knows of threads last
    await assert.rejects(backtrace({ core }), { code: 'ENODATA' });
  });

  it('a program that is linked statically has no table of its functions, and all of its stack', async function () {
    try {
      compile('hang', `${PROGRAM}${LIBRARY.replace('{ for', '{ volatile int n = 0; for')}`, '-static');
    } catch {
      console.log('      skipped: there is no static libc');
      this.skip();
    }
    await hung();
    const { names } = await functions({ pid: victim!.pid });
    assert.equal(names.slice(names.indexOf('hang_in_library')).slice(0, 2).join(' '), 'hang_in_library main');
  });

  it('what is no core: a sentence, also for a pipe that nobody writes to', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const path of [pipe, folder, join(folder, 'source.c'), join(folder, 'hang')]) {
      assert.ok(existsSync(path));
      await assert.rejects(backtrace({ core: path }), { code: 'ENOEXEC' });
    }
  });
});
