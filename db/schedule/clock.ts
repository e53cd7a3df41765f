/** What the runs of schedules have begun for the contracts of a test clock. */
import type { OperationRef } from '../../domain/contract/nudge';
import { UNFINISHED_OPERATION_STATES } from '../../domain/license/license-operation';
import type { Sql } from '../base/database';

/** The jobs of schedules that generate now, and the operations that assign their licenses. A paused job waits for its contract. */
export async function listScheduledWork(
  sql: Sql,
  clock_id: string,
): Promise<{ jobs: string[]; operations: OperationRef[] }> {
  const [row] = await sql<[{ jobs: string[]; operations: OperationRef[] }]>`
    WITH of_clock AS (SELECT id FROM contracts WHERE test_clock_id = ${clock_id} AND deleted_at IS NULL)
    SELECT ARRAY(SELECT j.id FROM generation_jobs j JOIN of_clock c ON c.id = j.contract_id
                 WHERE j.channel = 'schedule' AND j.state IN ('QUEUED', 'RUNNING', 'CANCELLING')) AS jobs,
           (SELECT coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'kind', o.kind)), '[]')
            FROM license_operations o JOIN of_clock c ON c.id = o.contract_id
            WHERE o.state = ANY(${[...UNFINISHED_OPERATION_STATES]}) AND o.kind = 'assign' AND o.actor ->> 'id' = 'schedule') AS operations`;
  return row;
}
