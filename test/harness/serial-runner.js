/**
 * Jest's own runner, one file after another: fault tests kill processes and measure counts, and each has a whole stack.
 * Jest runs the files of different runners apart, so nothing else runs beside them.
 */
// Jest depends on its runner and does not re-export it.
const { createRequire } = require('node:module');
const fromJest = createRequire(createRequire(require.resolve('jest/package.json')).resolve('@jest/core'));
const { default: TestRunner } = fromJest('jest-runner');

module.exports = class SerialRunner extends TestRunner {
  isSerial = true;
};
