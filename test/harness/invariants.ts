/**
 * Conditions that must be true in Postgres at every moment, also after crashes: for the quota, the licenses, their
 * chunks, the terms, billing events, and the history.
 *
 * One statement, so that it reads one snapshot and can run while jobs run. Events, which do not change, are also checked by their schemas.
 */
import type { Sql } from '../../db/base/database';
import { eventSchema } from '../../domain/webhook/event';
import type { EventType } from '../../domain/webhook/event';

/** One row that breaks an invariant: the rule, the subject of the row, and the values that were found. */
export interface BrokenInvariant {
  rule: string;
  subject: string;
  found: string;
}

/** The maximum number of rows in the error. */
const SHOWN_MAX = 20;

/** Throws an error that shows the rows that break an invariant. */
export async function expectInvariants(sql: Sql): Promise<void> {
  throwBroken([...(await brokenInvariants(sql)), ...(await undescribedEvents(sql))]);
}

/** Throws an error that shows the domain events that their schema refuses. */
export async function expectDescribedEvents(sql: Sql): Promise<void> {
  throwBroken(await undescribedEvents(sql));
}

function throwBroken(broken: readonly BrokenInvariant[]): void {
  if (broken.length === 0) return;
  const shown = broken.slice(0, SHOWN_MAX).map(({ rule, subject, found }) => `- ${rule}: ${subject} has ${found}`);
  throw new Error(`${broken.length} rows break an invariant:\n${shown.join('\n')}`);
}

/**
 * Domain events that their schema refuses. Of events that say values of the same types under the same names, one is checked: a database
 * of a test has up to a million.
 */
async function undescribedEvents(sql: Sql): Promise<BrokenInvariant[]> {
  const events = await sql<{ id: string; type: EventType }[]>`
    SELECT DISTINCT ON (type, form) id, at, type, contract_id, environment, sequence::int, data FROM (
      SELECT *, (SELECT string_agg(key || jsonb_typeof(value), ',') FROM jsonb_each(data)) AS form FROM domain_events WHERE data <> '{}'
    ) e`;
  return events.flatMap((event) => {
    const parsed = eventSchema(event.type).safeParse(event);
    if (parsed.success) return [];
    return [
      { rule: 'an event is what its schema says', subject: `${event.type} ${event.id}`, found: parsed.error.message },
    ];
  });
}

