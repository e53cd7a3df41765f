/**
 * The order of the test files: those that take longest come first, so that the run does not end with one of them while the other
 * processors have no work. Jest knows the durations of its last run only in the same checkout; in a new clone it takes the size of a
 * file for them, which is far off for these files.
 */
const { fromJest } = require('./jest-parts');
const { default: Sequencer } = fromJest('@jest/test-sequencer');

/** Files that take more than 25 s in a run of the whole suite. The order is a hint: a missing file costs some seconds and nothing else. */
const LONGEST = [
  'base/api.fuzz',
  'system/workflow.advance-test-clock',
  'contract/workflow.contract-lifecycle',
  'base/api.list-plans',
  'contract/api.action',
  'system/cli.covenant',
  'system/temporal.set-up',
  'system/cli.doctor-worker',
  'base/api.routes',
  'webhook/workflow.deliver-webhooks',
  'project/client.typescript',
  'access/api.contract-isolation',
  'generation/model.generation',
  'system/workflow.sweep',
  'system/activity.sweep',
  'base/api.operations',
  'base/db.pooler',
  'project/build.production',
  'billing/workflow.contract-billing',
  'contract/api.contract',
  'base/api.paging',
  'generation/workflow.generate-licenses',
  'system/worker.slots',
  'contract/api.allowed-actions',
];

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => LONGEST.findIndex((name) => path.endsWith(`${name}.test.ts`));
    const sorted = super.sort(tests);
    const long = sorted.filter((test) => rank(test) >= 0).sort((a, b) => rank(a) - rank(b));
    return [...long, ...sorted.filter((test) => rank(test) < 0)];
  }
};
