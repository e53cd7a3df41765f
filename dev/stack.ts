/**
 * The embedded stack: Postgres, Temporal, a mail catcher, a receiver of webhooks, the worker and the API. It needs no installed server.
 *
 * A running stack restarts each process that exits. When the stack stops or is killed, no process remains. The next
 * start repairs what an earlier stack left in the data directory.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startAdminPages, type AdminPagesServer } from './admin-pages';
import { ensureSuperAdmin } from '../transactions/access/admin';
import { findNow } from '../db/base/clock';
import { openDatabase } from '../db/base/database';
import { migrate } from '../db/system/migration';
import { pollReadiness, planCovenantProcess, type ProgramOptions } from './covenant-process';
import { removeDevFile, writeDevFile, type DevFile } from './dev-file';
import { endOrphanedProcesses, removeProcessRecord, recordProcesses } from './orphaned-processes';
import { lockDataDir, type DataDirLock } from './lock';
import { planMailCatcher, type MailCatcherPlan } from './mail-catcher';
import { assertPortFree, reservePort, type ReservedPort } from './ports';
import { createDatabaseIfMissing, planPostgres } from './postgres';
import type { ProgramSearch } from './program-cache';
import { loadSecrets, type Secrets } from './secrets';
import {
  releasePorts,
  reserveServicePorts,
  reserveStackPorts,
  type ReservedPorts,
  type StackPorts,
} from './stack-ports';
import { supervise, type ServerEvent, type ServerPlan, type SupervisedServer } from './supervisor';
import { findTemporal } from './temporal-binary';
import { planTemporalOnPostgres } from './temporal-on-postgres';
import { findTemporalServer } from './temporal-on-postgres-binary';
import { isTemporalReady, planTemporalServer, watchStateFile, type TemporalServerOptions } from './temporal-server';
import { startWebhookPage, type WebhookPage } from './webhook-page';
import { ensureWorkflowBundle } from './workflow-bundle';

/** Attempts to migrate. Each waits 2 s for a connection. */
const MIGRATION_ATTEMPTS_MAX = 10;

export type ServerName = 'postgres' | 'temporal' | 'mail' | 'worker' | 'api';

export interface StackOptions {
  dataDir: string;
  cacheDir: string;
  /** Ports that replace some of DEFAULT_PORTS. A port that is taken is replaced by the next free one. */
  ports?: Partial<StackPorts>;
  /** An external Temporal server. The stack then starts none. */
  externalTemporal?: { address: string; uiUrl: string } | undefined;
  /** Default: `default`. */
  temporalNamespace?: string;
  /**
   * Where Temporal stores its state. `file` (default): the development server, in a file of the data directory.
   * `postgres`: the production server, in databases of its own on the stack's Postgres. It has no web UI, and is built
   * with Go when it is first used.
   */
  temporalStore?: 'file' | 'postgres';
  /**
   * The base URL from which invoices are fetched (COVENANT_BILLING_STANDARD_URL). Without it no invoice can be fetched.
   */
  billingUrl?: string;
  /** Whether to run the mail catcher and the receiver of webhooks. Default: true. */
  withMail?: boolean;
  /** Whether `/admin` is served with hot reload. Default: false; then the API serves what `npm run build` made. */
  withHotReload?: boolean;
  /** Dynamic configuration of Temporal in addition to the stack's own. */
  temporalDynamicConfig?: TemporalServerOptions['dynamicConfig'];
  postgresSettings?: Readonly<Record<string, string>>;
  api?: ProgramOptions;
  worker?: ProgramOptions;
  /** Receives a sentence about each step that takes long. */
  report?: (sentence: string) => void;
  onServerEvent?: (news: ServerEvent) => void;
  /** Aborts the start; `startStack` then throws. */
  signal?: AbortSignal;
}

/** An additional API process, for tests with more than one. */
export interface ExtraApi {
  url: string;
  server: SupervisedServer;
}

