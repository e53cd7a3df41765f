/**
 * Runs the files of both jest projects at the same time: those of `main` in all of jest's workers, those of `fault` one
 * after another in a worker of their own. When the last fault test has ended, another worker runs files of `main`.
 *
 * A fault test has a whole stack and spends much of its time waiting for it to recover. It shares nothing with the
 * other files but the machine, which the others keep busy at the same time. Two concurrent stacks would be too many.
 */
const { fromJest } = require('./jest-parts');
const { default: TestRunner } = fromJest('jest-runner');

module.exports = class TwoLanesRunner extends TestRunner {
  #faultLane;
  /** Runs the files of `main` while the other lane has files: one of its workers waits for the end of that lane. */
  #sharedLane;

  constructor(globalConfig, context) {
    super(globalConfig, context);
    this.#faultLane = new TestRunner({ ...globalConfig, maxWorkers: 1 }, context);
    this.#sharedLane = new TestRunner({ ...globalConfig, maxWorkers: globalConfig.maxWorkers + 1 }, context);
  }

  async runTests(tests, watcher, options) {
    const isFault = (test) => test.context.config.displayName.name === 'fault';
    const faults = tests.filter(isFault);
    const others = tests.filter((test) => !isFault(test));
    if (options.serial || faults.length === 0 || others.length === 0) return super.runTests(tests, watcher, options);
    const faultsEnd = this.#faultLane.runTests(faults, watcher, options);
    const beside =
      others.length > this._globalConfig.maxWorkers
        ? this.#runBeside(faultsEnd, others, watcher, options)
        : super.runTests(others, watcher, options);
    await Promise.all([faultsEnd, beside]);
  }

  /**
   * Runs files in one worker more than jest has, of which one begins when the other lane has ended: then the processor of that lane
   * is free. The last file of the order, a short one, is the first of this worker and is held until then.
   */
  #runBeside(faultsEnd, tests, watcher, options) {
    const held = tests.at(-1);
    const order = tests.slice(0, -1);
    order.splice(this._globalConfig.maxWorkers, 0, held);
    this.#sharedLane.on('test-file-start', ([test]) => (test === held ? faultsEnd.catch(() => undefined) : undefined));
    return this.#sharedLane.runTests(order, watcher, options);
  }

  /** A listener receives the events of all runners. */
  on(event, listener) {
    const runners = [this.#faultLane, this.#sharedLane];
    const unsubscribes = [super.on(event, listener), ...runners.map((runner) => runner.on(event, listener))];
    return () => unsubscribes.forEach((unsubscribe) => unsubscribe());
  }
};
