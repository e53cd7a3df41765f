/**
 * Jest's environment for test files that run in the context of the process, one after another. The packages that they load are loaded
 * once for all files of a worker (`runtime.js`): an array or an error that a package makes is then one of the test's own kind, and
 * nothing else has to be known about where a value comes from.
 *
 * What a file leaves on the global object, in `process.env` or in the wrapped parts of `process` is put back before the next file, and
 * each `AsyncLocalStorage` that it leaves enabled is disabled. A file loads one with jest, and the SDK has three. Before Node 24 every
 * promise of the process carries a value for each that is enabled: 100,000 awaits take 0.14 s of computing with 4 of them and 1.7 s with
 * 60.
 */
const { AsyncLocalStorage } = require('node:async_hooks');
const { fromJest } = require('./jest-parts');
const { LegacyFakeTimers, ModernFakeTimers } = fromJest('@jest/fake-timers');
const { ModuleMocker } = fromJest('jest-mock');

/** Jest and the packages that it loads in each file wrap these again. */
const WRAPPED_BY_JEST = ['exit', 'cwd', 'chdir'];

/** Symbols under which jest keeps the state of a file on the global object. Those of packages stay: packages are loaded once. */
const STATE_OF_JEST = ['JEST_STATE_SYMBOL', 'EVENT_HANDLERS', 'RETRY_TIMES_SETTER'];

const TIMER_IDS = { idToRef: (id) => ({ id, ref: identity, unref: identity }), refToId: (timer) => timer?.id };

/** Those that were enabled since the last file. */
const enabled = new Set();

for (const enabling of ['run', 'enterWith']) {
  const original = AsyncLocalStorage.prototype[enabling];
  AsyncLocalStorage.prototype[enabling] = function (...given) {
    enabled.add(this);
    return original.apply(this, given);
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

  /** None of its own. */
  getVmContext() {
    return null;
  }
};

/** Remembers the values that an object has, and returns a function that puts them back and removes what was added. */
function remember(object, concerns = isOfFile) {
  const keys = (given) => Reflect.ownKeys(given).filter(concerns);
  const before = new Map(keys(object).map((key) => [key, Object.getOwnPropertyDescriptor(object, key)]));
  return () => {
    for (const key of keys(object)) if (!before.has(key)) delete object[key];
    for (const [key, descriptor] of before) {
      // A getter that became a value is a part of Node that was loaded meanwhile.
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
