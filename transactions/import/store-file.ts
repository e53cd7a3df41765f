/** Stores the rows of a file while it arrives, and deletes those of a file that is not imported. */
import type { Database } from '../../db/base/database';
import { insertImportChunk } from '../../db/import/chunk';
import type { ReadChunk } from '../../db/import/chunk';
import { deleteImport, insertImport } from '../../db/import/import';
import type { StoredImport } from '../../db/import/import';

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

/** Deletes what is stored of a file that was refused, repeated or not read to its end. An import with a job stays. */
export async function discardFile(db: Database, id: string): Promise<void> {
  await db.begin((tx) => deleteImport(tx, id));
}
