/**
 * Both connections to Temporal, the client's and the worker's, authenticate with a certificate and trust only the authority in their
 * settings.
 */
import { rmSync } from 'node:fs';
import type { Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { loadConfig } from '../../config';
import type { Config } from '../../config';
import { openTemporal, serverOptions } from '../../temporal/connection';
import { createTestAuthority } from '../harness/certificates';
import type { TestAuthority, TestCertificate } from '../harness/certificates';
import { makeRunDirectory } from '../harness/run-directory';
import { sharedServers } from '../harness/shared-servers';
import '../harness/temporal';
import { startTlsProxy } from '../harness/tls-proxy';
import type { TlsProxy } from '../harness/tls-proxy';

const CALL_MS = 60_000;

let directory: string;
let authority: TestAuthority;
let proxy: TlsProxy;
let own: TestCertificate;

beforeAll(async () => {
  directory = makeRunDirectory('tls');
  authority = createTestAuthority(directory);
  own = authority.issue('covenant');
  const server = authority.issue('server', ['DNS:temporal.example', 'IP:127.0.0.1']);
  proxy = await startTlsProxy(sharedServers().temporal_address, server, authority.ca);
});
afterAll(async () => {
  await proxy.close();
  rmSync(directory, { recursive: true, force: true });
});

function configOf(certificate: TestCertificate | undefined, more: Record<string, string> = {}): Config {
  return loadConfig({
    DATABASE_URL: 'postgres://127.0.0.1/none',
    COVENANT_KEY_PEPPER: 'p'.repeat(32),
    TEMPORAL_ADDRESS: proxy.address,
    TEMPORAL_TLS_CA: authority.ca,
    ...(certificate === undefined ? {} : { TEMPORAL_TLS_CERT: certificate.cert, TEMPORAL_TLS_KEY: certificate.key }),
    ...more,
  });
}

const connections: [connection: string, connect: (config: Config) => Promise<void>][] = [
  [
    'the client',
    async (config) => {
      const { connection } = openTemporal(config);
      await connection.ensureConnected().finally(() => connection.close());
    },
  ],
  ["the worker's connection", async (config) => (await NativeConnection.connect(serverOptions(config))).close()],
];

describe.each(connections)('%s', (_connection, connect) => {
  test('connects with its certificate', async () => {
    proxy.clients.clear();
    await connect(configOf(own));
    expect([...proxy.clients]).toEqual(['covenant']);
  });

  test('connects to a server whose certificate has another name than its address, when that name is set', async () => {
    await connect(configOf(own, { TEMPORAL_TLS_SERVER_NAME: 'temporal.example' }));
  });

  test('fails without a certificate, with one of another authority, and when the certificate of the server does not match', async () => {
    proxy.clients.clear();
    const [other_client, other_server] = ['other-client', 'other-server'].map((name) =>
      createTestAuthority(directory, name),
    ) as [TestAuthority, TestAuthority];
    const configs = [
      configOf(undefined),
      configOf(other_client.issue('covenant')),
      configOf(own, { TEMPORAL_TLS_CA: other_server.ca }),
      configOf(own, { TEMPORAL_TLS_SERVER_NAME: 'other.example' }),
    ];
    for (const attempt of await Promise.allSettled(configs.map(connect))) expect(attempt.status).toBe('rejected');
    expect(proxy.clients.size).toBe(0);
  });
});

test('asynchronous context is enabled only while a call to Temporal runs', async () => {
  const connection = openTemporal(configOf(own)).connection as Connection;
  const disable = jest.spyOn(connection.callContextStorage, 'disable');
  const holdCall = () => {
    let end = (): void => undefined;
    const held = new Promise<void>((resolve) => (end = resolve));
    const deadline = Date.now() + CALL_MS;
    const ended = connection.withDeadline(deadline, async () => {
      await held;
      expect(connection.callContextStorage.getStore()?.deadline).toBe(deadline);
    });
    return { end, ended };
  };
  const [first, second] = [holdCall(), holdCall()];
  first.end();
  await first.ended;
  expect(disable).toHaveBeenCalledTimes(0);
  second.end();
  await second.ended;
  expect(disable).toHaveBeenCalledTimes(1);
  // The connection sets a deadline of its own.
  await connection.ensureConnected();
  expect(disable).toHaveBeenCalledTimes(2);
  await connection.close();
});
