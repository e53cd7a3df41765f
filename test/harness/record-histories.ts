/**
 * Records a history for each branch of each workflow: `npm run record-histories`, optionally with the names of cases.
 *
 * It runs each case on its own servers and writes `test/histories/<workflow>/<case>.json`.
 */
import { activityInfo } from '@temporalio/activity';
import { BATCH_CONTRACTS_MAX } from '../../activities/billing/billing-batch';
import type { BillingBatch } from '../../activities/billing/billing-batch';
import type { QueuedEventNotice } from '../../activities/ports';
import { commandLine } from '../../command-line';
import { runCommand } from '../../transactions/contract/run-command';
import { findContract } from '../../db/contract/contract';
import { findOpenEpisode } from '../../db/notification/limit-episode';
import { cancelJob } from '../../transactions/generation/change-job';
import { createLicenseRequests } from '../../transactions/generation/request-licenses';
import { resumeJob } from '../../transactions/generation/resume-job';
import { waitFor } from '../../dev/waiting';
import { addDays } from '../../domain/base/calendar';
import type { ContractCommand } from '../../domain/contract/command';
import { DEFAULT_RENEWAL } from '../../domain/contract/renewal-policy';
import type { OperationRef } from '../../domain/contract/nudge';
import { OPERATION_BATCH_LICENSES } from '../../domain/license/license-operation';
import { cancelOperation } from '../../transactions/license/change-operation';
import {
  dueBatchWorkflowId,
  contractWorkflowId,
  endpointWorkflowId,
  generationJobWorkflowId,
  notificationWorkflowId,
  limitWorkflowId,
  operationWorkflowId,
  replenishmentWorkflowId,
  scheduleWorkflowId,
  testClockWorkflowId,
} from '../../temporal/ids';
import { registerSearchAttributes } from '../../temporal/setup';
import { billingBatchStart, planningStart } from '../../temporal/start';
import { sweep } from '../../workflows/sweep';
import globalSetup from './global-setup';
import globalTeardown from './global-teardown';
import { buildAssignment, buildLicenses, buildOperation } from './license-operations';
import {
  backdateSuspension,
  createBillingSystem,
  insertParkedEvent,
  listEventOutcomes,
  insertInvoiceEvent,
} from './billing';
import type { BillingSystem } from './billing';
import { buildNotification, buildRecipient, createScriptedSender, findStored } from './notifications';
import type { ScriptedSender } from './notifications';
import { buildSchedule } from './schedules';
import { buildContract, buildRequest, jobOf, requestJob } from './contract-rows';
import type { ContractOptions } from './contract-rows';
import { TEST_ACTOR } from './contract-facts';
import { startCovenantWorker } from './covenant-worker';
import type { Activities, CovenantWorker } from './covenant-worker';
import { createTestDatabase } from './database';
import type { TestDatabase } from './database';
import { saveHistory } from './histories';
import { connectTestTemporal } from './temporal';
import type { TestTemporal } from './temporal';
import { answerWith, startWebhookReceiver } from './webhook-receiver';
import { buildEndpoint } from './webhook-rows';
import { writeEvents } from './webhooks';
import { buildContractOnClock, buildTestClock, startClockAdvance, settleWithNotifier } from './test-clocks';

/** What a case uses. */
interface CaseContext {
  sql: TestDatabase['sql'];
  temporal: TestTemporal;
  worker: CovenantWorker;
  /** The billing system from which invoices are fetched. */
  billing: BillingSystem;
  /** What the mail server answers. */
  mail: ScriptedSender;
  /** Wraps the activity that fills a range of chunks. */
  wrapFill: (
    around: (
      fill: Activities['fillChunks'],
      input: Parameters<Activities['fillChunks']>[0],
    ) => ReturnType<Activities['fillChunks']>,
  ) => void;
  /** Makes every local activity fail, as during an outage of Postgres, until the workflow uses normal activities. */
  failLocalSteps: () => void;
  /** Wraps the activity that applies queued billing events. */
  wrapBatch: (around: (apply: () => Promise<BillingBatch>) => Promise<BillingBatch>) => void;
  /** Replaces the activity that settles a clock's contracts. */
  replaceSettling: (settle: Activities['settleAtClock']) => void;
}

/** A run to record. Default `run_id`: the latest run of the workflow. */
interface Run {
  workflow_id: string;
  run_id?: string;
}

/** Runs a case and returns the run to record. */
type Case = (context: CaseContext) => Promise<Run>;

const WAIT_MS = 15_000;
/** More batches than one run makes: the server suggests a new run after 60 events. */
const BATCHES_OF_TWO_RUNS = 14;
const PAUSE: ContractCommand = { name: 'pause', input: {} };
const RESUME: ContractCommand = { name: 'resume', input: {} };
const rename = (name: string): ContractCommand => ({ name: 'edit', input: { name } });

