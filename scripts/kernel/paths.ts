// SPDX-License-Identifier: MIT
/** Where this package and what it was built into are. Loads nothing native. */
import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** none, or a sanitizer of gcc's. */
export type Sanitizer = 'none' | 'address' | 'thread';

function findRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'binding.gyp'))) folder = dirname(folder);
  return folder;
}

export const packageRoot: string = findRoot();

/** The survey of kernel code, where it is at hand: $RING3_SHARED, or a folder beside this one. */
export const surveyFolder: string = join(
  process.env.RING3_SHARED ?? join(packageRoot, '../shared'),
  'kernel-survey',
);

/** The folder with libring3.so and ring3-run of a build. */
function nativeFolder(san: Sanitizer): string {
  if (san === 'none') return process.env.RING3_BUILD ?? join(packageRoot, 'build/Release');
  return join(packageRoot, `build-${san}/build/Release`);
}

/** @throws Error whose second line is the mend */
export function requireNative(san: Sanitizer): string {
  const folder = nativeFolder(san);
  for (const name of ['libring3.so', 'ring3-run'])
    if (!existsSync(join(folder, name))) {
      const how = san === 'none' ? '' : ` --san=${san}`;
      throw new Error(`${join(folder, name)} is not built\nnode scripts/build.mjs --quiet${how} ring3-run`);
    }
  return folder;
}

/** A path as the user would write it. */
export const shown = (path: string): string => {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
};
