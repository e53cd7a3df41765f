/**
 * The inbox of billing: every message a billing system sent, kept before anything is done about it, and what became of it.
 *
 * An event is taken in once (`billing_event_unique`), and none is lost: whatever waits here is found by the sweep even when
 * nobody was told of it. All times are real ones; a contract's test clock only judges whether an event is future-dated.
 */
import type {
  BillingEvent,
  BillingOutcome,
  BillingReason,
  BillingSource,
  IdentifiedBilling,
  InvoiceObservation,
} from '../../domain/billing/billing-event';
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import { withoutPipelining } from '../base/database';
import type { Fragment, Sql } from '../base/database';
import { clockTime } from '../contract/clock';

/** Between two tries of one event: as long as it has waited already, within these. */
const RETRY_AFTER_MIN = '1 minute';
const RETRY_AFTER_MAX = '1 hour';
const ANSWERED_RETRY_AFTER_MAX = '1 day';
/** A person is told of what is parked for so long (domain.md 1.5.4). */
const PARKED_ALERT_AFTER = '1 day';
/** What is parked for so long is tried no more. No billing system sends anything again after this time. */
const PARKED_GIVEN_UP_AFTER = '90 days';

/** A billing event that has just come in. */
export interface BillingArrival {
  event: BillingEvent;
  /** The message as it was signed. */
  raw: string;
  now: Instant;
  request_id: string | null;
}

/** An event that waits to be applied. */
export interface PendingBillingEvent {
  id: string;
  source: BillingSource;
  event_id: string;
  type: string;
  invoice_id: string;
  observation: InvoiceObservation | null;
  occurred_at: Instant;
  /** When it came in, by the clock of its contract. */
  reported_at: Instant;
  future_dated: boolean;
  tries: number;
}

/** What was decided about a pending event. PARKED is tried again by itself. */
export interface BillingDecision {
  id: string;
  outcome: Exclude<BillingOutcome, 'PENDING'>;
  reason: string | null;
}

/** An event as it is read; `raw` is read with a single one only. */
export interface BillingEventRow {
  id: string;
  source: BillingSource;
  event_id: string;
  type: string;
  contract_id: string | null;
  invoice_id: string | null;
  observation: InvoiceObservation | null;
  occurred_at: Instant;
  received_at: Instant;
  future_dated: boolean;
  outcome: BillingOutcome;
  reason: string | null;
  try_at: Instant;
  tries: number;
  decided_at: Instant | null;
  request_id: string | null;
}

export interface BillingEventFilter {
  outcome?: BillingOutcome | undefined;
  source?: BillingSource | undefined;
  contract_id?: string | undefined;
}

/** A parked event whose invoice or contract its billing system has to be asked for. */
export interface UnidentifiedBillingEvent {
  id: string;
  source: BillingSource;
  contract_id: string | null;
  invoice_id: string | null;
  raw: string;
}

/** What a contract's row says to an event that arrives. */
export interface ContractAtArrival {
  id: string;
  deleted: boolean;
  /** Its test clock and the time of that; null when it lives by the real one. */
  test_clock_id: string | null;
  clock_now: Instant | null;
}

/** What is decided about an event as it comes in. */
export interface ArrivedBillingEvent {
  event: BillingEvent;
  /** Whether it was dated too far ahead and counts as of when it came. */
  future_dated: boolean;
  outcome: BillingOutcome;
  reason: BillingReason | null;
  /** When it came in, by the clock of its contract. */
  reported_at: Instant;
}

