/**
 * `contractLifecycle` carries out every command on a contract exactly once, applies boundaries at their instants, and shows operators
 * the state of the contract.
 */
import { randomUUID } from 'node:crypto';
import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { runCommand } from '../../transactions/contract/run-command';
import type { ChangedContract } from '../../transactions/contract/changed-contract';
import { findContract } from '../../db/contract/contract';
import { waitFor } from '../../dev/waiting';
import type { ContractCommand } from '../../domain/contract/command';
import { isRefusal } from '../../domain/base/refusal';
import { DEFAULT_RENEWAL } from '../../domain/contract/renewal-policy';
import { CommandFailed, CommandOutcomeUnknown } from '../../temporal/command';
import { contractWorkflowId, generationJobWorkflowId } from '../../temporal/ids';
import { taskQueues } from '../../temporal/task-queues';
import { commandUpdate, contractViewQuery } from '../../workflows/contract-lifecycle';
import type { contractLifecycle } from '../../workflows/contract-lifecycle';
import {
  CONTRACT_ID,
  CONTRACT_NAME,
  CONTRACT_STATE,
  CUSTOMER_ID,
  ENVIRONMENT,
} from '../../workflows/search-attributes';
import { auditOf, buildContract, requestJob } from '../harness/contract-rows';
import { TEST_ACTOR } from '../harness/contract-facts';
import { TEST_PUBLIC_URL, startCovenantWorker, withOverrides } from '../harness/covenant-worker';
import type { ActivityOverrides, CovenantWorker } from '../harness/covenant-worker';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { gate } from '../harness/gate';
import { expectInvariants } from '../harness/invariants';
import { connectPreparedTemporal, uniqueTaskQueue } from '../harness/temporal';
import type { TestTemporal } from '../harness/temporal';

/** The commands of the test that forces continue-as-new, and how many it sends at the same time (Temporal allows 10). */
const COMMANDS = 300;
const COMMANDS_AT_ONCE = 8;
const LONG_TEST_MS = 120_000;

let temporal: TestTemporal;
let database: TestDatabase;
let sql: TestDatabase['sql'];
let worker: CovenantWorker;
/** The activities that the current test overrides. */
let overrides: ActivityOverrides = () => ({});

beforeAll(async () => {
  temporal = await connectPreparedTemporal();
  database = await createTestDatabase();
  sql = database.sql;
  const { client, nativeConnection } = temporal;
  const wrap = withOverrides(() => overrides);
  worker = await startCovenantWorker({ db: sql, client, nativeConnection, wrap });
});
afterEach(async () => {
  overrides = () => ({});
  await expectInvariants(sql);
});
afterAll(async () => {
  await worker.stop();
  await temporal.close();
  await database.drop();
});

const handleOf = (id: string) => temporal.client.workflow.getHandle<typeof contractLifecycle>(contractWorkflowId(id));
const PAUSE: ContractCommand = { name: 'pause', input: {} };
const RESUME: ContractCommand = { name: 'resume', input: {} };
const rename = (name: string): ContractCommand => ({ name: 'edit', input: { name } });

async function actionsOf(id: string): Promise<string[]> {
  return (await auditOf(sql, id)).map(({ action }) => action);
}

/** Everything that Temporal stores about a run: its history, with the decoded payloads. */
async function textOf(handle: WorkflowHandle): Promise<string> {
  const json = historyToJSON(await handle.fetchHistory());
  const payloads = [...json.matchAll(/"data":\s*"([\w+/=]+)"/g)].map(([, data = '']) => Buffer.from(data, 'base64'));
  return `${json}\n${payloads.join('\n')}`;
}

/** Changes a contract without its workflow, as the API does for edits and deletions. */
async function runCommandDirectly(id: string, command: ContractCommand): Promise<ChangedContract> {
  const now = new Date().toISOString();
  const outcome = await sql.begin((tx) => runCommand(tx, { id, actor: TEST_ACTOR, now, request_id: null }, command));
  if (isRefusal(outcome)) throw new Error(outcome.detail);
  return outcome;
}