/** A running stack. */
export interface Stack {
  dataDir: string;
  /** Returns the addresses and current pids, as in `dev.json`. */
  describe(): DevFile;
  /** Returns a server. Throws when the stack does not run it. */
  server(name: ServerName): SupervisedServer;
  addApi(program?: ProgramOptions): Promise<ExtraApi>;
  /** Stops the API, the worker, Temporal, mail and Postgres in this order, and resolves when no process is left. */
  stop(): Promise<void>;
  /** Kills all processes. */
  kill(): void;
}

interface TemporalAddresses {
  address: string;
  uiUrl: string;
}

const DATABASE = 'covenant';
/** The sender of mails, which the mail catcher shows and sends to no one. */
const MAIL_FROM = 'Covenant <covenant@covenant.localhost>';
/** The first super admin. */
export const SUPER_ADMIN = { email: 'admin@covenant.localhost', name: 'Super Admin' } as const;

/**
 * Starts a stack and resolves when every server is ready. Throws DataDirLockedError when another stack uses the data
 * directory, and an error that names the log when a server does not start. No process remains after an error.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const lock = lockDataDir(options.dataDir);
  const start = new EmbeddedStack(options, lock);
  const abort = (): void => start.abort();
  options.signal?.addEventListener('abort', abort, { once: true });
  try {
    await start.run();
    options.signal?.throwIfAborted();
    return start;
  } catch (error) {
    await start.stop();
    options.signal?.throwIfAborted();
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', abort);
  }
}

class EmbeddedStack implements Stack {
  readonly dataDir: string;
  private readonly servers = new Map<string, SupervisedServer>();
  private readonly readyUrls: string[] = [];
  private readonly stopWatchers: (() => void)[] = [];
  private ports: ReservedPorts | undefined;
  private secrets: Secrets | undefined;
  private addresses: Omit<DevFile, 'pids' | 'mail_url' | 'smtp_url' | 'mail_from' | 'receiver_url'> | undefined;
  private mail: MailCatcherPlan | undefined;
  private receiver: WebhookPage | undefined;
  private pages: AdminPagesServer | undefined;
  private servicePorts: ReservedPort[] = [];
  private extraApis = 0;
  private ready = false;
  private readonly namespace: string;
  /** Aborted when the start has failed or is no longer wanted. */
  private readonly aborted = new AbortController();

  constructor(
    private readonly options: StackOptions,
    private readonly lock: DataDirLock,
  ) {
    this.dataDir = options.dataDir;
    this.namespace = options.temporalNamespace ?? 'default';
  }

  async run(): Promise<void> {
    this.options.report?.(`Starting Postgres, Temporal, the worker and the API in ${this.dataDir} …`);
    removeDevFile(this.dataDir);
    await endOrphanedProcesses(this.dataDir);
    mkdirSync(join(this.dataDir, 'logs'), { recursive: true, mode: 0o700 });
    const secrets = (this.secrets = loadSecrets(this.dataDir));
    const ports = (this.ports = await reserveStackPorts(this.options.ports));

    const postgres = this.startPostgres(ports.postgres, secrets);
    const [databaseUrl, temporal] = await this.allOrAbort([
      postgres,
      this.startTemporal(ports, postgres),
      this.startMail(ports),
      this.startReceiver(ports),
      this.startPages(ports),
      this.bundleWorkflows(),
    ]);
    const apiUrl = `http://127.0.0.1:${ports.api.port}`;
    this.addresses = {
      api_url: apiUrl,
      docs_url: `${apiUrl}/docs`,
      temporal_address: temporal.address,
      temporal_ui_url: temporal.uiUrl,
      database_url: databaseUrl,
      billing_secret: secrets.billing_secret,
      super_admin_key: secrets.super_admin_key,
    };
    await this.allOrAbort([
      this.startWorker(ports.worker_health, originOfPort(ports.api)),
      this.startApi('api', ports.api, this.options.api),
    ]);
    this.stopWatchers.push(pollReadiness(() => this.readyUrls));
    this.ready = true;
    this.publish();
  }

  describe(): DevFile {
    if (this.addresses === undefined) throw new Error('The stack is not ready yet.');
    return {
      ...this.addresses,
      mail_url: this.mail?.pageUrl ?? null,
      smtp_url: this.mail?.smtpUrl ?? null,
      mail_from: this.mail ? MAIL_FROM : null,
      receiver_url: this.receiver?.url ?? null,
      pids: {
        api: this.pidOf('api'),
        worker: this.pidOf('worker'),
        postgres: this.pidOf('postgres'),
        temporal: this.servers.has('temporal') ? this.pidOf('temporal') : null,
      },
    };
  }

  server(name: ServerName): SupervisedServer {
    const server = this.servers.get(name);
    if (server === undefined) throw new Error(`This stack does not run ${name}.`);
    return server;
  }

  async addApi(program?: ProgramOptions): Promise<ExtraApi> {
    this.extraApis += 1;
    const name = `api-${this.extraApis + 1}`;
    const port = await reservePort((this.ports?.api.port ?? 0) + this.extraApis);
    const server = await this.startApi(name, port, program ?? this.options.api);
    return { url: `http://127.0.0.1:${port.port}`, server };
  }

  async stop(): Promise<void> {
    this.ready = false;
    for (const end of this.stopWatchers.splice(0)) end();
    const apis = [...this.servers.keys()].filter((name) => name.startsWith('api'));
    for (const group of [apis, ['worker'], ['temporal'], ['mail'], ['postgres']]) {
      await Promise.all(group.map(async (name) => await this.servers.get(name)?.stop()));
    }
    await Promise.all([this.receiver?.close(), this.pages?.close()]);
    if (this.ports !== undefined) await releasePorts([...Object.values(this.ports), ...this.servicePorts]);
    removeDevFile(this.dataDir);
    removeProcessRecord(this.dataDir);
    this.lock.release();
  }

  kill(): void {
    this.ready = false;
    for (const server of this.servers.values()) server.kill();
  }

  /** Aborts the start. */
  abort(): void {
    this.aborted.abort(new Error('The start was aborted.'));
    this.kill();
  }

  /**
   * Like Promise.all, but aborts the start at the first error, and throws only when all promises have settled, so that
   * none of them starts a process after `stop`.
   */
  private async allOrAbort<T extends readonly Promise<unknown>[] | []>(
    running: T,
  ): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
    try {
      return await Promise.all(running);
    } catch (error) {
      this.abort();
      await Promise.allSettled(running);
      throw error;
    }
  }

  private async startPostgres(port: ReservedPort, secrets: Secrets): Promise<string> {
    const plan = await planPostgres({
      directory: join(this.dataDir, 'postgres'),
      port: port.port,
      password: secrets.postgres_password,
      logFile: this.logFile('postgres'),
      ...(this.options.postgresSettings === undefined ? {} : { settings: this.options.postgresSettings }),
    });
    await this.startServer(plan, port);
    await createDatabaseIfMissing(plan.urlOf('postgres'), DATABASE);
    const url = plan.urlOf(DATABASE);
    await migratePatiently(url);
    await seed(url, secrets);
    return url;
  }

  private async startTemporal(ports: ReservedPorts, postgres: Promise<string>): Promise<TemporalAddresses> {
    const external = this.options.externalTemporal;
    if (external !== undefined) {
      await assertTemporalReady(external.address, this.namespace);
      return external;
    }
    return this.options.temporalStore === 'postgres'
      ? await this.startTemporalOnPostgres(ports, postgres)
      : await this.startTemporalOnFile(ports);
  }

  private async startTemporalOnPostgres(ports: ReservedPorts, postgres: Promise<string>): Promise<TemporalAddresses> {
    const programs = await findTemporalServer(this.programSearch());
    const postgresUrl = await postgres;
    const { ports: servicePorts, reserved } = await reserveServicePorts(ports.temporal);
    this.servicePorts = reserved;
    const plan = await planTemporalOnPostgres({
      programs,
      postgresUrl,
      ports: servicePorts,
      namespace: this.namespace,
      directory: this.dataDir,
      logFile: this.logFile('temporal'),
      signal: this.aborted.signal,
      ...(this.options.temporalDynamicConfig === undefined
        ? {}
        : { dynamicConfig: this.options.temporalDynamicConfig }),
    });
    await this.startServer(plan, ports.temporal, ...reserved);
    // The server has no UI. The link leads to the port that stays free for one.
    return { address: plan.address, uiUrl: `http://127.0.0.1:${ports.temporal_ui.port}` };
  }

  private async startTemporalOnFile(ports: ReservedPorts): Promise<TemporalAddresses> {
    const program = await findTemporal(this.programSearch());
    const stateFile = join(this.dataDir, 'temporal.db');
    const plan = planTemporalServer({
      program,
      port: ports.temporal.port,
      uiPort: ports.temporal_ui.port,
      stateFile,
      namespace: this.namespace,
      logFile: this.logFile('temporal'),
      ...(this.options.temporalDynamicConfig === undefined
        ? {}
        : { dynamicConfig: this.options.temporalDynamicConfig }),
    });
    const server = await this.startServer(plan, ports.temporal, ports.temporal_ui);
    this.stopWatchers.push(watchStateFile(server, stateFile));
    return { address: plan.address, uiUrl: `http://127.0.0.1:${ports.temporal_ui.port}` };
  }

  private programSearch(): ProgramSearch {
    return {
      cacheDir: this.options.cacheDir,
      env: process.env,
      report: (sentence) => this.options.report?.(sentence),
      signal: this.aborted.signal,
    };
  }

  private async startMail(ports: ReservedPorts): Promise<void> {
    if (this.options.withMail === false) return;
    this.mail = planMailCatcher({
      pagePort: ports.mail_page.port,
      smtpPort: ports.smtp.port,
      directory: join(this.dataDir, 'mail'),
      logFile: this.logFile('mail'),
    });
    await ports.mail_page.release();
    await this.startServer(this.mail, ports.smtp);
  }

  /** The receiver runs in this process: it has nothing that a crash could lose. */
  private async startReceiver({ receiver }: ReservedPorts): Promise<void> {
    if (this.options.withMail === false) return;
    await receiver.release();
    this.receiver = await startWebhookPage({ port: receiver.port, file: join(this.dataDir, 'receiver-secrets.json') });
  }

  /** The development server of the pages runs in this process too. */
  private async startPages({ admin_pages }: ReservedPorts): Promise<void> {
    if (!this.options.withHotReload) return;
    await admin_pages.release();
    this.pages = await startAdminPages(admin_pages.port);
  }

  private async startWorker(port: ReservedPort, api_origin: string): Promise<void> {
    const readyUrl = `http://127.0.0.1:${port.port}/readyz`;
    const ownProgram = this.options.worker?.nodeArgs !== undefined;
    const plan = planCovenantProcess({
      name: 'worker',
      file: 'worker.ts',
      settings: {
        ...this.settings(),
        WORKER_HEALTH_PORT: String(port.port),
        COVENANT_PUBLIC_URL: api_origin,
        ...(ownProgram ? {} : { WORKFLOW_BUNDLE: this.bundleFile }),
      },
      readyUrl,
      logFile: this.logFile('worker'),
      ...(ownProgram ? {} : { prepare: () => this.bundleWorkflows() }),
      ...this.options.worker,
    });
    await this.startServer(plan, port);
    this.readyUrls.push(readyUrl);
  }

  private async startApi(
    name: string,
    port: ReservedPort,
    program: ProgramOptions | undefined,
  ): Promise<SupervisedServer> {
    const origin = originOfPort(port);
    const plan = planCovenantProcess({
      name,
      file: 'api/main.ts',
      settings: {
        ...this.settings(),
        ...(this.pages && { COVENANT_ADMIN_PAGES_URL: this.pages.url }),
        HOST: '127.0.0.1',
        PORT: String(port.port),
        COVENANT_PUBLIC_URL: origin,
        COVENANT_DEV: 'on',
      },
      readyUrl: `${origin}/readyz`,
      logFile: this.logFile(name),
      ...program,
    });
    const server = await this.startServer(plan, port);
    this.readyUrls.push(`${origin}/readyz`);
    return server;
  }

  /** Releases the server's ports immediately before the start, and resolves when the server is ready. */
  private async startServer(plan: ServerPlan, ...ports: ReservedPort[]): Promise<SupervisedServer> {
    this.aborted.signal.throwIfAborted();
    const server = supervise(withFreePorts(plan, ports), {
      restart: true,
      onServerEvent: (news) => {
        if (news.kind === 'started') this.publish();
        this.options.onServerEvent?.(news);
      },
    });
    this.servers.set(plan.spec.name, server);
    await Promise.all(ports.map((port) => port.release()));
    await server.start();
    return server;
  }

  private settings(): Record<string, string> {
    const { addresses, secrets } = this;
    if (addresses === undefined || secrets === undefined)
      throw new Error('Postgres and Temporal must be started first.');
    return {
      DATABASE_URL: addresses.database_url,
      TEMPORAL_ADDRESS: addresses.temporal_address,
      TEMPORAL_NAMESPACE: this.namespace,
      TEMPORAL_UI_URL: addresses.temporal_ui_url,
      COVENANT_KEY_PEPPER: secrets.key_pepper,
      COVENANT_SEALING_KEYS: secrets.sealing_keys,
      // Receivers on this machine.
      COVENANT_WEBHOOK_NETWORKS: '127.0.0.1/32',
      COVENANT_WEBHOOK_HTTP: 'on',
      ...(this.mail && { SMTP_URL: this.mail.smtpUrl, MAIL_FROM }),
      COVENANT_BILLING_STANDARD_SECRET: secrets.billing_secret,
      ...(this.options.billingUrl === undefined ? {} : { COVENANT_BILLING_STANDARD_URL: this.options.billingUrl }),
    };
  }

  /** Updates the process record and `dev.json`. */
  private publish(): void {
    const running = [...this.servers.values()].flatMap((server) => server.current?.identity ?? []);
    recordProcesses(this.dataDir, running);
    const all = [...this.servers.values()].every((server) => server.current !== undefined);
    if (this.ready && all) writeDevFile(this.dataDir, this.describe());
  }

  private pidOf(name: ServerName): number {
    const pid = this.server(name).current?.pid;
    if (pid === undefined) throw new Error(`${name} is not running.`);
    return pid;
  }

  private get bundleFile(): string {
    return join(this.dataDir, 'workflow-bundle.js');
  }

  private async bundleWorkflows(): Promise<void> {
    if (this.options.worker?.nodeArgs === undefined) await ensureWorkflowBundle(this.bundleFile);
  }

  private logFile(name: string): string {
    return join(this.dataDir, 'logs', `${name}.log`);
  }
}

