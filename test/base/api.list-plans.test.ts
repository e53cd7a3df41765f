/**
 * How Postgres reads lists: by an index for every filter and sort order, in tables of 12,000 rows. The tests explain the statements
 * and values that the API sends.
 */
import type { ReservedSql } from 'postgres';
import { ROUTES } from '../../api/routes';
import type { Database } from '../../db/base/database';
import { COLLECTED_LICENSES_MAX } from '../../db/license/license-page';
import { waitFor } from '../../dev/waiting';
import { startTestApi } from '../harness/api';
import type { TestApi } from '../harness/api';
import { FILLED_ROWS, fillTables } from '../harness/filled-tables';
import type { FilledTables } from '../harness/filled-tables';

/** One list has a hundred queries, each of which is carried out and explained. */
jest.setTimeout(120_000);

/** Rows that one statement may read for a page. Reading a whole table, or half of it, exceeds this. */
const ROWS_READ_MAX = 5_000;
/** A table of fewer rows may be read whole. */
const TABLE_ROWS_MAX = 10_000;
/**
 * Rows that a list of licenses may read by key, status, product or date: a search counts or collects up to this number of keys, and the other
 * lists look up the facts of a contract's jobs.
 */
const KEYS_READ_MAX = COLLECTED_LICENSES_MAX + ROWS_READ_MAX;
const FILL_MS = 120_000;

/** The second page starts at a cursor. */
const PAGES = [1, 2];

/** A node of a plan, as `EXPLAIN (ANALYZE, FORMAT JSON)` shows it. */
interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  Plans?: PlanNode[];
}

interface Statement {
  text: string;
  parameters: unknown[];
}

let api: TestApi;
let filled: FilledTables;
let table_rows: Map<string, number>;
/** A connection that plans as in production. The tests' server makes no plan for given parameters. */
let planner: ReservedSql;
/** The statements that the API sends to Postgres for a list. */
let sent: Statement[] = [];

beforeAll(async () => {
  api = await startTestApi();
  filled = await fillTables(api.sql);
  const counts = await api.sql<{ name: string; count: number }[]>`
    SELECT relname AS name, reltuples::float8 AS count FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`;
  table_rows = new Map(counts.map(({ name, count }) => [name, count]));
  planner = await api.sql.reserve();
  await planner`SET plan_cache_mode = auto`;
  // The driver calls this with each statement before it sends it.
  (api.api.db.options as Database['options'] & { debug: unknown }).debug = (
    _: number,
    text: string,
    parameters: unknown[],
  ) => sent.push({ text, parameters });
}, FILL_MS);
afterAll(() => {
  planner.release();
  return api.close();
});

const ORDERS = ['order=asc', 'order=desc'];
const SORTS = ['created_at', 'name', 'type', 'status'].flatMap((sort) =>
  ORDERS.map((order) => `sort=${sort}&${order}`),
);
/** Each sort once, half of them in each direction. */
const HALF_OF_SORTS = SORTS.filter((_, index) => [0, 3, 4, 7].includes(index));

