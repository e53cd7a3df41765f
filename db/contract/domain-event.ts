/** Domain events: what happened to a contract or its licenses, for consumers outside Covenant (decisions 27, 39). */
import type { DomainEventEntry } from '../../domain/webhook/event';
import type { Sql } from '../base/database';

/**
 * Writes domain events of one contract in the transaction of their change. Their numbers come from the quota row of the contract
 * (decisions 39), which stays locked until the transaction ends, so numbers are in the order of the commits. Events of licenses without a
 * contract have no number.
 */
export async function insertDomainEvents(
  tx: Sql,
  contract_id: string | null,
  events: readonly DomainEventEntry[],
): Promise<void> {
  if (events.length === 0) return;
  if (contract_id === null) return insertUnnumbered(tx, events);
  await tx`
    WITH numbered AS (
      UPDATE contract_quotas SET event_sequence = event_sequence + ${events.length}
      WHERE contract_id = ${contract_id} RETURNING event_sequence - ${events.length} AS before
    )
    INSERT INTO domain_events (at, type, contract_id, environment, data, sequence)
    SELECT event.at, event.type, ${contract_id}, event.environment, event.data, numbered.before + event.number
    FROM numbered, ROWS FROM (
      jsonb_to_recordset(${tx.json(events as never)}) AS (at timestamptz, type text, environment text, data jsonb)
    ) WITH ORDINALITY AS event (at, type, environment, data, number)`;
}

async function insertUnnumbered(tx: Sql, events: readonly DomainEventEntry[]): Promise<void> {
  await tx`
    INSERT INTO domain_events (at, type, environment, data)
    SELECT at, type, environment, data
    FROM jsonb_to_recordset(${tx.json(events as never)}) AS event (at timestamptz, type text, environment text, data jsonb)`;
}