/** Writes an arrival; undefined when the event is here already. */
export async function insertBillingEvent(
  sql: Sql,
  { raw, now, request_id }: Omit<BillingArrival, 'event'>,
  { event, future_dated, outcome, reason, reported_at }: ArrivedBillingEvent,
): Promise<{ id: string; outcome: BillingOutcome } | undefined> {
  // What has to be looked up is looked up by the next sweep; a contract that is not there yet is given a minute.
  const in_a_while = reason === 'CONTRACT_UNKNOWN' && event.contract_id !== null;
  // Alone: an equal event that was inserted and is not committed makes it wait.
  const [inserted] = await withoutPipelining(sql<{ id: string; outcome: BillingOutcome }[]>`
    INSERT INTO billing_inbox (source, event_id, type, contract_id, invoice_id, observation, raw, occurred_at, received_at, reported_at,
                               future_dated, outcome, reason, try_at, decided_at, request_id)
    VALUES (${event.source}, ${event.event_id}, ${event.type}, ${event.contract_id}, ${event.invoice_id},
            ${JSON.stringify(event.observation)}::text::jsonb, ${raw}, ${event.occurred_at}, ${now}, ${reported_at},
            ${future_dated}, ${outcome}, ${reason},
            ${in_a_while ? sql`${now}::timestamptz + ${RETRY_AFTER_MIN}::interval` : sql`${now}`},
            ${outcome === 'IGNORED' ? now : null}, ${request_id})
    ON CONFLICT ON CONSTRAINT billing_event_unique DO NOTHING RETURNING id, outcome`);
  return inserted;
}

/** A contract's events that are due, in the order in which they happened. `now` is the real time. */
export async function listPendingBillingEvents(
  sql: Sql,
  contract_id: string,
  now: Instant,
  limit: number,
): Promise<PendingBillingEvent[]> {
  return sql<PendingBillingEvent[]>`
    SELECT id, source, event_id, type, invoice_id, observation, occurred_at, reported_at, future_dated, tries FROM billing_inbox
    WHERE contract_id = ${contract_id} AND outcome = 'PENDING' AND ${isDue(sql, now)}
    ORDER BY occurred_at, id LIMIT ${limit}`;
}

/** How many of a contract's events are due. */
export async function countPendingBillingEvents(sql: Sql, contract_id: string, now: Instant): Promise<number> {
  const [row] = await sql<[{ count: number }]>`
    SELECT count(*)::int FROM billing_inbox WHERE contract_id = ${contract_id} AND outcome = 'PENDING' AND ${isDue(sql, now)}`;
  return row.count;
}

/** Writes decisions; an event that was decided meanwhile is left as it is. Call it in the transaction that carries them out. */
export async function decideBillingEvents(tx: Sql, decisions: BillingDecision[], now: Instant): Promise<void> {
  if (decisions.length === 0) return;
  await tx`
    UPDATE billing_inbox b
    SET outcome = d.outcome, reason = d.reason,
        decided_at = CASE WHEN d.outcome = 'PARKED' THEN NULL ELSE ${now}::timestamptz END,
        tries = tries + CASE WHEN d.outcome = 'PARKED' THEN 1 ELSE 0 END,
        try_at = CASE WHEN d.outcome = 'PARKED' THEN ${nextTry(tx, now)} ELSE try_at END
    FROM jsonb_to_recordset(${tx.json(decisions.map((decision) => ({ ...decision })))}) AS d (id uuid, outcome text, reason text)
    WHERE b.id = d.id AND b.outcome = 'PENDING'`;
}

/** Leaves events pending for a later try: after as long as each has waited already, a minute at least, an hour at most. */
export async function postponeBillingEvents(sql: Sql, ids: string[], now: Instant, reason: string): Promise<void> {
  if (ids.length === 0) return;
  await sql`
    UPDATE billing_inbox SET reason = ${reason}, tries = tries + 1, try_at = ${nextTry(sql, now)}
    WHERE id = ANY(${ids}) AND outcome = 'PENDING'`;
}

/** Has a contract's postponed events tried at the next look, whenever they would be tried by themselves. */
export async function retryBillingEventsNow(sql: Sql, contract_id: string): Promise<void> {
  await sql`
    UPDATE billing_inbox SET try_at = received_at WHERE contract_id = ${contract_id} AND outcome = 'PENDING' AND tries > 0`;
}

