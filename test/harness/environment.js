/**
 * Jest's environment for test files that run in the context of the process, one after another. Their packages are
 * loaded once for all files of a worker (`runtime.js`). Arrays and errors of packages then have the same constructors
 * as those of the test.
 *
 * After each file the environment restores the global object, `process.env` and the wrapped parts of `process`, and
 * disables each enabled `AsyncLocalStorage`. Jest has one for each file, and the SDK has three. Before Node 24 every
 * promise of the process stores a value for each enabled one: 100,000 awaits take 0.14 s of CPU with 4 of them and 1.7
 * s with 60. That of jest, which would be enabled in every file, is replaced.
 */
const { AsyncLocalStorage } = require('node:async_hooks');
const { fromJest } = require('./jest-parts');
const { LegacyFakeTimers, ModernFakeTimers } = fromJest('@jest/fake-timers');
const { ModuleMocker } = fromJest('jest-mock');

/** Jest and the packages that it loads in each file wrap these functions again. */
const WRAPPED_BY_JEST = ['exit', 'cwd', 'chdir'];

/**
 * Symbols of jest's state of a file on the global object. Symbols of packages stay, because packages are loaded once.
 */
const STATE_OF_JEST = ['JEST_STATE_SYMBOL', 'EVENT_HANDLERS', 'RETRY_TIMES_SETTER'];

const TIMER_IDS = { idToRef: (id) => ({ id, ref: identity, unref: identity }), refToId: (timer) => timer?.id };

/** The instances that were enabled since the last file. */
const enabled = new Set();

for (const enabling of ['run', 'enterWith']) {
  const original = AsyncLocalStorage.prototype[enabling];
  AsyncLocalStorage.prototype[enabling] = function (...given) {
    if (enabling === 'run' && isOfJest(given[0])) {
      replaceStorage(this);
      return this.run(...given);
    }
    enabled.add(this);
    return original.apply(this, given);
  };
}

/** Whether a value is what jest stores: the test or the hook that runs. */
function isOfJest(store) {
  return store?.test?.type === 'test' || /^(before|after)(All|Each)$/.test(store?.hook?.type);
}

/**
 * Lets a storage of jest keep its value in a variable. The tests and hooks of a file run one after another, so the value is that of the one
 * that runs. An error of a test that ended earlier counts for the running one.
 */
function replaceStorage(storage) {
  let current;
  storage.getStore = () => current;
  storage.run = async (store, callback) => {
    const before = current;
    current = store;
    try {
      return await callback();
    } finally {
      current = before;
    }
  };
}

module.exports = class Environment {
  #restorations = [
    remember(globalThis),
    remember(process.env),
    remember(process, (key) => WRAPPED_BY_JEST.includes(key)),
  ];

  constructor({ projectConfig: config }) {
    this.global = globalThis;
    this.moduleMocker = new ModuleMocker(globalThis);
    const { global, moduleMocker } = this;
    this.fakeTimers = new LegacyFakeTimers({ config, global, moduleMocker, timerConfig: TIMER_IDS });
    this.fakeTimersModern = new ModernFakeTimers({ config, global });
  }

  async setup() {}

  async teardown() {
    this.fakeTimers.dispose();
    this.fakeTimersModern.dispose();
    for (const restore of this.#restorations) restore();
    for (const storage of enabled) storage.disable();
    enabled.clear();
  }

  exportConditions() {
    return ['node', 'node-addons'];
  }

  /** Test files run in the context of the process. */
  getVmContext() {
    return null;
  }
};

/** Records the properties of an object. Returns a function that restores them and removes added ones. */
function remember(object, concerns = isOfFile) {
  const keys = (given) => Reflect.ownKeys(given).filter(concerns);
  const before = new Map(keys(object).map((key) => [key, Object.getOwnPropertyDescriptor(object, key)]));
  return () => {
    for (const key of keys(object)) if (!before.has(key)) delete object[key];
    for (const [key, descriptor] of before) {
      // A getter that became a value is a part of Node that was loaded since.
      if (!('value' in descriptor)) continue;
      if (!Object.is(Object.getOwnPropertyDescriptor(object, key)?.value, descriptor.value))
        Object.defineProperty(object, key, descriptor);
    }
  };
}

function isOfFile(key) {
  return typeof key === 'string' || STATE_OF_JEST.includes(key.description);
}

function identity() {
  return this;
}