const CASES: Record<string, Case> = {
  async 'advanceTestClock/arrives'(context) {
    return ended(context, ...(await clockWithContracts(context, '2027-02-05T00:00:00.000Z')));
  },
  async 'advanceTestClock/a-contract-does-not-settle'(context) {
    const notify = () => Promise.reject(new Error('failure for the recording'));
    context.replaceSettling(settleWithNotifier(context.sql, context.worker, notify));
    return ended(context, ...(await clockWithContracts(context)));
  },
  async 'advanceTestClock/cancelled'(context) {
    const [workflow_id, start] = await clockWithContracts(context);
    const handle = context.temporal.client.workflow.getHandle(workflow_id);
    const over = () => handle.result().catch(() => undefined);
    const notify = async () => {
      await handle.cancel().catch(() => undefined);
      await over();
    };
    context.replaceSettling(settleWithNotifier(context.sql, context.worker, notify));
    await start();
    await over();
    return { workflow_id };
  },
  async 'advanceTestClock/continues-as-new'(context) {
    const [workflow_id, start] = await clockWithManySteps(context);
    await start();
    const run_id = (await context.temporal.client.workflow.getHandle(workflow_id).describe()).runId;
    await ended(context, workflow_id, async () => undefined);
    return { workflow_id, run_id };
  },
  async 'advanceTestClock/continued'(context) {
    return ended(context, ...(await clockWithManySteps(context)));
  },
  async 'advanceTestClock/steps-during-an-outage'(context) {
    context.failLocalSteps();
    return ended(context, ...(await clockWithContracts(context, '2027-02-05T00:00:00.000Z')));
  },
  async 'applyBilling/drains-in-batches'(context) {
    const ids = await queueEvents(context, BATCH_CONTRACTS_MAX + 3);
    return endedBatch(context, { contract_id: ids[0]!, inbox_id: ids[0]!, details: 'evt_0 invoice.open' });
  },
  'applyBilling/a-contract-fails': failingContract,
  'applyBilling/tries-passed-over-again': failingContract,
  async 'applyBilling/continues-as-new'(context) {
    const [contract_id] = await queueEvents(context, 1);
    const next = { contract_id: contract_id!, inbox_id: contract_id!, details: 'evt_0 invoice.open' };
    let left = BATCHES_OF_TWO_RUNS;
    context.wrapBatch(async (apply) => ({ ...(await apply()), next: (left -= 1) > 0 ? next : null }));
    const { workflowId: workflow_id } = billingBatchStart(context.worker.queues);
    await context.worker.nudger.startBillingBatch(next);
    const run_id = (await context.temporal.client.workflow.getHandle(workflow_id).describe()).runId;
    await ended(context, workflow_id, async () => undefined);
    return { workflow_id, run_id };
  },
  async 'contractLifecycle/commands-and-a-refusal'({ sql, worker }) {
    const { facts } = await buildContract(sql);
    await worker.send(facts.id, PAUSE);
    await worker.send(facts.id, { name: 'activate', input: {} });
    await worker.send(facts.id, RESUME);
    return { workflow_id: contractWorkflowId(facts.id) };
  },
  'contractLifecycle/resumes-by-timer': resumesByTimer,
  'contractLifecycle/settled-in-a-local-activity': resumesByTimer,
  async 'contractLifecycle/settled-during-an-outage'(context) {
    context.failLocalSteps();
    return resumesByTimer(context);
  },
  async 'contractLifecycle/expired-while-down'(context) {
    const { facts } = await buildContract(context.sql, {
      now: '2020-01-01T00:00:00.000Z',
      start_date: '2020-02-01',
      end_date: '2021-02-01',
      expiry_grace_days: 5,
    });
    return ended(context, contractWorkflowId(facts.id), () => context.worker.nudger.wakeContracts([facts.id]));
  },
  async 'contractLifecycle/draft-at-rest'(context) {
    const { facts } = await buildContract(context.sql, { status: 'inactive' });
    return ended(context, contractWorkflowId(facts.id), () => context.worker.send(facts.id, rename('a draft')));
  },
  async 'contractLifecycle/deleted'(context) {
    const { facts } = await buildContract(context.sql);
    await context.worker.send(facts.id, PAUSE);
    await command(context, facts.id, { name: 'delete', input: { confirm_name: facts.name } });
    return ended(context, contractWorkflowId(facts.id), () => context.worker.nudger.wakeContracts([facts.id]));
  },
  async 'contractLifecycle/billing-events-applied'({ sql, worker, billing }) {
    const { facts } = await buildContract(sql);
    const { id } = facts;
    await worker.nudger.wakeContracts([id]);
    await sendInvoiceStatus({ worker, sql, billing }, id, 'OPEN', inDays(10));
    await sendInvoiceStatus({ worker, sql, billing }, id, 'FAILED', inDays(10));
    await sendInvoiceStatus({ worker, sql, billing }, id, 'PAID', inDays(10));
    return { workflow_id: contractWorkflowId(id) };
  },
  async 'contractLifecycle/suspended-and-reinstated'(context) {
    const { facts } = await buildContract(context.sql);
    await sendInvoiceStatus(context, facts.id, 'OPEN', inDays(-20));
    await waitForState(context, facts.id, 'SUSPENDED');
    await sendInvoiceStatus(context, facts.id, 'PAID', inDays(-20));
    await waitForState(context, facts.id, 'ACTIVE');
    return { workflow_id: contractWorkflowId(facts.id) };
  },
  async 'contractLifecycle/billing-does-not-answer'({ sql, worker, billing }) {
    const { facts } = await buildContract(sql);
    const { id } = facts;
    billing.reachable = false;
    // The facts of an event with a version are used, but a suspension requires a fetched invoice.
    const fields = { due: inDays(-20), version: 1, event_id: 'evt_open' };
    const inbox_id = await insertInvoiceEvent(sql, id, { ...fields, occurred_at: new Date().toISOString() });
    await worker.nudger.signalBillingEvent(id, { inbox_id, details: 'evt_open invoice.open' });
    await waitFor(async () => (await findContract(sql, id))?.billing_unreachable_since !== null, {
      timeout_ms: WAIT_MS,
      what: 'the request to billing to fail',
    });
    await worker.send(id, rename('asked'));
    return { workflow_id: contractWorkflowId(id) };
  },
  async 'contractLifecycle/terminated-after-dunning'(context) {
    const { facts } = await buildContract(context.sql);
    return terminateForNonPayment(context, facts.id);
  },
  async 'contractLifecycle/paid-after-termination'(context) {
    const { facts } = await buildContract(context.sql);
    const { workflow_id } = await terminateForNonPayment(context, facts.id);
    return ended(context, workflow_id, () => sendInvoiceStatus(context, facts.id, 'PAID', inDays(-80)));
  },
  async 'contractLifecycle/renewed-automatically'({ sql, worker }) {
    const renewal = { ...DEFAULT_RENEWAL, mode: 'auto' } as const;
    const { facts } = await buildContract(sql, { now: '2026-01-31T00:00:00.000Z', term: 'P1M', renewal });
    await worker.nudger.wakeContracts([facts.id]);
    await waitFor(async () => ((await findContract(sql, facts.id))?.term_number ?? 1) > 1, {
      timeout_ms: WAIT_MS,
      what: 'the contract to renew itself',
    });
    await worker.send(facts.id, { name: 'opt-out', input: { accept_late: true } });
    return { workflow_id: contractWorkflowId(facts.id) };
  },
  async 'contractLifecycle/renewal-blocked-and-carried-out'(context) {
    const [sql, { worker }] = [context.sql, context];
    const clock = await buildTestClock(sql, '2027-01-15T10:00:00.000Z');
    const renewal = { ...DEFAULT_RENEWAL, mode: 'auto' } as const;
    const grace = { expiry_grace_days: 20 };
    const id = await buildContractOnClock(sql, clock, {
      end_date: '2027-03-01',
      ...grace,
      renewal: { ...renewal, term: 'P1M' },
    });
    await sql`UPDATE products SET status = 'inactive'`;
    const move = async (to: string) => {
      await sql`UPDATE test_clocks SET now = ${to}`;
      await worker.clocks.notify(id, AbortSignal.timeout(WAIT_MS));
    };
    await move('2027-03-02T00:00:00.000Z');
    await sql`UPDATE products SET status = 'active'`;
    await move('2027-03-03T00:00:00.000Z');
    return { workflow_id: contractWorkflowId(id) };
  },
  async 'contractLifecycle/on-a-test-clock'(context) {
    const { sql, worker } = context;
    const clock = await buildTestClock(sql, '2027-01-15T10:00:00.000Z');
    const dates = { start_date: '2027-02-01', end_date: '2027-03-01', expiry_grace_days: 5 };
    const id = await buildContractOnClock(sql, clock, dates);
    await startClockAdvance(sql, worker.clocks, clock, '2027-04-01T00:00:00.000Z');
    await waitForState(context, id, 'EXPIRED');
    return ended(context, contractWorkflowId(id), async () => undefined);
  },
  async 'contractLifecycle/clock-moved-while-commands-run'({ sql, worker }) {
    const { facts } = await buildContract(sql);
    const settled = () => worker.clocks.notify(facts.id, AbortSignal.timeout(WAIT_MS));
    await Promise.all([worker.send(facts.id, PAUSE), settled(), worker.send(facts.id, rename('renamed')), settled()]);
    return { workflow_id: contractWorkflowId(facts.id) };
  },
  async 'contractLifecycle/commands-one-after-another'({ sql, temporal, worker }) {
    const { facts } = await buildContract(sql);
    const workflow_id = contractWorkflowId(facts.id);
    const accepted = async (): Promise<number> => {
      const { events } = await temporal.client.workflow.getHandle(workflow_id).fetchHistory();
      return (events ?? []).filter((event) => event.workflowExecutionUpdateAcceptedEventAttributes).length;
    };
    await worker.send(facts.id, PAUSE);
    const sent = await sql.begin(async (holder) => {
      await holder`SELECT FROM contracts WHERE id = ${facts.id} FOR UPDATE`;
      const commands = [RESUME, rename('first'), rename('second')].map((command) => worker.send(facts.id, command));
      await waitFor(async () => (await accepted()) === 4 || undefined, {
        timeout_ms: WAIT_MS,
        what: 'the commands to reach the workflow',
      });
      return { commands };
    });
    await Promise.all(sent.commands);
    return { workflow_id };
  },
  async 'contractLifecycle/amendments'({ sql, worker }) {
    const { facts } = await buildContract(sql);
    const amend = (effective_date: string, amendment_id: string): ContractCommand => ({
      name: 'amend',
      input: { effective_date, amendment_id, changes: { quota_add: 5 }, note: 'Q2' },
    });
    const [now_id, later_id] = ['00000000-0000-7000-8000-00000000000a', '00000000-0000-7000-8000-00000000000b'];
    await worker.send(facts.id, amend(inDays(0), now_id));
    await worker.send(facts.id, amend('2099-01-01', later_id));
    await worker.send(facts.id, { name: 'withdraw-amendment', input: { amendment_id: later_id } });
    return { workflow_id: contractWorkflowId(facts.id) };
  },
  async 'contractLifecycle/terminated-and-reinstated'(context) {
    const { facts } = await buildContract(context.sql);
    const workflow_id = contractWorkflowId(facts.id);
    await ended(context, workflow_id, () =>
      context.worker.send(facts.id, { name: 'terminate', input: { reason: 'a mistake' } }),
    );
    await context.worker.send(facts.id, { name: 'reinstate', input: {} });
    return { workflow_id };
  },
  async 'contractLifecycle/continues-as-new'(context) {
    const { workflow_id, first_run } = await contractThatContinuesAsNew(context);
    return { workflow_id, run_id: first_run };
  },
  async 'contractLifecycle/continued'(context) {
    const { workflow_id } = await contractThatContinuesAsNew(context);
    return { workflow_id };
  },
  async 'contractLifecycle/continued-with-own-attributes'(context) {
    const { workflow_id } = await contractThatContinuesAsNew(context);
    return { workflow_id };
  },
  async 'contractLifecycle/renamed'({ sql, worker }) {
    const { facts } = await buildContract(sql);
    await worker.send(facts.id, rename('another name'));
    await worker.send(facts.id, PAUSE);
    return { workflow_id: contractWorkflowId(facts.id) };
  },
  async 'contractLifecycle/search-attributes-set-again'({ sql, worker }) {
    const { facts } = await buildContract(sql);
    await worker.send(facts.id, PAUSE);
    await worker.send(facts.id, RESUME);
    await worker.nudger.wakeContracts([facts.id], { refresh_search_attributes: true });
    await worker.send(facts.id, rename('found again'));
    return { workflow_id: contractWorkflowId(facts.id) };
  },
  async 'generateLicenses/succeeded'(context) {
    return ended(context, ...(await job(context)));
  },
  async 'generateLicenses/opened-and-closed-during-an-outage'(context) {
    context.failLocalSteps();
    return ended(context, ...(await job(context)));
  },
  async 'generateLicenses/partial-and-failed-chunks'(context) {
    await context.sql`ALTER TABLE generation_chunks ADD CONSTRAINT test_forbidden CHECK (chunk_no <> 3) NOT VALID`;
    return ended(context, ...(await job(context)));
  },
  async 'generateLicenses/resumed'(context) {
    await context.sql`ALTER TABLE generation_chunks ADD CONSTRAINT test_forbidden CHECK (chunk_no <> 3) NOT VALID`;
    const [workflow_id, wake, job_id] = await job(context);
    await ended(context, workflow_id, wake);
    await context.sql`ALTER TABLE generation_chunks DROP CONSTRAINT test_forbidden`;
    await context.sql.begin((tx) => resumeJob(tx, byHand(job_id)));
    return ended(context, workflow_id, wake);
  },
  async 'generateLicenses/cancelled-before-the-first-chunk'(context) {
    const [workflow_id, wake, job_id] = await job(context);
    await cancel(context, job_id);
    return ended(context, workflow_id, wake);
  },
  async 'generateLicenses/cancelled-in-the-middle'(context) {
    context.wrapFill(async (fill, input) => {
      await fill({ ...input, to_chunk: input.from_chunk + 2 });
      if ((await jobOf(context.sql, input.job_id)).state === 'RUNNING') await cancel(context, input.job_id);
      return fill(input);
    });
    return ended(context, ...(await job(context)));
  },
  async 'generateLicenses/paused-and-continued'(context) {
    let paused = false;
    const [workflow_id, wake, job_id, contract_id] = await job(context);
    context.wrapFill(async (fill, input) => {
      if (!paused) {
        paused = true;
        await command(context, contract_id, PAUSE);
      }
      return fill(input);
    });
    await wake();
    await waitFor(async () => (await jobOf(context.sql, job_id)).state === 'PAUSED', {
      timeout_ms: WAIT_MS,
      what: 'the job to pause',
    });
    await command(context, contract_id, RESUME);
    return ended(context, workflow_id, wake);
  },
  async 'generateLicenses/continues-as-new'(context) {
    const [workflow_id, wake] = await longJob(context);
    await wake();
    const run_id = (await context.temporal.client.workflow.getHandle(workflow_id).describe()).runId;
    await ended(context, workflow_id, async () => undefined);
    return { workflow_id, run_id };
  },
  async 'generateLicenses/continued'(context) {
    const [workflow_id, wake] = await longJob(context);
    return ended(context, workflow_id, wake);
  },
  async 'assignLicenses/succeeded'(context) {
    return ended(context, ...(await assignment(context)));
  },
  async 'assignLicenses/cancelled'(context) {
    const [workflow_id, wake, id] = await assignment(context);
    await context.sql.begin((tx) => cancelOperation(tx, id, byAdmin()));
    return ended(context, workflow_id, wake);
  },
  async 'assignLicenses/opened-and-closed-during-an-outage'(context) {
    context.failLocalSteps();
    return ended(context, ...(await assignment(context)));
  },
  async 'changeLicenses/succeeded'(context) {
    return ended(context, ...(await revocation(context)));
  },
  async 'changeLicenses/cancelled'(context) {
    const [workflow_id, wake, id] = await revocation(context);
    await context.sql.begin((tx) => cancelOperation(tx, id, byAdmin()));
    return ended(context, workflow_id, wake);
  },
  async 'replenishPool/waits-for-its-job'(context) {
    return ended(context, ...(await lowPool(context, 1_000)));
  },
  async 'replenishPool/blocked-by-quota'(context) {
    return ended(context, ...(await lowPool(context, 15)));
  },
  async 'replenishPool/decided-during-an-outage'(context) {
    context.failLocalSteps();
    return ended(context, ...(await lowPool(context, 1_000)));
  },
  async 'replenishPool/continues-as-new'(context) {
    const [workflow_id, wake] = await lowPool(context, 1_000);
    const handle = context.temporal.client.workflow.getHandle(workflow_id);
    let finish = () => undefined as void;
    const held = new Promise<void>((resolve) => (finish = resolve));
    context.wrapFill(async (fill, input) => (await held, fill(input)));
    await wake();
    const { runId: run_id } = await handle.describe();
    while ((await handle.describe()).runId === run_id) await wake();
    finish();
    await ended(context, workflow_id, async () => undefined);
    return { workflow_id, run_id };
  },
  async 'deliverWebhooks/delivers-what-is-owed'(context) {
    return deliveredTo(context, () => 200);
  },
  async 'deliverWebhooks/fails-and-succeeds-later'(context) {
    let requests = 0;
    return deliveredTo(context, () => ((requests += 1) === 1 ? 500 : 200));
  },
  async 'deliverWebhooks/is-gone'(context) {
    return deliveredTo(context, () => 410);
  },
  async 'planNotifications/plans-an-event'(context) {
    const { sql, worker } = context;
    await writeEvents(sql, (await buildContract(sql)).facts.id);
    const { workflowId } = planningStart(worker.queues);
    return ended(context, workflowId, () => worker.nudger.planNotifications());
  },
  async 'sendNotification/is-accepted'(context) {
    const id = await buildNotification(context.sql, { recipient_id: await buildRecipient(context.sql) });
    return ended(context, notificationWorkflowId(id), () => context.worker.nudger.wakeNotifications([id]));
  },
  async 'sendNotification/is-deferred-and-sent-again-by-hand'(context) {
    const { sql, worker } = context;
    context.mail.results.push({ outcome: 'failed', problem: 'deferred', words: '451 4.7.1 Greylisted' });
    const id = await buildNotification(sql, { recipient_id: await buildRecipient(sql) });
    await worker.nudger.wakeNotifications([id]);
    await waitFor(async () => (await findStored(sql, id)).problem === 'deferred', {
      timeout_ms: WAIT_MS,
      what: 'the first attempt',
    });
    await sql`UPDATE notifications SET due_at = now() WHERE id = ${id}`;
    return ended(context, notificationWorkflowId(id), () => worker.nudger.wakeNotifications([id]));
  },
  async 'limitExceeded/is-raised'(context) {
    const { sql, worker } = context;
    const { facts } = await buildContract(sql, { quota: 10 });
    await requestJob(sql, facts.id, 10);
    await createLicenseRequests(sql)(buildRequest(facts.id, 5));
    await worker.nudger.wakeLimits([facts.id]);
    await waitFor(async () => (await findOpenEpisode(sql, facts.id, 'quota')) !== undefined, {
      timeout_ms: WAIT_MS,
      what: 'the episode',
    });
    const edit = { name: 'edit', input: { quota: 15 } } as const;
    await sql.begin((tx) =>
      runCommand(tx, { id: facts.id, actor: TEST_ACTOR, now: new Date().toISOString(), request_id: null }, edit),
    );
    return ended(context, limitWorkflowId(facts.id), () => worker.nudger.wakeLimits([facts.id]));
  },
  async 'runSchedule/makes-a-run'(context) {
    const { sql, worker } = context;
    const { facts } = await buildContract(sql);
    const { id } = await buildSchedule(sql, facts.id);
    await sql`UPDATE generation_schedules SET next_date = current_date - 1, next_run_at = now() - interval '1 minute' WHERE id = ${id}`;
    return ended(context, scheduleWorkflowId(id), () => worker.nudger.wakeSchedules([id]));
  },
  async 'settleDue/settles-due'(context) {
    await buildPausedContracts(context, 3);
    return ended(context, dueBatchWorkflowId(context.worker.queues.contracts), () =>
      context.worker.nudger.settleDue(new Date().toISOString()),
    );
  },
  async 'settleDue/waits-for-the-instant'(context) {
    await buildPausedContracts(context, 3);
    await context.worker.nudger.settleDue(new Date(Date.now() + 3_000).toISOString());
    return ended(context, dueBatchWorkflowId(context.worker.queues.contracts), () =>
      context.worker.nudger.settleDue(new Date(Date.now() + 1_000).toISOString()),
    );
  },
  async 'settleDue/continues-as-new'({ temporal, worker }) {
    // Each signal asks for an earlier moment, which sets the timer again.
    const ask = (minutes: number) => worker.nudger.settleDue(new Date(Date.now() + minutes * 60_000).toISOString());
    await ask(100);
    const workflow_id = dueBatchWorkflowId(worker.queues.contracts);
    const handle = temporal.client.workflow.getHandle(workflow_id);
    const { runId: run_id } = await handle.describe();
    for (let minutes = 99; (await handle.describe()).runId === run_id; minutes--) await ask(minutes);
    // The new run waits for the other moments.
    await handle.terminate();
    return { workflow_id, run_id };
  },
  async 'settleDue/keeps-moments'(context) {
    await buildPausedContracts(context, 3);
    const ask = (ms: number) => context.worker.nudger.settleDue(new Date(Date.now() + ms).toISOString());
    await ask(2_000);
    await ask(4_000);
    return ended(context, dueBatchWorkflowId(context.worker.queues.contracts), () => ask(1_000));
  },
  async 'sweep/asks-billing-in-parallel'({ sql, temporal, worker, billing }) {
    const { facts } = await buildContract(sql);
    await requestJob(sql, facts.id, 100);
    await sql`UPDATE generation_jobs SET created_at = created_at - interval '1 minute'`;
    await insertParkedEvent(sql);
    billing.port.identify = async () => ({ invoice_id: 'in_1', contract_id: facts.id, names_contract: true });
    const workflow_id = `sweep-recorded`;
    await temporal.client.workflow.execute(sweep, {
      workflowId: workflow_id,
      taskQueue: worker.queues.contracts,
      args: [{ epoch: 'epoch-1' }],
    });
    return { workflow_id };
  },
};

