/** Collects rows and writes them together: one statement at a time. */

/** Rows that are written together. */
const GROUP_ROWS = 100;
/** More rows than this wait for the statement that is running. */
const WAITING_ROWS_MAX = 1_000;

export interface Recorder<Row> {
  /** Adds a row, and waits if too many are not written yet. Throws when an earlier write failed. */
  add(row: Row): Promise<void>;
  /** Writes what is left. */
  flush(): Promise<void>;
}

export function createRecorder<Row>(write: (rows: Row[]) => Promise<void>): Recorder<Row> {
  const waiting: Row[] = [];
  const failures: unknown[] = [];
  let writing: Promise<void> | undefined;

  async function writeWhile(min_rows: number): Promise<void> {
    try {
      while (failures.length === 0 && waiting.length >= min_rows) await write(waiting.splice(0));
    } catch (error) {
      failures.push(error);
    } finally {
      writing = undefined;
    }
  }

  return {
    async add(row) {
      waiting.push(row);
      if (waiting.length >= GROUP_ROWS) writing ??= writeWhile(GROUP_ROWS);
      if (waiting.length >= WAITING_ROWS_MAX) await writing;
      if (failures.length > 0) throw failures[0];
    },
    async flush() {
      await writing;
      await writeWhile(1);
      if (failures.length > 0) throw failures[0];
    },
  };
}
