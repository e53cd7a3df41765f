/** `import` compares imports of a file, from its first byte to the end of the job, with `COPY` of the same rows into the same tables. */
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type postgres from 'postgres';
import { deleteLicenses, deleteUse, vacuumTables } from './cleaning';
import { createContractOf } from './contracts';
import { openCopyConnections } from './copy-limit';
import type { MeasuredStack } from './measured-stack';
import { median, runPairs, spanOf } from './pairs';
import { count, twoDecimals } from './report';
import type { Report } from './report';
import { peakMemoryMb, resetPeakMemory } from './worker-memory';

export interface ImportOptions {
  licenses: number;
  /** Default: PAIRS. */
  pairs: number | undefined;
}

const PAIRS = 5;
const CONNECTIONS_CLOSED_MS = 200;
const WARM_UP_LICENSES = 5_000;
const CUSTOMERS = 1_000;
/** Rows that are formatted at one time. */
const PART_ROWS = 10_000;
/** Ids of the copied licenses: no job has such a serial. */
const COPY_SERIAL = 1n << 38n;
const AT = '2026-03-01T09:00:00Z';
const UNTIL = '2027-12-31T00:00:00Z';
/** One of a hundred rows of the imported file has no valid address. */
const BAD_EVERY = 100;

interface EndedImport {
  id: string;
  state: string;
  counts: { imported: number; rejected: number };
}

export async function benchImport(
  stack: MeasuredStack,
  { licenses, pairs = PAIRS }: ImportOptions,
  report: Report,
): Promise<void> {
  const customers = await insertCustomers(stack.db);
  const connections = openCopyConnections(stack.database_url);

  async function importFile(rows = licenses): Promise<{ per_second: number; worker_mb: number; api_mb: number }> {
    const contract_id = await createContractOf(stack, 'standard', rows);
    const file = fileOf(rows, customers);
    const pids = [stack.worker_pid, stack.api_pid];
    pids.forEach(resetPeakMemory);
    // While the file was made, the server may have closed idle connections: this process has to notice it before it sends.
    await sleep(CONNECTIONS_CLOSED_MS);
    const sent = performance.now();
    const path = `/api/v1/contracts/${contract_id}/licenses/import`;
    const response = await fetch(stack.api_url + path, {
      method: 'POST',
      headers: { Authorization: `Bearer ${stack.api_key}`, 'Content-Type': 'text/csv' },
      body: file,
    });
    const { id } = (await response.json()) as { id: string };
    if (response.status !== 202) throw new Error(`the import was answered with ${response.status}`);
    const received_ms = performance.now() - sent;
    const ended = await stack.api.awaitServerSent<EndedImport>(`${path}/${id}/progress`, 'end');
    const ended_ms = performance.now() - sent;
    const bad = Math.floor(rows / BAD_EVERY);
    if (ended.counts.imported !== rows - bad || ended.counts.rejected !== bad)
      throw new Error(`import ${id} ended ${ended.state} with ${JSON.stringify(ended.counts)}`);
    const [worker_mb = 0, api_mb = 0] = pids.map((pid) => peakMemoryMb(pid) ?? 0);
    await checkReport(stack, `${path}/${id}/report.csv`, { rows, bad });
    await deleteUse(stack.db);
    await deleteLicenses(stack.db, [contract_id]);
    report.progress(
      `  import: ${count(rows)} in ${count(ended_ms)} ms, received after ${count(received_ms)} ms, worker ${worker_mb} MB, API ${api_mb} MB`,
    );
    return { per_second: (rows / ended_ms) * 1_000, worker_mb, api_mb };
  }

  async function copy(rows = licenses): Promise<number> {
    const { licenses: text, facts } = copyTextOf(rows, customers);
    const begun = performance.now();
    await copyInto(connections, 'licenses (id, key)', text);
    await copyInto(
      connections,
      'license_facts (license_id, customer_id, assigned_at, activated_at, expires_at)',
      facts,
    );
    const ended_ms = performance.now() - begun;
    await deleteUse(stack.db);
    await stack.db`DELETE FROM licenses WHERE id >= ${(COPY_SERIAL << 24n).toString()}::bigint`;
    await vacuumTables(stack.db, ['licenses']);
    report.progress(`  COPY: ${count(rows)} in ${count(ended_ms)} ms`);
    return (rows / ended_ms) * 1_000;
  }

  try {
    report.progress('Warming up');
    await importFile(WARM_UP_LICENSES);
    await copy(WARM_UP_LICENSES);
    const measured = await runPairs(pairs, copy, importFile);
    const ratios = measured.map(({ first, second }) => twoDecimals(second.per_second / first));
    const copied_per_second = Math.round(median(measured.map(({ first }) => first)));
    const imported_per_second = Math.round(median(measured.map(({ second }) => second.per_second)));
    const worker_mb = Math.max(...measured.map(({ second }) => second.worker_mb));
    const api_mb = Math.max(...measured.map(({ second }) => second.api_mb));
    report.finish(
      `${count(licenses)} licenses: COPY ${count(copied_per_second)} rows/s, import ${count(imported_per_second)} rows/s, ratio ${spanOf(ratios, 2)}, worker ${worker_mb} MB, API ${api_mb} MB`,
      {
        bench: 'import',
        ratio: median(ratios),
        ratios,
        licenses,
        copied_per_second,
        imported_per_second,
        worker_mb,
        api_mb,
      },
    );
  } finally {
    await connections.end();
  }
}