/** An assignment job of two batches. */
async function assignment({ sql, worker }: CaseContext): Promise<[string, () => Promise<unknown>, string]> {
  const { license_ids } = await buildLicenses(sql, OPERATION_BATCH_LICENSES + 1);
  const id = await buildAssignment(sql, { ids: license_ids });
  return operationRun(worker, { id, kind: 'assign' });
}

/** A job that revokes the licenses of two batches. */
async function revocation({ sql, worker }: CaseContext): Promise<[string, () => Promise<unknown>, string]> {
  const { license_ids } = await buildLicenses(sql, OPERATION_BATCH_LICENSES + 1);
  const id = await buildOperation(sql, { kind: 'revoke', reason: null }, { ids: license_ids });
  return operationRun(worker, { id, kind: 'revoke' });
}

function operationRun(worker: CovenantWorker, operation: OperationRef): [string, () => Promise<unknown>, string] {
  return [operationWorkflowId(operation), () => worker.nudger.wakeOperations([operation]), operation.id];
}

/** An empty pool that is filled up to 150 licenses. */
async function lowPool({ sql, worker }: CaseContext, quota: number): Promise<[string, () => Promise<unknown>]> {
  const { facts } = await buildContract(sql, { type: 'pool', quota, auto_replenish: { target: 150 } });
  return [replenishmentWorkflowId(facts.id), () => worker.nudger.wakePools([facts.id])];
}

