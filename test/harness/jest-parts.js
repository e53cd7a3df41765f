/**
 * Parts of jest that it depends on and does not re-export.
 */
const { createRequire } = require('node:module');

const JEST = createRequire(require.resolve('jest/package.json'));
const CORE = createRequire(JEST.resolve('@jest/core'));
const RUNTIME = createRequire(CORE.resolve('jest-runtime'));

/** Loads a part by the name of its package, from what jest's core or its runtime depends on. */
module.exports.fromJest = (name) => {
  try {
    return CORE(name);
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    return RUNTIME(name);
  }
};
