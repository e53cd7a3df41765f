/** The API process: opens connections, starts the server, and shuts down gracefully. */
import type { AddressInfo } from 'node:net';
import { createBillingReceivers } from '../adapters/billing';
import { createBounceReceiver } from '../adapters/mail-bounce';
import { createIdentityProvider } from '../adapters/oidc';
import { parseNoArguments } from '../command-line';
import { API_POOL_SIZE, destinationPolicyOf, loadConfig } from '../config';
import type { Config } from '../config';
import { assertDriverPatched, openDatabase } from '../db/base/database';
import { createTitleReader } from '../db/system/operator-title';
import { UnsuitablePooler, assertOwnSessions } from '../db/base/pooler';
import { applicationName } from '../transactions/base/time-zone-rules';
import type { IdentityProvider } from '../domain/access/oidc';
import { listen } from '../listen';
import { createLog } from '../log';
import { setUpWithDeadline } from '../readiness';
import { openTemporal } from '../temporal/connection';
import { createStartDescriber } from '../temporal/describe-start';
import { taskQueues } from '../temporal/task-queues';
import { warnAboutTimeZones } from '../time-zones';
import { OIDC_CALLBACK_PATH } from './access/oidc';
import { createApi } from './create-api';
import { createApp } from './http/app';
import { createFastServer } from './http/fast-server';
import { collectProcessMetrics } from './http/metrics';

async function main(): Promise<void> {
  parseNoArguments('api', 'Serve the API. Settings come from the environment: docs/configuration.md.');
  const config = loadConfig(process.env);
  const log = createLog('api', config.logLevel);
  assertDriverPatched();
  collectProcessMetrics();

  const db = openDatabase(config.databaseUrl, {
    max: config.databasePoolSize ?? API_POOL_SIZE,
    application_name: applicationName('api'),
    limits: { statement_ms: config.apiStatementTimeoutMs, idle_in_transaction_ms: config.idleTransactionTimeoutMs },
  });
  await assertOwnSessions(db).catch((error: unknown) => {
    if (error instanceof UnsuitablePooler) throw error;
    log.warn({ err: error }, 'Postgres is not reachable yet');
  });
  const client = openTemporal(config);
  const queues = taskQueues(config.taskQueuePrefix);
  const api = createApi({
    db,
    client,
    taskQueues: queues,
    log,
    keyPepper: config.keyPepper,
    sealingKeys: config.sealingKeys ?? [],
    destinations: destinationPolicyOf(config),
    publicUrl: config.publicUrl,
    billingReceivers: createBillingReceivers(config),
    bounceReceiver: config.mailBounceSecrets && createBounceReceiver(config.mailBounceSecrets),
    webhookRetentionDays: config.webhookRetentionDays,
    testClocks: config.testClocks,
    sessionTimeouts: { idle_minutes: config.sessionIdleMinutes, hours: config.sessionHours },
    identityProvider: identityProviderOf(config),
    installation: {
      temporal_ui_url: config.temporalUiUrl ?? null,
      temporal_namespace: config.temporalNamespace,
      dev: config.dev,
    },
    describe: createStartDescriber({
      publicUrl: config.publicUrl,
      titles: config.temporalShowNames ? createTitleReader(db) : undefined,
    }),
    list_statement_ms: config.listStatementTimeoutMs,
    wrong_keys_max: config.wrongLicenseKeysMax,
  });
  const app = createApp(api, {
    trustProxy: config.trustProxy,
    requireHttps: config.requireHttps,
    adminPages: { devUrl: config.adminPagesUrl },
  });
  const server = createFastServer(app);

  await listen(server, { host: config.host, port: config.port, port_setting: 'PORT' });
  log.info({ address: server.address() as AddressInfo }, 'api is listening');
  // The API serves requests without Temporal. The readiness check reports that, and sets Temporal up when it becomes reachable.
  await setUpWithDeadline(client, api.ensureSetUp).catch((error: unknown) =>
    log.warn({ err: error }, 'Temporal is not ready yet'),
  );

  let ending = false;
  const end = async (signal: string): Promise<void> => {
    if (ending) return;
    ending = true;
    log.info({ signal }, 'api is shutting down');
    // Requests in flight are finished. Streams are closed when the grace period ends.
    const force = setTimeout(() => server.closeAllConnections(), config.shutdownGraceMs);
    server.closeIdleConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    clearTimeout(force);
    await client.connection.close();
    await db.end({ timeout: 5 });
    log.info('api has shut down');
    process.exit(0);
  };
  process.once('SIGINT', () => void end('SIGINT'));
  process.once('SIGTERM', () => void end('SIGTERM'));
  await warnAboutTimeZones(db, log);
}

/** Undefined when the settings name none. */
function identityProviderOf({ publicUrl, ...config }: Config): IdentityProvider | undefined {
  const { oidcIssuer: issuer, oidcClientId: client_id, oidcClientSecret: client_secret, oidcLabel: label } = config;
  if (issuer === undefined || client_id === undefined || client_secret === undefined) return undefined;
  const redirect_uri = `${publicUrl}${OIDC_CALLBACK_PATH}`;
  return createIdentityProvider({ issuer, client_id, client_secret, label, redirect_uri });
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