/** The first event of a contract that waits because its billing system gave no answer. */
export async function findPostponedBillingEvent(
  sql: Sql,
  contract_id: string,
): Promise<Pick<BillingEventRow, 'source' | 'event_id'> | undefined> {
  const [event] = await sql<Pick<BillingEventRow, 'source' | 'event_id'>[]>`
    SELECT source, event_id FROM billing_inbox WHERE contract_id = ${contract_id} AND outcome = 'PENDING' AND tries > 0
    ORDER BY id LIMIT 1`;
  return event;
}

/** Sets the events that waited for a contract pending, now that it is there. Answers how many; tell its workflow when any. */
export async function unparkBillingEvents(tx: Sql, contract_id: string, now: Instant): Promise<number> {
  const unparked = await tx`
    UPDATE billing_inbox
    SET outcome = 'PENDING', reason = NULL, tries = 0, try_at = ${now}, reported_at = coalesce(${clockTime(tx, tx`${contract_id}`)}, reported_at)
    WHERE contract_id = ${contract_id} AND outcome = 'PARKED' AND invoice_id IS NOT NULL`;
  return unparked.count;
}

/** A query for the contracts with an event that waits since `until` or longer, and since when. */
export function overdueBillingContracts(sql: Sql, until: Fragment): Fragment {
  return sql`
    SELECT contract_id AS id, min(try_at) AS since FROM billing_inbox
    WHERE outcome = 'PENDING' AND try_at <= ${until} AND contract_id IS NOT NULL
    GROUP BY contract_id`;
}

/**
 * Looks again at what waits, a bounded number of events at a time: parked events whose contract is there become pending,
 * events of deleted contracts are ignored, and what was parked for too long is given up. Answers the contracts to wake.
 */
export async function unparkDueBillingEvents(
  sql: Sql,
  { now, limit }: { now: Instant; limit: number },
): Promise<string[]> {
  const rows = await sql<{ contract_id: string | null; outcome: BillingOutcome }[]>`
    UPDATE billing_inbox b
    SET outcome = due.outcome, reason = due.reason,
        -- What waited for its contract was not tried yet.
        tries = CASE WHEN b.reason = ${'CONTRACT_UNKNOWN' satisfies BillingReason} THEN 0 ELSE b.tries END,
        decided_at = CASE WHEN due.outcome = 'IGNORED' THEN ${now}::timestamptz END,
        reported_at = ${reportedAtOnceKnown(sql, sql`b.contract_id`)}
    FROM (
      SELECT i.id,
             CASE WHEN c.deleted_at IS NULL AND NOT old.is THEN 'PENDING' ELSE 'IGNORED' END AS outcome,
             CASE WHEN c.deleted_at IS NOT NULL THEN ${'CONTRACT_DELETED' satisfies BillingReason}
                  WHEN old.is THEN ${'GIVEN_UP' satisfies BillingReason} END AS reason
      FROM billing_inbox i LEFT JOIN contracts c ON c.id = i.contract_id
      CROSS JOIN LATERAL (
        SELECT i.outcome = 'PARKED' AND i.received_at < ${now}::timestamptz - ${PARKED_GIVEN_UP_AFTER}::interval AS is
      ) old
      WHERE i.try_at <= ${now}
        AND CASE i.outcome
              WHEN 'PENDING' THEN c.deleted_at IS NOT NULL
              WHEN 'PARKED' THEN c.deleted_at IS NOT NULL OR (c.id IS NOT NULL AND i.invoice_id IS NOT NULL) OR old.is
              ELSE false
            END
        AND i.outcome IN ('PENDING', 'PARKED')
      ORDER BY i.try_at LIMIT ${limit}
      FOR UPDATE OF i SKIP LOCKED
    ) due
    WHERE b.id = due.id
    RETURNING b.contract_id, b.outcome`;
  return [...new Set(rows.flatMap((row) => (row.outcome === 'PENDING' ? (row.contract_id ?? []) : [])))];
}

