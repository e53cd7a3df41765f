/** Stores the rows of a file while it arrives, and deletes those of a file that is not imported. */
import type { Database } from '../../db/base/database';
import { discountExistingKeys, insertImportChunk } from '../../db/import/chunk';
import type { ReadChunk } from '../../db/import/chunk';
import { deleteImport, insertImport } from '../../db/import/import';
import type { StoredImport } from '../../db/import/import';
import { findExistingKeys } from '../../db/import/licenses';
import { IMPORT_CHUNK_ROWS } from '../../domain/import/file';
import type { ReceivedFile } from './request-import';

/** Stores chunks of a file; the first ones together with the import. A transaction for each call, so that a slow client holds none. */
export async function storeChunks(
  db: Database,
  about: Pick<StoredImport, 'id' | 'contract_id' | 'duplicates'>,
  { chunks, begins }: { chunks: readonly ReadChunk[]; begins: boolean },
): Promise<void> {
  await db.begin(async (tx) => {
    if (begins) await insertImport(tx, about);
    for (const chunk of chunks) await insertImportChunk(tx, about.id, chunk);
  });
}

/**
 * How many licenses a file can have that has arrived, without the keys that exist already. It reads every key, so it is called only for a
 * file that does not fit the quota otherwise; a transaction for each stored chunk, and no lock of the contract.
 */
export async function countNewLicenses(db: Database, { id, rows, inline }: ReceivedFile): Promise<number> {
  if (inline) {
    const keys = inline.accepted.map(({ key }) => key);
    return keys.length - (await findExistingKeys(db, keys)).length;
  }
  let licenses = 0;
  for (let chunk_no = 0; chunk_no * IMPORT_CHUNK_ROWS < rows; chunk_no++)
    licenses += await discountExistingKeys(db, id, chunk_no);
  return licenses;
}

/** Deletes what is stored of a file that was refused, repeated or not read to its end. An import with a job stays. */
export async function discardFile(db: Database, id: string): Promise<void> {
  await db.begin((tx) => deleteImport(tx, id));
}
