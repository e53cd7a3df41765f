/** Creates active contracts with enough quota for a benchmark. */
import { randomUUID } from 'node:crypto';
import pMap from 'p-map';
import { waitFor } from '../dev/waiting';
import { instantFromMillis, millisOf } from '../domain/base/instant';
import type { Instant } from '../domain/base/instant';
import { DEFAULT_ALPHABET } from '../domain/catalogue/license-key';
import type { KeyFormat } from '../domain/catalogue/license-key';
import type { MeasuredStack } from './measured-stack';
import type { ShowProgress } from './progress';

/** The key format of all benchmarks: `BENCH-XXXXX-XXXXX-XXXXX-XXXXX`. */
export const BENCH_KEY_FORMAT: KeyFormat = {
  prefix: 'BENCH',
  groups: 4,
  group_length: 5,
  alphabet: DEFAULT_ALPHABET,
  separator: '-',
};

/** Enough that the answers of a slow Temporal server, which starts the workflows, are not the limit. */
const CREATED_AT_ONCE = 32;
/** The quota of a contract without license requests. */
const SMALL_QUOTA = 1_000;
/** The average time limit for the start of each workflow. */
const START_MS_MAX = 500;
const START_TIMEOUT_MS_MIN = 60_000;
const POLL_INTERVAL_MS = 100;

/** Creates a product, a generator and `count` active contracts with `quota` licenses each. Returns the contract ids. */
export async function createContracts(
  stack: MeasuredStack,
  count: number,
  quota: number,
  show?: ShowProgress,
): Promise<string[]> {
  const source = await createSource(stack);
  const ids: string[] = [];
  const names = Array.from({ length: count }, (_, index) => `Benchmark ${index + 1}`);
  await pMap(
    names,
    async (name) => {
      ids.push((await postContract(stack, { name, quota, ...source })).id);
      show?.(ids.length);
    },
    { concurrency: CREATED_AT_ONCE },
  );
  return ids;
}

/** Creates an active contract with an API key and with these limits in all windows, of requests and of licenses. */
export async function createPartner(
  stack: MeasuredStack,
  quota: number,
  limit: number,
): Promise<{ id: string; key: string }> {
  const windows = { per_minute: limit, per_hour: limit, per_day: limit };
  const rate_limits = { ...windows, licenses: windows };
  const source = await createSource(stack);
  const fields = { name: 'Benchmark partner', quota, api_access: true, rate_limits, ...source };
  const { id, api_access } = await postContract<{ id: string; api_access: { key: string } }>(stack, fields);
  return { id, key: api_access.key };
}

/** Creates an active contract of a type; returns its id. */
export async function createContractOf(
  stack: MeasuredStack,
  type: 'standard' | 'pool',
  quota: number,
): Promise<string> {
  return (await postContract(stack, { name: `Benchmark ${type}`, quota, type, ...(await createSource(stack)) })).id;
}

function postContract<T = { id: string }>({ api }: MeasuredStack, fields: object): Promise<T> {
  return api.post<T>('/api/v1/contracts', { type: 'standard', status: 'active', ...fields });
}

/** Inserts a product with a generator. */
async function createSource({ db }: MeasuredStack): Promise<{ product_id: string; generator_id: string }> {
  const now = new Date().toISOString();
  const [product] = await db<[{ id: string }]>`
    INSERT INTO products (name, code, environment, status, created_at, updated_at)
    VALUES ('Benchmark', ${`bench-${randomUUID()}`}, 'production', 'active', ${now}, ${now}) RETURNING id`;
  const [generator] = await db<[{ id: string }]>`
    INSERT INTO generators (product_id, environment, name, format, status, created_at, updated_at)
    VALUES (${product.id}, 'production', 'Benchmark', ${db.json({ ...BENCH_KEY_FORMAT })}, 'active', ${now}, ${now}) RETURNING id`;
  return { product_id: product.id, generator_id: generator.id };
}

/** Creates active contracts, and resolves when the workflow of each has settled it and waits. */
export async function createWaitingContracts(
  stack: MeasuredStack,
  count: number,
  show?: ShowProgress,
): Promise<string[]> {
  const active = "ContractState = 'ACTIVE'";
  const before = await countContractWorkflows(stack, active);
  const ids = await createContracts(stack, count, SMALL_QUOTA, show);
  await waitFor(async () => (await countContractWorkflows(stack, active)) >= before + count, {
    timeout_ms: Math.max(START_TIMEOUT_MS_MIN, count * START_MS_MAX),
    interval_ms: POLL_INTERVAL_MS,
    what: `the workflows of ${count} contracts to wait`,
  });
  return ids;
}

/**
 * Returns a visibility query for the workflows whose next boundary is this instant. It uses a range of one millisecond,
 * because the development server does not find an instant by equality when its fraction ends in a zero.
 */
export function waitingForQuery(boundary: Instant): string {
  const [before, after] = [-1, 1].map((ms) => instantFromMillis(millisOf(boundary) + ms));
  return `NextBoundary BETWEEN '${before}' AND '${after}'`;
}

/** Counts the running contract workflows that match a visibility query. */
export async function countContractWorkflows({ temporal }: MeasuredStack, query: string): Promise<number> {
  const running = `WorkflowType = 'contractLifecycle' AND ExecutionStatus = 'Running' AND ${query}`;
  return (await temporal.workflow.count(running)).count;
}