/**
 * Other servers and clients use these ports. A start fails with the number of the port when another program has taken
 * one.
 */
function withFreePorts(plan: ServerPlan, ports: readonly ReservedPort[]): ServerPlan {
  if (ports.length === 0) return plan;
  return {
    ...plan,
    prepare: async () => {
      await plan.prepare?.();
      for (const { port } of ports) await assertPortFree(port);
    },
  };
}

async function seed(databaseUrl: string, secrets: Secrets): Promise<void> {
  const sql = openDatabase(databaseUrl, { max: 1, application_name: 'covenant dev' });
  try {
    const key = { key: secrets.super_admin_key, pepper: secrets.key_pepper };
    await ensureSuperAdmin(sql, { ...SUPER_ADMIN, ...key, now: await findNow(sql) });
  } finally {
    await sql.end();
  }
}

async function assertTemporalReady(address: string, namespace: string): Promise<void> {
  try {
    await isTemporalReady(address, namespace);
  } catch (error) {
    throw new Error(
      `TEMPORAL_ADDRESS is ${address}, but no Temporal server with the namespace ${namespace} answers there; start it, ` +
        'or unset TEMPORAL_ADDRESS to start an embedded server.',
      { cause: error },
    );
  }
}

function originOfPort({ port }: ReservedPort): string {
  return `http://127.0.0.1:${port}`;
}

/** Migrates the database, and again if Postgres, which has just started on a machine that may be busy, answered too slowly. */
async function migratePatiently(url: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await migrate(url);
      return;
    } catch (error) {
      const is_slow = (error as { code?: unknown }).code === 'CONNECT_TIMEOUT';
      if (!is_slow || attempt === MIGRATION_ATTEMPTS_MAX) throw error;
    }
  }
}
