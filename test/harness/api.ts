/**
 * The API for a test: the real application with a test database and the shared Temporal server, called over HTTP. Every
 * answer is compared with the documentation of its route, so that each test also tests the documentation.
 */
import { randomBytes, randomFillSync } from 'node:crypto';
import { Agent, request } from 'node:http';
import type { OutgoingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createBillingPorts, createBillingReceivers } from '../../adapters/billing';
import type { BillingSettings } from '../../adapters/billing';
import { createBounceReceiver } from '../../adapters/mail-bounce';
import type { Api } from '../../api/http/api';
import { createApp } from '../../api/http/app';
import { createApi } from '../../api/create-api';
import { createFastServer } from '../../api/http/fast-server';
import type { StreamLimits } from '../../api/http/open-streams';
import { SESSION_COOKIE } from '../../api/http/session-cookie';
import { WEBHOOK_RETENTION_DAYS } from '../../config';
import type { SealingKey, TrustProxy } from '../../config';
import type { DeliveryDependencies } from '../../activities/webhook/delivery';
import type { DestinationPolicy } from '../../domain/webhook/destination';
import { storeAdminApiKey } from '../../transactions/access/admin-api-key';
import { openDatabase } from '../../db/base/database';
import type { LockTurnLimits } from '../../db/base/lock-turns';
import type { SessionLimits } from '../../db/base/session';
import type { Sql } from '../../db/base/database';
import type { IdentityProvider } from '../../domain/access/oidc';
import { SESSION_HOURS, SESSION_IDLE_MINUTES } from '../../domain/access/session';
import type { SignInLimits } from '../../domain/access/sign-in';
import { newApiKey } from '../../domain/access/api-key';
import { ROLES } from '../../domain/access/role';
import type { Role } from '../../domain/access/role';
import { createSealer } from '../../transactions/base/sealed-text';
import { openSigningSecrets } from '../../transactions/webhook/secret';
import { openTemporal } from '../../temporal/connection';
import { taskQueues } from '../../temporal/task-queues';
import type { TaskQueues } from '../../temporal/task-queues';
import type { CovenantWorker } from './covenant-worker';
import { expectDocumented } from './documented-answer';
import { createTestDatabase } from './database';
import type { TestDatabase } from './database';
import { createExaminedLog } from './leaked-keys';
import { NAMESPACE, sharedServers, uniqueTaskQueue } from './shared-servers';

/** An answer of the API. */
export interface ApiAnswer {
  status: number;
  headers: Headers;
  /** The parsed JSON. Undefined for an empty body and for other media types. */

  body: any;
  text: string;
}

