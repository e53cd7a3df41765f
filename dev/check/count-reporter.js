/**
 * A jest reporter that ends a run with `N passed, N failed` on a line of its own, for people and programs that count.
 * A test file that could not be run at all counts as one failure. (JavaScript, since jest loads reporters untransformed.)
 */
class CountReporter {
  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    // At the exit, since jest's own summary comes after all reporters.
    process.once('exit', () => process.stdout.write(`\n${results.numPassedTests} passed, ${failed} failed\n`));
  }
}

module.exports = CountReporter;
