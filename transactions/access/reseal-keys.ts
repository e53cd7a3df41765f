/** Seals stored API keys of contracts again, with the current sealing key. */
import { listKeysSealedByOthers, updateSealed } from '../../db/access/contract-api-key';
import type { Sql } from '../../db/base/database';
import { SealedTextInvalid, SealingKeyMissing } from '../base/sealed-text';
import type { Sealer } from '../base/sealed-text';

/** Keys of one transaction. They stay locked until it ends, so a rotation of such a key waits for it. */
const RESEALED_KEYS_MAX = 100;

export interface ResealedKeys {
  resealed: number;
  /** The contracts whose key could not be opened. It stays as it was. */
  unreadable: string[];
}

/** The keys of one transaction; `last_id` is null when there are no more. */
export interface ResealedBatch extends ResealedKeys {
  last_id: string | null;
}

/**
 * Seals the next keys after `after` (the id of a row; null: the first ones) that another version sealed. Call it inside a transaction. A key is no other key afterwards, so there is no audit row.
 */
export async function resealKeys(tx: Sql, sealer: Sealer, after: string | null): Promise<ResealedBatch> {
  const rows = await listKeysSealedByOthers(tx, { version: sealer.version, after, limit: RESEALED_KEYS_MAX });
  const unreadable: string[] = [];
  for (const row of rows) {
    try {
      const text = await sealer.open(row.sealed, row);
      await updateSealed(tx, row.id, { sealed: await sealer.seal(text, row), sealed_by: sealer.version });
    } catch (error) {
      if (!(error instanceof SealingKeyMissing || error instanceof SealedTextInvalid)) throw error;
      unreadable.push(row.contract_id);
    }
  }
  const last_id = rows.length < RESEALED_KEYS_MAX ? null : (rows.at(-1)?.id ?? null);
  return { resealed: rows.length - unreadable.length, unreadable, last_id };
}
