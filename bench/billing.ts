/**
 * `billing` measures a burst of signed events for many contracts, from the first request until the last event is
 * decided, and compares it with the bare insert of the same rows.
 *
 * The events of a contract are sent in random order, and their versions decide which is the newest. They are signed
 * before the measurement starts.
 */
import pMap from 'p-map';
import { signStandard } from '../demo/fake-billing';
import type { StandardEvent } from '../demo/fake-billing';
import { waitFor } from '../dev/waiting';
import { addDays } from '../domain/base/calendar';
import { openDatabase } from '../db/base/database';
import type { Database } from '../db/base/database';
import { vacuumTables } from './cleaning';
import { createWaitingContracts } from './contracts';
import type { MeasuredStack } from './measured-stack';
import { median, runPairs } from './pairs';
import { count, tableOf, twoDecimals } from './report';
import type { Report } from './report';
import { openSocketSender } from './socket-sender';
import type { Message } from './socket-sender';

export interface BillingOptions {
  contracts: number;
  /** Events for each contract. */
  events: number;
  /** Default: PAIRS. */
  pairs: number | undefined;
}

/** A signed message. */
interface SignedEvent extends Message {
  event: StandardEvent;
}

interface ProductBurst {
  /** Time until the last request was answered. */
  accepted_ms: number;
  /** Time until the last event was decided. */
  decided_ms: number;
}

const PAIRS = 5;
/** With fewer, the first bursts measure code that Node has not compiled yet. */
const WARM_UP_CONTRACTS = 200;
const CALLERS = 32;
/** The default pool size of a process of the product (DATABASE_POOL_SIZE). */
const BARE_CONNECTIONS = 10;
const INVOICES_PER_CONTRACT = 2;
/** The event types of an invoice, in order. The last event of each burst pays the invoice. */
const TYPES = ['invoice.open', 'invoice.payment_failed', 'invoice.paid'] as const;
const DUE_IN_DAYS = 30;
const LOOK_INTERVAL_MS = 10;
/** Time limit for a burst. */
const BURST_TIMEOUT_MS = 300_000;

/** Measures bursts in pairs, each with new contracts, after one warm-up burst. */
export async function benchBilling(stack: MeasuredStack, options: BillingOptions, report: Report): Promise<void> {
  const bare = openDatabase(stack.database_url, { max: BARE_CONNECTIONS, application_name: 'covenant bench' });
  const events = options.contracts * options.events;

  async function runBare(burst: readonly SignedEvent[]): Promise<number> {
    const begun = performance.now();
    await pMap(burst, (signed) => insertBare(bare, signed), { concurrency: BARE_CONNECTIONS });
    const elapsed_ms = performance.now() - begun;
    report.progress(`  bare insert  ${count(burst.length)} events in ${count(elapsed_ms)} ms`);
    return elapsed_ms;
  }

  async function runProduct(burst: readonly SignedEvent[]): Promise<ProductBurst> {
    const sender = await openSocketSender(stack.api_url, '/api/v1/billing/standard/events', CALLERS);
    const begun = performance.now();
    await pMap(burst, (signed) => sender.post(signed), { concurrency: CALLERS });
    const accepted_ms = performance.now() - begun;
    sender.close();
    await waitFor(areAllDecided, {
      timeout_ms: BURST_TIMEOUT_MS,
      interval_ms: LOOK_INTERVAL_MS,
      what: 'every event to be decided',
    });
    const decided_ms = performance.now() - begun;
    await assertPaid(burst);
    report.progress(
      `  Covenant     ${count(burst.length)} events in ${count(decided_ms)} ms (accepted ${count(accepted_ms)})`,
    );
    return { accepted_ms, decided_ms };
  }

  async function signedBurst(contracts: number): Promise<SignedEvent[]> {
    const contract_ids = await createWaitingContracts(stack, contracts);
    const burst = eventsOf(contract_ids, options.events, new Date()).map((event) => {
      const body = JSON.stringify(event);
      return { event, body, headers: signStandard(body, stack.billing_secret, { id: event.id }) };
    });
    await vacuumTables(stack.db, ['billing_inbox', 'invoice_facts', 'contracts']);
    return burst;
  }

  /** Reads at most one event that waits: counting them all would take a tenth of the CPU time of Postgres. */
  async function areAllDecided(): Promise<boolean> {
    const [row] = await stack.db<[{ waits: boolean }]>`
      SELECT EXISTS (SELECT FROM billing_inbox WHERE outcome = 'PENDING') AS waits`;
    return !row.waits;
  }

  async function assertPaid(burst: readonly SignedEvent[]): Promise<void> {
    const invoice_ids = [...new Set(burst.map(({ event }) => event.invoice.id))];
    const [row] = await stack.db<[{ paid: number; decided: number }]>`
      SELECT (SELECT count(*)::int FROM invoice_facts WHERE invoice_id = ANY(${invoice_ids}) AND status = 'PAID') AS paid,
             (SELECT count(*)::int FROM billing_inbox
              WHERE invoice_id = ANY(${invoice_ids}) AND outcome IN ('APPLIED', 'IGNORED')) AS decided`;
    if (row.paid !== invoice_ids.length || row.decided !== burst.length)
      throw new Error(`${row.paid} of ${invoice_ids.length} invoices paid, ${row.decided} events decided`);
  }

  /** Runs one side with a burst of new contracts, whose events it removes. The invoices of these contracts remain. */
  async function withBurst<T>(run: (burst: readonly SignedEvent[]) => Promise<T>): Promise<T> {
    const burst = await signedBurst(options.contracts);
    const result = await run(burst);
    const ids = burst.map(({ event }) => event.id);
    await stack.db`DELETE FROM billing_inbox WHERE source = 'standard' AND event_id = ANY(${ids})`;
    return result;
  }

  try {
    report.progress('Warming up');
    // These events stay in the inbox: for statements on an empty table Postgres plans to read all of it, and keeps the plan.
    await runBare(await signedBurst(WARM_UP_CONTRACTS));
    await runProduct(await signedBurst(WARM_UP_CONTRACTS));
    const pairs = options.pairs ?? PAIRS;
    report.progress(`${count(events)} events for ${count(options.contracts)} contracts, ${pairs} pairs`);
    const runs = await runPairs(
      pairs,
      () => withBurst(runBare),
      () => withBurst(runProduct),
    );
    const perSecond = (elapsed_ms: number[]): number => Math.round((events / median(elapsed_ms)) * 1_000);
    const result: BillingResult = {
      contracts: options.contracts,
      events,
      pairs,
      ratios: runs.map(({ first, second }) => twoDecimals(first / second.decided_ms)),
      bare_events_per_second: perSecond(runs.map((run) => run.first)),
      accepted_per_second: perSecond(runs.map((run) => run.second.accepted_ms)),
      events_per_second: perSecond(runs.map((run) => run.second.decided_ms)),
    };
    report.finish(billingTable(result), { bench: 'billing', ratio: median(result.ratios), ...result });
  } finally {
    await bare.end();
  }
}

