// SPDX-License-Identifier: MIT
/** Kernel code to be built: files in a folder of each test, and what `ring3 build` makes of them or says. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type BuildOptions, build } from '../../scripts/kernel/build-command.js';
import { toolchain } from '../../scripts/kernel/compile.js';
import { buildHosted } from '../../scripts/kernel/link.js';
import { kernelSource, SourceMissing } from '../../scripts/kernel/source.js';

/** A module with this body. */
export const MODULE = (body: string) => `#include <linux/module.h>\n${body}\nMODULE_LICENSE("GPL");\n`;

/** Of the test that runs: onSources(). */
export let folder: string;

/** Files below the folder of this test; the path of the first. */
export function write(files: Record<string, string>): string {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return join(folder, Object.keys(files)[0]!);
}

export const buildHere = (targets: string[], options: Partial<BuildOptions> = {}) =>
  build(targets, { out: folder, ...options });

/** What it says when it refuses. */
export async function refusal(targets: string[], options: Partial<BuildOptions> = {}): Promise<string> {
  try {
    await buildHere(targets, options);
  } catch (error) {
    return (error as Error).message;
  }
  throw new assert.AssertionError({ message: `${targets} was built` });
}

/** Each test of a describe() has a folder; all are skipped where the kernel's sources are not to be had. */
export function onSources(): void {
  before(async function () {
    this.timeout(300_000); // the hosted library, from nothing
    try {
      await buildHosted(toolchain(kernelSource()));
    } catch (error) {
      if (!(error instanceof SourceMissing)) throw error;
      console.log(`      skipped: ${error.message}`);
      this.skip();
    }
  });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ring3-build-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));
}
