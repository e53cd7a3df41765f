/**
 * How the external tests run. They need programs other than Node (`project/external-tools.ts`).
 */
const base = require('./jest.config.js');

const [main] = base.projects;

module.exports = {
  ...base,
  projects: [
    {
      ...main,
      displayName: 'external',
      testMatch: ['<rootDir>/test/external/*.test.ts'],
      testPathIgnorePatterns: [],
    },
  ],
};