/** The queries for each list, by the path of its route; rare values first. */
const LIST_QUERIES: Record<string, (of: FilledTables) => { path?: string; queries: string[] }> = {
  '/admins': () => ({
    queries: [
      '',
      'role=operator',
      'status=disabled',
      'status=active',
      'search=σπάνια',
      'search=covenant.test',
      'search=admin-777@',
    ].flatMap(inOrders),
  }),
  '/admins/:id/api-keys': ({ busy_admin }) => ({ path: `/admins/${busy_admin}/api-keys`, queries: [''] }),
  '/sessions': ({ busy_admin }) => ({ queries: ['', `admin_id=${busy_admin}`] }),
  '/products': () => ({
    queries: [
      '',
      'environment=staging',
      'environment=development',
      'status=inactive',
      'status=active',
      'search=RARITÄT',
      'search=p-777',
      'search=product',
    ].flatMap(inOrders),
  }),
  '/products/:id/signing-keys': ({ rare_product }) => ({
    path: `/products/${rare_product}/signing-keys`,
    queries: [''].flatMap(inOrders),
  }),
  '/generators': ({ rare_product }) => ({
    queries: [
      '',
      'environment=staging',
      'product_id=' + rare_product,
      'status=inactive',
      'status=active',
      'search=rarität',
      'search=generator',
    ].flatMap(inOrders),
  }),
  '/customers': ({ rare_customer }) => ({
    queries: [
      '',
      'search=株式',
      'search=buyer-777@',
      `search=${rare_customer}`,
      'search=customer',
      'account_manager=rare@covenant.test',
    ].flatMap(inOrders),
  }),
  '/license-operations': ({ rare_customer, rare_contract }) => ({
    queries: [
      '',
      'kind=assign',
      'kind=revoke',
      'kind=suspend',
      `customer_id=${rare_customer}`,
      `contract_id=${rare_contract}`,
      'state=FAILED',
      'state=SUCCEEDED',
      'state=RUNNING',
    ].flatMap(inOrders),
  }),
  '/license-operations/:id/outcomes': ({ busy_operation }) => ({
    path: `/license-operations/${busy_operation}/outcomes`,
    queries: [''],
  }),
  '/assignments': ({ rare_customer, rare_contract }) => ({
    queries: [
      '',
      `customer_id=${rare_customer}`,
      `contract_id=${rare_contract}`,
      'state=FAILED',
      'state=SUCCEEDED',
      'state=RUNNING',
    ].flatMap(inOrders),
  }),
  '/contracts': ({ rare_product, rare_generator, rare_customer, rare_contract, staging_clock }) => ({
    queries: [
      '',
      'environment=staging',
      'environment=development',
      'search=RARITÄT',
      'search=contract 7777',
      `search=${rare_contract}`,
      'search=contract',
      'status=inactive',
      'status=active',
      'state=EXPIRED',
      'state=PAST_DUE',
      'state=PAUSED',
      'state=ACTIVE',
      'type=pool',
      'type=enterprise',
      'type=standard',
      `product_id=${rare_product}`,
      `generator_id=${rare_generator}`,
      `environment=staging&test_clock_id=${staging_clock}`,
      `customer_id=${rare_customer}`,
      'account_manager=rare@covenant.test',
      'warning=RENEWAL_BLOCKED',
      'warning=SUSPENSION_DUE',
      'warning=QUOTA_NEARLY_USED',
      'warning=QUOTA_USED',
      'warning=QUOTA_RUNS_OUT',
      'warning=POOL_LOW',
      'warning=POOL_REPLENISH_BLOCKED',
      'warning=POOL_VALIDITY_TOO_SHORT',
      'warning=WEBHOOK_DISABLED',
      'warning=LIMIT_EXCEEDED',
    ].flatMap((filter) => (filter === '' ? SORTS : HALF_OF_SORTS).map((sort) => `${filter}&${sort}`)),
  }),
  '/contracts/:id/holds': ({ busy_contract }) => ({
    path: `/contracts/${busy_contract}/holds`,
    queries: ['', 'state=held', 'state=assigned', 'state=released', 'state=expired'].flatMap(inOrders),
  }),
  '/contracts/:id/activity': ({ busy_contract }) => ({ path: `/contracts/${busy_contract}/activity`, queries: [''] }),
  '/contracts/:id/events': ({ busy_contract }) => ({
    path: `/contracts/${busy_contract}/events`,
    queries: ['', 'after=6000'],
  }),
  '/contracts/:id/refusals': ({ busy_contract }) => ({ path: `/contracts/${busy_contract}/refusals`, queries: [''] }),
  '/api-calls': ({ busy_contract, rare_contract, rare_from, rare_to }) => ({
    queries: ['', '&code=GRANTED', '&code=RATE_LIMITED', `&from=${rare_from}&to=${rare_to}`].flatMap((filter) =>
      [busy_contract, rare_contract].map((id) => `contract_id=${id}${filter}`),
    ),
  }),
  '/contracts/:id/revisions': ({ busy_contract }) => ({
    path: `/contracts/${busy_contract}/revisions`,
    queries: ['', 'order=asc'],
  }),
  '/contracts/:id/limit-episodes': ({ busy_contract }) => ({
    path: `/contracts/${busy_contract}/limit-episodes`,
    queries: [''],
  }),
  '/contracts/:id/report-schedules': ({ busy_contract }) => ({
    path: `/contracts/${busy_contract}/report-schedules`,
    queries: [''],
  }),
  '/contracts/:id/schedules': ({ busy_contract }) => ({ path: `/contracts/${busy_contract}/schedules`, queries: [''] }),
  '/contracts/:id/schedules/:schedule_id/runs': ({ busy_contract, busy_schedule }) => ({
    path: `/contracts/${busy_contract}/schedules/${busy_schedule}/runs`,
    queries: [''],
  }),
  '/contracts/:id/amendments': ({ busy_contract }) => ({
    path: `/contracts/${busy_contract}/amendments`,
    queries: [''],
  }),
  '/contracts/:id/licenses/import': ({ busy_contract }) => ({
    path: `/contracts/${busy_contract}/licenses/import`,
    queries: [''].flatMap(inOrders),
  }),
  '/activity': (of) => ({
    queries: [
      '',
      'environment=staging',
      'environment=development',
      `actor=${of.rare_actor}`,
      'actor=Rare Actor',
      'actor=No One',
      'actor=Actor 3',
      'action=contract.paused',
      'action=generation.requested',
      `subject=${of.rare_job}`,
      'subject_type=customer',
      'subject_type=contract',
      'subject_type=job',
      'subject_type=admin',
      `contract_id=${of.rare_contract}`,
      `from=${of.rare_from}&to=${of.rare_to}`,
      `from=${of.rare_from}`,
      `to=${of.rare_to}`,
      `actor=Actor 3&from=${of.rare_from}&to=${of.rare_to}`,
    ],
  }),
  '/jobs': ({ rare_contract, busy_contract, rare_from, rare_to, daily_schedule }) => ({
    queries: [
      '',
      'environment=staging',
      'environment=development',
      'state=FAILED',
      'state=RUNNING',
      'state=SUCCEEDED',
      `contract_id=${rare_contract}`,
      `contract_id=${busy_contract}`,
      `contract_id=${busy_contract}&state=FAILED`,
      `contract_id=${busy_contract}&state=SUCCEEDED`,
      'method=manual',
      'method=api',
      'method=background_job',
      'method=background_job&state=FAILED',
      `schedule_id=${daily_schedule}`,
      `schedule_id=${daily_schedule}&state=SUCCEEDED`,
      'method=import',
      'method=import&state=FAILED',
      `contract_id=${busy_contract}&method=import`,
      `contract_id=${busy_contract}&method=manual`,
      `contract_id=${busy_contract}&method=api`,
      `contract_id=${busy_contract}&method=background_job`,
      `contract_id=${rare_contract}&method=manual`,
      `from=${rare_from}&to=${rare_to}`,
      `from=${rare_from}`,
      `to=${rare_to}`,
      `contract_id=${busy_contract}&from=${rare_from}&to=${rare_to}`,
      `contract_id=${busy_contract}&method=api&from=${rare_from}&to=${rare_to}`,
    ],
  }),
  '/licenses/:id/devices': ({ busy_license }) => ({ path: `/licenses/${busy_license}/devices`, queries: [''] }),
  '/licenses': (of) => ({
    queries: [
      '',
      'environment=staging',
      `contract_id=${of.rare_contract}`,
      `contract_id=${of.busy_contract}`,
      `job_id=${of.rare_job}`,
      `contract_customer_id=${of.rare_customer}`,
      `customer_id=${of.rare_customer}`,
      `customer_id=${of.rare_customer}&status=active`,
      ...['held', 'assigned', 'active', 'suspended', 'revoked'].flatMap((status) => [
        `status=${status}`,
        `status=${status}&contract_id=${of.busy_contract}`,
        `status=${status}&search=ALL-MANY`,
      ]),
      `status=expired&contract_id=${of.busy_contract}`,
      `source=Contract: Rarität ${FILLED_ROWS / 2}`,
      'source=Contract',
      'source=Manual',
      'source=Manual&status=available',
      'source=Manual&status=revoked',
      'source=Manual&environment=staging',
      'has_devices=true',
      'has_devices=false',
      'status=available,held',
      `status=suspended&status=revoked&status=expired&contract_id=${of.busy_contract}`,
      'status=expired',
      'status=available',
      'is_test=true',
      'is_test=false',
      'search=ALL-RARE',
      'search=ALL-MANY-777',
      `search=ALL-RARE&contract_id=${of.rare_contract}`,
      `search=ALL-MANY&contract_id=${of.busy_contract}`,
      'search=ALL',
      'search=lic_16777217',
      'search=ALL-MANY-777-1',
      'search=NONE',
    ]
      .flatMap(inOrders)
      // Each of these in one order: they are many.
      .concat(
        [
          `product_id=${of.rare_product}`,
          `has_devices=true`,
          ...['created', 'assigned', 'activated', 'expires'].flatMap((date) => [
            `${date}_from=${of.rare_from}&${date}_to=${of.rare_to}`,
            `${date}_from=${of.rare_from}`,
            `${date}_to=${of.rare_to}`,
          ]),
        ]
          .flatMap((detail) => [
            `${detail}&contract_id=${of.busy_contract}`,
            `${detail}&contract_customer_id=${of.rare_customer}`,
            `${detail}&customer_id=${of.rare_customer}`,
            `${detail}&source=Manual`,
          ])
          .map((query, index) => `${query}&order=${index % 2 === 0 ? 'asc' : 'desc'}`),
      ),
  }),
  '/billing/events': ({ rare_contract, busy_contract }) => ({
    queries: [
      '',
      'outcome=parked',
      'outcome=pending',
      'outcome=applied',
      'source=stripe',
      'source=standard',
      `contract_id=${rare_contract}`,
      `contract_id=${busy_contract}`,
    ],
  }),
  '/notification-recipients': () => ({
    queries: ['', 'status=ok', 'status=bounced', 'search=address11999', 'search=customer'].flatMap(inOrders),
  }),
  '/webhook-endpoints': ({ rare_contract, busy_contract }) => ({
    queries: [
      '',
      'environment=staging',
      'environment=production',
      'environment=all',
      'status=removed',
      'status=enabled',
      `contract_id=${rare_contract}`,
      `contract_id=${busy_contract}`,
    ].flatMap(inOrders),
  }),
  '/deliveries': ({ busy_endpoint, rare_endpoint, rare_contract, busy_contract }) => ({
    queries: [
      '',
      `endpoint_id=${busy_endpoint}`,
      `endpoint_id=${rare_endpoint}`,
      `endpoint_id=${busy_endpoint}&status=failed`,
      `contract_id=${busy_contract}`,
      `contract_id=${rare_contract}`,
      'status=owed',
      'status=failed',
      'status=delivered',
      'event_type=pool.low_water',
      'event_type=license.batch_generated',
      'environment=staging',
      'environment=production',
      'environment=development',
    ],
  }),
  '/notifications': ({ busy_contract, rare_contract, rare_customer, busy_recipient, rare_recipient }) => ({
    queries: [
      '',
      `recipient=${busy_recipient}`,
      `recipient=${rare_recipient}`,
      'recipient=busy@customer.example',
      'recipient=rare@customer.example',
      `contract_id=${busy_contract}`,
      `contract_id=${rare_contract}`,
      `customer_id=${rare_customer}`,
      'kind=expired',
      'kind=quota_80',
      'from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z',
      'state=owed',
      'state=failed',
      'state=sent',
      `recipient=${busy_recipient}&state=failed`,
    ],
  }),
  '/test-clocks': () => ({ queries: [''] }),
};