test('a command is carried out, a repeated transition changes nothing, and a refusal is returned as data', async () => {
  const { facts } = await buildContract(sql);
  expect(await worker.send(facts.id, PAUSE)).toEqual({ refusal: null, changed: true, replayed: false });
  expect(await worker.send(facts.id, PAUSE)).toEqual({ refusal: null, changed: false, replayed: false });
  const refused = await worker.send(facts.id, { name: 'activate', input: {} });
  expect(refused).toMatchObject({
    changed: false,
    refusal: { code: 'INVALID_STATE_TRANSITION', metadata: { from: 'PAUSED' } },
  });
  expect(await worker.send(facts.id, RESUME)).toMatchObject({ changed: true });
  expect(await actionsOf(facts.id)).toEqual(['contract.created', 'contract.paused', 'contract.resumed']);
});

test('the audit shows the name of the admin who sent the command, although the command contains only the id', async () => {
  const now = new Date().toISOString();
  await sql`INSERT INTO admins ${sql({ id: TEST_ACTOR.id, email: 'ada@covenant.test', name: 'Ada Lovelace', role: 'admin', created_at: now, updated_at: now })}`;
  const { facts } = await buildContract(sql);
  await worker.send(facts.id, PAUSE);
  const [row] =
    await sql`SELECT shown_actor(actor) AS actor, request_id FROM audit_events WHERE contract_id = ${facts.id} AND action = 'contract.paused'`;
  expect(row).toEqual({
    actor: { type: 'user', id: TEST_ACTOR.id, name: 'Ada Lovelace' },
    request_id: 'request-pause',
  });
});

test('when the clock of the Temporal server is ahead, an early timer does not make the workflow poll Postgres', async () => {
  const AHEAD_MS = 10 * 60_000;
  const LEFT_MS = 5 * 60_000;
  const earlier = (now: string, by_ms: number): string => new Date(Date.parse(now) - by_ms).toISOString();
  const resume_at = earlier(new Date().toISOString(), AHEAD_MS - LEFT_MS);
  const { facts } = await buildContract(sql, { now: earlier(resume_at, AHEAD_MS) });
  const pause: ContractCommand = { name: 'pause', input: { resume_at } };
  const paused_at = earlier(resume_at, LEFT_MS + 60_000);
  await sql.begin((tx) => runCommand(tx, { id: facts.id, actor: TEST_ACTOR, now: paused_at, request_id: null }, pause));
  // The activity settles ten minutes behind the time of the server, as when the clock of Postgres limits that time.
  overrides = (real) => ({
    settleContract: (input) => real.settleContract({ ...input, now: earlier(input.now, AHEAD_MS) }),
  });
  await worker.nudger.wakeContracts([facts.id]);
  const timers = async (): Promise<number[]> => {
    const { events = [] } = await handleOf(facts.id).fetchHistory();
    return (events ?? []).flatMap(({ timerStartedEventAttributes: timer }) =>
      timer ? [Number(timer.startToFireTimeout?.seconds ?? 0)] : [],
    );
  };
  const started = await waitFor(async () => ((await timers()).length > 0 ? timers() : undefined), {
    timeout_ms: 20_000,
    what: 'the timer of the contract',
  });
  expect(started).toHaveLength(1);
  expect(started[0]).toBeGreaterThan(LEFT_MS / 1_000 - 60);
  await handleOf(facts.id).terminate();
});

test('the view and the search attributes follow the contract', async () => {
  const { facts } = await buildContract(sql, { end_date: '2099-01-01', renewal: { ...DEFAULT_RENEWAL, mode: 'none' } });
  await worker.nudger.wakeContracts([facts.id]);
  const searchAttributes = async (): Promise<unknown> => {
    const { typedSearchAttributes: attributes } = await handleOf(facts.id).describe();
    return [
      attributes.get(CONTRACT_ID),
      attributes.get(CUSTOMER_ID),
      attributes.get(ENVIRONMENT),
      attributes.get(CONTRACT_STATE),
    ];
  };
  const expires = '2099-01-01T00:00:00.000Z';
  const stateBecomes = (state: string) =>
    waitFor(async () => (await handleOf(facts.id).query(contractViewQuery))?.state === state, {
      timeout_ms: 10_000,
      what: `the state ${state}`,
    });
  await stateBecomes('ACTIVE');
  expect(await searchAttributes()).toEqual([facts.id, undefined, 'production', 'ACTIVE']);
  expect(await handleOf(facts.id).query(contractViewQuery)).toMatchObject({
    next_boundary: { kind: 'expires', at: expires },
    at_rest: false,
  });

  await worker.send(facts.id, { name: 'pause', input: { resume_at: '2098-01-01T12:00:00.000Z' } });
  await stateBecomes('PAUSED');
  expect(await searchAttributes()).toEqual([facts.id, undefined, 'production', 'PAUSED']);
  expect(await handleOf(facts.id).query('__temporal_workflow_metadata')).toMatchObject({
    currentDetails: `**PAUSED** (held by admin), next: resumes 2098-01-01T12:00:00.000Z\n\n${facts.name} (standard, production)`,
  });
});

