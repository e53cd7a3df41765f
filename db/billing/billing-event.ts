/**
 * The billing inbox: every message of a billing system, stored before it is processed, and its outcome.
 *
 * An event is stored once (`billing_event_unique`), and none is lost: the sweep finds every waiting event, also when no workflow was
 * signaled. All times are real times, except `reported_at`; a contract's test clock also decides whether an event is future-dated.
 *
 * An arriving event that is pending waits in the queue of the billing batch (`billing-queue.ts`). Every other statement that makes an
 * event pending leaves it to the workflow of its contract (`left_to_contract`), which the caller wakes.
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
import { mergedStatement } from '../base/merged-statement';
import { limitedLockWait } from '../base/session';
import { testClockTime } from '../contract/clock';

/** The bounds of the interval between two tries of an event. The interval is as long as the event has waited already. */
const RETRY_AFTER_MIN = '1 minute';
const RETRY_AFTER_MAX = '1 hour';
const ANSWERED_RETRY_AFTER_MAX = '1 day';
/** Events that are parked for longer raise an alert (domain.md 1.5.4). */
const PARKED_ALERT_AFTER = '1 day';
/** Events that are parked for longer are not tried again. No billing system repeats an event after this time. */
const PARKED_GIVEN_UP_AFTER = '90 days';

/** A billing event that has just arrived. */
export interface BillingArrival {
  event: BillingEvent;
  /** The message in the form in which it was signed. */
  raw: string;
  now: Instant;
  request_id: string | null;
}

/** An event that is not yet applied. */
export interface PendingBillingEvent {
  id: string;
  source: BillingSource;
  event_id: string;
  type: string;
  invoice_id: string;
  observation: InvoiceObservation | null;
  occurred_at: Instant;
  /** The instant, by the contract's clock, at which the billing system reported it. */
  reported_at: Instant;
  future_dated: boolean;
  tries: number;
}

/** The outcome of a pending event. A PARKED event is tried again automatically. */
export interface BillingDecision {
  id: string;
  outcome: Exclude<BillingOutcome, 'PENDING'>;
  reason: string | null;
}

/** An event as lists show it. `raw` is read only for a single event. */
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

/** A parked event whose invoice or contract is unknown, so that its billing system has to be asked. */
export interface UnidentifiedBillingEvent {
  id: string;
  source: BillingSource;
  contract_id: string | null;
  invoice_id: string | null;
  raw: string;
}

/** The fields of a contract that decide about an arriving event. */
export interface ContractAtArrival {
  id: string;
  deleted: boolean;
  /** Its test clock and the time of that clock; null when the contract uses the real clock. */
  test_clock_id: string | null;
  clock_now: Instant | null;
}

/** An arriving event with its first outcome. */
export interface ArrivedBillingEvent extends BillingArrival {
  /** Whether its date was too far in the future; then it counts from its arrival. */
  future_dated: boolean;
  outcome: BillingOutcome;
  reason: BillingReason | null;
  /** The instant, by the contract's clock, at which the billing system reported it. */
  reported_at: Instant;
}

/** Names an event: its sender and the id that the sender gave it. */
export type BillingEventName = Pick<BillingEvent, 'source' | 'event_id'>;

/**
 * Inserts arriving events, each with its first outcome; returns those that were not stored before. Of several events with
 * one name only one is inserted. `lock_ms` limits the wait for another transaction that inserts one of these names; give it only
 * outside a transaction.
 */
