/**
 * Connections to the Temporal server that the whole run shares, and servers that skip time for tests that wait for
 * months.
 */
import { Client, Connection } from '@temporalio/client';
import { IllegalStateError } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, makeTelemetryFilterString, NativeConnection, Runtime } from '@temporalio/worker';
import { waitFor } from '../../dev/waiting';
import { registerSearchAttributes } from '../../temporal/setup';
import { NAMESPACE, sharedServers, uniqueTaskQueue } from './shared-servers';
import { findTimeSkippingServer } from './time-skipping-server';
import { reuseWorkflowThreads } from './workflow-threads';

installRuntime();
reuseWorkflowThreads();

/** Connections to the shared server, with the namespace `default`. */
export interface TestTemporal {
  address: string;
  namespace: string;
  client: Client;
  /** For `Worker.create`. */
  nativeConnection: NativeConnection;
  close(): Promise<void>;
}

export { NAMESPACE, uniqueTaskQueue };

const NAMESPACE_TIMEOUT_MS = 60_000;
/** The SDK waits 5 s for the server that skips time, which is not always enough on a busy machine. */
const TIME_SKIPPING_STARTS_MAX = 4;
const STARTED_TOO_SLOWLY = /did not start within/;

/** Connects to the shared server, which suggests continue-as-new after 60 history events. */
export async function connectTestTemporal(): Promise<TestTemporal> {
  const address = sharedServers().temporal_address;
  const connection = await Connection.connect({ address });
  const nativeConnection = await NativeConnection.connect({ address });
  return {
    address,
    namespace: NAMESPACE,
    client: new Client({ connection, namespace: NAMESPACE }),
    nativeConnection,
    async close() {
      await connection.close();
      await nativeConnection.close();
    },
  };
}

/** Connects to the shared server after registering the search attributes, which every workflow of the product needs. */
export async function connectPreparedTemporal(): Promise<TestTemporal> {
  const temporal = await connectTestTemporal();
  // Test files register them in parallel: the second attempt finds them registered.
  await registerSearchAttributes(temporal.client).catch(() => registerSearchAttributes(temporal.client));
  return temporal;
}

/** Registers a namespace without search attributes on the shared server, and waits until the server knows it. */
export async function makeNamespace({ client }: TestTemporal): Promise<string> {
  const namespace = uniqueTaskQueue('namespace');
  const { workflowService, operatorService } = client.connection as Connection;
  await workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  });
  await waitFor(async () => (await operatorService.listSearchAttributes({ namespace })) !== undefined, {
    timeout_ms: NAMESPACE_TIMEOUT_MS,
    what: 'the new namespace to be known',
  });
  return namespace;
}

/** Returns the path of the workflow bundle for `Worker.create({ workflowBundle: { codePath } })`. */
export function workflowBundle(): string {
  const bundle = sharedServers().workflow_bundle;
  if (bundle === undefined)
    throw new Error('There is no workflow bundle: workflows/index.ts did not exist when the run began.');
  return bundle;
}

/**
 * A separate server that skips every wait. The whole environment has one time, so only one test uses it at a time.
 * The first call on a machine downloads the server, which takes about half a minute.
 */
export async function createTimeSkippingEnvironment(): Promise<TestWorkflowEnvironment> {
  const server = await findTimeSkippingServer().catch(async (missing: unknown) => {
    // Without Java the SDK tries its own download. If that fails too, the error says what to install.
    const downloaded = await TestWorkflowEnvironment.createTimeSkipping().catch(() => undefined);
    if (downloaded === undefined) throw missing;
    return downloaded;
  });
  if (typeof server !== 'string') return server;
  for (let tried = 1; ; tried += 1) {
    try {
      const executable = { type: 'existing-path', path: server } as const;
      return await TestWorkflowEnvironment.createTimeSkipping({ server: { executable } });
    } catch (error) {
      if (tried === TIME_SKIPPING_STARTS_MAX || !STARTED_TOO_SLOWLY.test(String(error))) throw error;
    }
  }
}

/**
 * Makes the SDK log only errors. The files of a jest worker share the SDK. Its runtime ends with its last connection, so a file that left
 * a connection open also left a runtime with these options.
 */
function installRuntime(): void {
  try {
    Runtime.install({
      logger: new DefaultLogger('ERROR'),
      telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) } },
      shutdownSignals: [],
    });
  } catch (error) {
    if (!(error instanceof IllegalStateError)) throw error;
  }
}