test('operators see the name of a contract and links to it, and the new name after it is renamed without its workflow', async () => {
  const { facts } = await buildContract(sql, { name: 'Q1 [2026]' });
  await worker.nudger.wakeContracts([facts.id]);
  const nameOf = async (): Promise<unknown> =>
    (await handleOf(facts.id).describe()).typedSearchAttributes.get(CONTRACT_NAME);
  const detailsOf = async (): Promise<unknown> =>
    (await handleOf(facts.id).query<{ currentDetails: string }, []>('__temporal_workflow_metadata')).currentDetails;
  const nameBecomes = (name: string) =>
    waitFor(async () => (await nameOf()) === name, { timeout_ms: 10_000, what: `the name ${name}` });
  await nameBecomes('Q1 [2026]');
  const execution = await handleOf(facts.id).describe();
  expect(await execution.staticSummary()).toBe('Q1 \\[2026\\] (standard, production)');
  expect(await execution.staticDetails()).toContain(`[Contract](${TEST_PUBLIC_URL}/api/v1/contracts/${facts.id})`);
  expect(await detailsOf()).toContain('\n\nQ1 \\[2026\\] (standard, production)');

  const { nudge } = await runCommandDirectly(facts.id, rename('Q2'));
  expect(nudge.contract_id).toBe(facts.id);
  await worker.nudger.wake(nudge);
  await nameBecomes('Q2');
  expect(await detailsOf()).toContain('\n\nQ2 (standard, production)');
});

test('when names must not appear in Temporal, none does, and a run removes the name that it had set', async () => {
  const secret = 'TechReseller Inc';
  const { client, nativeConnection } = temporal;
  const queues = taskQueues(uniqueTaskQueue());
  const { facts } = await buildContract(sql, { name: `${secret} - Q1` });
  const { facts: other } = await buildContract(sql, { name: `${secret} - Q2` });
  const job = await requestJob(sql, other.id, 100);
  const nameOf = async (id: string): Promise<unknown> =>
    (await handleOf(id).describe()).typedSearchAttributes.get(CONTRACT_NAME);

  const naming = await startCovenantWorker({ db: sql, client, nativeConnection, queues });
  try {
    await naming.nudger.wakeContracts([facts.id]);
    await waitFor(async () => (await nameOf(facts.id)) === facts.name, { timeout_ms: 10_000, what: 'the name' });
  } finally {
    await naming.stop();
  }

  const nameless = await startCovenantWorker({ db: sql, client, nativeConnection, queues, showNames: false });
  try {
    await nameless.nudger.wakeContracts([facts.id, other.id]);
    await nameless.nudger.wakeJobs([job.id]);
    await waitFor(async () => (await nameOf(facts.id)) === undefined, { timeout_ms: 10_000, what: 'no name' });
    const jobHandle = client.workflow.getHandle(generationJobWorkflowId(job.id));
    await jobHandle.result();
    for (const handle of [handleOf(other.id), jobHandle]) {
      expect(JSON.stringify(await handle.query('__temporal_workflow_metadata'))).not.toContain(secret);
      expect(await textOf(handle)).toContain(other.id);
      expect(await textOf(handle)).not.toContain(secret);
    }
  } finally {
    await nameless.stop();
  }
});

test('a woken workflow reads a change that was made without it', async () => {
  const { facts } = await buildContract(sql);
  await worker.nudger.wakeContracts([facts.id]);
  await runCommandDirectly(facts.id, PAUSE);
  await worker.nudger.wakeContracts([facts.id]);
  await waitFor(async () => (await handleOf(facts.id).query(contractViewQuery))?.state === 'PAUSED', {
    timeout_ms: 10_000,
    what: 'the view to be paused',
  });
});