function inOrders(filter: string): string[] {
  return ORDERS.map((order) => `${filter}&${order}`);
}

/** The lists of the API: their paths and query parameters. */
const LISTS = ROUTES.flatMap(({ path, query }) =>
  query && 'cursor' in query.shape
    ? [
        {
          path: path.replace('/api/v1', ''),
          parameters: Object.keys(query.shape).filter((name) => !['limit', 'cursor'].includes(name)),
        },
      ]
    : [],
);

test('every list, filter and sort of the API is tested', () => {
  expect(LISTS.map(({ path }) => path).sort()).toEqual(Object.keys(LIST_QUERIES).sort());
  for (const { path, parameters } of LISTS) {
    const tested = new Set(
      LIST_QUERIES[path]?.(filled).queries.flatMap((query) => [...new URLSearchParams(query).keys()]),
    );
    expect([path, [...tested].sort()]).toEqual([path, parameters.sort()]);
  }
});

test.each(Object.keys(LIST_QUERIES))('%s reads few rows and no complete table, for any query', async (list) => {
  const { path = list, queries } = (LIST_QUERIES[list] as (typeof LIST_QUERIES)[string])(filled);
  const faults: unknown[] = [];
  for (const query of queries) {
    let cursor = '';
    for (const page of PAGES) {
      const url = `${path}?${new URLSearchParams(`limit=10&${query}${cursor}`).toString()}`;
      sent = [];
      const answer = await api.call('GET', url);
      expect([url, answer.status]).toEqual([url, 200]);
      const statements = sent;
      for (const statement of statements) {
        const rows_max =
          list === '/licenses' && /search=|status=|product_id=|_from=|_to=/.test(query) ? KEYS_READ_MAX : ROWS_READ_MAX;
        const fault = await findPlanProblem(statement, rows_max);
        if (fault !== undefined) faults.push({ query, page, ...fault });
      }
      if (answer.body.next_cursor === null) break;
      cursor = `&cursor=${answer.body.next_cursor}`;
    }
  }
  expect(faults).toEqual([]);
});

