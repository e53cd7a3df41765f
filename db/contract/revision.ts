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

interface RevisionPage {
  order: 'asc' | 'desc';
  /** The number of the last revision that was shown; null for the first page. */
  after: number | null;
  limit: number;
}

/** One page of a contract's revisions, newest or oldest first. */
export async function listRevisions(sql: Sql, contract_id: string, page: RevisionPage): Promise<RevisionRow[]> {
  const { order, after, limit } = page;
  const next = order === 'desc' ? sql`revision < ${after}` : sql`revision > ${after}`;
  return sql<RevisionRow[]>`
    SELECT revision, effective_at, shown_actor(actor) AS actor, action, snapshot FROM contract_revisions
    WHERE contract_id = ${contract_id} ${after === null ? sql`` : sql`AND ${next}`}
    ORDER BY revision ${order === 'desc' ? sql`DESC` : sql`ASC`} LIMIT ${limit}`;
}
