/**
 * Holds the worker at chosen chunks, so that a fault falls into the middle of a job, however fast the machine is.
 *
 * A trigger of the test lets each insert of a chunk take a shared lock named by the chunk's number; a closed gate holds
 * it alone. A chunk that waits has not committed: its statement is in flight in Postgres. What waits longer than the
 * worker's `lock_timeout` fails there and is tried again by the worker, which then waits at the same gate.
 */
import { isDatabaseUnavailable } from '../../db/base/errors';
import { openDatabase } from '../../db/base/database';
import type { Database } from '../../db/base/database';
import { waitFor } from './stack';

/** The first half of the locks' names, so that they meet no other advisory lock. */
const GATE_CLASS = 4_711;
const HELD_TIMEOUT_MS = 60_000;

export interface ChunkGate {
  /** Resolves when so many chunks wait, with the ids of the backends in which they do. */
  waitForBlocked(count: number): Promise<number[]>;
  /** Lets what waits go on; `next` is closed first, so that the job stops there again. */
  open(next?: number[]): Promise<void>;
}

/** Where the gate stands: a stack, or a database of its own. */
interface GatedDatabase {
  sql: Database;
  addresses: { database_url: string };
}

/** Installs the trigger; once for each database. */
export async function installChunkGate({ sql }: Pick<GatedDatabase, 'sql'>): Promise<void> {
  await sql.unsafe(`
    CREATE FUNCTION test_chunk_gate() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_advisory_xact_lock_shared(${GATE_CLASS}, NEW.chunk_no);
      RETURN NEW;
    END $$`);
  await sql`
    CREATE TRIGGER test_chunk_gate BEFORE INSERT ON generation_chunks FOR EACH ROW EXECUTE FUNCTION test_chunk_gate()`;
}

/** Closes the gate before these chunks, of whichever job comes; it opens by itself when Postgres ends. */
export async function closeChunkGate({ sql, addresses }: GatedDatabase, chunks: number[]): Promise<ChunkGate> {
  const holder = openDatabase(addresses.database_url, { max: 1, application_name: 'covenant-test-gate' });
  await close(holder, chunks);
  let closed = chunks;
  return {
    waitForBlocked: (count) =>
      waitFor(
        async () => {
          const waiting = await sql<{ pid: number }[]>`
            SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = ${GATE_CLASS} AND NOT granted`;
          return waiting.length === count ? waiting.map(({ pid }) => pid) : undefined;
        },
        { timeout_ms: HELD_TIMEOUT_MS, what: `${count} chunks to wait at the gate` },
      ),
    async open(next) {
      if (next !== undefined) await close(holder, next);
      // A holder whose connection Postgres has ended holds nothing any more.
      for (const chunk of closed) await holder`SELECT pg_advisory_unlock(${GATE_CLASS}, ${chunk})`.catch(isGone);
      closed = next ?? [];
      if (next === undefined) await holder.end({ timeout: 1 });
    },
  };
}

function isGone(error: unknown): void {
  if (!isDatabaseUnavailable(error)) throw error;
}

async function close(holder: Database, chunks: number[]): Promise<void> {
  for (const chunk of chunks) await holder`SELECT pg_advisory_lock(${GATE_CLASS}, ${chunk})`;
}