/** Builds the events of a burst in an order that is independent of their versions. */
function eventsOf(contract_ids: readonly string[], events_per_contract: number, now: Date): StandardEvent[] {
  const due_date = addDays(now.toISOString().slice(0, 10), DUE_IN_DAYS);
  const events = contract_ids.flatMap((contract_id) =>
    Array.from({ length: events_per_contract }, (_, index): StandardEvent => {
      // Types are assigned from the last event to the first, so that the last event of each invoice pays it.
      const before_last = Math.floor(index / INVOICES_PER_CONTRACT);
      const id = `in_${contract_id}_${index % INVOICES_PER_CONTRACT}`;
      return {
        id: `msg_${contract_id}_${index}`,
        type: TYPES[TYPES.length - 1 - (before_last % TYPES.length)] ?? 'invoice.paid',
        occurred_at: new Date(now.getTime() - before_last * 60_000).toISOString(),
        contract_id,
        invoice: { id, due_date, version: events_per_contract - before_last },
      };
    }),
  );
  return events
    .map((event) => ({ event, rank: Math.random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ event }) => event);
}

/** Inserts the final row of an event directly. */
async function insertBare(db: Database, { event, body }: SignedEvent): Promise<void> {
  const now = new Date().toISOString();
  const observation = {
    status: 'PAID',
    due: event.invoice.due_date,
    occurred_at: event.occurred_at,
    version: event.invoice.version ?? null,
  };
  await db`
    INSERT INTO billing_inbox (source, event_id, type, contract_id, invoice_id, observation, raw, occurred_at, received_at, reported_at,
                               future_dated, outcome, try_at, decided_at)
    VALUES ('standard', ${event.id}, ${event.type}, ${event.contract_id}, ${event.invoice.id}, ${db.json(observation)}, ${body},
            ${event.occurred_at}, ${now}, ${now}, false, 'APPLIED', ${now}, ${now})`;
}

interface BillingResult {
  contracts: number;
  events: number;
  pairs: number;
  ratios: number[];
  bare_events_per_second: number;
  accepted_per_second: number;
  events_per_second: number;
}

function billingTable(result: BillingResult): string {
  return tableOf<BillingResult>(
    [
      { title: 'events', cell: (row) => count(row.events) },
      { title: 'contracts', cell: (row) => count(row.contracts) },
      { title: 'pairs', cell: (row) => String(row.pairs) },
      { title: 'bare insert, events/s', cell: (row) => count(row.bare_events_per_second) },
      { title: 'accepted/s', cell: (row) => count(row.accepted_per_second) },
      { title: 'decided/s', cell: (row) => count(row.events_per_second) },
      { title: 'ratio', cell: (row) => median(row.ratios).toFixed(2) },
      {
        title: 'from … to',
        cell: ({ ratios }) => `${Math.min(...ratios).toFixed(2)} … ${Math.max(...ratios).toFixed(2)}`,
      },
    ],
    [result],
  );
}