const byAdmin = () => ({ actor: TEST_ACTOR, now: new Date().toISOString(), request_id: null });

/** One contract of three is left to its workflow and one is passed over, until the batch has ended once. */
async function failingContract(context: CaseContext): Promise<Run> {
  const [left, passed_over] = await queueEvents(context, 3);
  await context.sql.unsafe(`
    CREATE FUNCTION fail_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'for the recording'; END $$;
    CREATE TRIGGER fail_row BEFORE UPDATE ON contracts FOR EACH ROW WHEN (NEW.id = '${left}') EXECUTE FUNCTION fail_row();
    CREATE TRIGGER fail_row BEFORE UPDATE ON billing_inbox FOR EACH ROW WHEN (NEW.contract_id = '${passed_over}')
    EXECUTE FUNCTION fail_row()`);
  context.wrapBatch(async (apply) => {
    const batch = await apply();
    await context.sql.unsafe('DROP FUNCTION IF EXISTS fail_row CASCADE');
    return batch;
  });
  return endedBatch(context);
}

/** Queues one event for each of so many new contracts; returns their ids. */
async function queueEvents({ sql }: CaseContext, contracts: number): Promise<string[]> {
  const occurred_at = new Date().toISOString();
  const ids: string[] = [];
  for (let index = 0; index < contracts; index += 1) {
    const { id } = (await buildContract(sql)).facts;
    const fields = { invoice_id: `in_${index}`, event_id: `evt_${index}`, due: inDays(10), version: 1, occurred_at };
    await insertInvoiceEvent(sql, id, fields);
    ids.push(id);
  }
  return ids;
}

