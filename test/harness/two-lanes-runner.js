/**
 * Runs the files of both jest projects at the same time: those of `main` in all of jest's workers, those of `fault` one
 * after another in a worker of their own.
 *
 * A fault test has a whole stack and spends much of its time waiting for it to recover. It shares nothing with the
 * other files but the machine, which the others keep busy at the same time. Two concurrent stacks would be too many.
 */
const { fromJest } = require('./jest-parts');
const { default: TestRunner } = fromJest('jest-runner');

module.exports = class TwoLanesRunner extends TestRunner {
  #faultLane;

  constructor(globalConfig, context) {
    super(globalConfig, context);
    this.#faultLane = new TestRunner({ ...globalConfig, maxWorkers: 1 }, context);
  }

  async runTests(tests, watcher, options) {
    const isFault = (test) => test.context.config.displayName.name === 'fault';
    const faults = tests.filter(isFault);
    if (options.serial || faults.length === 0) return super.runTests(tests, watcher, options);
    const others = tests.filter((test) => !isFault(test));
    await Promise.all([super.runTests(others, watcher, options), this.#faultLane.runTests(faults, watcher, options)]);
  }

  /** A listener receives the events of both runners. */
  on(event, listener) {
    const unsubscribes = [super.on(event, listener), this.#faultLane.on(event, listener)];
    return () => unsubscribes.forEach((unsubscribe) => unsubscribe());
  }
};
