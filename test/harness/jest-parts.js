/**
 * Packages of jest that jest itself does not export.
 */
const { createRequire } = require('node:module');

const JEST = createRequire(require.resolve('jest/package.json'));
const CORE = createRequire(JEST.resolve('@jest/core'));
const RUNTIME = createRequire(CORE.resolve('jest-runtime'));

/** Loads a package from the dependencies of jest's core or of its runtime. */
module.exports.fromJest = (name) => {
  try {
    return CORE(name);
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    return RUNTIME(name);
  }
};
