// SPDX-License-Identifier: MIT
/**
 * The list of headers in kernel-api/README.md, made of their opening comments: `npm run kernel:readme`. Without
 * --write it only says whether the list there is the right one.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from './paths.js';
import { hosted } from './source.js';

interface Header {
  name: string;
  /** What it is, where its comment says. */
  about: string;
  /** How it differs from the kernel's, where it does. */
  differs: string;
}

/** The comment right behind the include guard, as text. */
function openingComment(text: string): string {
  const found = /^\/\* SPDX[^\n]*\n#ifndef \w+\n#define \w+\n\n\/\*([\s\S]*?)\*\//.exec(text);
  return (found?.[1] ?? '').replace(/^[ \t]*\* ?/gm, '').trim();
}

const sentence = (text: string) => text.replace(/\s+/g, ' ').trim();

function readHeader(folder: string, name: string): Header {
  const comment = openingComment(readFileSync(join(folder, name), 'utf8'));
  const at = comment.indexOf('Differs from the kernel:');
  const about = at < 0 ? comment : comment.slice(0, at);
  const differs = at < 0 ? '' : comment.slice(at + 'Differs from the kernel:'.length);
  return { name, about: sentence(about.split('\n\n')[0]!), differs: sentence(differs) };
}

/** The section, as Markdown. */
function headerList(): string {
  const folder = join(packageRoot, 'kernel-api/include');
  const headers = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.h') && !name.startsWith('ring3/'))
    .sort()
    .map((name) => readHeader(folder, name));
  const different = headers.filter(({ differs }) => differs);
  const same = headers.filter(({ differs }) => !differs);
  const folderOf = ({ name }: Header) => name.replace(/[^/]*$/, '');
  const groups = [...new Set(same.map(folderOf))].map((group) => {
    const names = same
      .filter((one) => folderOf(one) === group)
      .map(({ name }) => name.slice(group.length, -2));
    return `\`${group}\`: ${names.join(', ')}.`;
  });
  return [
    `Of ${headers.length} headers, ${different.length} say how they differ from the kernel's:`,
    '',
    ...different.map(({ name, differs }) => `- \`${name}\`: ${differs}`),
    '',
    'The others offer what they offer as the kernel does:',
    '',
    ...groups.map((group) => `- ${group}`),
    '',
    `Read from the distribution's package, unmodified: ${hosted.headers.length} headers and ${hosted.lib.length} sources of the hosted library, ${hosted.kunit.length} of KUnit (\`hosted.json\`).`,
  ].join('\n');
}

const marks = /(<!-- headers -->\n)[\s\S]*?(\n<!-- \/headers -->)/;
const readme = join(packageRoot, 'kernel-api/README.md');

/** Is the list in the README the one that the headers make? */
export function isUpToDate(): boolean {
  return (
    marks.exec(readFileSync(readme, 'utf8'))?.[0] ===
    `<!-- headers -->\n\n${headerList()}\n\n<!-- /headers -->`
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--write')) {
    const text = readFileSync(readme, 'utf8');
    writeFileSync(
      readme,
      text.replace(marks, () => `<!-- headers -->\n\n${headerList()}\n\n<!-- /headers -->`),
    );
  } else if (!isUpToDate()) {
    console.error('kernel-api/README.md: its list of headers is old: npm run kernel:readme');
    process.exit(1);
  }
}