/** Starts the billing batch and waits until it ends. */
function endedBatch(context: CaseContext, notice?: QueuedEventNotice): Promise<Run> {
  const { workflowId } = billingBatchStart(context.worker.queues);
  return ended(context, workflowId, () => context.worker.nudger.startBillingBatch(notice));
}

/** An endpoint is owed an event, and its receiver answers with these statuses. */
async function deliveredTo(context: CaseContext, status: () => number): Promise<Run> {
  const { sql, worker } = context;
  const receiver = await startWebhookReceiver((socket, request) => answerWith(status())(socket, request));
  try {
    const { facts } = await buildContract(sql);
    const id = await buildEndpoint(sql, { contract_id: facts.id, url: `http://127.0.0.1:${receiver.port}/` });
    await writeEvents(sql, facts.id);
    return await ended(context, endpointWorkflowId(id), () => worker.nudger.wakeEndpoints([id]));
  } finally {
    await receiver.close();
  }
}

/** Starts a workflow and waits until it ends, also in a later run. */
async function ended(
  { temporal }: CaseContext,
  workflow_id: string,
  start: () => Promise<unknown>,
  ..._rest: string[]
): Promise<Run> {
  await start();
  await temporal.client.workflow.getHandle(workflow_id).result();
  return { workflow_id };
}

