/**
 * A jest reporter that prints the names of failed tests at the end of a run, and then a line `N passed, N failed` (with
 * `, N skipped` if tests were skipped), for people and programs. A test file that could not be run counts as one
 * failure. The file is JavaScript, because jest does not compile reporters.
 */
const { relative } = require('node:path');

class CountReporter {
  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const names = results.testResults.flatMap(failuresOf);
    const failures = names.length > 0 ? `\nfailed:\n${names.map((name) => `  ${name}\n`).join('')}` : '';
    // Printed at the exit, because jest prints its own summary after all reporters.
    const skipped = results.numPendingTests > 0 ? `, ${results.numPendingTests} skipped` : '';
    process.once('exit', () =>
      process.stdout.write(`${failures}\n${results.numPassedTests} passed, ${failed} failed${skipped}\n`),
    );
  }
}

/** Returns "test/x.test.ts › group › name" for each failed test, or only the file when it could not be run. */
function failuresOf({ testFilePath, testExecError, testResults }) {
  const file = relative(process.cwd(), testFilePath);
  if (testExecError) return [`${file} could not be run`];
  return testResults
    .filter(({ status }) => status === 'failed')
    .map(({ ancestorTitles, title }) => [file, ...ancestorTitles, title].join(' › '));
}

module.exports = CountReporter;
