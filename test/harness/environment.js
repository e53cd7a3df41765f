/**
 * Jest's environment for Node, which also disables each `AsyncLocalStorage` that a test file leaves enabled.
 *
 * A file loads jest's own and, with the SDK, three more. Before Node 24 every promise of the process carries a value for each that is
 * enabled: 100,000 awaits take 0.14 s of computing with 4 of them and 1.7 s with the 60 that a worker has after twenty files.
 */
const { AsyncLocalStorage } = require('node:async_hooks');
const { createRequire } = require('node:module');

// Jest depends on its environments and does not re-export them.
const fromJest = createRequire(createRequire(require.resolve('jest/package.json')).resolve('@jest/core'));
const fromConfig = createRequire(fromJest.resolve('jest-config'));
const { TestEnvironment: NodeEnvironment } = fromConfig('jest-environment-node');

/** Those that were enabled since the last file. */
const enabled = new Set();

for (const enabling of ['run', 'enterWith']) {
  const original = AsyncLocalStorage.prototype[enabling];
  AsyncLocalStorage.prototype[enabling] = function (...given) {
    enabled.add(this);
    return original.apply(this, given);
  };
}

module.exports = class Environment extends NodeEnvironment {
  async teardown() {
    await super.teardown();
    for (const storage of enabled) storage.disable();
    enabled.clear();
  }
};
