/**
 * How the tests run: test files run in parallel with one Postgres and one Temporal. At the same time the fault tests,
 * which have stacks of their own, run one after another.
 */
const { availableParallelism } = require('node:os');
const swcOptions = require('./dev/swc-options.cjs');

/**
 * More workers than this only wait for the two servers that they share. Two more than there are processors, because workers mostly
 * wait for servers: five processes of tests use 257 s of CPU in a run of 399 s.
 */
const WORKERS_MAX = 4;

/** How long a worker may take to end. With the threads of the SDK, and on a busy machine, it takes longer than the half second of jest. */
const WORKER_EXIT_TIMEOUT_MS = 10_000;

const shared = {
  testEnvironment: '<rootDir>/test/harness/environment.js',
  runtime: '<rootDir>/test/harness/runtime.js',
  globalSetup: '<rootDir>/test/harness/global-setup.ts',
  globalTeardown: '<rootDir>/test/harness/global-teardown.ts',
  transform: {
    '^.+\\.(tsx?|js|mjs)$': ['@swc/jest', swcOptions],
  },
  runner: '<rootDir>/test/harness/two-lanes-runner.js',
  moduleFileExtensions: ['ts', 'tsx', 'js', 'mjs', 'json', 'node'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.covenant/'],
};

module.exports = {
  maxWorkers: Math.min(WORKERS_MAX, availableParallelism() + 2),
  workerGracefulExitTimeout: WORKER_EXIT_TIMEOUT_MS,
  testTimeout: 30_000,
  testSequencer: '<rootDir>/test/harness/sequencer.js',
  reporters: ['default', '<rootDir>/project/count-reporter.js'],
  projects: [
    {
      ...shared,
      displayName: 'main',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: ['<rootDir>/test/fault/', '<rootDir>/test/external/'],
    },
    {
      ...shared,
      displayName: 'fault',
      testMatch: ['<rootDir>/test/fault/*.test.ts'],
    },
  ],
};