/** Parked events of one source of which the contract or the invoice is unknown, as far as they are due. */
export async function listUnidentifiedBillingEvents(
  sql: Sql,
  source: BillingSource,
  { now, limit }: { now: Instant; limit: number },
): Promise<UnidentifiedBillingEvent[]> {
  return sql<UnidentifiedBillingEvent[]>`
    SELECT id, source, contract_id, invoice_id, raw FROM billing_inbox
    WHERE outcome = 'PARKED' AND source = ${source} AND try_at <= ${now} AND (contract_id IS NULL OR invoice_id IS NULL)
    -- What was never asked about comes first: invoices of others, which name no contract, must not crowd it out.
    ORDER BY tries > 0, try_at LIMIT ${limit}`;
}

/**
 * Writes what a parked event turned out to concern, and answers the contract to wake, or null. What was named in the
 * message stands. An event without an invoice, or of an invoice that names no contract, is ignored: when a contract is named
 * later, its billing system sends another event. One whose contract is not there, or is named by a text that is no id, stays parked
 * for a later try.
 */
export async function identifyBillingEvent(
  sql: Sql,
  id: string,
  found: IdentifiedBilling,
  now: Instant,
): Promise<string | null> {
  const [row] = await sql<{ contract_id: string | null; outcome: BillingOutcome }[]>`
    UPDATE billing_inbox b
    SET contract_id = i.contract_id, invoice_id = i.invoice_id, outcome = i.outcome,
        reason = CASE i.outcome WHEN 'PARKED' THEN ${'CONTRACT_UNKNOWN' satisfies BillingReason}
                                WHEN 'IGNORED' THEN CASE WHEN i.invoice_id IS NULL THEN ${'NO_INVOICE' satisfies BillingReason}
                                                         WHEN i.contract_id IS NULL THEN ${'NO_CONTRACT' satisfies BillingReason}
                                                         ELSE ${'CONTRACT_DELETED' satisfies BillingReason} END END,
        tries = CASE i.outcome WHEN 'PARKED' THEN b.tries + 1 ELSE 0 END,
        -- Its billing system has answered: it will hardly answer otherwise within the day.
        try_at = CASE i.outcome WHEN 'PARKED' THEN ${nextTry(sql, now, ANSWERED_RETRY_AFTER_MAX)} ELSE b.try_at END,
        decided_at = CASE i.outcome WHEN 'IGNORED' THEN ${now}::timestamptz END,
        reported_at = ${reportedAtOnceKnown(sql, sql`i.contract_id`)}
    FROM (
      SELECT e.id, e.contract_id, e.invoice_id,
             CASE WHEN e.invoice_id IS NULL OR c.deleted_at IS NOT NULL THEN 'IGNORED'
                  WHEN e.contract_id IS NULL AND NOT ${found.names_contract}::boolean THEN 'IGNORED'
                  WHEN c.id IS NULL THEN 'PARKED' ELSE 'PENDING' END AS outcome
      FROM (SELECT id, coalesce(contract_id, ${found.contract_id}::uuid) AS contract_id,
                   coalesce(invoice_id, ${found.invoice_id}::text) AS invoice_id
            FROM billing_inbox WHERE id = ${id}) e
      LEFT JOIN contracts c ON c.id = e.contract_id
    ) i
    WHERE b.id = i.id AND b.outcome = 'PARKED'
    RETURNING b.contract_id, b.outcome`;
  return row?.outcome === 'PENDING' ? row.contract_id : null;
}

/** Leaves a parked event for a later try: its billing system could not be asked. */
export async function postponeParkedBillingEvent(sql: Sql, id: string, now: Instant): Promise<void> {
  await sql`
    UPDATE billing_inbox SET tries = tries + 1, try_at = ${nextTry(sql, now)} WHERE id = ${id} AND outcome = 'PARKED'`;
}

