/** Revisions of contracts: a snapshot of the fields and holds of a contract after each change. */
import { storedActor } from '../../domain/base/actor';
import type { Instant } from '../../domain/base/instant';
import type { JsonObject } from '../../domain/base/json';
import type { RevisionEntry } from '../../domain/contract/history';
import type { Sql } from '../base/database';

/** A revision as lists show it. */
export interface RevisionRow {
  revision: number;
  effective_at: Instant;
  actor: JsonObject;
  action: string;
  snapshot: JsonObject;
}

/** Writes revisions. Call it in the transaction of the contract's change. */
export async function insertRevisions(
  tx: Sql,
  contract_id: string,
  revisions: readonly RevisionEntry[],
): Promise<void> {
  if (revisions.length === 0) return;
  const rows = revisions.map(({ actor, snapshot, ...revision }) => ({
    ...revision,
    contract_id,
    actor: tx.json(storedActor(actor)),
    snapshot: tx.json(snapshot),
  }));
  await tx`INSERT INTO contract_revisions ${tx(rows)}`;
}

/** One page of a contract's revisions, newest first; `below` is the number of the last one shown. */
export async function listRevisions(
  sql: Sql,
  contract_id: string,
  below: number | null,
  limit: number,
): Promise<RevisionRow[]> {
  return sql<RevisionRow[]>`
    SELECT revision, effective_at, shown_actor(actor) AS actor, action, snapshot FROM contract_revisions
    WHERE contract_id = ${contract_id} ${below === null ? sql`` : sql`AND revision < ${below}`}
    ORDER BY revision DESC LIMIT ${limit}`;
}