export async function insertBillingEvents(
  sql: Sql,
  arrived: readonly ArrivedBillingEvent[],
  lock_ms?: number,
): Promise<StoredBillingEvent[]> {
  if (arrived.length === 0) return [];
  const events = arrived.map(({ event }) => event);
  // The next sweep looks up what is unknown. A named contract that does not exist yet has a minute to be created.
  const waits = arrived.map(({ event, reason }) => reason === 'CONTRACT_UNKNOWN' && event.contract_id !== null);
  // Not pipelined: it waits while another transaction has inserted the same event and has not committed. In the order of names, so that
  // two statements with the same events do not deadlock.
  return withoutPipelining(sql<StoredBillingEvent[]>`
    INSERT INTO billing_inbox (source, event_id, type, contract_id, invoice_id, observation, raw, occurred_at, received_at, reported_at,
                               future_dated, outcome, reason, try_at, decided_at, request_id)
    SELECT source, event_id, type, contract_id, invoice_id, observation, raw, occurred_at, received_at, reported_at, future_dated, outcome, reason,
           received_at + CASE WHEN waits THEN ${RETRY_AFTER_MIN}::interval ELSE '0' END,
           CASE outcome WHEN 'IGNORED' THEN received_at END, request_id
    FROM unnest(
      ${events.map(({ source }) => source)}::text[],
      ${events.map(({ event_id }) => event_id)}::text[],
      ${events.map(({ type }) => type)}::text[],
      ${events.map(({ contract_id }) => contract_id)}::uuid[],
      ${events.map(({ invoice_id }) => invoice_id)}::text[],
      ${events.map(({ observation }) => JSON.stringify(observation))}::text[]::jsonb[],
      ${arrived.map(({ raw }) => raw)}::text[],
      ${events.map(({ occurred_at }) => occurred_at)}::timestamptz[],
      ${arrived.map(({ now }) => now)}::timestamptz[],
      ${arrived.map(({ reported_at }) => reported_at)}::timestamptz[],
      ${arrived.map(({ future_dated }) => String(future_dated))}::text[]::boolean[],
      ${arrived.map(({ outcome }) => outcome)}::text[],
      ${arrived.map(({ reason }) => reason)}::text[],
      ${arrived.map(({ request_id }) => request_id)}::text[],
      ${waits.map(String)}::text[]::boolean[]
    ) AS a (source, event_id, type, contract_id, invoice_id, observation, raw, occurred_at, received_at, reported_at, future_dated, outcome, reason,
            request_id, waits)
    ${lock_ms === undefined ? sql`` : sql`CROSS JOIN ${limitedLockWait(sql, lock_ms)}`}
    ORDER BY source, event_id
    ON CONFLICT ON CONSTRAINT billing_event_unique DO NOTHING RETURNING id, source, event_id, outcome, contract_id, invoice_id`);
}

/** The due events of one contract. */
interface DueEvents {
  contract_id: string;
  /** The real time. */
  now: Instant;
  limit: number;
}

const listPending = mergedStatement(
  'list pending billing events',
  async (sql, inputs: readonly DueEvents[]) => {
    const [{ now, limit }] = inputs as [DueEvents];
    const rows = await sql<(PendingBillingEvent & { contract_id: string })[]>`
      SELECT e.id, c.id AS contract_id, source, event_id, type, invoice_id, observation, occurred_at, reported_at, future_dated, tries
      FROM unnest(${inputs.map(({ contract_id }) => contract_id)}::uuid[]) AS c (id) CROSS JOIN LATERAL (
        SELECT id, source, event_id, type, invoice_id, observation, occurred_at, reported_at, future_dated, tries FROM billing_inbox
        WHERE contract_id = c.id AND outcome = 'PENDING' AND ${isDue(sql, now)}
        ORDER BY occurred_at, id LIMIT ${limit}
      ) e ORDER BY occurred_at, e.id`;
    const events = new Map(inputs.map(({ contract_id }) => [contract_id, [] as PendingBillingEvent[]]));
    for (const { contract_id, ...event } of rows) events.get(contract_id)?.push(event);
    return inputs.map(({ contract_id }) => events.get(contract_id) as PendingBillingEvent[]);
  },
  ({ now, limit }) => `${now} ${limit}`,
);

/** A contract's events that are due, in the order in which they occurred. `now` is the real time. */
export function listPendingBillingEvents(
  sql: Sql,
  contract_id: string,
  now: Instant,
  limit: number,
): Promise<PendingBillingEvent[]> {
  return listPending(sql, { contract_id, now, limit });
}