/** What a call sends in addition to its method and path. */
export interface CallOptions {
  /** The API key. Default: the super admin's key. Null sends no key. */
  key?: string | null;
  /** The token of a session, in place of an API key. */
  session?: string;
  /** Sent as JSON. A string or bytes are sent unchanged. */
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export interface TestAdmin {
  id: string;
  role: Role;
  name: string;
  key: string;
}

export interface TestApi {
  url: string;
  api: Api;
  /** The configured billing systems with their secrets. */
  billing: BillingSettings;
  database: TestDatabase;
  /** Reads and writes the test's database directly, without the API. */
  sql: TestDatabase['sql'];
  admins: Record<Role, TestAdmin>;
  /** The API keys of the admins. */
  keys: Record<Role, string>;
  /** Calls the API. The path is relative to `/api/v1`. A path that begins with `//` is relative to the origin. */
  call(method: string, path: string, options?: CallOptions): Promise<ApiAnswer>;
  /** The worker in this process. Undefined without one. */
  worker: CovenantWorker | undefined;
  /** Inserts an admin with a key directly, without the API. */
  addAdmin(role: Role): Promise<TestAdmin>;
  close(): Promise<void>;
}

export interface TestApiOptions {
  /** Runs the worker in this process, on task queues of its own. */
  worker?: boolean;
  trustProxy?: TrustProxy;
  /** The keys that seal API keys of contracts. Default: one. */
  sealingKeys?: readonly SealingKey[];
  /** Where webhooks may be sent. Default: also to 127.0.0.1, and over `http:`. */
  destinations?: DestinationPolicy;
  /** Whether requests must come over HTTPS. Default: false. */
  requireHttps?: boolean;
  /** The identity provider of the organization. Default: none. */
  identityProvider?: IdentityProvider;
  /** Whether test clocks are enabled. Default: true. */
  testClocks?: boolean;
  /** The configured billing systems. Default: `standard` with its own secret. */
  billing?: Partial<BillingSettings>;
  /** The address of Temporal. Default: the shared server. */
  temporalAddress?: string;
  /** Returns the address at which the API reaches the test's database, for example the address of a proxy. */
  databaseUrl?: (url: string) => string;
  /** Limits of CSV files and progress streams that replace the defaults. */
  streamLimits?: Partial<StreamLimits>;
  /** Time limits of database sessions that replace the defaults. */
  limits?: SessionLimits;
  /** The time limit of list statements. Default: that of the product. */
  list_statement_ms?: number;
  /** Limits of lock turns that replace the defaults. */
  lockTurnLimits?: Partial<LockTurnLimits>;
  /** The size of the database pool. Default: 10. */
  poolSize?: number;
  /** Failed authentications of a minute. Default: so many that no test reaches them by chance. */
  failures_max?: number;
  /** Wrong license keys of a minute. Default: so many that no test reaches them by chance. */
  wrong_keys_max?: number;
  /** Failed sign-ins of a window. Default: so many that no test reaches them by chance. */
  sign_in_limits?: SignInLimits;
  /** How long a request waits for the outcome of its command. Default: that of the product. */
  command_timeout_ms?: number;
}

const BASE_PATH = '/api/v1';
/** Signs reports about mails that came back. */
export const BOUNCE_SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const POOL_SIZE = 10;
const LIST_STATEMENT_MS = 3_000;
const FAILURES_MAX = 1_000_000;
const LIMITS: SessionLimits = { statement_ms: 7_000, idle_in_transaction_ms: 10_000 };

/** The headers of a request that a page of this installation sends with the cookie of a session. */
export function sessionHeaders(token: string): Record<string, string> {
  return { Cookie: `${SESSION_COOKIE}=${token}`, 'Sec-Fetch-Site': 'same-origin' };
}

/** Starts the API on a free port of 127.0.0.1, with one admin of each role. */
export async function startTestApi(options: TestApiOptions = {}): Promise<TestApi> {
  const database = await createTestDatabase();
  const pool = {
    max: options.poolSize ?? POOL_SIZE,
    application_name: 'covenant-test-api',
    limits: options.limits ?? LIMITS,
    lockTurnLimits: options.lockTurnLimits,
  };
  const db = openDatabase(options.databaseUrl?.(database.url) ?? database.url, pool);
  const queues = taskQueues(uniqueTaskQueue('api'));
  const address = options.temporalAddress ?? sharedServers().temporal_address;
  const client = openTemporal({
    temporalAddress: address,
    temporalNamespace: NAMESPACE,
    temporalTls: false,
    temporalApiKey: undefined,
  });
  const log = createExaminedLog();
  const sealingKeys = options.sealingKeys ?? [{ version: 'v1', secret: randomBytes(32) }];
  const keyPepper = randomBytes(32).toString('hex');
  const billing = { ...defaultBilling(), ...options.billing };
  const api = createApi({
    db,
    client,
    taskQueues: queues,
    log,
    keyPepper,
    sealingKeys,
    destinations: options.destinations ?? { private_networks: ['127.0.0.1/32'], allows_http: true },
    publicUrl: 'https://licenses.test',
    identityProvider: options.identityProvider,
    billingReceivers: createBillingReceivers(billing),
    bounceReceiver: createBounceReceiver([BOUNCE_SECRET]),
    webhookRetentionDays: WEBHOOK_RETENTION_DAYS,
    testClocks: options.testClocks ?? true,
    sessionTimeouts: { idle_minutes: SESSION_IDLE_MINUTES, hours: SESSION_HOURS },
    installation: { temporal_ui_url: 'http://temporal.test', temporal_namespace: NAMESPACE, dev: false },
    sign_in_limits: options.sign_in_limits ?? { account: FAILURES_MAX, address: FAILURES_MAX },
    list_statement_ms: options.list_statement_ms ?? LIST_STATEMENT_MS,
    command_timeout_ms: options.command_timeout_ms,
    failures_max: options.failures_max ?? FAILURES_MAX,
    withdrawal_reads_max: FAILURES_MAX,
    wrong_keys_max: options.wrong_keys_max ?? FAILURES_MAX,
    streamLimits: options.streamLimits,
  });
  const server = createFastServer(
    createApp(api, { trustProxy: options.trustProxy ?? false, requireHttps: options.requireHttps ?? false }),
  );
  // The server never closes an idle connection: on a busy machine a request could arrive at that moment and fail.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const agent = new Agent({ keepAlive: true });
  const worker = options.worker ? await startTestWorker(database.sql, queues, { billing, sealingKeys }) : undefined;

  const addAdmin = (role: Role): Promise<TestAdmin> => insertAdmin(database.sql, role, keyPepper);
  const entries = await Promise.all(ROLES.map(async (role) => [role, await addAdmin(role)] as const));
  const admins = Object.fromEntries(entries) as Record<Role, TestAdmin>;
  const keys = Object.fromEntries(entries.map(([role, admin]) => [role, admin.key])) as Record<Role, string>;

  return {
    url,
    api,
    billing,
    database,
    sql: database.sql,
    admins,
    keys,
    worker,
    addAdmin,
    async call(method, path, { session, key = keys.super_admin, body, headers = {}, signal } = {}) {
      const target = path.startsWith('//') ? path.slice(1) : BASE_PATH + path;
      const raw = typeof body === 'string' || body instanceof Uint8Array;
      const bytes = body === undefined ? undefined : Buffer.from(raw ? body : JSON.stringify(body));
      const {
        status,
        headers: answered,
        text,
      } = await exchange(agent, new URL(url + target), method, {
        headers: {
          ...(session !== undefined ? sessionHeaders(session) : key === null ? {} : { Authorization: `Bearer ${key}` }),
          ...(bytes === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': bytes.length }),
          ...headers,
        },
        bytes,
        signal,
      });
      const isJson = /[/+]json\b/.test(answered.get('content-type') ?? '');
      const answer: ApiAnswer = {
        status,
        headers: answered,
        body: isJson && text !== '' ? JSON.parse(text) : undefined,
        text,
      };
      expectDocumented(method, target, answer);
      return answer;
    },
    async close() {
      agent.destroy();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await worker?.stop();
      await client.connection.close();
      await db.end({ timeout: 1 });
      await database.drop();
    },
  };
}

/**
 * Sends a request and reads the whole answer. It uses less CPU than `fetch`, and the tests send about ten thousand
 * requests.
 */
function exchange(
  agent: Agent,
  url: URL,
  method: string,
  sent: { headers: OutgoingHttpHeaders; bytes: Buffer | undefined; signal: AbortSignal | undefined },
): Promise<{ status: number; headers: Headers; text: string }> {
  const { headers, bytes, signal } = sent;
  return new Promise((resolve, reject) => {
    const exchanged = request(url, { agent, method, headers, ...(signal ? { signal } : {}) }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const answered = new Headers();
        for (const [name, values = []] of Object.entries(response.headersDistinct))
          for (const value of values) answered.append(name, value);
        resolve({ status: response.statusCode ?? 0, headers: answered, text: Buffer.concat(chunks).toString() });
      });
    });
    exchanged.once('error', reject);
    exchanged.end(bytes);
  });
}

