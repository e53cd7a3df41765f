/** The Prometheus metrics of the API. */
import { Gauge, Histogram, collectDefaultMetrics, register } from 'prom-client';
import { CONTRACT_WARNINGS } from '../../domain/contract/facts';
import type { Instant } from '../../domain/base/instant';
import { countParkedForADay, countWaitingBillingEvents } from '../../db/billing/billing-event';
import { countWarnings } from '../../db/contract/contract';
import type { Sql } from '../../db/base/database';
import { countNotifications } from '../../db/notification/counts';
import { SWEEP_KINDS } from '../../db/system/sweep';
import { findStuckRows } from '../../db/system/sweep-attempt';
import { countWebhooks } from '../../db/webhook/counts';

const requests = new Histogram({
  name: 'covenant_http_request_duration_seconds',
  help: 'Requests by method, route and status.',
  labelNames: ['method', 'route', 'status'],
  buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
});

const waitingBillingEvents = new Gauge({
  name: 'covenant_billing_events',
  help: 'Billing events that wait, by outcome: pending events wait to be applied, parked events for a contract or an invoice.',
  labelNames: ['outcome'],
});
const longParked = new Gauge({
  name: 'covenant_billing_events_parked_over_a_day',
  help: 'Billing events that have been parked for more than a day and need an operator.',
});

const warned = new Gauge({
  name: 'covenant_contracts_with_warning',
  help: 'Contracts that need a person, by warning. GET /api/v1/contracts?warning= lists them.',
  labelNames: ['warning'],
});
const longUnreachable = new Gauge({
  name: 'covenant_billing_unreachable_over_a_day',
  help: 'Contracts whose suspension waits for a billing system that has not answered for more than a day.',
});

const stuck = new Gauge({
  name: 'covenant_sweep_stuck_rows',
  help: 'Rows that stay due although the sweep wakes them repeatedly, by kind. `covenant doctor` names them.',
  labelNames: ['kind'],
});

/** Counts the rows that stay due. When Postgres does not answer, the values are left out. */
export async function collectSweepMetrics(sql: Sql): Promise<void> {
  try {
    const found = await findStuckRows(sql);
    for (const kind of Object.keys(SWEEP_KINDS))
      stuck.set({ kind }, found.find((counted) => counted.kind === kind)?.rows ?? 0);
  } catch {
    stuck.reset();
  }
}

const openStreams = new Gauge({
  name: 'covenant_streams_open',
  help: 'Open streamed responses, by kind: CSV files (export) and progress of jobs (progress).',
  labelNames: ['kind'],
});

/** Sets the number of open streams of a kind. */
export function setOpenStreams(kind: string, streams: number): void {
  openStreams.set({ kind }, streams);
}

const lockTurns = new Gauge({
  name: 'covenant_lock_turns',
  help: 'Transactions that lock rows, by state: running, or waiting for their turn.',
  labelNames: ['state'],
});

/** Sets how many transactions that lock rows are running and waiting. */
export function setLockTurns({ running, waiting }: { running: number; waiting: number }): void {
  lockTurns.set({ state: 'running' }, running);
  lockTurns.set({ state: 'waiting' }, waiting);
}

/** Counts the contracts that need a person. When Postgres does not answer, the values are left out. */
export async function collectContractMetrics(sql: Sql, clock: () => Promise<Instant>): Promise<void> {
  try {
    const { warnings, unreachable_for_a_day } = await countWarnings(sql, await clock());
    for (const warning of CONTRACT_WARNINGS)
      warned.set({ warning }, warnings.find((counted) => counted.warning === warning)?.contracts ?? 0);
    longUnreachable.set(unreachable_for_a_day);
  } catch {
    warned.reset();
    longUnreachable.remove();
  }
}

/** Counts the events that wait in the billing inbox. When Postgres does not answer, the values are left out. */
export async function collectBillingMetrics(sql: Sql, clock: () => Promise<Instant>): Promise<void> {
  try {
    const now = await clock();
    const [waiting, parked] = await Promise.all([countWaitingBillingEvents(sql), countParkedForADay(sql, now)]);
    waitingBillingEvents.set({ outcome: 'pending' }, waiting.PENDING);
    waitingBillingEvents.set({ outcome: 'parked' }, waiting.PARKED);
    longParked.set(parked);
  } catch {
    waitingBillingEvents.reset();
    longParked.remove();
  }
}

const owedDeliveries = new Gauge({
  name: 'covenant_webhook_deliveries_owed',
  help: 'Deliveries of webhooks that are owed, also to disabled endpoints.',
});
const lateDelivery = new Gauge({
  name: 'covenant_webhook_late_seconds',
  help: 'How late the first delivery of a webhook is whose attempt is due.',
});
const failedDeliveries = new Gauge({
  name: 'covenant_webhook_deliveries_failed_in_a_day',
  help: 'Deliveries of webhooks whose last attempt failed within a day. GET /api/v1/deliveries?status=failed lists them.',
});
const disabledEndpoints = new Gauge({
  name: 'covenant_webhook_endpoints_disabled',
  help: 'Endpoints of webhooks that were disabled because of their answers, by reason: gone (410), or failing for days.',
  labelNames: ['reason'],
});

/** Counts what webhooks owe. When Postgres does not answer, the values are left out. */
export async function collectWebhookMetrics(sql: Sql): Promise<void> {
  try {
    const { owed, late_s, failed_in_a_day, disabled } = await countWebhooks(sql);
    owedDeliveries.set(owed);
    lateDelivery.set(late_s);
    failedDeliveries.set(failed_in_a_day);
    for (const reason of ['gone', 'failing'] as const) disabledEndpoints.set({ reason }, disabled[reason]);
  } catch {
    for (const gauge of [owedDeliveries, lateDelivery, failedDeliveries]) gauge.remove();
    disabledEndpoints.reset();
  }
}

const notifications = new Gauge({
  name: 'covenant_notifications',
  help: 'Notifications that wait or are owed, and those that ended within a day, by state and kind, of each at most 10,000.',
  labelNames: ['state', 'kind'],
});
const oldestMail = new Gauge({
  name: 'covenant_notifications_oldest_owed_seconds',
  help: 'For how long the mail has been tried that is owed for longest. Mails are tried for three days.',
});
const latePlanning = new Gauge({
  name: 'covenant_notices_late_seconds',
  help: 'How late the first event is whose mails are due to be planned.',
});

/** Counts mails. When Postgres does not answer, the values are left out. */
export async function collectMailMetrics(sql: Sql): Promise<void> {
  notifications.reset();
  try {
    const { by_state, oldest_s, planning_late_s } = await countNotifications(sql);
    for (const { state, kind, count } of by_state) notifications.set({ state, kind }, count);
    oldestMail.set(oldest_s);
    latePlanning.set(planning_late_s);
  } catch {
    for (const gauge of [oldestMail, latePlanning]) gauge.remove();
  }
}

/** Records one request and its duration. `route` is the pattern and not the path, so that ids do not create time series. */
export function countRequest(method: string, route: string, status: number, duration_ms: number): void {
  requests.labels(method, route, String(status)).observe(duration_ms / 1000);
}

/** Adds the default metrics of the process, once per process. */
export function collectProcessMetrics(): void {
  if (!register.getSingleMetric('process_cpu_user_seconds_total')) collectDefaultMetrics();
}