/** How many of a contract's events are due. */
export async function countPendingBillingEvents(sql: Sql, contract_id: string, now: Instant): Promise<number> {
  const [row] = await sql<[{ count: number }]>`
    SELECT count(*)::int FROM billing_inbox WHERE contract_id = ${contract_id} AND outcome = 'PENDING' AND ${isDue(sql, now)}`;
  return row.count;
}

const decide = mergedStatement(
  'decide billing events',
  async (tx, inputs: readonly { decisions: readonly BillingDecision[]; now: Instant }[]) => {
    const decisions = inputs.flatMap((input) => input.decisions);
    const { now } = inputs[0] as (typeof inputs)[number];
    const ids = decisions.map(({ id }) => id);
    const still = decisions.map((): BillingOutcome => 'PENDING');
    await tx`
      UPDATE billing_inbox b
      SET outcome = d.outcome, reason = d.reason,
          decided_at = CASE WHEN d.outcome = 'PARKED' THEN NULL ELSE ${now}::timestamptz END,
          tries = tries + CASE WHEN d.outcome = 'PARKED' THEN 1 ELSE 0 END,
          try_at = CASE WHEN d.outcome = 'PARKED' THEN ${nextTry(tx, now)} ELSE try_at END
      FROM unnest(${ids}::uuid[], ${still}::text[], ${decisions.map(({ outcome }) => outcome)}::text[],
                  ${decisions.map(({ reason }) => reason)}::text[]) AS d (id, still, outcome, reason)
      WHERE b.id = d.id AND b.id = ANY(${ids}::uuid[]) AND b.outcome = d.still`;
    return inputs.map(() => undefined);
  },
  ({ now }) => now,
);

/**
 * Writes outcomes, except for events that were decided meanwhile. Call it in the transaction that applies them.
 *
 * The outcome that an event must still have is a column of the list, so that Postgres looks up each event by its id. With a constant it
 * may read every pending event instead: then each decision took 1.6 ms in a burst of 5,000.
 */
export async function decideBillingEvents(tx: Sql, decisions: BillingDecision[], now: Instant): Promise<void> {
  if (decisions.length > 0) await decide(tx, { decisions, now });
}

/**
 * Keeps events pending and postpones their next try by as long as each has waited already: at least a minute, at most an hour. The
 * workflow of their contract tries again.
 */
export async function postponeBillingEvents(sql: Sql, ids: string[], now: Instant, reason: string): Promise<void> {
  if (ids.length === 0) return;
  await sql`
    UPDATE billing_inbox SET reason = ${reason}, tries = tries + 1, try_at = ${nextTry(sql, now)}, left_to_contract = true
    WHERE id = ANY(${ids}) AND outcome = 'PENDING'`;
}

/** Makes a contract's postponed events due now. */
export async function retryBillingEventsNow(sql: Sql, contract_id: string): Promise<void> {
  await sql`
    UPDATE billing_inbox SET try_at = received_at WHERE contract_id = ${contract_id} AND outcome = 'PENDING' AND tries > 0`;
}

/** The first postponed event of a contract: its billing system gave no answer. */
export async function findPostponedBillingEvent(
  sql: Sql,
  contract_id: string,
): Promise<Pick<BillingEventRow, 'source' | 'event_id'> | undefined> {
  const [event] = await sql<Pick<BillingEventRow, 'source' | 'event_id'>[]>`
    SELECT source, event_id FROM billing_inbox WHERE contract_id = ${contract_id} AND outcome = 'PENDING' AND tries > 0
    ORDER BY id LIMIT 1`;
  return event;
}

