// SPDX-License-Identifier: MIT
/** Reads core files, each named by an argument: a line for each, how many frames it has or the code of the error. */
import { backtrace } from '../../../shim/index.js';

for (const core of process.argv.slice(2))
  try {
    const { threads } = await backtrace({ core });
    console.log(`${threads.reduce((sum, { frames }) => sum + frames.length, 0)} frames`);
  } catch (error) {
    console.log((error as NodeJS.ErrnoException).code ?? String(error));
  }
