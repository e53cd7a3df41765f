/**
 * A Temporal server as it runs in production: it stores workflows and visibility in Postgres, here in the stack's own.
 * It has no web UI.
 */
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { stringify } from 'yaml';
import { GRPC, grpcFailureOf } from '../temporal/grpc-status';
import type { ProcessSpec } from './managed-process';
import { createDatabaseIfMissing } from './postgres';
import { writePrivateFile } from './private-file';
import { runProgram } from './run-program';
import { DYNAMIC_CONFIG, GARBAGE_COLLECTION } from './temporal-server';
import type { TemporalServerPlan } from './temporal-server';
import type { TemporalServerPrograms } from './temporal-on-postgres-binary';
import {
  dynamicConfigFileContent,
  SQL_PLUGIN,
  TEMPORAL_DATABASES,
  temporalServerConfig,
} from './temporal-on-postgres-config';
import type { PostgresAccess, ServicePorts } from './temporal-on-postgres-config';

export interface TemporalOnPostgresOptions {
  programs: TemporalServerPrograms;
  /** The address of any database of the Postgres server, with user and password. */
  postgresUrl: string;
  ports: ServicePorts;
  namespace: string;
  /** An existing directory for the configuration, which contains the password of Postgres. */
  directory: string;
  logFile: string;
  /** Dynamic configuration in addition to DYNAMIC_CONFIG. */
  dynamicConfig?: Readonly<Record<string, boolean | number | string>>;
  /** Ends the set-up of the tables. */
  signal?: AbortSignal;
}

/**
 * The development server allows 100 visibility queries a second too. The default of 10 is less than a benchmark needs
 * to see in time that all workflows wait.
 */
const VISIBILITY_QUERIES = { 'frontend.namespaceRPS.visibility': 100 };

/** The schemas in the tool, by the database that they belong to. */
const SCHEMAS = [
  { database: TEMPORAL_DATABASES.default, schema: 'postgresql/v12/temporal' },
  { database: TEMPORAL_DATABASES.visibility, schema: 'postgresql/v12/visibility' },
] as const;

/** Closed workflows are deleted after this time, as on the development server. */
const RETENTION_S = 86_400;
/** The server joins its cluster, acquires its shards and starts its system workflows. */
const READY_TIMEOUT_MS = 90_000;
/** With Postgres it ends in 2 s. Without, it does not end by itself. */
const STOP_GRACE_MS = 5_000;
const TOOL_STOP_GRACE_MS = 2_000;
const CALL_TIMEOUT_MS = 2_000;
/** The configuration contains a password. Only its owner can read what the server writes. */
const PRIVATE_UMASK = 0o077;

/**
 * Creates the databases and their tables, or updates the tables, writes the configuration, and returns how to run the
 * server. Postgres must be ready.
 */
export async function planTemporalOnPostgres(options: TemporalOnPostgresOptions): Promise<TemporalServerPlan> {
  const { programs, directory, namespace, ports } = options;
  const postgres = accessOf(options.postgresUrl);
  for (const { database, schema } of SCHEMAS) {
    await createDatabaseIfMissing(options.postgresUrl, database);
    // Neither command changes tables that are complete.
    await runProgram(schemaTool(options, postgres, database, ['setup-schema', '--version', '0.0']), options.signal);
    await runProgram(
      schemaTool(options, postgres, database, ['update-schema', '--schema-name', schema]),
      options.signal,
    );
  }

  const configFile = join(directory, 'temporal-server.yaml');
  const dynamicConfigFile = join(directory, 'temporal-dynamic-config.yaml');
  const dynamicConfig = { ...DYNAMIC_CONFIG, ...VISIBILITY_QUERIES, ...options.dynamicConfig };
  writePrivateFile(dynamicConfigFile, stringify(dynamicConfigFileContent(dynamicConfig)));
  writePrivateFile(configFile, stringify(temporalServerConfig({ postgres, ports, dynamicConfigFile })));

  const address = `127.0.0.1:${ports.frontend.grpc}`;
  return {
    address,
    spec: {
      name: 'temporal',
      command: programs.server,
      args: ['--config-file', configFile, '--allow-no-auth', 'start'],
      env: { ...GARBAGE_COLLECTION, ...process.env },
      umask: PRIVATE_UMASK,
      logFile: options.logFile,
      stopSignal: 'SIGTERM',
      graceMs: STOP_GRACE_MS,
    },
    isReady: () => hasNamespace(address, namespace),
    readyTimeoutMs: READY_TIMEOUT_MS,
  };
}

/** One run of the schema tool. Its arguments are visible to other users, so the password is in the environment. */
function schemaTool(
  { programs, directory }: TemporalOnPostgresOptions,
  { port, user, password }: PostgresAccess,
  database: string,
  command: readonly string[],
): ProcessSpec {
  return {
    name: `temporal-sql-tool ${command[0]}`,
    command: programs.sqlTool,
    args: [
      '--plugin',
      SQL_PLUGIN,
      '--endpoint',
      '127.0.0.1',
      '--port',
      String(port),
      '--database',
      database,
      ...command,
    ],
    env: { ...process.env, SQL_USER: user, SQL_PASSWORD: password },
    logFile: join(directory, 'logs', 'temporal-sql-tool.log'),
    stopSignal: 'SIGTERM',
    graceMs: TOOL_STOP_GRACE_MS,
  };
}

function accessOf(url: string): PostgresAccess {
  const { port, username, password } = new URL(url);
  return { port: Number(port), user: decodeURIComponent(username), password: decodeURIComponent(password) };
}

/**
 * Whether the server knows the namespace. Registers it when it does not exist, which the development server does at its
 * start. Throws while the server does not answer.
 */
async function hasNamespace(address: string, namespace: string): Promise<boolean> {
  const connection = await Connection.connect({ address, connectTimeout: CALL_TIMEOUT_MS });
  const { workflowService, operatorService } = connection;
  try {
    return await connection.withDeadline(Date.now() + CALL_TIMEOUT_MS, async () => {
      if (!(await isRegistered())) {
        await workflowService.registerNamespace({
          namespace,
          workflowExecutionRetentionPeriod: { seconds: RETENTION_S as never },
        });
      }
      // Fails until the server has read the namespace into its cache.
      await operatorService.listSearchAttributes({ namespace });
      return true;
    });
  } finally {
    await connection.close();
  }

  async function isRegistered(): Promise<boolean> {
    try {
      await workflowService.describeNamespace({ namespace });
      return true;
    } catch (error) {
      if (grpcFailureOf(error)?.code !== GRPC.NOT_FOUND) throw error;
      return false;
    }
  }
}
