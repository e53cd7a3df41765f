/** Migration 019: jobs of the previous version get the channel of their actor. */
import { openDatabase } from '../../db/base/database';
import { migrate } from '../../db/system/migration';
import { withEmptyDatabase } from '../harness/database';

/** The last migration of the version that stored `api` for every job. */
const BEFORE = 18;
/** More rows than one range of pages holds. */
const ROWS = 5_000;

test('jobs of admins become ui, those of other actors and audit rows stay as they are', () =>
  withEmptyDatabase(async (url) => {
    await migrate(url, BEFORE);
    const sql = openDatabase(url, { max: 1, application_name: 'covenant-test' });
    try {
      await sql.begin(async (tx) => {
        // Foreign keys are not checked: the jobs have no contract.
        await tx`SET LOCAL session_replication_role = replica`;
        await tx`
          INSERT INTO generation_jobs (contract_id, environment, terms_id, execution, requested, chunk_size, state, channel, actor, created_at, quota_remaining)
          SELECT uuidv7(), 'production', 1, 'inline', 1, 1, 'SUCCEEDED', 'api',
                 jsonb_build_object('type', CASE WHEN n % 5 = 0 THEN 'system' ELSE 'user' END, 'id', n, 'padding', repeat('x', 500)), now(), 0
          FROM generate_series(1, ${ROWS}) n`;
        await tx`
          INSERT INTO audit_events (at, actor, action, subject_type, subject_id, after)
          VALUES (now(), '{"type": "user", "id": "ada"}', 'generation.requested', 'job', 'j', '{"channel": "api"}')`;
      });
      await migrate(url);
      const counts = await sql`
        SELECT actor ->> 'type' AS type, channel, count(*)::int FROM generation_jobs GROUP BY 1, 2 ORDER BY 1, 2`;
      expect([...counts]).toEqual([
        { type: 'system', channel: 'api', count: ROWS / 5 },
        { type: 'user', channel: 'ui', count: (ROWS / 5) * 4 },
      ]);
      expect([...(await sql`SELECT after FROM audit_events`)]).toEqual([{ after: { channel: 'api' } }]);
    } finally {
      await sql.end();
    }
  }));