/** A billing system that signs its messages and from which no invoice can be fetched. */
function defaultBilling(): BillingSettings {
  return {
    billingStandardSecrets: [`whsec_${randomBytes(32).toString('base64')}`],
    billingStandardUrl: undefined,
    stripeWebhookSecrets: undefined,
    stripeApiKey: undefined,
    stripeApiUrl: 'https://api.stripe.com',
  };
}

async function insertAdmin(sql: Sql, role: Role, pepper: string): Promise<TestAdmin> {
  const now = new Date().toISOString();
  const unique = randomBytes(4).toString('hex');
  const name = `The ${role} ${unique}`;
  const [row] = await sql<[{ id: string }]>`
    INSERT INTO admins ${sql({ email: `${role}-${unique}@covenant.test`, name, role, created_at: now, updated_at: now })} RETURNING id`;
  const key = newApiKey('admin', randomFillSync);
  await storeAdminApiKey(sql, row.id, key, { pepper, label: 'test', now });
  return { id: row.id, role, name, key: key.text };
}

/** Runs the worker for the API of a test, until it is stopped. It signs webhooks with the secrets that the API has sealed. */
async function startTestWorker(
  db: TestDatabase['sql'],
  queues: TaskQueues,
  { billing, sealingKeys }: { billing: BillingSettings; sealingKeys: readonly SealingKey[] },
): Promise<CovenantWorker> {
  // Imported here: the SDK's worker takes 0.4 s to load in each test file, and most API tests run without a worker.
  const { startCovenantWorker } = jest.requireActual<typeof import('./covenant-worker')>('./covenant-worker');
  const { connectPreparedTemporal } = jest.requireActual<typeof import('./temporal')>('./temporal');
  const { client, nativeConnection, close } = await connectPreparedTemporal();
  const billingPorts = createBillingPorts(billing);
  const sealer = createSealer(sealingKeys);
  const webhooks: Partial<DeliveryDependencies> = sealer
    ? { openSecrets: (sql, endpoint_id) => openSigningSecrets(sql, endpoint_id, sealer) }
    : {};
  const worker = await startCovenantWorker({ db, client, nativeConnection, queues, billingPorts, webhooks });
  return { ...worker, stop: () => worker.stop().finally(close) };
}