test('a timer ends a pause with an end, and the resumption has the instant of that end', async () => {
  const { facts } = await buildContract(sql);
  const resume_at = new Date(Date.now() + 1_500).toISOString();
  await worker.send(facts.id, { name: 'pause', input: { resume_at } });
  await waitFor(async () => (await findContract(sql, facts.id))?.state === 'ACTIVE', {
    timeout_ms: 15_000,
    what: 'the contract to resume by itself',
  });
  expect((await auditOf(sql, facts.id)).at(-1)).toEqual({
    action: 'contract.resumed',
    at: resume_at,
    actor: 'system',
    state: 'ACTIVE',
  });
});

test(
  'hundreds of commands are each carried out once while the workflow continues as new',
  async () => {
    const { facts } = await buildContract(sql);
    await worker.send(facts.id, rename('first'));
    const first_run = (await handleOf(facts.id).describe()).runId;
    const names = Array.from({ length: COMMANDS }, (_, i) => `name ${i}`);
    const waiting = [...names];
    const outcomes: unknown[] = [];
    async function sendWaiting(): Promise<void> {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift())
        outcomes.push(await worker.send(facts.id, rename(name)));
    }
    await Promise.all(Array.from({ length: COMMANDS_AT_ONCE }, sendWaiting));

    expect(outcomes).toEqual(names.map(() => ({ refusal: null, changed: true, replayed: false })));
    expect((await handleOf(facts.id).describe()).runId).not.toBe(first_run);
    const audited =
      await sql`SELECT after ->> 'name' AS name FROM audit_events WHERE contract_id = ${facts.id} AND action = 'contract.updated'`;
    expect(audited.map((row) => row['name'] as string).sort()).toEqual(['first', ...names].sort());
    expect((await findContract(sql, facts.id))?.revision).toBe(COMMANDS + 2);
  },
  LONG_TEST_MS,
);

test('a repeated command gets the stored outcome, also from a later run, and a different command under its id is refused', async () => {
  const { facts } = await buildContract(sql);
  const first = await worker.send(facts.id, PAUSE, 'command-1');
  const first_run = (await handleOf(facts.id).describe()).runId;
  await worker.send(facts.id, RESUME);
  for (let i = 0; (await handleOf(facts.id).describe()).runId === first_run; i++)
    await worker.send(facts.id, rename(`name ${i}`));

  expect(await worker.send(facts.id, PAUSE, 'command-1')).toEqual({ ...first, replayed: true });
  expect((await findContract(sql, facts.id))?.state).toBe('ACTIVE');
  expect(await worker.send(facts.id, RESUME, 'command-1')).toMatchObject({
    refusal: { code: 'IDEMPOTENCY_KEY_REUSED' },
    changed: false,
  });
  // A refusal has no effect, so a command under the same id is decided again.
  const refused = await worker.send(facts.id, { name: 'activate', input: {} }, 'command-2');
  expect(refused.refusal).toBeNull();
});

test('a contract at rest needs no workflow, and the next command starts one', async () => {
  const { facts } = await buildContract(sql, { status: 'inactive' });
  await worker.send(facts.id, rename('still a draft'));
  expect(await handleOf(facts.id).result()).toMatchObject({ state: 'DRAFT', at_rest: true });
  expect(await worker.send(facts.id, { name: 'activate', input: {} })).toMatchObject({ changed: true });
  await waitFor(async () => (await handleOf(facts.id).query(contractViewQuery))?.state === 'ACTIVE', {
    timeout_ms: 10_000,
    what: 'the contract to be active',
  });
  expect((await handleOf(facts.id).describe()).status.name).toBe('RUNNING');
});

test('the workflow of a deleted contract ends, and commands to it are refused', async () => {
  const { facts } = await buildContract(sql);
  await worker.send(facts.id, PAUSE);
  await runCommandDirectly(facts.id, { name: 'delete', input: { confirm_name: facts.name } });
  await worker.nudger.wakeContracts([facts.id]);
  expect(await handleOf(facts.id).result()).toMatchObject({ state: 'GONE', at_rest: true });
  expect(await worker.send(facts.id, RESUME)).toMatchObject({ refusal: { code: 'CONTRACT_DELETED' } });
});

test('a query does not find a contract without a workflow, and a command starts the workflow', async () => {
  const { facts } = await buildContract(sql);
  await expect(handleOf(facts.id).query(contractViewQuery)).rejects.toThrow(WorkflowNotFoundError);
  expect(await worker.send(facts.id, PAUSE)).toMatchObject({ changed: true });
});

