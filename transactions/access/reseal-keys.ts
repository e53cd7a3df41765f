/** Seals stored secrets again, with the current sealing key: API keys of contracts, signing keys of products, and secrets of webhook endpoints. */
import { listKeysSealedByOthers, updateSealed } from '../../db/access/contract-api-key';
import type { Sql } from '../../db/base/database';
import { listSigningKeysSealedByOthers, updateSealedSigningKey } from '../../db/catalogue/signing-key';
import { listSecretsSealedByOthers, updateSealedSecret } from '../../db/webhook/secret';
import { SealedTextInvalid, SealingKeyMissing } from '../base/sealed-text';
import type { SealedFor, Sealer } from '../base/sealed-text';

/** Keys of one transaction. They stay locked until it ends, so a rotation of such a key waits for it. */
const RESEALED_KEYS_MAX = 100;

export interface ResealedKeys {
  resealed: number;
  /** The contracts, products or endpoints whose key could not be opened. It stays as it was. */
  unreadable: string[];
}

/** The keys of one transaction; `last_id` is null when there are no more. */
export interface ResealedBatch extends ResealedKeys {
  last_id: string | null;
}

/**
 * Seals the next keys after `after` (the id of a row; null: the first ones) that another version sealed. Call it inside a transaction. A key is no other key afterwards, so there is no audit row.
 */
export type Reseal = (tx: Sql, sealer: Sealer, after: string | null) => Promise<ResealedBatch>;

/** API keys of contracts. */
export const resealKeys: Reseal = createReseal({
  list: listKeysSealedByOthers,
  update: updateSealed,
  ownerOf: ({ contract_id }) => contract_id,
});

/** Signing keys of products. */
export const resealSigningKeys: Reseal = createReseal({
  list: listSigningKeysSealedByOthers,
  update: updateSealedSigningKey,
  ownerOf: ({ product_id }) => product_id,
});

/** Secrets of webhook endpoints. */
export const resealWebhookSecrets: Reseal = createReseal({
  list: listSecretsSealedByOthers,
  update: updateSealedSecret,
  ownerOf: ({ endpoint_id }) => endpoint_id,
});

/** How keys of one kind are stored. */
interface SealedKeys<Row> {
  list(tx: Sql, page: { version: string; after: string | null; limit: number }): Promise<Row[]>;
  update(tx: Sql, id: string, columns: { sealed: string; sealed_by: string }): Promise<void>;
  ownerOf(row: Row): string;
}

function createReseal<Row extends SealedFor & { id: string; sealed: string }>(keys: SealedKeys<Row>): Reseal {
  return async (tx, sealer, after) => {
    const rows = await keys.list(tx, { version: sealer.version, after, limit: RESEALED_KEYS_MAX });
    const unreadable: string[] = [];
    for (const row of rows) {
      try {
        const text = await sealer.open(row.sealed, row);
        await keys.update(tx, row.id, { sealed: await sealer.seal(text, row), sealed_by: sealer.version });
      } catch (error) {
        if (!(error instanceof SealingKeyMissing || error instanceof SealedTextInvalid)) throw error;
        unreadable.push(keys.ownerOf(row));
      }
    }
    const last_id = rows.length < RESEALED_KEYS_MAX ? null : (rows.at(-1)?.id ?? null);
    return { resealed: rows.length - unreadable.length, unreadable, last_id };
  };
}