/** Returns every row that breaks an invariant. */
export async function brokenInvariants(sql: Sql): Promise<BrokenInvariant[]> {
  return sql<BrokenInvariant[]>`
    WITH made AS (
      SELECT id >> 24 AS serial, count(*)::int AS licenses, min(id & 16777215) AS first, max(id & 16777215) AS last
      FROM licenses GROUP BY id >> 24
    ), chunked AS (
      SELECT job_id, sum(licenses)::int AS licenses FROM generation_chunks GROUP BY job_id
    ), job AS (
      SELECT g.*, g.state IN ('QUEUED', 'RUNNING', 'PAUSED', 'CANCELLING') AS unfinished,
             coalesce(chunked.licenses, 0) AS chunked, coalesce(made.licenses, 0) AS made, made.first, made.last
      FROM generation_jobs g LEFT JOIN made USING (serial) LEFT JOIN chunked ON chunked.job_id = g.id
    ), used AS (
      SELECT contract_id, sum(made)::int AS made, coalesce(sum(requested - chunked) FILTER (WHERE unfinished), 0)::int AS reserved
      FROM job WHERE NOT is_test GROUP BY contract_id
    ), quota AS (
      SELECT q.*, coalesce(used.made, 0) AS made, coalesce(used.reserved, 0) AS reserved,
             (SELECT coalesce(sum(amount), 0)::int FROM quota_grants WHERE contract_id = q.contract_id) AS granted
      FROM contract_quotas q LEFT JOIN used USING (contract_id)
    ), license_chunk AS (
      SELECT l.id, l.id & 16777215 AS ordinal, j.id AS job_id, coalesce(i.rows, j.requested) AS ordinals, ((l.id & 16777215) - 1) / j.chunk_size AS chunk_no
      FROM licenses l LEFT JOIN generation_jobs j ON j.serial = l.id >> 24 LEFT JOIN license_imports i ON i.id = j.id
    ), chunk AS (
      SELECT k.job_id, k.chunk_no, k.licenses,
             -- The rows of an import that are not imported leave gaps.
             CASE WHEN j.execution = 'import' THEN (SELECT imported FROM license_import_chunks WHERE import_id = j.id AND chunk_no = k.chunk_no)
                  ELSE least(j.chunk_size, j.requested - k.chunk_no * j.chunk_size) END AS span,
             (SELECT count(*)::int FROM licenses l
              WHERE l.id > (j.serial << 24) + k.chunk_no::bigint * j.chunk_size
                AND l.id <= (j.serial << 24) + (k.chunk_no + 1)::bigint * j.chunk_size) AS made
      FROM generation_chunks k JOIN generation_jobs j ON j.id = k.job_id
    ), audited AS (
      SELECT j.id, j.execution, j.is_test, j.unfinished,
             (SELECT count(*) FROM audit_events WHERE subject_id = j.id::text AND action = 'generation.requested') AS requested,
             (SELECT count(*) FROM audit_events WHERE subject_id = j.id::text AND action = 'job.resumed') AS resumed,
             (SELECT count(*) FROM audit_events WHERE subject_id = j.id::text AND action = 'job.finished') AS finished,
             (SELECT count(*) FROM audit_events
              WHERE subject_id = j.id::text AND action = 'job.finished' AND (after ->> 'completed')::int > 0) AS finished_with_licenses,
             (SELECT count(*) FROM domain_events
              WHERE contract_id = j.contract_id AND type = 'license.batch_generated' AND data ->> 'job_id' = j.id::text) AS batches
      FROM job j WHERE j.execution NOT IN ('direct', 'import')
    ), imported AS (
      SELECT j.id, j.unfinished, j.made, i.rows, j.chunk_size, k.imported, k.decided, o.outcomes,
             (SELECT count(*) FROM audit_events WHERE subject_id = j.id::text AND action = 'import.requested') AS requested,
             (SELECT count(*) FROM audit_events WHERE subject_id = j.id::text AND action = 'job.resumed') AS resumed,
             (SELECT count(*) FROM audit_events WHERE subject_id = j.id::text AND action = 'job.finished') AS finished,
             (SELECT count(*) FROM domain_events
              WHERE contract_id = j.contract_id AND type = 'license.batch_imported' AND data ->> 'job_id' = j.id::text) AS batches
      FROM job j LEFT JOIN license_imports i ON i.id = j.id
      CROSS JOIN LATERAL (SELECT coalesce(sum(imported), 0)::int AS imported, coalesce(sum(coalesce(imported, 0) + skipped + rejected), 0)::int AS decided
                          FROM license_import_chunks WHERE import_id = j.id) k
      CROSS JOIN LATERAL (SELECT count(*)::int AS outcomes FROM license_import_outcomes WHERE import_id = j.id) o
      WHERE j.execution = 'import'
    ), direct AS (
      SELECT j.id, 'lic_' || (j.serial << 24) + 1 AS first_license,
             (SELECT count(*) FROM audit_events WHERE subject_id = 'lic_' || (j.serial << 24) + 1 AND action = 'license.created') AS audited,
             (SELECT count(*) FROM domain_events
              WHERE contract_id IS NULL AND type = 'license.created' AND data -> 'license_ids' ->> 0 = 'lic_' || (j.serial << 24) + 1) AS events
      FROM job j WHERE j.execution = 'direct'
    ), revised AS (
      SELECT c.id, c.revision, count(r.revision) AS revisions, min(r.revision) AS first, max(r.revision) AS last
      FROM contracts c LEFT JOIN contract_revisions r ON r.contract_id = c.id GROUP BY c.id
    ), created AS (
      SELECT c.id, count(a.id) AS rows FROM contracts c
      LEFT JOIN audit_events a ON a.contract_id = c.id AND a.action = 'contract.created' GROUP BY c.id
    ), applied AS (
      -- Changes that only time causes. Several amendments can take effect on one day, and their ids distinguish them.
      SELECT contract_id, action, at, coalesce(after ->> 'amendment_id', after ->> 'days_before') AS which, count(*) AS rows
      FROM audit_events
      WHERE subject_type = 'contract' AND actor ->> 'id' = 'covenant'
        AND action IN ('contract.term_started', 'contract.resumed', 'contract.grace_started', 'contract.expired', 'contract.terminated',
                       'renewal.reminder_due', 'renewal.notice_due', 'contract.amended', 'quota.granted', 'amendment.failed')
      GROUP BY contract_id, action, at, which
    ), renewal AS (
      SELECT c.id, c.term_number, count(r.*) AS terms, coalesce(max(r.term_number), 1) AS last
      FROM contracts c LEFT JOIN contract_renewals r ON r.contract_id = c.id GROUP BY c.id
    ), audited_renewal AS (
      SELECT contract_id, (after ->> 'term_number')::int AS term_number, count(*) AS rows
      FROM audit_events WHERE action = 'contract.renewed' GROUP BY contract_id, (after ->> 'term_number')::int
    ), event AS (
      SELECT b.*, count(*) FILTER (WHERE a.action IN ('billing.event_received', 'billing.event_ignored')) AS decided,
             count(*) FILTER (WHERE a.action = 'billing.event_received') AS received,
             count(*) FILTER (WHERE a.action = 'billing.parked') AS parked,
             (SELECT count(*) FROM audit_events WHERE subject_id = b.id::text AND action = 'billing.replayed') AS replayed
      FROM billing_inbox b
      LEFT JOIN audit_events a ON a.contract_id = b.contract_id AND a.action LIKE 'billing.%'
        AND a.after ->> 'event_id' = b.event_id AND a.after ->> 'source' = b.source
      GROUP BY b.id
    ), owing AS (
      SELECT c.*, (c.dunning ->> 'suspend_days')::int AS suspend_days, (c.dunning ->> 'terminate_days')::int AS terminate_days,
             (c.settled_until AT TIME ZONE c.timezone)::date - min(coalesce(i.disputed_on, i.due_date)) AS age_days,
             (SELECT (c.settled_until AT TIME ZONE c.timezone)::date - (placed_at AT TIME ZONE c.timezone)::date FROM contract_holds
              WHERE contract_id = c.id AND source = 'billing' AND lifted_at IS NULL) AS held_days
      FROM contracts c
      LEFT JOIN invoice_facts i ON i.contract_id = c.id AND i.status IN ('OPEN', 'FAILED', 'DISPUTED') AND NOT c.dunning_exempt
      GROUP BY c.id
    ), verifiable AS (
      SELECT *, state NOT IN ('DRAFT', 'EXPIRED', 'TERMINATED', 'DELETED')
                AND coalesce(CASE WHEN held_days IS NULL THEN age_days >= least(suspend_days, terminate_days)
                                  -- Not on the day of the suspension.
                                  ELSE age_days >= terminate_days AND held_days > 0 END, false) AS due
      FROM owing
    ), grantable AS (
      SELECT q.contract_id, q.grantable_terms_id, q.open_until, coalesce(c.next_boundary_at, 'infinity') AS next_boundary,
             (SELECT t.id FROM license_terms t JOIN generators g ON g.id = t.generator_id JOIN products p ON p.id = c.product_id
              WHERE t.id = c.terms_id AND t.contract_revision = c.revision AND t.generator_id = c.generator_id
                AND t.generator_revision = g.revision AND g.status = 'active' AND p.status = 'active' AND c.may_generate) AS current_terms_id
      FROM contract_quotas q JOIN contracts c ON c.id = q.contract_id
    ), numbered AS (
      SELECT contract_id, count(*) AS events, min(sequence) AS first, max(sequence) AS last
      FROM domain_events WHERE contract_id IS NOT NULL GROUP BY contract_id
    )
    SELECT 'generated (claimed - reserved) is the number of licenses without test licenses' AS rule, 'contract ' || contract_id AS subject,
           format('claimed %s, reserved %s and %s licenses', claimed, reserved, made) AS found
    FROM quota WHERE claimed - reserved <> made
    UNION ALL
    SELECT 'no quota is oversold', 'contract ' || contract_id, format('claimed %s of %s', claimed, total) FROM quota WHERE claimed NOT BETWEEN 0 AND total
    UNION ALL
    SELECT 'a quota is the sum of its grants', 'contract ' || contract_id, format('total %s and grants of %s', total, granted) FROM quota WHERE total <> granted
    UNION ALL
    SELECT 'every contract has a quota', 'contract ' || id, 'none' FROM contracts c WHERE NOT EXISTS (SELECT FROM contract_quotas WHERE contract_id = c.id)
    UNION ALL
    SELECT 'a chunk has exactly its licenses', format('chunk %s of job %s', chunk_no, job_id), format('%s of %s, with a span of %s', made, licenses, span)
    FROM chunk WHERE made <> licenses OR licenses IS DISTINCT FROM span
    UNION ALL
    SELECT 'a license has its chunk and an ordinal of its job', 'license ' || l.id, format('job %s, ordinal %s, chunk %s', l.job_id, l.ordinal, l.chunk_no)
    FROM license_chunk l LEFT JOIN generation_chunks k ON k.job_id = l.job_id AND k.chunk_no = l.chunk_no
    WHERE k.job_id IS NULL OR l.ordinal NOT BETWEEN 1 AND l.ordinals
    UNION ALL
    SELECT 'the ordinals of a job that succeeded are 1 to requested', 'job ' || id, format('%s of %s, from %s to %s', made, requested, first, last)
    FROM job WHERE execution <> 'import' AND state = 'SUCCEEDED' AND (made <> requested OR first <> 1 OR last <> requested)
    UNION ALL
    SELECT 'a job that did not succeed has fewer licenses than requested', 'job ' || id, format('state %s with %s of %s', state, made, requested)
    FROM job WHERE execution <> 'import' AND (state = 'PARTIAL' AND made NOT BETWEEN 1 AND requested - 1) OR (state = 'FAILED' AND made <> 0)
    UNION ALL
    SELECT 'a license of a pool is available exactly while it is unused', 'license ' || l.id,
           format('%s rows in the pool, and it is %s', coalesce(p.rows, 0), CASE WHEN l.available THEN 'available' ELSE 'used, or of no pool' END)
    FROM (
      SELECT l.id, c.type = 'pool' AND NOT j.is_test AND f.customer_id IS NULL AND f.held_until IS NULL AND f.activated_at IS NULL
                   AND f.suspended_at IS NULL AND f.revoked_at IS NULL AS available
      FROM licenses l JOIN generation_jobs j ON j.serial = l.id >> 24 JOIN contracts c ON c.id = j.contract_id
      LEFT JOIN license_facts f ON f.license_id = l.id
    ) l LEFT JOIN (
      SELECT id, count(*)::int AS rows FROM pool_available p, unnest(ids) AS part, generate_series(lower(part), upper(part) - 1) AS id
      WHERE id BETWEEN first_id AND last_id GROUP BY id
    ) p ON p.id = l.id
    WHERE coalesce(p.rows, 0) <> l.available::int
    UNION ALL
    SELECT 'a row of a pool has the licenses that it counts, of one expiry', format('licenses %s to %s', first_id, last_id),
           format('%s of %s, expiring at %s', size, licenses, expires_at)
    FROM pool_available p CROSS JOIN LATERAL (SELECT sum(upper(part) - lower(part)) AS size FROM unnest(ids) AS part) s
    WHERE size IS DISTINCT FROM licenses OR lower(ids) < first_id OR upper(ids) - 1 > last_id OR NOT EXISTS (
      SELECT FROM generation_jobs j WHERE j.serial = first_id >> 24 AND j.serial = last_id >> 24 AND j.contract_id = p.contract_id)
    UNION ALL
    SELECT 'a license key is unique', 'key ' || key, count(*) || ' licenses' FROM licenses GROUP BY key HAVING count(*) > 1
    UNION ALL
    SELECT 'a job is finished when it has an end', 'job ' || id, format('state %s and finished_at %s', state, finished_at)
    FROM job WHERE unfinished <> (finished_at IS NULL)
    UNION ALL
    SELECT 'a request is recorded once', 'job ' || id, requested || ' rows of generation.requested' FROM audited WHERE requested <> 1
    UNION ALL
    SELECT 'an import has a license or an outcome for each decided row', 'import ' || id,
           format('%s licenses, %s imported, %s decided of %s, %s outcomes', made, imported, decided, rows, outcomes)
    FROM imported WHERE rows IS NULL OR made <> imported OR decided <> made + outcomes OR decided > rows
    UNION ALL
    SELECT 'an import is recorded once', 'import ' || id, format('%s requests, %s ends, %s resumed, %s events', requested, finished, resumed, batches)
    FROM imported
    WHERE requested <> 1 OR finished <> CASE WHEN chunk_size = 1000 THEN 0 WHEN unfinished THEN resumed ELSE resumed + 1 END
       OR batches > finished + 1 OR (batches = 0 AND made > 0 AND NOT unfinished)
    UNION ALL
    SELECT 'a creation without a contract is recorded once', 'license ' || first_license, format('%s audit rows and %s events', audited, events)
    FROM direct WHERE audited <> 1 OR events <> 1
    UNION ALL
    SELECT 'each end of a job is recorded once', 'job ' || id, format('%s rows of job.finished and %s of job.resumed', finished, resumed)
    FROM audited WHERE finished <> CASE WHEN execution = 'inline' THEN 0 WHEN unfinished THEN resumed ELSE resumed + 1 END
    UNION ALL
    SELECT 'each batch of licenses is recorded once', 'job ' || id, batches || ' domain events of license.batch_generated'
    FROM audited WHERE batches <> CASE WHEN execution = 'inline' THEN 1 ELSE finished_with_licenses END
    UNION ALL
    SELECT 'a contract is created once', 'contract ' || id, rows || ' rows of contract.created' FROM created WHERE rows <> 1
    UNION ALL
    SELECT 'revisions are 1 to the current one', 'contract ' || id, format('%s, from %s to %s, at revision %s', revisions, first, last, revision)
    FROM revised WHERE revisions <> revision OR first <> 1 OR last <> revision
    UNION ALL
    SELECT 'a boundary is applied once', format('%s of contract %s at %s', action, contract_id, at), rows || ' audit rows'
    FROM applied WHERE rows > 1
    UNION ALL
    SELECT 'each term after the first is a renewal', 'contract ' || id, format('term %s with %s renewals, the last of term %s', term_number, terms, last)
    FROM renewal WHERE term_number <> terms + 1 OR last <> term_number
    UNION ALL
    SELECT 'a renewal is recorded once', format('term %s of contract %s', term_number, contract_id), coalesce(rows, 0) || ' rows of contract.renewed'
    FROM contract_renewals FULL JOIN audited_renewal USING (contract_id, term_number) WHERE mode IS NULL OR rows IS DISTINCT FROM 1
    UNION ALL
    SELECT 'a billing event that was applied is recorded once', 'billing event ' || id, format('%s rows of billing.event_received', received)
    FROM event WHERE outcome = 'APPLIED' AND received NOT BETWEEN 1 AND 1 + replayed
    UNION ALL
    SELECT 'a billing event has one decision for its receipt and each replay', 'billing event ' || id, format('%s decisions and %s replays', decided, replayed)
    FROM event
    -- An event that is ignored when it is received is never decided for a contract.
    WHERE decided NOT BETWEEN (CASE WHEN outcome = 'APPLIED' OR reason IN ('STALE', 'REFUND', 'OTHER_CONTRACT', 'NOTHING_OWED') THEN 1 ELSE 0 END) AND
                              (CASE WHEN outcome IN ('PENDING', 'PARKED') THEN 0 ELSE 1 END) + replayed
    UNION ALL
    SELECT 'a parked billing event is recorded once', 'billing event ' || id, parked || ' rows of billing.parked' FROM event WHERE parked > 1 + replayed
    UNION ALL
    SELECT 'a contract has verify_at exactly when a verification is due', 'contract ' || id, format('verify_at %s, unpaid for %s days, held for %s', verify_at, age_days, held_days)
    FROM verifiable WHERE (verify_at IS NOT NULL) <> due
    UNION ALL
    SELECT 'a contract that has ended has no pending amendment', 'contract ' || c.id, format('state %s and a pending amendment', c.state)
    FROM contracts c JOIN contract_amendments a ON a.contract_id = c.id AND a.status = 'pending' WHERE c.state IN ('EXPIRED', 'TERMINATED', 'DELETED')
    UNION ALL
    SELECT 'a job of a terminated contract is cancelled', 'job ' || g.id, format('state %s', g.state)
    FROM generation_jobs g JOIN contracts c ON c.id = g.contract_id
    WHERE c.state = 'TERMINATED' AND g.state IN ('QUEUED', 'RUNNING', 'PAUSED')
    UNION ALL
    SELECT 'licenses are granted with the current terms until the next boundary', 'contract ' || contract_id,
           format('terms %s granted until %s, but the current ones are %s until %s', grantable_terms_id, open_until, current_terms_id, next_boundary)
    FROM grantable
    WHERE grantable_terms_id IS NOT NULL AND (grantable_terms_id IS DISTINCT FROM current_terms_id OR open_until IS DISTINCT FROM next_boundary)
    UNION ALL
    SELECT 'the domain events of a contract are numbered from 1', 'contract ' || q.contract_id,
           format('%s events from %s to %s, the last number is %s', e.events, e.first, e.last, q.event_sequence)
    FROM contract_quotas q LEFT JOIN numbered e USING (contract_id)
    WHERE q.event_sequence <> coalesce(e.events, 0) OR (e.events > 0 AND (e.first <> 1 OR e.last <> e.events))
    UNION ALL
    SELECT 'the thresholds of a quota that are reached are counted', 'contract ' || contract_id,
           format('%s for %s of %s', thresholds_reached, claimed, total)
    FROM contract_quotas WHERE thresholds_reached <> (total - claimed <= total / 5)::int + (claimed >= total)::int
    UNION ALL
    SELECT 'a threshold of a quota that is reached has an event', 'contract ' || q.contract_id,
           format('claimed %s of %s', q.claimed, q.total)
    FROM contract_quotas q WHERE q.claimed > 0 AND q.thresholds_reached > (
      SELECT count(DISTINCT data -> 'threshold') FROM domain_events WHERE contract_id = q.contract_id AND type = 'quota.threshold_reached')
    UNION ALL
    SELECT 'a raise of a quota has one event', 'contract ' || r.contract_id, format('%s raises and %s events', r.raises, r.events)
    FROM (
      SELECT q.contract_id, (SELECT count(*) FROM quota_grants g WHERE g.contract_id = q.contract_id AND amount > 0 AND reason <> 'contract.created') AS raises,
             (SELECT count(*) FROM domain_events e WHERE e.contract_id = q.contract_id AND type = 'quota.granted') AS events
      FROM contract_quotas q
    ) r WHERE r.raises <> r.events
    UNION ALL
    SELECT 'the rate limits of a contract are copied', 'contract ' || c.id, format('%s, but %s in contract_rates', c.rate_limits, to_jsonb(r))
    FROM contracts c LEFT JOIN contract_rates r ON r.contract_id = c.id
    WHERE (c.deleted_at IS NOT NULL AND r.contract_id IS NOT NULL) OR (c.deleted_at IS NULL AND c.rate_limits <> jsonb_build_object(
      'per_minute', r.per_minute, 'per_hour', r.per_hour, 'per_day', r.per_day, 'licenses', jsonb_build_object(
        'per_minute', r.licenses_per_minute, 'per_hour', r.licenses_per_hour, 'per_day', r.licenses_per_day)))
    UNION ALL
    SELECT 'a run of a schedule has its job', coalesce('schedule ' || r.schedule_id || ' on ' || r.run_date, 'job ' || j.id),
           format('outcome %s with %s licenses, and a job of channel %s with %s', r.outcome, r.licenses, j.channel, j.requested)
    FROM schedule_runs r FULL JOIN (SELECT * FROM generation_jobs WHERE channel = 'schedule') j ON j.id = r.job_id
    WHERE r.schedule_id IS NULL OR (r.outcome <> 'skipped' AND r.licenses IS DISTINCT FROM j.requested)
    UNION ALL
    SELECT 'the attempts of a delivery are numbered from 1, and the last one decides', 'delivery ' || d.id,
           format('%s attempts from %s to %s of %s, status %s, last outcome %s', a.attempts, a.first, a.last, d.attempts, d.status, a.outcome)
    FROM webhook_deliveries d CROSS JOIN LATERAL (
      SELECT count(*) AS attempts, coalesce(min(number), 1) AS first, coalesce(max(number), 0) AS last,
             (array_agg(outcome ORDER BY number DESC))[1] AS outcome
      FROM webhook_attempts WHERE delivery_id = d.id
    ) a
    WHERE a.attempts <> d.attempts OR a.first <> 1 OR a.last <> d.attempts OR (d.status = 'delivered' AND a.outcome IS DISTINCT FROM 'delivered')
    UNION ALL
    SELECT 'an attempt has a body', 'delivery ' || d.id, format('%s attempts', d.attempts)
    FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id
    WHERE d.attempts > 0 AND NOT EXISTS (SELECT FROM webhook_payloads p WHERE p.event_id = d.event_id AND p.version = e.payload_version)
    UNION ALL
    SELECT 'the next boundary is after settled_until', 'contract ' || id, format('next boundary %s, settled until %s', next_boundary_at, settled_until)
    FROM contracts WHERE next_boundary_at <= settled_until`;
}