test('each activity may run twice', async () => {
  const { facts } = await buildContract(sql);
  overrides = (real) => ({
    settleContract: async (input) => (await real.settleContract(input), real.settleContract(input)),
    runContractCommand: async (input) => (
      await Promise.allSettled([real.runContractCommand(input), real.runContractCommand(input)]),
      real.runContractCommand(input)
    ),
  });
  expect(await worker.send(facts.id, PAUSE)).toMatchObject({ refusal: null, changed: true, replayed: true });
  expect(await worker.send(facts.id, RESUME)).toMatchObject({ refusal: null, changed: true, replayed: true });
  expect(await actionsOf(facts.id)).toEqual(['contract.created', 'contract.paused', 'contract.resumed']);
});

test.each(['before', 'after'] as const)(
  'an activity that fails %s its commit is retried and leaves nothing half done',
  async (when) => {
    const { facts } = await buildContract(sql);
    let failures = 0;
    overrides = (real) => ({
      runContractCommand: async (input) => {
        if (failures++ > 0) return real.runContractCommand(input);
        if (when === 'after') await real.runContractCommand(input);
        throw new Error('the connection was lost');
      },
    });
    expect(await worker.send(facts.id, PAUSE)).toMatchObject({
      refusal: null,
      changed: true,
      replayed: when === 'after',
    });
    expect(await actionsOf(facts.id)).toEqual(['contract.created', 'contract.paused']);
  },
);

test.each<[string, object]>([
  ['the validator rejects', { name: 'pause' }],
  ['the activity refuses permanently', { name: 'explode', input: {} }],
])('a command that %s fails for its sender, and its outcome is not unknown', async (_what, command) => {
  const { facts } = await buildContract(sql);
  await expect(worker.send(facts.id, command as ContractCommand)).rejects.toBeInstanceOf(CommandFailed);
  expect(await actionsOf(facts.id)).toEqual(['contract.created']);
});

test('the outcome of a command that runs while its workflow is terminated is unknown: it may be carried out', async () => {
  const { facts } = await buildContract(sql);
  const held = gate();
  overrides = (real) => ({
    async runContractCommand(input) {
      await handleOf(facts.id).terminate('by hand');
      await held.opened;
      return real.runContractCommand(input);
    },
  });
  await expect(worker.send(facts.id, PAUSE)).rejects.toBeInstanceOf(CommandOutcomeUnknown);
  held.open();
  await waitFor(async () => (await findContract(sql, facts.id))?.state === 'PAUSED', {
    timeout_ms: 10_000,
    what: 'the command to be carried out',
  });
});

test.each<[string, object, string?]>([
  ['has no input', { name: 'pause' }],
  ['has an unknown name', { name: 'explode', input: {} }],
  ['has the name of a property of every object', { name: 'constructor', input: {} }],
  ['lacks required input', { name: 'amend', input: {} }],
  ['comes from an id that no admin can have', PAUSE, 'me'],
])(
  'a command sent by hand that %s fails, changes nothing and does not delay the next command',
  async (_what, command, actor_id = TEST_ACTOR.id) => {
    const { facts } = await buildContract(sql);
    await worker.nudger.wakeContracts([facts.id]);
    await expect(
      handleOf(facts.id).executeUpdate(commandUpdate, {
        args: [
          {
            command: command as ContractCommand,
            command_id: randomUUID(),
            fingerprint: 'by hand',
            actor_id,
            request_id: 'by hand',
          },
        ],
      }),
    ).rejects.toThrow(WorkflowUpdateFailedError);
    expect(await worker.send(facts.id, PAUSE)).toMatchObject({ changed: true });
    expect(await actionsOf(facts.id)).toEqual(['contract.created', 'contract.paused']);
  },
);

test('a workflow that an operator cancels or terminates loses no facts', async () => {
  const { facts } = await buildContract(sql);
  await worker.send(facts.id, PAUSE);
  await handleOf(facts.id).cancel();
  await expect(handleOf(facts.id).result()).rejects.toThrow();
  expect(await worker.send(facts.id, RESUME)).toMatchObject({ changed: true });
  await handleOf(facts.id).terminate('by hand');
  expect(await worker.send(facts.id, PAUSE)).toMatchObject({ changed: true });
  expect((await findContract(sql, facts.id))?.state).toBe('PAUSED');
});
