/**
 * Stops the worker at chosen chunks, so that a fault happens during a job on any machine.
 *
 * A trigger takes a shared advisory lock with the chunk's number for each inserted chunk. A closed gate has the
 * exclusive lock. A blocked chunk is not committed: its statement still runs in Postgres. After {@link GATE_WAIT} the
 * statement fails, and the worker tries it again and waits at the same gate.
 */
import { isDatabaseUnavailable } from '../../db/base/errors';
import { openDatabase } from '../../db/base/database';
import type { Database } from '../../db/base/database';
import { waitFor } from './stack';

/** The first key of the advisory locks, different from those of the product. */
const GATE_CLASS = 4_711;
const BLOCKED_TIMEOUT_MS = 60_000;
/**
 * How long a chunk waits at the gate. Longer than the pause of the worker between two attempts (4 s in an import): two ranges that wait more
 * briefly than they pause can wait by turns, and never at the same time. Shorter than the heartbeat timeout of a range.
 */
const GATE_WAIT = '5s';

/** The gates that are closed. */
const closed_gates = new Set<ChunkGate>();

export interface ChunkGate {
  /** Resolves with the pids of the backends when `count` chunks are blocked. */
  waitForBlocked(count: number): Promise<number[]>;
  /** Lets the blocked chunks continue. Closes the gate at `next` before, so that the job stops there. */
  open(next?: number[]): Promise<void>;
}

/** The database with the gate: that of a stack, or another one. */
interface GatedDatabase {
  sql: Database;
  addresses: { database_url: string };
}

/** Installs the trigger. Call it once for each database. */
export async function installChunkGate({ sql }: Pick<GatedDatabase, 'sql'>): Promise<void> {
  await sql.unsafe(`
    CREATE FUNCTION test_chunk_gate() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = '${GATE_WAIT}' AS $$
    BEGIN
      PERFORM pg_advisory_xact_lock_shared(${GATE_CLASS}, NEW.chunk_no);
      RETURN NEW;
    END $$`);
  await sql`
    CREATE TRIGGER test_chunk_gate BEFORE INSERT ON generation_chunks FOR EACH ROW EXECUTE FUNCTION test_chunk_gate()`;
}

/** Closes the gate at these chunk numbers, for all jobs. The gate opens when Postgres ends. */
export async function closeChunkGate({ sql, addresses }: GatedDatabase, chunks: number[]): Promise<ChunkGate> {
  const holder = openDatabase(addresses.database_url, { max: 1, application_name: 'covenant-test-gate' });
  await close(holder, chunks);
  let closed = chunks;
  const gate: ChunkGate = {
    waitForBlocked: (count) =>
      waitFor(
        async () => {
          const waiting = await sql<{ pid: number }[]>`
            SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = ${GATE_CLASS} AND NOT granted`;
          return waiting.length === count ? waiting.map(({ pid }) => pid) : undefined;
        },
        { timeout_ms: BLOCKED_TIMEOUT_MS, what: `${count} chunks to wait at the gate` },
      ),
    async open(next) {
      if (next !== undefined) await close(holder, next);
      // When Postgres has ended this connection, its locks are released already.
      for (const chunk of closed) await holder`SELECT pg_advisory_unlock(${GATE_CLASS}, ${chunk})`.catch(isGone);
      closed = next ?? [];
      if (next !== undefined) return;
      closed_gates.delete(gate);
      await holder.end({ timeout: 1 });
    },
  };
  closed_gates.add(gate);
  return gate;
}

/** Opens the gates that a failed test left closed, so that the next tests can run. Call it after each test. */
export async function openChunkGates(): Promise<void> {
  for (const gate of closed_gates) await gate.open();
}

function isGone(error: unknown): void {
  if (!isDatabaseUnavailable(error)) throw error;
}

async function close(holder: Database, chunks: number[]): Promise<void> {
  for (const chunk of chunks) await holder`SELECT pg_advisory_lock(${GATE_CLASS}, ${chunk})`;
}
