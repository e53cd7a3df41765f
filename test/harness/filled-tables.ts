/**
 * Fills every table that a list reads by SQL, with enough rows that a full scan is measurable. Rows of a rare kind are
 * in the middle of each table: a list that scans in its order to find them reads half of the table in either direction.
 */
import type { Database } from '../../db/base/database';

/** Rows in each table. */
export const FILLED_ROWS = 12_000;
/** The number of the first rare row. */
const RARE_FROM = FILLED_ROWS / 2;
const RARE_ROWS = 40;

/** The values by which rare rows are found. */
export interface FilledTables {
  /** A contract with one half of all jobs, audit rows, events and so on. */
  busy_contract: string;
  /** A schedule of it with one half of all runs. */
  busy_schedule: string;
  /** A schedule with the daily runs of four years, each with its job. */
  daily_schedule: string;
  /** A contract that is one of many. */
  rare_contract: string;
  rare_product: string;
  rare_generator: string;
  staging_clock: string;
  rare_customer: string;
  rare_job: string;
  /** An operation with one half of all outcomes. */
  busy_operation: string;
  /** A license with many devices, by its public id. */
  busy_license: string;
  /** The id of an actor who acted rarely; the name is `Rare Actor`. */
  rare_actor: string;
  /** An admin with one half of all keys. */
  busy_admin: string;
  /** A webhook endpoint with one half of all deliveries, and one with few. */
  busy_endpoint: string;
  busy_recipient: string;
  rare_recipient: string;
  rare_endpoint: string;
  /** The interval in which the rare rows were created. */
  rare_from: string;
  rare_to: string;
}

/** Fills the tables of a migrated database and updates Postgres' statistics. The role must be a superuser. */
export async function fillTables(sql: Database): Promise<FilledTables> {
  await sql.begin(async (tx) => {
    // Foreign keys are not checked: they are correct by construction, and checking them takes longer than everything
    // else.
    await tx.unsafe('SET LOCAL session_replication_role = replica');
    // An index over rows that exist is built in a fraction of the time that its growth row by row takes.
    const indexes = await tx<{ name: string; definition: string }[]>`
      SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
      FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
      WHERE relnamespace = 'public'::regnamespace
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)`;
    await tx.unsafe(`DROP INDEX ${indexes.map(({ name }) => name).join(', ')}`);
    await tx.unsafe(SCRIPT);
    await tx.unsafe(indexes.map(({ definition }) => definition).join(';'));
  });
  await sql.unsafe('VACUUM ANALYZE');
  const [row] = await sql<[FilledTables]>`
    SELECT filled_id('schedule', 1) AS busy_schedule, filled_id('schedule', 3) AS daily_schedule, filled_id('contract', 1) AS busy_contract, filled_id('contract', ${RARE_FROM}) AS rare_contract,
           filled_id('product', 2) AS rare_product, filled_id('generator', ${RARE_FROM}) AS rare_generator,
           (SELECT test_clock_id FROM contracts WHERE test_clock_id IS NOT NULL LIMIT 1) AS staging_clock, filled_id('customer', 2) AS rare_customer,
           filled_id('job', ${RARE_FROM}) AS rare_job,
           (SELECT id FROM license_operations ORDER BY created_at LIMIT 1) AS busy_operation,
           'lic_' || (SELECT (min(serial) << 24) + 1 FROM generation_jobs) AS busy_license, filled_id('admin', ${RARE_FROM})::text AS rare_actor,
           filled_id('admin', 1) AS busy_admin, filled_id('endpoint', 1) AS busy_endpoint, filled_id('endpoint', 2) AS rare_endpoint,
           filled_id('recipient', 1) AS busy_recipient, filled_id('recipient', 2) AS rare_recipient,
           filled_at(${RARE_FROM}) AS rare_from, filled_at(${RARE_FROM + RARE_ROWS}) AS rare_to`;
  return row;
}