/**
 * Creates a clock with two contracts that start and end and one that renews each month. Returns a function that starts
 * the advance.
 */
async function clockWithContracts(
  { sql, worker }: CaseContext,
  to = '2027-04-01T00:00:00.000Z',
): Promise<[workflow_id: string, start: () => Promise<unknown>]> {
  const clock = await buildTestClock(sql, '2027-01-15T10:00:00.000Z');
  for (const end_date of ['2027-03-01', '2027-03-10'])
    await buildContractOnClock(sql, clock, { start_date: '2027-02-01', end_date });
  const renewal = { ...DEFAULT_RENEWAL, mode: 'auto' } as const;
  await buildContractOnClock(sql, clock, { start_date: '2027-02-01', term: 'P1M', renewal });
  return [testClockWorkflowId(clock), () => startClockAdvance(sql, worker.clocks, clock, to)];
}

/**
 * The same over two years with an unfinished job, so that the clock stops at every instant of the contract that renews.
 */
async function clockWithManySteps(context: CaseContext): ReturnType<typeof clockWithContracts> {
  const planned = await clockWithContracts(context, '2029-03-01T00:00:00.000Z');
  const [contract] = await context.sql<[{ id: string }]>`SELECT id FROM contracts WHERE term_length = 'P1M'`;
  await context.sql`
    UPDATE test_clocks SET now = '2027-02-02T00:00:00.000Z' WHERE id IN (SELECT test_clock_id FROM contracts)`;
  await requestJob(context.sql, contract.id, 200);
  return planned;
}

