/** People in the history: its rows hold their ids; names, addresses and contact data are stored in other tables and added on reading. */
import { listRevisions } from '../../db/contract/revision';
import { openDatabase } from '../../db/base/database';
import type { Database } from '../../db/base/database';
import { listAudit } from '../../db/system/history';
import type { AuditFilter } from '../../db/system/history';
import { migrate } from '../../db/system/migration';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { withEmptyDatabase } from '../harness/database';

/** The last migration of the version that stored names in rows of the history. */
const BEFORE = 11;
const CONTRACT = '018f0000-0000-7000-8000-000000000001';
const ADA = '018f0000-0000-7000-8000-00000000ada0';
const CUSTOMER = '018f0000-0000-7000-8000-00000000c0de';
const ROWS_MAX = 1_000;

/** Every person, address and contact in {@link OLD_ROWS}. */
const SECRETS = ['Ada', 'Grace', '192.0.2.', 'example.com', 'Notebook'];

const ada = (name: string, ip?: string) => ({ type: 'user', id: ADA, name, ...(ip === undefined ? {} : { ip }) });
const COVENANT = { type: 'system', id: 'covenant', name: 'Covenant' };

/** Audit rows as the previous version writes them: by a person whose name and address changed, about people, and by a process. */
const OLD_ROWS = [
  {
    actor: ada('Ada', '192.0.2.1'),
    action: 'contract.created',
    before: null,
    after: { name: 'A contract', state: 'DRAFT' },
  },
  {
    actor: ada('Ada King', '192.0.2.1'),
    action: 'contract.updated',
    before: { name: 'A contract' },
    after: { name: 'B' },
  },
  { actor: ada('Ada'), action: 'contract.paused', before: null, after: null },
  { actor: COVENANT, action: 'contract.resumed', before: null, after: { state: 'ACTIVE' } },
  {
    actor: ada('Ada', '192.0.2.2'),
    action: 'customer.created',
    before: null,
    after: { name: 'Grace', email: 'grace@example.com', billing_contact: null },
  },
  {
    actor: COVENANT,
    action: 'customer.updated',
    before: { billing_contact: null },
    after: { billing_contact: 'books@example.com' },
  },
  {
    actor: COVENANT,
    action: 'admin.created',
    before: null,
    after: { name: 'Ada', role: 'admin', email: 'ada@example.com', status: 'active' },
  },
  {
    actor: ada('Ada'),
    action: 'admin.updated',
    before: { name: 'Ada', role: 'admin' },
    after: { name: 'Ada King', role: 'viewer' },
  },
  {
    actor: ada('Ada King'),
    action: 'admin.key_created',
    before: null,
    after: { label: 'Ada’s Notebook', key_id: 'k1' },
  },
  { actor: ada('Ada King'), action: 'admin.updated', before: { status: 'active' }, after: { status: 'disabled' } },
];

function subjectOf(action: string): { subject_type: string; subject_id: string } {
  const subject_type = action.split('.')[0] as 'contract' | 'admin' | 'customer';
  return { subject_type, subject_id: { contract: CONTRACT, admin: ADA, customer: CUSTOMER }[subject_type] };
}

async function insertOldRows(sql: Database): Promise<void> {
  for (const { actor, action, before, after } of OLD_ROWS) {
    const row = { at: '2026-01-01T00:00:00.000Z', actor: sql.json(actor), action, ...subjectOf(action) };
    const facts = { before: before && sql.json(before), after: after && sql.json(after) };
    await sql`INSERT INTO audit_events ${sql({ ...row, ...facts })}`;
  }
}

/** A revision, a quota grant and a job by Ada, for a contract that does not exist. */
async function insertOtherOldRows(sql: Database, revision: number): Promise<void> {
  await sql.begin(async (tx) => {
    const actor = tx.json(ada('Ada', '192.0.2.1'));
    await tx`INSERT INTO contract_revisions (contract_id, revision, effective_at, actor, action, snapshot)
             VALUES (${CONTRACT}, ${revision}, now(), ${actor}, 'contract.created', '{}')`;
    await tx`INSERT INTO quota_grants (contract_id, amount, effective_at, reason, actor) VALUES (${CONTRACT}, 1, now(), 'r', ${actor})`;
    await tx`INSERT INTO generation_jobs (contract_id, environment, terms_id, execution, requested, chunk_size, state, channel, actor, created_at, quota_remaining)
             VALUES (${CONTRACT}, 'production', 1, 'inline', 1, 1, 'SUCCEEDED', 'ui', ${actor}, now(), 0)`;
  });
}

/** Drops foreign keys, so that rows can be inserted without their contract. */
async function dropForeignKeys(sql: Database): Promise<void> {
  const keys = await sql<{ name: string; table: string }[]>`
    SELECT conname AS name, conrelid::regclass::text AS table FROM pg_constraint WHERE contype = 'f'`;
  for (const { name, table } of keys) await sql`ALTER TABLE ${sql(table)} DROP CONSTRAINT ${sql(name)}`;
}

/** Runs the test with a database of the previous version whose foreign keys are dropped. */
function withOldDatabase(run: (sql: Database, url: string) => Promise<void>): Promise<void> {
  return withEmptyDatabase(async (url) => {
    await migrate(url, BEFORE);
    const sql = openDatabase(url, { max: 4, application_name: 'covenant-test' });
    try {
      await dropForeignKeys(sql);
      await run(sql, url);
    } finally {
      await sql.end();
    }
  });
}

