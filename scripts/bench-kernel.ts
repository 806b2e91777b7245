// SPDX-License-Identifier: MIT
/**
 * The kernel's primitives beside pthread, liburcu, glibc and mimalloc, in one process and one run: `npm run bench:kernel`.
 * Medians of five runs that take turns, in nanoseconds a round; a ratio above 1 is in our favour. Skips, with the
 * reason, where liburcu-dev or libmimalloc-dev is missing.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot, requireNative } from './kernel/paths.js';

const folder = join(packageRoot, 'scripts/bench-kernel');
const native = requireNative('none');
const into = join(packageRoot, 'build/bench-kernel');
mkdirSync(into, { recursive: true });

function gcc(...args: string[]): string {
  const done = spawnSync(process.env.CC ?? 'gcc', args, { encoding: 'utf8' });
  return done.status === 0 ? done.stdout : '';
}

function compile(name: string, flags: string[]): string {
  const object = join(into, `${name}.o`);
  const done = spawnSync(
    process.env.CC ?? 'gcc',
    ['-O2', '-g', '-std=gnu11', '-Wall', '-fno-omit-frame-pointer', ...flags, '-c', '-o', object].concat(
      join(folder, `${name}.c`),
    ),
    { stdio: 'inherit' },
  );
  if (done.status !== 0) process.exit(1);
  return object;
}

const wanted = ['urcu/urcu-memb.h', 'mimalloc.h'];
const missing = wanted.filter((header) => {
  const args = ['-E', '-x', 'c', '-include', header, '/dev/null', '-o', '/dev/null'];
  return spawnSync(process.env.CC ?? 'gcc', args).status !== 0;
});
if (missing.length) {
  console.log(
    `# skipped: no <${missing.join('>, no <')}>\n# install them: sudo apt-get install liburcu-dev libmimalloc-dev`,
  );
  process.exit(0);
}

const include = join(packageRoot, 'kernel-api/include');
const kernelFlags = ['-nostdinc', '-isystem', gcc('-print-file-name=include').trim(), '-I', include];
kernelFlags.push('-include', 'linux/compiler_types.h', '-D__KERNEL__', '-fno-strict-aliasing');
kernelFlags.push('-fno-delete-null-pointer-checks', '-fshort-wchar', '-fno-builtin-printf');
const objects = [compile('ours', kernelFlags), compile('rivals', ['-D_GNU_SOURCE'])];
const program = join(into, 'bench-kernel');
const linked = spawnSync(
  process.env.CC ?? 'gcc',
  [
    ...objects,
    '-o',
    program,
    join(native, 'libring3.so'),
    `-Wl,-rpath,${native}`,
    '-lurcu-memb',
    '-lurcu-qsbr',
    '-lmimalloc',
    '-lpthread',
  ],
  { stdio: 'inherit' },
);
if (linked.status !== 0) process.exit(1);

const run = spawnSync(program, process.argv.slice(2), {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
});
const rows = run.stdout
  .trim()
  .split('\n')
  .map((line) => line.split('\t') as [string, string, string, string]);
const cells = rows.map(([name, rival, ours, theirs]) => [
  name,
  ours,
  rival,
  theirs,
  (Number(theirs) / Number(ours)).toFixed(2),
]);
const table = [['', 'ours, ns', 'beside', 'theirs, ns', 'ratio'], ...cells];
const widths = table[0]!.map((_, at) => Math.max(...table.map((row) => row[at]!.length)));
for (const [at, row] of table.entries()) {
  console.log(`| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`);
  if (!at) console.log(`|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`);
}
process.exit(run.status ?? 1);