/** One page of events, newest first; `before` is the id of the last one shown. */
export async function listBillingEvents(
  sql: Sql,
  filter: BillingEventFilter,
  before: string | null,
  limit: number,
): Promise<BillingEventRow[]> {
  return sql<BillingEventRow[]>`
    SELECT ${columns(sql)} FROM billing_inbox WHERE true
    ${filter.outcome === undefined ? sql`` : sql`AND ${hasShownOutcome(sql, filter.outcome)}`}
    ${filter.source === undefined ? sql`` : sql`AND source = ${filter.source}`}
    ${filter.contract_id === undefined ? sql`` : sql`AND contract_id = ${filter.contract_id}`}
    ${before === null ? sql`` : sql`AND id < ${before}`}
    ORDER BY id DESC LIMIT ${limit}`;
}

/** One event with its raw message, or undefined. */
export async function findBillingEvent(sql: Sql, id: string): Promise<(BillingEventRow & { raw: string }) | undefined> {
  const [row] = await sql<(BillingEventRow & { raw: string })[]>`
    SELECT ${columns(sql)}, raw FROM billing_inbox WHERE id = ${id}`;
  return row;
}

/** One event with its raw message, locked until the transaction ends, or undefined. */
export async function lockBillingEvent(tx: Sql, id: string): Promise<(BillingEventRow & { raw: string }) | undefined> {
  const [row] = await tx<(BillingEventRow & { raw: string })[]>`
    SELECT ${columns(tx)}, raw FROM billing_inbox WHERE id = ${id} FOR UPDATE`;
  return row;
}

/** The contract that an event names, as far as its replay needs to know it. */
export async function findContractOfEvent(
  sql: Sql,
  contract_id: string | null,
): Promise<{ environment: Environment; deleted: boolean } | undefined> {
  const [contract] = await sql<{ environment: Environment; deleted: boolean }[]>`
    SELECT environment, deleted_at IS NOT NULL AS deleted FROM contracts WHERE id = ${contract_id}`;
  return contract;
}

/** Puts an event back with an outcome, to be tried at once. */
export async function resetBillingEvent(
  tx: Sql,
  id: string,
  { outcome, reason, now }: Pick<ArrivedBillingEvent, 'outcome' | 'reason'> & { now: Instant },
): Promise<BillingEventRow & { raw: string }> {
  const [row] = await tx<[BillingEventRow & { raw: string }]>`
    UPDATE billing_inbox
    SET outcome = ${outcome}, reason = ${reason}, try_at = ${now}, tries = 0,
        decided_at = ${outcome === 'IGNORED' ? now : null}
    WHERE id = ${id} RETURNING ${columns(tx)}, raw`;
  return row;
}

/** How many events wait, by what they wait for. */
export async function countWaitingBillingEvents(sql: Sql): Promise<{ PENDING: number; PARKED: number }> {
  const [row] = await sql<[{ pending: number; parked: number }]>`
    SELECT count(*) FILTER (WHERE outcome = 'PENDING')::int AS pending, count(*) FILTER (WHERE outcome = 'PARKED')::int AS parked
    FROM billing_inbox WHERE outcome IN ('PENDING', 'PARKED')`;
  return { PENDING: row.pending, PARKED: row.parked };
}

/** How many events are parked for more than a day: a person has to look. */
export async function countParkedForADay(sql: Sql, now: Instant): Promise<number> {
  const [row] = await sql<[{ count: number }]>`${parkedForADay(sql, now)}`;
  return row.count;
}

/** The query behind it. */
export function parkedForADay(sql: Sql, now: Instant): Fragment {
  return sql`
    SELECT count(*)::int FROM billing_inbox
    WHERE outcome = 'PARKED' AND received_at < ${now}::timestamptz - ${PARKED_ALERT_AFTER}::interval`;
}

/** The contract an event names; undefined when it names none, there is none, or the event is of no concern to any. */
export async function findContractAtArrival(sql: Sql, event: BillingEvent): Promise<ContractAtArrival | undefined> {
  if (event.contract_id === null || !event.relevant) return undefined;
  const [contract] = await sql<ContractAtArrival[]>`
    SELECT c.id, c.deleted_at IS NOT NULL AS deleted, c.test_clock_id, k.now AS clock_now
    FROM contracts c LEFT JOIN test_clocks k ON k.id = c.test_clock_id WHERE c.id = ${event.contract_id}`;
  return contract;
}

