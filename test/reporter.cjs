// SPDX-License-Identifier: MIT
/**
 * Mocha's spec reporter, with two kinds of line that `npm test` repeats at its end: `# failed: NAME: why`, and
 * `# unsteady: NAME: why` for a test that failed and was tried again. Mocha loads reporters by require(): hence .cjs.
 */
const { reporters } = require('mocha');

const line = (kind, test, error) =>
  console.log(`# ${kind}: ${test.fullTitle()}: ${String(error?.message).split('\n')[0]}`);

module.exports = class Named extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.on('retry', (test, error) => line('unsteady', test, error));
    runner.on('fail', (test, error) => line('failed', test, error));
  }
};