/** Checks that the report names every row, and exactly the bad ones as rejected. */
async function checkReport(
  stack: MeasuredStack,
  path: string,
  { rows, bad }: { rows: number; bad: number },
): Promise<void> {
  const response = await fetch(stack.api_url + path, { headers: { Authorization: `Bearer ${stack.api_key}` } });
  const found = { lines: 0, rejected: 0 };
  let unread = '';
  for await (const part of (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream())) {
    const lines = (unread + part).split('\n');
    unread = lines.pop() ?? '';
    found.lines += lines.length;
    found.rejected += lines.filter((line) => line.includes(',rejected,EMAIL_INVALID,')).length;
  }
  if (found.lines !== rows + 1 || found.rejected !== bad) throw new Error(`${path} has ${JSON.stringify(found)}`);
}

interface BenchCustomer {
  id: string;
  email: string;
}

async function insertCustomers(db: MeasuredStack['db']): Promise<BenchCustomer[]> {
  const unique = randomBytes(4).toString('hex');
  return db<BenchCustomer[]>`
    INSERT INTO customers (email, name, created_at, updated_at)
    SELECT 'import-' || n || '-' || ${unique} || '@covenant.test', 'Customer ' || n, now(), now() FROM generate_series(1, ${CUSTOMERS}) n
    RETURNING id, email`;
}

/** Two of three licenses are active and belong to a customer; the others are available. */
function customerOf(row: number, customers: readonly BenchCustomer[]): BenchCustomer | undefined {
  return row % 3 === 0 ? undefined : customers[row % customers.length];
}

function newKey(): string {
  return randomBytes(15).toString('base64url');
}

function fileOf(rows: number, customers: readonly BenchCustomer[]): Blob {
  const lines = function* () {
    for (let row = 1; row <= rows; row++) {
      const customer = row % BAD_EVERY === 0 ? { email: 'none' } : customerOf(row, customers);
      yield customer ? `${newKey()},${customer.email},${AT},${UNTIL}\n` : `${newKey()},,,\n`;
    }
  };
  return new Blob(['key,customer,activated_at,expires_at\n', ...inParts(lines())]);
}

function copyTextOf(rows: number, customers: readonly BenchCustomer[]): { licenses: string[]; facts: string[] } {
  const idOf = (row: number): bigint => (COPY_SERIAL << 24n) + BigInt(row);
  const licenses = function* () {
    for (let row = 1; row <= rows; row++) yield `${idOf(row)}\t${newKey()}\n`;
  };
  const facts = function* () {
    for (let row = 1; row <= rows; row++) {
      const customer = customerOf(row, customers);
      if (customer) yield `${idOf(row)}\t${customer.id}\t${AT}\t${AT}\t${UNTIL}\n`;
    }
  };
  return { licenses: inParts(licenses()), facts: inParts(facts()) };
}

function inParts(lines: Iterable<string>): string[] {
  const parts: string[] = [];
  const part: string[] = [];
  for (const line of lines) {
    part.push(line);
    if (part.length === PART_ROWS) parts.push(part.splice(0).join(''));
  }
  parts.push(part.join(''));
  return parts;
}

/** Copies text into a table, every second part on the second connection. */
async function copyInto(connections: postgres.Sql, table: string, parts: readonly string[]): Promise<void> {
  await Promise.all(
    [0, 1].map(async (side) => {
      const stream = await connections`COPY ${connections.unsafe(table)} FROM STDIN`.writable();
      await pipeline(Readable.from(parts.filter((_, n) => n % 2 === side)), stream);
    }),
  );
}
