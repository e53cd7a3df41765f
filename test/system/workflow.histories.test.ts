/**
 * Recorded histories replay: workflows that older code started continue with the present code.
 */
import { Worker } from '@temporalio/worker';
import * as workflows from '../../workflows/index';
import { loadHistories } from '../harness/histories';
import type { RecordedHistory } from '../harness/histories';
import { workflowBundle } from '../harness/temporal';

const HISTORIES = loadHistories();

/** Histories of which the test also replays a changed copy. */
const CHANGED = [
  'contractLifecycle/resumes-by-timer',
  'contractLifecycle/suspended-and-reinstated',
  'generateLicenses/paused-and-continued',
  'sweep/starts-missing-workflows',
];

/** The error of each replay, in the order of the histories. One worker replays them all, because the start of a worker takes 0.3 s of CPU. */
async function replay(histories: RecordedHistory[]): Promise<(Error | undefined)[]> {
  const options = { workflowBundle: { codePath: workflowBundle() } };
  const recorded = histories.map(({ workflow_id, history }) => ({ workflowId: workflow_id, history }));
  const errors: (Error | undefined)[] = [];
  for await (const { error } of Worker.runReplayHistories(options, recorded)) errors.push(error);
  return errors;
}

/** The history with another name for some activities, as if the code had scheduled other activities. */
function withOtherActivities(recorded: RecordedHistory): RecordedHistory {
  const changed = JSON.stringify(recorded.history).replaceAll(
    /"(settleContract|verifyBilling|fillChunks|sweepOnce)"/g,
    '"somethingElse"',
  );
  return { ...recorded, history: JSON.parse(changed) as unknown };
}

/** The errors by the name of the history. */
const errors = new Map<string, Error | undefined>();
const errorsOfChanged = new Map<string, Error | undefined>();

beforeAll(async () => {
  const changed = HISTORIES.filter(({ name }) => CHANGED.includes(name)).map(withOtherActivities);
  const found = await replay([...HISTORIES, ...changed]);
  HISTORIES.forEach(({ name }, index) => errors.set(name, found[index]));
  changed.forEach(({ name }, index) => errorsOfChanged.set(name, found[HISTORIES.length + index]));
});

test('there is a recorded history of every workflow', () => {
  const types = new Set(HISTORIES.map(({ name }) => name.split('/')[0]));
  expect([...types].sort()).toEqual(Object.keys(workflows).sort());
});

test.each(HISTORIES)('$name replays', ({ name }) => {
  expect(errors.has(name)).toBe(true);
  expect(errors.get(name)).toBeUndefined();
});

test.each(CHANGED)('%s does not replay when it contains other activities than the code schedules', (name) => {
  expect(errorsOfChanged.get(name)?.name).toBe('DeterminismViolationError');
});

test('no recording contains a license key or the name of a machine', () => {
  const payloads = JSON.stringify(HISTORIES).matchAll(/"data":"([\w+/=]+)"/g);
  const text =
    JSON.stringify(HISTORIES) +
    [...payloads].map(([, data]) => Buffer.from(data ?? '', 'base64').toString()).join('\n');
  expect(text).not.toMatch(/TEST-\w{5}-\w{5}/);
  expect(text).not.toMatch(/\d+@\w+/);
});
