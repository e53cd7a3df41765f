/**
 * `rows` measures the cost of the columns of a license's row. It inserts the same keys with the same statement into
 * tables that each differ in one property from the product's table.
 */
import { randomFillSync } from 'node:crypto';
import { CHUNK_LICENSES_MAX } from '../domain/generation/generation-job';
import { joinedKeys } from '../domain/catalogue/license-key';
import type { Database } from '../db/base/database';
import { CONNECTIONS, createBareJob, openBareConnections } from './bare-loop';
import type { BareJob } from './bare-loop';
import { BENCH_KEY_FORMAT, createContracts } from './contracts';
import type { MeasuredStack } from './measured-stack';
import { median } from './pairs';
import { count, tableOf, twoDecimals } from './report';
import type { Report } from './report';

export interface RowsOptions {
  licenses: number;
  /** The number of rounds. Each round measures all shapes. Default: ROUNDS. */
  rounds: number | undefined;
}

interface Shape {
  name: string;
  columns: string;
  /** The values that an insert selects in addition to the key, in the order of the columns. */
  values: (job: BareJob, contract_id: string) => string;
}

interface Measured {
  elapsed_ms: number[];
  bytes: number;
}

const ROUNDS = 5;
const TABLE = 'bench_rows';

const ID = '($1::bigint << 24) + $2::int + k.ordinal';
const whole = (job: BareJob, contract_id: string): string =>
  `${ID}, '${contract_id}'::uuid, (SELECT terms_id FROM generation_jobs WHERE id = '${job.id}'), '${job.id}'::uuid, $2::int + k.ordinal`;
const WHOLE_COLUMNS = 'contract_id uuid NOT NULL, terms_id bigint NOT NULL, job_id uuid NOT NULL, ordinal int NOT NULL';

/** The first shape is the product's (db/schema.sql). The others are compared with it. */
const SHAPES: readonly Shape[] = [
  { name: 'id and key', columns: 'id bigint PRIMARY KEY', values: () => ID },
  { name: 'with contract, terms, job, ordinal', columns: `id bigint PRIMARY KEY, ${WHOLE_COLUMNS}`, values: whole },
  {
    name: '… and unique (job, ordinal)',
    columns: `id bigint PRIMARY KEY, ${WHOLE_COLUMNS}, UNIQUE (job_id, ordinal)`,
    values: whole,
  },
  {
    name: '… and three foreign keys',
    columns: `id bigint PRIMARY KEY, ${WHOLE_COLUMNS}, FOREIGN KEY (contract_id) REFERENCES contracts, FOREIGN KEY (terms_id) REFERENCES license_terms, FOREIGN KEY (job_id) REFERENCES generation_jobs`,
    values: whole,
  },
  { name: 'uuid (v7) and key', columns: 'id uuid PRIMARY KEY', values: () => 'uuidv7()' },
  {
    name: 'id, key and an index on terms',
    columns: 'id bigint PRIMARY KEY, terms_id bigint NOT NULL',
    values: (job) => `${ID}, (SELECT terms_id FROM generation_jobs WHERE id = '${job.id}')`,
  },
];
const INDEXED_SHAPE = 'id, key and an index on terms';

/** Measures all shapes in rounds. Each round starts with another shape. */
export async function benchRows(stack: MeasuredStack, options: RowsOptions, report: Report): Promise<void> {
  const { licenses } = options;
  const rounds = options.rounds ?? ROUNDS;
  const [contract_id = ''] = await createContracts(stack, 1, licenses);
  const job = await createBareJob(stack.db, contract_id, licenses);
  const connections = openBareConnections(stack.database_url);
  const measured = new Map<Shape, Measured>(SHAPES.map((shape) => [shape, { elapsed_ms: [], bytes: 0 }]));
  try {
    for (let round = 0; round < rounds; round++) {
      for (let turn = 0; turn < SHAPES.length; turn++) {
        const shape = SHAPES[(round + turn) % SHAPES.length] as Shape;
        const result = measured.get(shape) as Measured;
        await createTable(stack.db, shape);
        result.elapsed_ms.push(await timeInserts(connections, shape, job, contract_id, licenses));
        const [size] = await stack.db<[{ bytes: string }]>`SELECT pg_total_relation_size(${TABLE}) AS bytes`;
        result.bytes = Number(size.bytes);
      }
      report.progress(`round ${round + 1} of ${rounds}`);
    }
  } finally {
    await stack.db.unsafe(`DROP TABLE IF EXISTS ${TABLE}`);
    await connections.end();
  }
  finish(report, licenses, measured);
}

async function createTable(db: Database, shape: Shape): Promise<void> {
  await db.unsafe(`DROP TABLE IF EXISTS ${TABLE}`);
  await db.unsafe(`CREATE TABLE ${TABLE} (${shape.columns}, key text COLLATE "C" NOT NULL UNIQUE)`);
  if (shape.name === INDEXED_SHAPE) await db.unsafe(`CREATE INDEX ON ${TABLE} (terms_id)`);
  await db.unsafe('CHECKPOINT');
}

async function timeInserts(
  connections: Database,
  shape: Shape,
  job: BareJob,
  contract_id: string,
  licenses: number,
): Promise<number> {
  const statement = `INSERT INTO ${TABLE} SELECT ${shape.values(job, contract_id)}, k.key FROM string_to_table($3, ',') WITH ORDINALITY AS k (key, ordinal) WHERE $1::bigint > 0 AND $2::int >= 0`;
  const chunks = Math.ceil(licenses / CHUNK_LICENSES_MAX);
  let next = 0;
  const loop = async (): Promise<void> => {
    for (let chunk = next++; chunk < chunks; chunk = next++) {
      const keys = joinedKeys(BENCH_KEY_FORMAT, CHUNK_LICENSES_MAX, randomFillSync);
      await connections.unsafe(statement, [job.serial, chunk * CHUNK_LICENSES_MAX, keys], { prepare: true });
    }
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: CONNECTIONS }, loop));
  return performance.now() - begun;
}

function finish(report: Report, licenses: number, measured: Map<Shape, Measured>): void {
  const base = median((measured.get(SHAPES[0] as Shape) as Measured).elapsed_ms);
  const rows = [...measured].map(([shape, { elapsed_ms, bytes }]) => {
    const middle = median(elapsed_ms);
    return {
      shape: shape.name,
      per_second: licenses / (middle / 1000),
      ratio: base / middle,
      bytes_a_row: bytes / licenses,
    };
  });
  const table = tableOf(
    [
      { title: 'row', cell: (row) => row.shape },
      { title: 'rows/s', cell: (row) => count(row.per_second) },
      { title: 'ratio to the product', cell: (row) => row.ratio.toFixed(2) },
      { title: 'bytes a row with indexes', cell: (row) => count(row.bytes_a_row) },
    ],
    rows,
  );
  const slowest = Math.min(...rows.map((row) => row.ratio));
  report.finish(table, {
    bench: 'rows',
    ratio: twoDecimals(slowest),
    licenses,
    shapes: rows.map((row) => ({ ...row, ratio: twoDecimals(row.ratio) })),
  });
}
