/**
 * The embedded stack: Postgres, Temporal, a mail catcher, the worker and the API, started together from nothing installed.
 *
 * While the stack stands, whatever dies is started again; when it stops, or is killed, nothing is left running; and
 * whatever an earlier stack left in the data directory is put right at the next start.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
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
import { loadSecrets, type Secrets } from './secrets';
import { reserveStackPorts, releasePorts, type ReservedPorts, type StackPorts } from './stack-ports';
import { supervise, type ServerEvent, type ServerPlan, type SupervisedServer } from './supervisor';
import { findTemporal } from './temporal-binary';
import { isTemporalReady, planTemporalServer, watchStateFile, type TemporalServerOptions } from './temporal-server';
import { ensureWorkflowBundle } from './workflow-bundle';

export type ServerName = 'postgres' | 'temporal' | 'mail' | 'worker' | 'api';

export interface StackOptions {
  dataDir: string;
  cacheDir: string;
  /** Wanted ports beside DEFAULT_PORTS; a taken one moves to the next free one. */
  ports?: Partial<StackPorts>;
  /** A Temporal server that runs elsewhere; none is started then. */
  externalTemporal?: { address: string; uiUrl: string } | undefined;
  /** `default` unless given. */
  temporalNamespace?: string;
  /** Where the API's billing system tells one invoice (COVENANT_BILLING_STANDARD_URL); it cannot be asked unless given. */
  billingUrl?: string;
  /** True unless given. */
  withMail?: boolean;
  /** Dynamic configuration of Temporal beside the stack's own. */
  temporalDynamicConfig?: TemporalServerOptions['dynamicConfig'];
  postgresSettings?: Readonly<Record<string, string>>;
  api?: ProgramOptions;
  worker?: ProgramOptions;
  /** Hears what takes long, in sentences. */
  report?: (sentence: string) => void;
  onServerEvent?: (news: ServerEvent) => void;
  /** Ends a start that is under way; `startStack` then throws. */
  signal?: AbortSignal;
}

/** A second API process beside the first, for tests of what two of them do together. */
export interface ExtraApi {
  url: string;
  server: SupervisedServer;
}

/** A stack that is ready. */
export interface Stack {
  dataDir: string;
  /** The addresses and current pids, as in `dev.json`. */
  describe(): DevFile;
  /** One of its servers. Throws when the stack has none of this name. */
  server(name: ServerName): SupervisedServer;
  addApi(program?: ProgramOptions): Promise<ExtraApi>;
  /** Stops API, worker, Temporal, mail and Postgres in this order, and resolves when no process is left. */
  stop(): Promise<void>;
  /** Kills all processes at once. */
  kill(): void;
}

const DATABASE = 'covenant';
const SUPER_ADMIN = { email: 'admin@covenant.localhost', name: 'Super Admin' } as const;

/**
 * Starts a stack and resolves when every server answers. Throws DataDirLockedError when another stack uses the data
 * directory, and an error that names the log when a server does not come up; nothing is left running then.
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
  private addresses: Omit<DevFile, 'pids' | 'mail_url'> | undefined;
  private mail: MailCatcherPlan | undefined;
  private extraApis = 0;
  private ready = false;
  private readonly namespace: string;
  /** Ends what is under way when the start has failed or is no longer wanted. */
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

    const [databaseUrl, temporal] = await this.allOrAbort([
      this.startPostgres(ports.postgres, secrets),
      this.startTemporal(ports),
      this.startMail(ports),
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
    if (server === undefined) throw new Error(`This stack runs no ${name}.`);
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
    if (this.ports !== undefined) await releasePorts(this.ports);
    removeDevFile(this.dataDir);
    removeProcessRecord(this.dataDir);
    this.lock.release();
  }

  kill(): void {
    this.ready = false;
    for (const server of this.servers.values()) server.kill();
  }

  /** Ends whatever the start has under way. */
  abort(): void {
    this.aborted.abort(new Error('The start was given up.'));
    this.kill();
  }

  /**
   * Like Promise.all, but at the first error the others are given up, and it throws only when all of them have ended,
   * so that none starts a process behind the back of `stop`.
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
    await migrate(url);
    await seed(url, secrets);
    return url;
  }

  private async startTemporal(ports: ReservedPorts): Promise<{ address: string; uiUrl: string }> {
    const external = this.options.externalTemporal;
    if (external !== undefined) {
      await assertTemporalReady(external.address, this.namespace);
      return external;
    }

    const program = await findTemporal({
      cacheDir: this.options.cacheDir,
      env: process.env,
      report: (sentence) => this.options.report?.(sentence),
      signal: this.aborted.signal,
    });
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

  private async startMail(ports: ReservedPorts): Promise<void> {
    if (this.options.withMail === false) return;
    this.mail = planMailCatcher({
      pagePort: ports.mail_page.port,
      smtpPort: ports.smtp.port,
      directory: join(this.dataDir, 'mail'),
      logFile: this.logFile('mail'),
    });
    await Promise.all([ports.mail_page.release(), ports.smtp.release()]);
    await this.startServer(this.mail);
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
      settings: { ...this.settings(), HOST: '127.0.0.1', PORT: String(port.port), COVENANT_PUBLIC_URL: origin },
      readyUrl: `${origin}/readyz`,
      logFile: this.logFile(name),
      ...program,
    });
    const server = await this.startServer(plan, port);
    this.readyUrls.push(`${origin}/readyz`);
    return server;
  }

  /** Lets its ports go at the last moment and waits until the server answers. */
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
    if (addresses === undefined || secrets === undefined) throw new Error('Postgres and Temporal are started first.');
    return {
      DATABASE_URL: addresses.database_url,
      TEMPORAL_ADDRESS: addresses.temporal_address,
      TEMPORAL_NAMESPACE: this.namespace,
      TEMPORAL_UI_URL: addresses.temporal_ui_url,
      COVENANT_KEY_PEPPER: secrets.key_pepper,
      COVENANT_BILLING_STANDARD_SECRET: secrets.billing_secret,
      ...(this.options.billingUrl === undefined ? {} : { COVENANT_BILLING_STANDARD_URL: this.options.billingUrl }),
    };
  }

  /** Keeps what is written about the running processes true. */
  private publish(): void {
    const running = [...this.servers.values()].flatMap((server) => server.current?.identity ?? []);
    recordProcesses(this.dataDir, running);
    const all = [...this.servers.values()].every((server) => server.current !== undefined);
    if (this.ready && all) writeDevFile(this.dataDir, this.describe());
  }

  private pidOf(name: ServerName): number {
    const pid = this.server(name).current?.pid;
    if (pid === undefined) throw new Error(`${name} is not running at the moment.`);
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

/** Other servers and clients know these ports: a start while another program has taken one fails, and names the port. */
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
        'or unset TEMPORAL_ADDRESS to have one started.',
      { cause: error },
    );
  }
}

function originOfPort({ port }: ReservedPort): string {
  return `http://127.0.0.1:${port}`;
}
