/** Imports for tests, inserted directly. */
import { randomUUID } from 'node:crypto';
import type { Database } from '../../db/base/database';
import { insertImportChunk } from '../../db/import/chunk';
import { insertImport } from '../../db/import/import';
import { isRefusal } from '../../domain/base/refusal';
import { IMPORT_CHUNK_ROWS } from '../../domain/import/file';
import type { ImportRow } from '../../domain/import/row';
import { newId } from '../../transactions/base/new-id';
import { requestImport } from '../../transactions/import/request-import';
import { TEST_ACTOR } from './contract-facts';

/** Rows with these keys. */
export function rowsWithKeys(keys: readonly string[]): ImportRow[] {
  return keys.map((key, index) => ({ ordinal: index + 1, key }));
}

/** A job that imports rows into a contract and whose workflow is not started. Returns its id. `meanwhile` runs after the first chunk has arrived. */
export async function buildImport(
  db: Database,
  contract_id: string,
  rows: readonly ImportRow[] = rowsWithKeys([randomUUID(), randomUUID()]),
  meanwhile?: () => Promise<void>,
): Promise<string> {
  const now = new Date().toISOString();
  const id = newId(now);
  const duplicates = 'reject';
  await insertImport(db, { id, contract_id, duplicates });
  for (let from = 0; from < rows.length; from += IMPORT_CHUNK_ROWS) {
    const accepted = rows.slice(from, from + IMPORT_CHUNK_ROWS);
    await insertImportChunk(db, id, { chunk_no: from / IMPORT_CHUNK_ROWS, accepted, outcomes: [] });
    if (from === 0) await meanwhile?.();
  }
  const file = {
    id,
    contract_id,
    duplicates,
    rows: rows.length,
    accepted: rows.length,
    bytes: 1,
    sha256: id,
    inline: null,
  } as const;
  const act = { actor: TEST_ACTOR, now, request_id: null, channel: 'ui' } as const;
  const requested = await db.begin((tx) => requestImport(tx, file, act));
  if (isRefusal(requested)) throw new Error(requested.detail);
  if (isRefusal(requested.result)) throw new Error(requested.result.detail);
  return id;
}
