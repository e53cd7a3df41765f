/**
 * Timers of workflows follow the newest time zone rules. The worker is a separate process with the rules of 2023c, like one that was not
 * replaced yet. The sweep has the newer rules of the Node that runs the test.
 */
import { createSweepActivities } from '../../activities/system/sweep';
import { openDatabase } from '../../db/base/database';
import { applicationName, TIME_ZONE_RULES } from '../../transactions/base/time-zone-rules';
import { addDays, localDateAt, startOfDay } from '../../domain/base/calendar';
import { instantFromMillis, millisOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { contractWorkflowId } from '../../temporal/ids';
import { contractViewQuery } from '../../workflows/contract-lifecycle';
import { startTestApi } from '../harness/api';
import type { TestApi } from '../harness/api';
import { listAuditActions } from '../harness/contract-rows';
import { OLDER_RULES, startRulesProcess, olderRulesEnvironment } from '../harness/time-zone-rules-process';
import type { RulesProcess } from '../harness/time-zone-rules-process';
import { startSkewedProcess } from '../harness/skewed-process';
import type { SkewedProcess } from '../harness/skewed-process';
import { waitFor } from '../harness/stack';

/** By the older rules, days start an hour earlier here. */
const ZONE = 'Asia/Almaty';
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const WAIT_MS = 30_000;

jest.setTimeout(90_000);

let api: TestApi;
let older: RulesProcess;
let worker: SkewedProcess;

beforeAll(async () => {
  api = await startTestApi();
  const env = olderRulesEnvironment();
  older = await startRulesProcess(api.database.url, { env });
  worker = await startSkewedProcess(api, 'worker.ts', env);
});
afterAll(async () => {
  await worker.stop();
  await older.stop();
  await api.close();
});

/** When the last timer of a contract's workflow fires, to the minute; null before the first timer. */
async function timerOf(contract_id: string): Promise<Instant | null> {
  const { events } = await api.api.client.workflow.getHandle(contractWorkflowId(contract_id)).fetchHistory();
  const set = events?.filter(({ timerStartedEventAttributes }) => timerStartedEventAttributes).at(-1);
  if (!set) return null;
  const seconds = Number(set.eventTime?.seconds) + Number(set.timerStartedEventAttributes?.startToFireTimeout?.seconds);
  return instantFromMillis(Math.round((seconds * 1_000) / MINUTE_MS) * MINUTE_MS);
}

/** Runs one sweep with the rules of this process. */
async function sweep(): Promise<void> {
  const { nudger, clocks } = api.api;
  await api.sql`UPDATE contracts SET workflow_epoch = 'epoch-1'`;
  const { sweepOnce } = createSweepActivities({
    db: api.sql,
    nudger,
    clocks,
    webhookRetentionDays: 30,
    mailRetentionDays: 90,
  });
  await sweepOnce({ epoch: 'epoch-1', now: new Date().toISOString() });
}

test('a timer of older rules is replaced by one of newer rules, also while the older worker keeps running', async () => {
  const start_date = addDays(localDateAt(new Date().toISOString(), ZONE), 3);
  const newer_start = startOfDay(start_date, ZONE);
  const older_start = instantFromMillis(millisOf(newer_start) - HOUR_MS);
  const [built] = await older.act({ name: 'build', options: { timezone: ZONE, start_date } });
  const id = built?.id as string;
  expect(built).toMatchObject({ next_boundary_at: older_start, time_zone_rules: OLDER_RULES });
  await api.api.nudger.wakeContracts([id]);
  await waitFor(async () => (await timerOf(id)) === older_start, {
    timeout_ms: WAIT_MS,
    what: 'the timer of the older rules',
  });

  await sweep();
  await waitFor(async () => (await timerOf(id)) === newer_start, {
    timeout_ms: WAIT_MS,
    what: 'the timer of the newer rules',
  });
  const view = await api.api.client.workflow.getHandle(contractWorkflowId(id)).query(contractViewQuery);
  expect(view).toMatchObject({ state: 'SCHEDULED', next_boundary: { kind: 'starts', at: newer_start } });
  expect(await listAuditActions(api.sql, id)).toEqual(['contract.created', 'contract.boundary_moved']);
});

test('a process with older rules than other processes is ready, and its notes say what to do', async () => {
  const newer = openDatabase(api.database.url, { max: 1, application_name: applicationName('api') });
  await newer`SELECT 1`;
  const response = await fetch(`${worker.url}/readyz`);
  const { time_zone_rules, notes } = (await response.json()) as { time_zone_rules: string; notes: string[] };
  await newer.end();
  expect(response.status).toBe(200);
  expect(time_zone_rules).toBe(OLDER_RULES);
  expect(notes).toEqual([
    `this process has the time zone rules ${OLDER_RULES}, others have ${TIME_ZONE_RULES}. Run it on a newer Node, or set ICU_TIMEZONE_FILES_DIR to newer rules (docs/operations.md, "Time zones").`,
    // Found when the process starts: the Postgres of the tests has newer rules too.
    expect.stringMatching(/^Postgres and the time zone rules 2023c of this process differ .+ America\/Asuncion/),
  ]);
});
