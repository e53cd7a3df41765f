/** Contracts that are paused until the same instant: as many boundaries of one moment as a test needs. */
import { runCommand } from '../../transactions/contract/run-command';
import type { Database } from '../../db/base/database';
import type { Instant } from '../../domain/base/instant';
import { TEST_ACTOR } from './contract-facts';
import { copyContract } from './contract-copies';
import { buildContract } from './contract-rows';
import type { ContractOptions } from './contract-rows';

export interface Pause extends Omit<ContractOptions, 'now'> {
  /** When the contracts were created and paused. */
  paused_at: Instant;
  resume_at: Instant;
}

/** Inserts the contracts and starts none of their workflows. Returns their ids in the order in which batches take them. */
export async function buildPausedContracts(
  db: Database,
  count: number,
  { paused_at, resume_at, ...contract }: Pause,
): Promise<string[]> {
  const { id } = (await buildContract(db, { ...contract, now: paused_at })).facts;
  const act = { id, actor: TEST_ACTOR, now: paused_at, request_id: null };
  await db.begin((tx) => runCommand(tx, act, { name: 'pause', input: { resume_at } }));
  const copies = count === 1 ? [] : await copyContract(db, id, count - 1);
  return [id, ...copies].sort();
}
