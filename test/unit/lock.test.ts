// SPDX-License-Identifier: MIT
/** `npm ci` refuses a lock file that lacks a package another one names, even one for another platform. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../outside/target.js';

interface Locked {
  version?: string;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

const read = (name: string) => JSON.parse(readFileSync(join(root, name), 'utf8'));

/** Where Node would find @name from the package at @path. */
function locate(packages: Record<string, Locked>, path: string, name: string): Locked | undefined {
  for (let at = path; ; at = at.replace(/\/?node_modules\/(?:@[^/]+\/)?[^/]+$/, '')) {
    const found = packages[`${at ? `${at}/` : ''}node_modules/${name}`];
    if (found || !at) return found;
  }
}

describe('the lock file', () => {
  const packages = read('package-lock.json').packages as Record<string, Locked>;

  it('holds every package that one of its packages names, optional ones of all platforms too', () => {
    const missing: string[] = [];
    for (const [path, { dependencies, devDependencies, optionalDependencies }] of Object.entries(packages))
      for (const name of Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies }))
        if (!locate(packages, path, name)?.version) missing.push(`${path}: ${name}`);
    assert.deepEqual(missing, []);
  });

  it('agrees with package.json', () => {
    const { dependencies, devDependencies } = read('package.json') as Locked;
    const { dependencies: locked, devDependencies: lockedDev } = packages['']!;
    assert.deepEqual({ ...locked, ...lockedDev }, { ...dependencies, ...devDependencies });
  });
});