type PlannedJob = [workflow_id: string, wake: () => Promise<unknown>, job_id: string, contract_id: string];

async function job(
  { sql, worker }: CaseContext,
  requested = 2_000,
  options: ContractOptions = {},
): Promise<PlannedJob> {
  const { facts } = await buildContract(sql, { quota: requested, ...options });
  const { id } = await requestJob(sql, facts.id, requested);
  return [generationJobWorkflowId(id), () => worker.nudger.wakeJobs([id]), id, facts.id];
}

/** A job whose history is long enough that the test server suggests continue-as-new. */
async function longJob(context: CaseContext): Promise<PlannedJob> {
  const planned = await job(context, 400);
  await context.sql`UPDATE generation_jobs SET chunk_size = 1 WHERE id = ${planned[2]}`;
  return planned;
}

async function contractThatContinuesAsNew({
  sql,
  temporal,
  worker,
}: CaseContext): Promise<{ workflow_id: string; first_run: string }> {
  const { facts } = await buildContract(sql);
  const workflow_id = contractWorkflowId(facts.id);
  await worker.send(facts.id, rename('first'));
  const runOf = async (): Promise<string> => (await temporal.client.workflow.getHandle(workflow_id).describe()).runId;
  const first_run = await runOf();
  for (let i = 0; (await runOf()) === first_run; i++) await worker.send(facts.id, rename(`name ${i}`));
  await worker.send(facts.id, PAUSE);
  return { workflow_id, first_run };
}

/** Returns the date that is `days` days from today, in UTC. */
function inDays(days: number): string {
  return addDays(new Date().toISOString().slice(0, 10), days);
}

/** Sends an event with the status of the contract's invoice, and waits until it is applied. */
async function sendInvoiceStatus(
  { sql, worker, billing }: Pick<CaseContext, 'sql' | 'worker' | 'billing'>,
  id: string,
  status: 'OPEN' | 'FAILED' | 'PAID',
  due: string,
): Promise<void> {
  const occurred_at = new Date().toISOString();
  billing.invoices.set('in_1', { contract_id: id, status, due, occurred_at });
  const event_id = `evt_${status.toLowerCase()}`;
  const inbox_id = await insertInvoiceEvent(sql, id, { status, due, occurred_at, event_id });
  await worker.nudger.signalBillingEvent(id, { inbox_id, details: `${event_id} invoice.${status.toLowerCase()}` });
  await waitFor(async () => (await listEventOutcomes(sql, id)).every(({ outcome }) => outcome !== 'PENDING'), {
    timeout_ms: WAIT_MS,
    what: 'the event to be applied',
  });
}

