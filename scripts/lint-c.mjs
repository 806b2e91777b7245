// SPDX-License-Identifier: MIT
/**
 * Reads every C file for what a compiler does not say: `node scripts/lint-c.mjs`. The rules are few and each has
 * its reason beside it. A finding is one line, FILE:LINE: what was seen; the exit status says whether there was one.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { root } from './build.mjs';

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.c', '*.h', '*.cc'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter(Boolean);

/** [what it looks for, what is wrong with it, which files] */
const rules = [
  [/[ \t]+$/, 'white space at the end', /./],
  [/^ {8}/, 'eight spaces where a tab belongs', /\.[ch]$/],
  [/\b(strcpy|strcat|sprintf|gets|vsprintf)\s*\(/, 'a function without a bound: use its _s or n form', /./],
  [
    /^#\s*include\s*<(stdio|stdlib|pthread|unistd|string|errno|sys\/[a-z]+)\.h>/,
    'libc in kernel code: go through src/host',
    /^(kernel-api\/(include\/linux|src\/[^/]+$)|scst-port\/)/,
  ],
  [/^.{121,}/, 'a line over 120 characters', /./],
];

let findings = 0;
const say = (where, what) => {
  findings++;
  console.error(`${where}: ${what}`);
};
for (const file of files) {
  const lines = readFileSync(`${root}/${file}`, 'utf8').split('\n');
  if (!/SPDX-License-Identifier: MIT/.test(lines[0])) say(`${file}:1`, 'no SPDX line');
  lines.forEach((line, index) => {
    for (const [pattern, what, where] of rules)
      if (where.test(file) && pattern.test(line)) say(`${file}:${index + 1}`, what);
  });
}
console.log(`C: ${files.length} files read, ${findings} findings`);
process.exit(findings ? 1 : 0);
