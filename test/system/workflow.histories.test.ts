/**
 * Recorded histories replay: the code of today understands the runs that are open since yesterday.
 */
import { Worker } from '@temporalio/worker';
import * as workflows from '../../workflows/index';
import { loadHistories } from '../harness/histories';
import type { RecordedHistory } from '../harness/histories';
import { workflowBundle } from '../harness/temporal';

const HISTORIES = loadHistories();

/** The error of the replay, if there is one. */
async function replay({ name, workflow_id, history }: RecordedHistory): Promise<Error | undefined> {
  const options = { workflowBundle: { codePath: workflowBundle() }, replayName: name };
  const results = Worker.runReplayHistories(options, [{ workflowId: workflow_id, history }]);
  for await (const result of results) return result.error;
  throw new Error(`the history ${name} was not replayed`);
}

test('there is a recorded history of every workflow', () => {
  const types = new Set(HISTORIES.map(({ name }) => name.split('/')[0]));
  expect([...types].sort()).toEqual(Object.keys(workflows).sort());
});

test.each(HISTORIES)('$name replays', async (recorded) => {
  expect(await replay(recorded)).toBeUndefined();
});

test.each([
  'contractLifecycle/resumes-by-timer',
  'contractLifecycle/suspended-and-reinstated',
  'generateLicenses/paused-and-continued',
  'sweep/starts-what-was-not-started',
])('%s does not replay when the code would do something else', async (name) => {
  const recorded = HISTORIES.find((history) => history.name === name) as RecordedHistory;
  const changed = JSON.stringify(recorded.history).replaceAll(
    /"(settleContract|verifyBilling|fillChunks|sweepOnce)"/g,
    '"somethingElse"',
  );
  const error = await replay({ ...recorded, history: JSON.parse(changed) as unknown });
  expect(error?.name).toBe('DeterminismViolationError');
});

test('no recording holds a license key or names a machine', () => {
  const payloads = JSON.stringify(HISTORIES).matchAll(/"data":"([\w+/=]+)"/g);
  const text =
    JSON.stringify(HISTORIES) +
    [...payloads].map(([, data]) => Buffer.from(data ?? '', 'base64').toString()).join('\n');
  expect(text).not.toMatch(/TEST-\w{5}-\w{5}/);
  expect(text).not.toMatch(/\d+@\w+/);
});