/** What is wrong with the plan of a statement; undefined when nothing is. */
async function findPlanProblem(
  { text, parameters }: Statement,
  rows_max: number,
): Promise<{ whole: string[]; rows_read: number } | undefined> {
  if (!/^\s*(SELECT|WITH|\()/i.test(text)) return undefined;
  const [row] = await planner.unsafe<[{ 'QUERY PLAN': [{ Plan: PlanNode }] }]>(
    `EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ${text}`,
    parameters as never[],
  );
  const nodes = nodesOf(row['QUERY PLAN'][0].Plan);
  const whole = nodes
    .filter((node) => node['Node Type'] === 'Seq Scan')
    .map((node) => node['Relation Name'] ?? '')
    .filter((name) => (table_rows.get(name) ?? 0) > TABLE_ROWS_MAX);
  const rows_read = nodes.reduce((sum, node) => sum + rowsReadBy(node), 0);
  return whole.length > 0 || rows_read > rows_max ? { whole, rows_read } : undefined;
}

function nodesOf(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}

/** Rows that a node read from its table, including those that its filter removed. */
function rowsReadBy(node: PlanNode): number {
  if (node['Relation Name'] === undefined) return 0;
  const each =
    node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
  return each * node['Actual Loops'];
}

describe('slow lists', () => {
  /** So small that lists could use all connections. */
  const POOL = 3;
  const LISTS = 10;

  async function withApi(list_statement_ms: number, run: (slow: TestApi) => Promise<void>): Promise<void> {
    const slow = await startTestApi({ poolSize: POOL, list_statement_ms });
    try {
      await run(slow);
    } finally {
      await slow.close();
    }
  }

  /** Resolves when a list of the API waits for a lock. */
  function waitForBlockedList(slow: TestApi): Promise<boolean> {
    const waits = async () => {
      const sessions = await slow.sql`
        SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'covenant-test-api' AND wait_event_type = 'Lock'`;
      return sessions.count > 0;
    };
    return waitFor(waits, { timeout_ms: 10_000, what: 'a list to be read' });
  }

  test('leave connections for other requests', () =>
    withApi(60_000, async (slow) => {
      let ended = 0;
      const lists = await slow.sql.begin(async (tx) => {
        await tx`LOCK TABLE products IN ACCESS EXCLUSIVE MODE`;
        const requests = Array.from({ length: LISTS }, () => slow.call('GET', '/products').finally(() => ended++));
        await waitForBlockedList(slow);
        expect((await slow.call('GET', '/me')).status).toBe(200);
        expect(ended).toBe(0);
        return { requests };
      });
      expect((await Promise.all(lists.requests)).map(({ status }) => status)).toEqual(Array(LISTS).fill(200));
    }));

  test('end in time and explain what to do, and so do the lists that wait for them', () =>
    withApi(300, async (slow) => {
      const codes = await slow.sql.begin(async (tx) => {
        await tx`LOCK TABLE products IN ACCESS EXCLUSIVE MODE`;
        const answers = await Promise.all(Array.from({ length: LISTS }, () => slow.call('GET', '/products')));
        return answers.map(({ status, body }) => `${status} ${body.code}`);
      });
      expect(new Set(codes)).toEqual(new Set(['503 LIST_TOO_SLOW', '503 LISTS_BUSY']));
      expect((await slow.call('GET', '/products')).status).toBe(200);
    }));
});