/** Rows of the history that contain one of {@link SECRETS}. */
async function rowsThatNamePeople(sql: Database): Promise<string[]> {
  const secrets = SECRETS.map((secret) => `%${secret}%`);
  const rows = await sql<{ row: string }[]>`
    SELECT row FROM (SELECT e::text FROM audit_events e UNION ALL SELECT r::text FROM contract_revisions r
                     UNION ALL SELECT g::text FROM quota_grants g UNION ALL SELECT j::text FROM generation_jobs j) AS history (row)
    WHERE row LIKE ANY (${secrets}::text[])`;
  return rows.map(({ row }) => row);
}

/** Audit rows as the previous version reads them. */
async function readByOldVersion(sql: Database): Promise<string[]> {
  const rows = await sql`SELECT action, actor, before, after FROM audit_events ORDER BY id`;
  return rows.map((row) => JSON.stringify(row));
}

async function shown(sql: Database, filter: AuditFilter = {}): Promise<string[]> {
  const rows = await listAudit(sql, filter, null, ROWS_MAX);
  return rows.map(({ action, actor, before, after }) => JSON.stringify({ action, actor, before, after })).reverse();
}

test('rows of the previous version are returned as before, byte for byte, and contain no name, address or contact', () =>
  withOldDatabase(async (sql, url) => {
    await insertOldRows(sql);
    await insertOtherOldRows(sql, 1);
    const before = await readByOldVersion(sql);
    const [{ actor }] = await sql<[{ actor: unknown }]>`SELECT actor FROM contract_revisions`;
    expect(before).toHaveLength(OLD_ROWS.length);
    // All audit rows except the one by a process about a contract, and the revision, the grant and the job.
    expect(await rowsThatNamePeople(sql)).toHaveLength(OLD_ROWS.length - 1 + 3);

    await migrate(url);
    expect(await rowsThatNamePeople(sql)).toEqual([]);
    expect(await shown(sql)).toEqual(before);
    const [revision] = await listRevisions(sql, CONTRACT, { order: 'desc', after: null, limit: 1 });
    expect(JSON.stringify(revision?.actor)).toBe(JSON.stringify(actor));
    const actors =
      await sql`SELECT shown_actor(actor) AS actor FROM quota_grants UNION ALL SELECT shown_actor(actor) FROM generation_jobs`;
    expect(actors.map((row) => JSON.stringify(row['actor']))).toEqual(Array(2).fill(JSON.stringify(actor)));
    // One row for each name and each address, not for each act.
    expect(await sql`SELECT person_id, name FROM audit_people ORDER BY name`).toEqual([
      { person_id: ADA, name: 'Ada' },
      { person_id: ADA, name: 'Ada King' },
    ]);
    expect((await sql`SELECT FROM audit_origins`).count).toBe(2);
  }));

test('audit rows are found by the actor id, by the name of the person at that time, and by the name of a process', () =>
  withOldDatabase(async (sql, url) => {
    await insertOldRows(sql);
    const rows = await readByOldVersion(sql);
    await migrate(url);
    const by = (matches: (actor: { id: string; name: string }) => boolean): (string | undefined)[] =>
      OLD_ROWS.flatMap(({ actor }, index) => (matches(actor) ? [rows[index]] : []));
    expect(await shown(sql, { actor: ADA })).toEqual(by(({ id }) => id === ADA));
    expect(await shown(sql, { actor: 'Ada' })).toEqual(by(({ name }) => name === 'Ada'));
    expect(await shown(sql, { actor: 'Ada King' })).toEqual(by(({ name }) => name === 'Ada King'));
    expect(await shown(sql, { actor: 'Covenant' })).toEqual(by(({ name }) => name === 'Covenant'));
    expect(await shown(sql, { actor: 'Ada', environment: 'production' })).toEqual(by(({ name }) => name === 'Ada'));
  }));

test('while rows are migrated and afterwards, rows of the previous version are stored like those of this one', () =>
  withOldDatabase(async (sql, url) => {
    await insertOldRows(sql);
    await insertOtherOldRows(sql, 1);
    const before = await readByOldVersion(sql);
    const holder = await sql.reserve();
    await holder`BEGIN`;
    await holder`SELECT FROM audit_events WHERE action = 'contract.resumed' OR action = 'contract.paused' FOR UPDATE`;
    const migration = migrate(url);
    await waitUntilBlocked(sql);
    await insertOldRows(sql);
    await insertOtherOldRows(sql, 2);
    await holder`COMMIT`;
    holder.release();
    await migration;
    await insertOldRows(sql);
    await insertOtherOldRows(sql, 3);
    expect(await rowsThatNamePeople(sql)).toEqual([]);
    expect(await shown(sql)).toEqual([...before, ...before, ...before]);
  }));

test('while rows are migrated, the only allowed change of an audit row is the removal of a person', () =>
  withOldDatabase(async (sql, url) => {
    await insertOldRows(sql);
    const before = await readByOldVersion(sql);
    const holder = await sql.reserve();
    await holder`BEGIN`;
    await holder`SELECT FROM audit_events WHERE action = 'contract.created' FOR UPDATE`;
    const migration = migrate(url);
    await waitUntilBlocked(sql);
    await sql`UPDATE audit_events SET actor = '{"type": "user", "id": "forged"}', after = NULL, reason = 'forged' WHERE action = 'contract.paused'`;
    const forge = sql`UPDATE audit_events SET reason = 'forged' WHERE action = 'contract.paused'`;
    await expect(forge).rejects.toThrow('append-only');
    await expect(sql`DELETE FROM audit_events`).rejects.toThrow('append-only');
    await holder`COMMIT`;
    holder.release();
    await migration;
    expect(await shown(sql)).toEqual(before);
    expect((await sql`SELECT FROM audit_events WHERE reason IS NOT NULL`).count).toBe(0);
    await expect(sql`UPDATE audit_events SET actor = actor`).rejects.toThrow('append-only');
    await expect(sql`UPDATE contract_revisions SET actor = actor`).rejects.toThrow('append-only');
  }));