/** Suspends a contract, backdates the suspension, and waits until the contract is terminated. */
async function terminateForNonPayment(context: CaseContext, id: string): Promise<Run> {
  await sendInvoiceStatus(context, id, 'OPEN', inDays(-80));
  await waitForState(context, id, 'SUSPENDED');
  await backdateSuspension(context.sql, id, 2);
  return ended(context, contractWorkflowId(id), () => context.worker.nudger.wakeContracts([id]));
}

async function waitForState({ sql }: CaseContext, id: string, state: string): Promise<void> {
  await waitFor(async () => (await findContract(sql, id))?.state === state, {
    timeout_ms: WAIT_MS,
    what: `the state ${state}`,
  });
}

const byHand = (job_id: string) => ({ job_id, actor: TEST_ACTOR, now: new Date().toISOString(), request_id: null });

async function cancel({ sql }: CaseContext, job_id: string): Promise<void> {
  await sql.begin((tx) => cancelJob(tx, byHand(job_id)));
}

/** Contracts whose pause has ended, and whose workflows do not run. */
async function buildPausedContracts({ sql }: CaseContext, count: number): Promise<void> {
  const now = '2026-01-01T00:00:00.000Z';
  const pause = { name: 'pause', input: { resume_at: '2026-01-02T00:00:00.000Z' } } as const;
  for (let built = 0; built < count; built++) {
    const { id } = (await buildContract(sql, { now })).facts;
    await sql.begin((tx) => runCommand(tx, { id, actor: TEST_ACTOR, now, request_id: null }, pause));
  }
}

/** A contract whose pause ends by its timer. */
async function resumesByTimer({ sql, worker }: CaseContext): Promise<Run> {
  const { facts } = await buildContract(sql, { end_date: '2099-01-01' });
  const resume_at = new Date(Date.now() + 1_000).toISOString();
  await worker.send(facts.id, { name: 'pause', input: { resume_at } });
  await waitFor(async () => (await findContract(sql, facts.id))?.state === 'ACTIVE', {
    timeout_ms: WAIT_MS,
    what: 'the contract to resume',
  });
  return { workflow_id: contractWorkflowId(facts.id) };
}

async function command({ sql }: CaseContext, id: string, given: ContractCommand): Promise<void> {
  const request = { id, actor: TEST_ACTOR, now: new Date().toISOString(), request_id: null };
  await sql.begin((tx) => runCommand(tx, request, given));
}

/** Runs one case on its own database and worker, and saves its history. */
async function record(temporal: TestTemporal, name: string, play: Case): Promise<void> {
  const database = await createTestDatabase();
  let around: Parameters<CaseContext['wrapFill']>[0] = (fill, input) => fill(input);
  let around_batch: Parameters<CaseContext['wrapBatch']>[0] = (apply) => apply();
  let settle: Activities['settleAtClock'] | undefined;
  let local_steps_fail = false;
  const failWhenLocal = <Input, Output>(step: (input: Input) => Promise<Output>) => {
    return async (input: Input): Promise<Output> => {
      if (local_steps_fail && activityInfo().isLocal) throw new Error('failure for the recording');
      return step(input);
    };
  };
  const { client, nativeConnection } = temporal;
  const wrap = (real: Activities): Activities => ({
    ...real,
    settleContract: failWhenLocal(real.settleContract),
    openJob: failWhenLocal(real.openJob),
    closeJob: failWhenLocal(real.closeJob),
    stepTestClock: failWhenLocal(real.stepTestClock),
    fillChunks: (input) => around((range) => real.fillChunks(range), input),
    applyBillingBatch: (input) => around_batch(() => real.applyBillingBatch(input)),
    settleAtClock: (input) => (settle ?? real.settleAtClock)(input),
  });
  const billing = createBillingSystem();
  const { ports: billingPorts } = billing;
  const mail = createScriptedSender();
  const worker = await startCovenantWorker({
    ...{ db: database.sql, client, nativeConnection, wrap, billingPorts },
    mail: { sender: mail },
  });
  try {
    const context: CaseContext = {
      sql: database.sql,
      temporal,
      worker,
      billing,
      mail,
      wrapFill: (given) => void (around = given),
      wrapBatch: (given) => void (around_batch = given),
      failLocalSteps: () => void (local_steps_fail = true),
      replaceSettling: (given) => void (settle = given),
    };
    const { workflow_id, run_id } = await play(context);
    await saveHistory(name, workflow_id, await client.workflow.getHandle(workflow_id, run_id).fetchHistory());
    console.log(`recorded ${name}`);
  } finally {
    await worker.stop();
    await database.drop();
  }
}

async function main(): Promise<void> {
  const { args: wanted } = commandLine('npm run record-histories --', 'Record workflow histories for the replay tests.')
    .argument('[cases...]', `names of cases; default: all of ${Object.keys(CASES).join(', ')}`)
    .parse();
  const unknown = wanted.filter((name) => !(name in CASES));
  if (unknown.length > 0)
    throw new Error(`There is no case ${unknown.join(', ')}; there are ${Object.keys(CASES).join(', ')}.`);
  await globalSetup();
  try {
    const temporal = await connectTestTemporal();
    await registerSearchAttributes(temporal.client);
    for (const [name, play] of Object.entries(CASES)) {
      if (wanted.length === 0 || wanted.includes(name)) await record(temporal, name, play);
    }
    await temporal.close();
  } finally {
    await globalTeardown();
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