const SCRIPT = `
-- Ids in the order of their rows, and equal for equal arguments.
CREATE FUNCTION filled_at(n int) RETURNS timestamptz LANGUAGE sql IMMUTABLE
RETURN timestamptz '2026-01-01T00:00:00Z' + make_interval(mins => n);
CREATE FUNCTION filled_id(noun text, n int) RETURNS uuid LANGUAGE sql IMMUTABLE
RETURN (lpad(to_hex((extract(epoch FROM filled_at(n)) * 1000)::bigint), 12, '0') || '7000' || '8000' || substr(md5(noun || n), 1, 12))::uuid;
CREATE FUNCTION is_rare(n int) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN n BETWEEN ${RARE_FROM} AND ${RARE_FROM + RARE_ROWS};
-- Half of all rows belong to the busy contract, the rest to many contracts.
CREATE FUNCTION filled_contract(n int) RETURNS uuid LANGUAGE sql IMMUTABLE
RETURN filled_id('contract', CASE WHEN is_rare(n) THEN ${RARE_FROM} WHEN n % 2 = 0 THEN 1 ELSE n END);
CREATE FUNCTION filled_person(n int) RETURNS int LANGUAGE sql IMMUTABLE RETURN CASE WHEN is_rare(n) THEN ${RARE_FROM} ELSE n % 7 END;
CREATE FUNCTION filled_name(person int) RETURNS text LANGUAGE sql IMMUTABLE
RETURN CASE person WHEN ${RARE_FROM} THEN 'Rare Actor' ELSE 'Actor ' || person END;
CREATE FUNCTION filled_actor(n int) RETURNS jsonb LANGUAGE sql IMMUTABLE
RETURN CASE WHEN n % 4 = 1 THEN jsonb_build_object('type', 'system', 'id', filled_id('admin', filled_person(n)), 'name', filled_name(filled_person(n)))
            ELSE jsonb_build_object('type', 'user', 'id', filled_id('admin', filled_person(n)), 'name_id', filled_person(n), 'origin_id', n) END;
CREATE TEMPORARY TABLE numbers ON COMMIT DROP AS SELECT n, is_rare(n) AS rare, filled_at(n) AS at,
  CASE WHEN is_rare(n) AND n % 2 = 0 THEN 'staging' ELSE 'production' END AS environment FROM generate_series(1, ${FILLED_ROWS}) n;

INSERT INTO admins (id, email, name, role, status, created_at, updated_at)
SELECT filled_id('admin', n), 'admin-' || n || '@covenant.test', CASE WHEN rare THEN 'Ελένη Σπάνια ' ELSE 'Admin ' END || n,
       CASE WHEN rare THEN 'operator' ELSE 'viewer' END, CASE WHEN rare THEN 'disabled' ELSE 'active' END, at, at FROM numbers;
INSERT INTO admin_api_keys (id, admin_id, key_id, secret_hmac, last_four, created_at)
SELECT filled_id('key', n), filled_id('admin', CASE WHEN n % 2 = 0 THEN 1 ELSE n END), 'key' || n, '', 'abcd', at FROM numbers;
INSERT INTO products (id, name, code, environment, status, created_at, updated_at)
SELECT filled_id('product', n), CASE WHEN rare THEN 'Rarität ' ELSE 'Product ' END || n, 'P-' || n, environment,
       CASE WHEN rare THEN 'inactive' ELSE 'active' END, at, at FROM numbers;
INSERT INTO signing_keys (product_id, kid, public_key, created_at, created_by, verify_only_since, retired_at)
SELECT filled_id('product', CASE WHEN n % 2 = 0 THEN 2 ELSE n END), left(md5('kid' || n) || md5(n::text), 43), 'x', at, 'test', at, at FROM numbers;
INSERT INTO generators (id, product_id, environment, name, format, status, created_at, updated_at)
SELECT filled_id('generator', n), filled_id('product', CASE WHEN rare THEN 2 ELSE 1 END), environment, CASE WHEN rare THEN 'Rarität ' ELSE 'Generator ' END || n,
       '{"prefix": "", "groups": 4, "group_length": 5, "separator": "-", "alphabet": "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"}', CASE WHEN rare THEN 'inactive' ELSE 'active' END, at, at FROM numbers;
INSERT INTO customers (id, email, name, account_manager, created_at, updated_at)
SELECT filled_id('customer', n), 'buyer-' || n || '@covenant.test', CASE WHEN rare THEN '株式会社 ' ELSE 'Customer ' END || n,
       CASE WHEN rare THEN 'rare@covenant.test' WHEN n % 2 = 0 THEN 'many@covenant.test' END, at, at FROM numbers;
INSERT INTO test_clocks (id, name, now, status, created_at, created_by) SELECT filled_id('clock', n), 'Clock ' || n, at, 'ready', at, 'test' FROM numbers;

INSERT INTO contracts (id, environment, name, type, product_id, generator_id, customer_id, test_clock_id, account_manager, feature_overrides, metadata, timezone, revision, settled_until,
                       state, may_generate, created_at, created_by, updated_at, warnings)
SELECT filled_id('contract', n), environment, CASE WHEN rare THEN 'Rarität ' ELSE 'Contract ' END || n, CASE WHEN rare THEN 'pool' ELSE 'standard' END,
       filled_id('product', CASE WHEN rare THEN 2 ELSE 1 END), filled_id('generator', CASE WHEN rare THEN ${RARE_FROM} ELSE 1 END),
       filled_id('customer', CASE WHEN rare THEN 2 ELSE 1 END), CASE WHEN environment = 'staging' THEN filled_id('clock', n) END,
       CASE WHEN rare THEN 'rare@covenant.test' WHEN n % 2 = 0 THEN 'many@covenant.test' END, '{}', '{}', 'UTC', 1, at,
       CASE WHEN rare THEN CASE n % 2 WHEN 0 THEN 'EXPIRED' ELSE 'PAST_DUE' END ELSE 'ACTIVE' END, NOT rare OR n % 2 = 1, at, 'test', at,
       CASE WHEN rare THEN ARRAY['RENEWAL_BLOCKED'] ELSE '{}' END FROM numbers;
INSERT INTO contract_quotas (contract_id, total, claimed, thresholds_reached, runs_out_on)
SELECT filled_id('contract', n), 100, CASE WHEN rare THEN CASE WHEN n % 3 = 0 THEN 100 ELSE 90 END ELSE 0 END, CASE WHEN rare THEN CASE WHEN n % 3 = 0 THEN 2 ELSE 1 END ELSE 0 END, CASE WHEN rare THEN date '2026-02-01' END
FROM numbers;
INSERT INTO contract_revisions (contract_id, revision, effective_at, actor, action, snapshot)
SELECT filled_contract(n), n, at, filled_actor(n), 'contract.updated', '{}' FROM numbers;
INSERT INTO contract_amendments (id, contract_id, effective_date, changes, status, created_at, created_by, decided_at)
SELECT filled_id('amendment', n), filled_contract(n), '2026-01-01', '{}', 'applied', at, 'test', at FROM numbers;
INSERT INTO generation_schedules (id, contract_id, count, every, at, from_date, enabled, actor, created_at, updated_at)
SELECT filled_id('schedule', n), filled_contract(n), 1, 'P1M', '00:00', '2026-01-01', false, filled_actor(n), at, at FROM numbers;
INSERT INTO schedule_runs (schedule_id, run_date, contract_id, due_at, executed_at, outcome, code, requested, licenses, job_id, contract_state)
SELECT filled_id('schedule', CASE WHEN n % 2 = 0 THEN 1 WHEN n % 8 = 3 THEN 3 ELSE n END), date '2000-01-01' + n, filled_contract(n), at, at,
       CASE WHEN n % 8 = 3 THEN 'generated' ELSE 'skipped' END, CASE WHEN n % 8 = 3 THEN NULL ELSE 'MISSED' END, 1,
       CASE WHEN n % 8 = 3 THEN 1 ELSE 0 END, CASE WHEN n % 8 = 3 THEN filled_id('job', n) END, 'ACTIVE' FROM numbers;
INSERT INTO refused_attempts (contract_id, minute, code, attempts, licenses, last_actor_id)
SELECT filled_contract(n), at, 'QUOTA_EXCEEDED', 1, 1, 'test' FROM numbers;
INSERT INTO report_schedules (id, contract_id, frequency, on_day, at, enabled, actor, created_at, updated_at)
SELECT filled_id('report', n), filled_contract(n), 'weekly', 1, '06:00', false, filled_actor(n), at, at FROM numbers;
INSERT INTO limit_episodes (contract_id, limit_name, opened_at, closed_at, close_reason, limit_value, used, demand, largest_request, last_refused_at, notices, noticed_demand, noticed_at, reminders, remind_at)
SELECT filled_contract(n), 'quota', at, at, 'quiet', 1, 1, 2, 1, at, 1, 2, at, 0, at FROM numbers;
INSERT INTO domain_events (id, at, type, contract_id, environment, data, sequence)
SELECT filled_id('event', n), at, 'license.batch_generated', filled_contract(n), environment, '{}', n FROM numbers;
INSERT INTO billing_inbox (id, source, event_id, type, contract_id, invoice_id, observation, raw, occurred_at, received_at, reported_at, future_dated, outcome, try_at)
SELECT filled_id('inbox', n), CASE WHEN rare THEN 'stripe' ELSE 'standard' END, 'event ' || n, 'invoice.paid', filled_contract(n), 'in_' || n, 'null', '{}', at, at, at, false,
       CASE WHEN rare THEN 'PARKED' ELSE 'APPLIED' END, at FROM numbers;

INSERT INTO license_terms (contract_id, contract_revision, generator_id, generator_revision, key_format, features)
VALUES (filled_id('contract', 1), 1, filled_id('generator', 1), 1, '{}', '{}');
INSERT INTO generation_jobs (id, contract_id, environment, terms_id, execution, is_test, requested, chunk_size, state, channel, actor, expires_at, created_at, quota_remaining)
SELECT filled_id('job', n), filled_contract(n), environment, (SELECT id FROM license_terms), CASE WHEN rare AND n % 4 = 1 THEN 'background' ELSE 'inline' END, rare AND n % 4 = 0, 2, 2,
       CASE WHEN rare THEN 'FAILED' ELSE 'SUCCEEDED' END, CASE WHEN rare AND n % 4 = 3 THEN 'ui' ELSE 'api' END, filled_actor(n), CASE WHEN rare THEN at ELSE timestamptz '2999-01-01' END, at, 0 FROM numbers ORDER BY n;
-- Licenses without a contract.
INSERT INTO license_terms (generator_id, generator_revision, key_format, features) VALUES (filled_id('generator', 1), 1, '{}', '{}');
INSERT INTO generation_jobs (id, environment, terms_id, execution, requested, chunk_size, state, channel, actor, created_at)
SELECT filled_id('direct', n), environment, (SELECT max(id) FROM license_terms), 'direct', 2, 2, 'SUCCEEDED', 'ui', filled_actor(n), at FROM numbers WHERE rare ORDER BY n;
INSERT INTO generation_chunks (job_id, chunk_no, licenses, created_at) SELECT id, 0, 2, created_at FROM generation_jobs;
INSERT INTO licenses (id, key)
SELECT (serial << 24) + o, 'ALL-' || CASE WHEN state = 'FAILED' THEN 'RARE-' ELSE 'MANY-' END || serial || '-' || o FROM generation_jobs, generate_series(1, 2) o;
INSERT INTO license_facts (license_id, customer_id, assigned_at, held_until, activated_at, suspended_at, revoked_at, expires_at)
SELECT (serial << 24) + 1, CASE WHEN n % 5 < 2 THEN filled_id('customer', CASE WHEN rare THEN 2 ELSE 1 END) END, CASE WHEN n % 5 < 2 THEN at END,
       CASE WHEN n % 5 = 2 THEN timestamptz '2999-01-01' END, CASE WHEN n % 5 = 1 THEN at END, CASE WHEN n % 5 = 3 AND rare THEN at END,
       CASE WHEN n % 5 = 4 AND rare THEN at END, CASE WHEN n % 5 = 1 AND rare THEN timestamptz '2999-01-01' END
FROM numbers JOIN generation_jobs ON id = filled_id('job', n);
INSERT INTO license_operations (kind, customer_id, contract_id, license_ids, reassign, requested, exact, execution, state, actor, created_at, active_at)
SELECT CASE WHEN rare AND n % 2 = 0 THEN 'revoke' ELSE 'assign' END, CASE WHEN rare THEN CASE WHEN n % 2 = 1 THEN filled_id('customer', 2) END ELSE filled_id('customer', 1) END,
       filled_contract(n), '{1}', false, 1, false, 'background', CASE WHEN rare THEN 'FAILED' ELSE 'SUCCEEDED' END,
       '{"type": "system", "id": "system", "name": "System"}', at, at FROM numbers;
-- Most orders were assigned at once. Some holds were released, have ended, are open, or are over and not yet ended.
INSERT INTO pool_holds (id, contract_id, environment, order_ref, license_ids, customer_id, state, held_until, created_at, ended_at, fingerprint)
SELECT filled_id('hold', n), filled_contract(n), environment, 'order ' || n, '{1}', filled_id('customer', 1),
       CASE n % 600 WHEN 0 THEN 'released' WHEN 2 THEN 'expired' WHEN 4 THEN 'held' WHEN 6 THEN 'held' ELSE 'assigned' END,
       CASE n % 600 WHEN 0 THEN at WHEN 2 THEN at WHEN 4 THEN timestamptz '2999-01-01' WHEN 6 THEN at END, at,
       CASE WHEN n % 600 NOT IN (4, 6) THEN at END, 'f' FROM numbers;
INSERT INTO webhook_endpoints (id, contract_id, environment, status, url, events, payload_version, created_at, updated_at)
SELECT filled_id('endpoint', n), CASE WHEN n > 3 THEN filled_contract(n) END, CASE WHEN n > 3 THEN environment END,
       CASE WHEN rare THEN CASE WHEN n % 2 = 0 THEN 'ending' ELSE 'removed' END ELSE 'enabled' END, 'https://receiver.example', '{*}', 1, at, at
FROM numbers;
INSERT INTO webhook_queues (endpoint_id) SELECT id FROM webhook_endpoints;
INSERT INTO webhook_deliveries (id, endpoint_id, event_id, event_type, contract_id, environment, status, attempts, due_at, ended_at)
SELECT filled_id('delivery', n), filled_id('endpoint', CASE WHEN rare THEN 2 WHEN n % 2 = 0 THEN 1 ELSE 3 END), filled_id('event', n),
       CASE WHEN rare THEN 'pool.low_water' ELSE 'license.batch_generated' END, filled_contract(n), environment,
       CASE WHEN rare THEN CASE WHEN n % 2 = 0 THEN 'owed' ELSE 'failed' END ELSE 'delivered' END, 1, CASE WHEN rare AND n % 2 = 0 THEN at END,
       CASE WHEN NOT rare OR n % 2 = 1 THEN at END FROM numbers;
INSERT INTO webhook_attempts (delivery_id, number, at, outcome, http_status, latency_ms)
SELECT filled_id('delivery', n), 1, at, 'delivered', 200, 5 FROM numbers;
INSERT INTO mail_recipients (id, address, status, status_at, created_at, updated_at)
SELECT filled_id('recipient', n), CASE n WHEN 1 THEN 'busy@customer.example' WHEN 2 THEN 'rare@customer.example' ELSE 'address' || n || '@customer.example' END,
       CASE WHEN rare THEN 'bounced' ELSE 'ok' END, CASE WHEN rare THEN at END, at, at
FROM numbers;
INSERT INTO notifications (id, kind, recipient_id, role, event_id, contract_id, customer_id, environment, dedupe_key, state, due_at, created_at, ended_at)
SELECT filled_id('notification', n), CASE WHEN rare THEN 'expired' ELSE 'quota_80' END, filled_id('recipient', CASE WHEN rare THEN 2 ELSE 1 END),
       'customer', filled_id('event', n), filled_contract(n), filled_id('customer', CASE WHEN rare THEN 2 ELSE 1 END), environment, n::text,
       CASE WHEN rare THEN CASE WHEN n % 2 = 0 THEN 'owed' ELSE 'failed' END ELSE 'sent' END, CASE WHEN rare AND n % 2 = 0 THEN at END, at,
       CASE WHEN NOT rare OR n % 2 = 1 THEN at END FROM numbers;
INSERT INTO license_operation_outcomes (operation_id, license_id, outcome)
SELECT CASE WHEN n % 2 = 0 THEN first_value(id) OVER (ORDER BY n) ELSE id END, n, 'conflict'
FROM (SELECT id, row_number() OVER (ORDER BY created_at) AS n FROM license_operations) o;
-- One license has a sixth of all devices. A list of licenses counts the devices of each.
INSERT INTO license_devices (license_id, device_id, activated_at, seen_at)
SELECT ((SELECT min(serial) FROM generation_jobs) + CASE WHEN n % 6 = 0 THEN 0 ELSE n END << 24) + 1, 'device-' || n, at, at FROM numbers;

INSERT INTO generation_jobs (id, contract_id, environment, terms_id, execution, requested, chunk_size, state, channel, actor, created_at, quota_remaining)
SELECT filled_id('import', n), filled_contract(n), environment, (SELECT min(id) FROM license_terms), 'import', 0, 2, CASE WHEN rare THEN 'FAILED' ELSE 'SUCCEEDED' END, 'ui',
       filled_actor(n), at, 0 FROM numbers WHERE rare OR n % 100 = 0 ORDER BY n;
INSERT INTO license_imports (id, contract_id, duplicates, rows, file_bytes, file_sha256)
SELECT id, contract_id, 'skip', 0, 1, id::text FROM generation_jobs WHERE execution = 'import';

INSERT INTO audit_people (id, person_id, name) OVERRIDING SYSTEM VALUE
SELECT n, filled_id('admin', n), filled_name(n) FROM generate_series(0, ${FILLED_ROWS}) n;
INSERT INTO audit_origins (id, person_id, address) OVERRIDING SYSTEM VALUE
SELECT n, filled_id('admin', filled_person(n)), '192.0.2.' || n FROM numbers;
INSERT INTO audit_person_facts (event_id, person_id, after) SELECT filled_id('audit', n), filled_id('admin', n), '{"name": "A"}' FROM numbers;
INSERT INTO audit_events (id, at, actor, action, subject_type, subject_id, contract_id, environment)
SELECT filled_id('audit', n), at, filled_actor(n), CASE WHEN rare THEN 'contract.paused' ELSE 'generation.requested' END,
       CASE WHEN rare OR n % 3 = 0 THEN CASE WHEN rare AND n % 2 = 0 THEN 'customer' ELSE 'contract' END ELSE 'job' END,
       filled_id('job', CASE WHEN rare THEN ${RARE_FROM} ELSE n END), filled_contract(n), CASE WHEN n % 100 <> 0 THEN environment END FROM numbers;
`;