/** Whether an earlier event of the contract is due. Ids are the order: any would do in which one is the first. */
export async function hasEarlierDueEvent(
  sql: Sql,
  event: { id: string; contract_id: string | null },
  now: Instant,
): Promise<boolean> {
  const found = await sql`
    SELECT FROM billing_inbox
    WHERE contract_id = ${event.contract_id} AND outcome = 'PENDING' AND ${isDue(sql, now)} AND id < ${event.id} LIMIT 1`;
  return found.count > 0;
}

/** The event that was here before, and whether it is due. */
export async function findExistingEvent(
  sql: Sql,
  event: Pick<BillingEvent, 'source' | 'event_id'>,
  now: Instant,
): Promise<{
  id: string;
  outcome: BillingOutcome;
  contract_id: string | null;
  invoice_id: string | null;
  due: boolean;
}> {
  const [row] = await sql<
    [{ id: string; outcome: BillingOutcome; contract_id: string | null; invoice_id: string | null; due: boolean }]
  >`
    SELECT id, outcome, contract_id, invoice_id, ${isDue(sql, now)} AS due FROM billing_inbox
    WHERE source = ${event.source} AND event_id = ${event.event_id}`;
  return row;
}

/**
 * When the event `b` came in, by the clock of its contract. While its contract was unknown that was real time; it counts
 * from the instant of the test clock at which its contract is found.
 */
function reportedAtOnceKnown(sql: Sql, contract_id: Fragment): Fragment {
  const was_unknown = sql`(b.contract_id IS NULL OR b.reason = ${'CONTRACT_UNKNOWN' satisfies BillingReason})`;
  return sql`CASE WHEN ${was_unknown} THEN coalesce(${clockTime(sql, contract_id)}, b.reported_at) ELSE b.reported_at END`;
}

/** Whether an event is shown with this outcome (`shownOutcome`). */
function hasShownOutcome(sql: Sql, outcome: BillingOutcome): Fragment {
  if (outcome === 'PENDING') return sql`(outcome = 'PENDING' OR (outcome = 'PARKED' AND invoice_id IS NULL))`;
  if (outcome === 'PARKED') return sql`(outcome = 'PARKED' AND invoice_id IS NOT NULL)`;
  return sql`outcome = ${outcome}`;
}

/** When an event is tried again: after as long as it has waited already, within the two bounds. */
function nextTry(sql: Sql, now: Instant, longest = RETRY_AFTER_MAX): Fragment {
  return sql`${now}::timestamptz + least(${longest}::interval, greatest(${RETRY_AFTER_MIN}::interval, ${now}::timestamptz - received_at))`;
}

/**
 * Whether an event is to be tried. One that was never put off is, whatever the clocks say: the process that took it in may
 * be ahead of the one that applies it, and then nobody would look again.
 */
function isDue(sql: Sql, now: Instant): Fragment {
  return sql`(tries = 0 OR try_at <= ${now})`;
}

function columns(sql: Sql): Fragment {
  return sql`id, source, event_id, type, contract_id, invoice_id, observation, occurred_at, received_at, future_dated, outcome,
    reason, try_at, tries, decided_at, request_id`;
}

/**
 * Empties the messages of billing systems about the contracts of a customer, who may be named in them, and all others that hold one
 * of the addresses. What was understood of them stays. Answers how many. Reads every message.
 */
export async function eraseRawMessages(tx: Sql, customer_id: string, emails: string[]): Promise<number> {
  const emptied = await tx`
    UPDATE billing_inbox SET raw = '{}'
    WHERE raw <> '{}' AND (contract_id IN (SELECT id FROM contracts WHERE customer_id = ${customer_id})
      OR EXISTS (SELECT FROM unnest(${emails}::text[]) AS email WHERE strpos(lower(raw), lower(email)) > 0))`;
  return emptied.count;
}
