/** Creates a test clock. */
import { auditAct } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { insertTestClock } from '../../db/system/test-clock';
import type { TestClockRow } from '../../db/system/test-clock';
import type { Act } from '../../domain/base/edit';
import type { Instant } from '../../domain/base/instant';

/** Creates a clock at an instant, with its audit row; call it inside a transaction. */
export async function createTestClock(
  tx: Sql,
  { name, now }: { name: string; now: Instant },
  act: Act,
): Promise<TestClockRow> {
  const row = await insertTestClock(tx, { name, now, created_at: act.now, created_by: act.actor.id });
  const audited = { action: 'clock.created', before: null, after: { name, now } };
  await auditAct(tx, act, { subject_type: 'test_clock', subject_id: row.id, ...audited });
  return row;
}