/** Sets events pending that were parked until their contract exists. Returns how many; if any, wake the workflow of the contract. */
export async function unparkBillingEvents(tx: Sql, contract_id: string, now: Instant): Promise<number> {
  const unparked = await tx`
    UPDATE billing_inbox
    SET outcome = 'PENDING', left_to_contract = true, reason = NULL, tries = 0, try_at = ${now}, reported_at = coalesce(${testClockTime(tx, tx`${contract_id}`)}, reported_at)
    WHERE contract_id = ${contract_id} AND outcome = 'PARKED' AND invoice_id IS NOT NULL`;
  return unparked.count;
}

/** A query for the contracts with an event that has been due since `until` or earlier, with the instant since when. */
export function overdueBillingContracts(sql: Sql, until: Fragment): Fragment {
  return sql`
    SELECT contract_id AS id, min(try_at) AS since FROM billing_inbox
    WHERE outcome = 'PENDING' AND try_at <= ${until} AND contract_id IS NOT NULL
    GROUP BY contract_id`;
}

/**
 * Decides again about at most `limit` waiting events: parked events whose contract exists become pending, events of deleted contracts
 * become ignored, and events that were parked for too long are given up. Returns the contracts to wake.
 */
export async function reviewWaitingBillingEvents(
  sql: Sql,
  { now, limit }: { now: Instant; limit: number },
): Promise<string[]> {
  const rows = await sql<{ contract_id: string | null; outcome: BillingOutcome }[]>`
    UPDATE billing_inbox b
    SET outcome = due.outcome, left_to_contract = true, reason = due.reason,
        -- An event that waited for its contract was not tried yet.
        tries = CASE WHEN b.reason = ${'CONTRACT_UNKNOWN' satisfies BillingReason} THEN 0 ELSE b.tries END,
        decided_at = CASE WHEN due.outcome = 'IGNORED' THEN ${now}::timestamptz END,
        reported_at = ${reportedAtWhenKnown(sql, sql`b.contract_id`)}
    FROM (
      SELECT i.id,
             CASE WHEN c.deleted_at IS NULL AND NOT expired.is THEN 'PENDING' ELSE 'IGNORED' END AS outcome,
             CASE WHEN c.deleted_at IS NOT NULL THEN ${'CONTRACT_DELETED' satisfies BillingReason}
                  WHEN expired.is THEN ${'GIVEN_UP' satisfies BillingReason} END AS reason
      FROM billing_inbox i LEFT JOIN contracts c ON c.id = i.contract_id
      CROSS JOIN LATERAL (
        SELECT i.outcome = 'PARKED' AND i.received_at < ${now}::timestamptz - ${PARKED_GIVEN_UP_AFTER}::interval AS is
      ) expired
      WHERE i.try_at <= ${now}
        AND CASE i.outcome
              WHEN 'PENDING' THEN c.deleted_at IS NOT NULL
              WHEN 'PARKED' THEN c.deleted_at IS NOT NULL OR (c.id IS NOT NULL AND i.invoice_id IS NOT NULL) OR expired.is
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

/** Parked events of one source that are due and whose contract or invoice is unknown. */
export async function listUnidentifiedBillingEvents(
  sql: Sql,
  source: BillingSource,
  { now, limit }: { now: Instant; limit: number },
): Promise<UnidentifiedBillingEvent[]> {
  return sql<UnidentifiedBillingEvent[]>`
    SELECT id, source, contract_id, invoice_id, raw FROM billing_inbox
    WHERE outcome = 'PARKED' AND source = ${source} AND try_at <= ${now} AND (contract_id IS NULL OR invoice_id IS NULL)
    -- Events that were not tried yet come first, so that events of invoices that name no contract cannot delay them.
    ORDER BY tries > 0, try_at LIMIT ${limit}`;
}

/**
 * Stores the contract and invoice of a parked event, as the billing system answered, and returns the contract to wake, or null. Ids
 * that the message named are kept. An event without an invoice, or of an invoice that names no contract, becomes ignored: if the
 * invoice names a contract later, the billing system sends another event. An event whose contract does not exist, or is named by a
 * text that is no id, stays parked for a later try.
 */
export async function identifyBillingEvent(
  sql: Sql,
  id: string,
  found: IdentifiedBilling,
  now: Instant,
): Promise<string | null> {
  const [row] = await sql<{ contract_id: string | null; outcome: BillingOutcome }[]>`
    UPDATE billing_inbox b
    SET contract_id = i.contract_id, invoice_id = i.invoice_id, outcome = i.outcome, left_to_contract = true,
        reason = CASE i.outcome WHEN 'PARKED' THEN ${'CONTRACT_UNKNOWN' satisfies BillingReason}
                                WHEN 'IGNORED' THEN CASE WHEN i.invoice_id IS NULL THEN ${'NO_INVOICE' satisfies BillingReason}
                                                         WHEN i.contract_id IS NULL THEN ${'NO_CONTRACT' satisfies BillingReason}
                                                         ELSE ${'CONTRACT_DELETED' satisfies BillingReason} END END,
        tries = CASE i.outcome WHEN 'PARKED' THEN b.tries + 1 ELSE 0 END,
        -- The billing system has answered, and a different answer within a day is unlikely.
        try_at = CASE i.outcome WHEN 'PARKED' THEN ${nextTry(sql, now, ANSWERED_RETRY_AFTER_MAX)} ELSE b.try_at END,
        decided_at = CASE i.outcome WHEN 'IGNORED' THEN ${now}::timestamptz END,
        reported_at = ${reportedAtWhenKnown(sql, sql`i.contract_id`)}
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

/** Postpones a parked event, because its billing system gave no answer. */
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

/** The fields of a contract that the replay of its event needs. */
export async function findContractOfEvent(
  sql: Sql,
  contract_id: string | null,
): Promise<{ environment: Environment; deleted: boolean } | undefined> {
  const [contract] = await sql<{ environment: Environment; deleted: boolean }[]>`
    SELECT environment, deleted_at IS NOT NULL AS deleted FROM contracts WHERE id = ${contract_id}`;
  return contract;
}

/** Sets the outcome of an event again and makes it due now. */
export async function resetBillingEvent(
  tx: Sql,
  id: string,
  { outcome, reason, now }: Pick<ArrivedBillingEvent, 'outcome' | 'reason' | 'now'>,
): Promise<BillingEventRow & { raw: string }> {
  const [row] = await tx<[BillingEventRow & { raw: string }]>`
    UPDATE billing_inbox
    SET outcome = ${outcome}, left_to_contract = true, reason = ${reason}, try_at = ${now}, tries = 0,
        decided_at = ${outcome === 'IGNORED' ? now : null}
    WHERE id = ${id} RETURNING ${columns(tx)}, raw`;
  return row;
}

/** How many events are pending and how many are parked. */
export async function countWaitingBillingEvents(sql: Sql): Promise<{ PENDING: number; PARKED: number }> {
  const [row] = await sql<[{ pending: number; parked: number }]>`
    SELECT count(*) FILTER (WHERE outcome = 'PENDING')::int AS pending, count(*) FILTER (WHERE outcome = 'PARKED')::int AS parked
    FROM billing_inbox WHERE outcome IN ('PENDING', 'PARKED')`;
  return { PENDING: row.pending, PARKED: row.parked };
}

/** How many events are parked for more than a day, so that an operator has to check them. */
export async function countParkedForADay(sql: Sql, now: Instant): Promise<number> {
  const [row] = await sql<[{ count: number }]>`${parkedForADayQuery(sql, now)}`;
  return row.count;
}

/** The query of {@link countParkedForADay}. */
export function parkedForADayQuery(sql: Sql, now: Instant): Fragment {
  return sql`
    SELECT count(*)::int FROM billing_inbox
    WHERE outcome = 'PARKED' AND received_at < ${now}::timestamptz - ${PARKED_ALERT_AFTER}::interval`;
}

/** The contracts among these ids that exist, with what decides about an arriving event. */
export async function listContractsAtArrival(sql: Sql, ids: readonly string[]): Promise<ContractAtArrival[]> {
  if (ids.length === 0) return [];
  return sql<ContractAtArrival[]>`
    SELECT c.id, c.deleted_at IS NOT NULL AS deleted, c.test_clock_id, k.now AS clock_now
    FROM contracts c LEFT JOIN test_clocks k ON k.id = c.test_clock_id WHERE c.id = ANY(${[...ids]}::uuid[])`;
}

/** A stored event with what its sender is answered. */
export interface StoredBillingEvent extends BillingEventName {
  id: string;
  outcome: BillingOutcome;
  contract_id: string | null;
  invoice_id: string | null;
}

/** The stored events with these names, in any order. */
export async function listStoredEvents(sql: Sql, names: readonly BillingEventName[]): Promise<StoredBillingEvent[]> {
  return sql<StoredBillingEvent[]>`
    SELECT b.id, b.source, b.event_id, b.outcome, b.contract_id, b.invoice_id
    FROM unnest(${names.map(({ source }) => source)}::text[], ${names.map(({ event_id }) => event_id)}::text[]) AS n (source, event_id)
    JOIN billing_inbox b USING (source, event_id)`;
}

/**
 * The new `reported_at` of the event `b`. It holds the real time while the contract is unknown, and the time of the contract's test
 * clock from the moment at which the contract is found.
 */
function reportedAtWhenKnown(sql: Sql, contract_id: Fragment): Fragment {
  const was_unknown = sql`(b.contract_id IS NULL OR b.reason = ${'CONTRACT_UNKNOWN' satisfies BillingReason})`;
  return sql`CASE WHEN ${was_unknown} THEN coalesce(${testClockTime(sql, contract_id)}, b.reported_at) ELSE b.reported_at END`;
}

/** The condition that the interface shows an event with this outcome (`shownOutcome`). */
function hasShownOutcome(sql: Sql, outcome: BillingOutcome): Fragment {
  if (outcome === 'PENDING') return sql`(outcome = 'PENDING' OR (outcome = 'PARKED' AND invoice_id IS NULL))`;
  if (outcome === 'PARKED') return sql`(outcome = 'PARKED' AND invoice_id IS NOT NULL)`;
  return sql`outcome = ${outcome}`;
}

/** When an event is tried again: after as long as it has waited already, within the bounds. */
function nextTry(sql: Sql, now: Instant, longest = RETRY_AFTER_MAX): Fragment {
  return sql`${now}::timestamptz + least(${longest}::interval, greatest(${RETRY_AFTER_MIN}::interval, ${now}::timestamptz - received_at))`;
}

/**
 * The condition that an event is due. An event that was never postponed is always due: the clock of the process that stored it may be
 * ahead of the process that applies it, and an event that is not due yet would wait for the sweep.
 */
export function isDue(sql: Sql, now: Instant): Fragment {
  return sql`(tries = 0 OR try_at <= ${now})`;
}

function columns(sql: Sql): Fragment {
  return sql`id, source, event_id, type, contract_id, invoice_id, observation, occurred_at, received_at, future_dated, outcome,
    reason, try_at, tries, decided_at, request_id`;
}

/**
 * Empties the raw messages about the contracts of a customer, because they may name the customer, and every message that contains one
 * of the e-mail addresses. The parsed fields stay. Returns how many messages it emptied. Reads every message.
 */
export async function eraseRawMessages(tx: Sql, customer_id: string, emails: string[]): Promise<number> {
  const emptied = await tx`
    UPDATE billing_inbox SET raw = '{}'
    WHERE raw <> '{}' AND (contract_id IN (SELECT id FROM contracts WHERE customer_id = ${customer_id})
      OR EXISTS (SELECT FROM unnest(${emails}::text[]) AS email WHERE strpos(lower(raw), lower(email)) > 0))`;
  return emptied.count;
}
