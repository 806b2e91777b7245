// SPDX-License-Identifier: MIT
/** Names in objects, archives and shared objects, as binutils print them. */
import { execFileSync } from 'node:child_process';

/** Exported and undefined names of an object or library, by nm. */
export function symbolsOf(path: string, ...options: string[]): string[] {
  const text = execFileSync('nm', ['-P', ...options, path], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    stdio: ['ignore', 'pipe', 'ignore'], // an archive's members without symbols are no news
  });
  return text
    .split('\n')
    .filter((line) => line && !line.endsWith(':'))
    .map((line) => line.split(' ', 1)[0]!.replace(/@.*$/, ''));
}

/** What a shared object offers. */
export const exportsOf = (path: string): string[] => symbolsOf(path, '-D', '--defined-only');

/** What an object shows to other modules: EXPORT_SYMBOL gives it the default visibility. */
export function visibleOf(object: string): string[] {
  const text = execFileSync('readelf', ['-sW', object], { encoding: 'utf8', maxBuffer: 1 << 26 });
  return text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, , , , bind, visibility, section]) =>
        bind === 'GLOBAL' && visibility === 'DEFAULT' && section !== 'UND',
    )
    .map((fields) => fields[7] ?? '');
}
