/**
 * A jest reporter that ends a run with the names of what failed and `N passed, N failed` on a line of its own (with `, N skipped` when
 * there are any), for people and programs that count. A test file that could not be run at all counts as one failure. (JavaScript, since jest loads
 * reporters untransformed.)
 */
const { relative } = require('node:path');

class CountReporter {
  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const names = results.testResults.flatMap(failuresOf);
    const told = names.length > 0 ? `\nfailed:\n${names.map((name) => `  ${name}\n`).join('')}` : '';
    // At the exit, since jest's own summary comes after all reporters.
    const skipped = results.numPendingTests > 0 ? `, ${results.numPendingTests} skipped` : '';
    process.once('exit', () =>
      process.stdout.write(`${told}\n${results.numPassedTests} passed, ${failed} failed${skipped}\n`),
    );
  }
}

/** "test/x.test.ts › its group › its name" of each failed test, or the file alone when it could not be run. */
function failuresOf({ testFilePath, testExecError, testResults }) {
  const file = relative(process.cwd(), testFilePath);
  if (testExecError) return [`${file} could not be run`];
  return testResults
    .filter(({ status }) => status === 'failed')
    .map(({ ancestorTitles, title }) => [file, ...ancestorTitles, title].join(' › '));
}

module.exports = CountReporter;
