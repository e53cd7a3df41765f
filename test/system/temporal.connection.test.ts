/**
 * Both connections to Temporal, the client's and the worker's, prove by a certificate who they are, and believe only the
 * authority that they were given.
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
let door: TlsProxy;
let ours: TestCertificate;

beforeAll(async () => {
  directory = makeRunDirectory('tls');
  authority = createTestAuthority(directory);
  ours = authority.issue('covenant');
  const server = authority.issue('server', ['DNS:temporal.example', 'IP:127.0.0.1']);
  door = await startTlsProxy(sharedServers().temporal_address, server, authority.ca);
});
afterAll(async () => {
  await door.close();
  rmSync(directory, { recursive: true, force: true });
});

function configOf(own: TestCertificate | undefined, more: Record<string, string> = {}): Config {
  return loadConfig({
    DATABASE_URL: 'postgres://127.0.0.1/none',
    COVENANT_KEY_PEPPER: 'p'.repeat(32),
    TEMPORAL_ADDRESS: door.address,
    TEMPORAL_TLS_CA: authority.ca,
    ...(own === undefined ? {} : { TEMPORAL_TLS_CERT: own.cert, TEMPORAL_TLS_KEY: own.key }),
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
  test('is let in by its certificate', async () => {
    door.clients.clear();
    await connect(configOf(ours));
    expect([...door.clients]).toEqual(['covenant']);
  });

  test('is let in under the name that the server has in its certificate', async () => {
    await connect(configOf(ours, { TEMPORAL_TLS_SERVER_NAME: 'temporal.example' }));
  });

  test('comes to nothing without a certificate, with one of another authority, and with a server that is another', async () => {
    door.clients.clear();
    const [stranger, elsewhere] = ['stranger', 'elsewhere'].map((name) => createTestAuthority(directory, name)) as [
      TestAuthority,
      TestAuthority,
    ];
    const configs = [
      configOf(undefined),
      configOf(stranger.issue('covenant')),
      configOf(ours, { TEMPORAL_TLS_CA: elsewhere.ca }),
      configOf(ours, { TEMPORAL_TLS_SERVER_NAME: 'other.example' }),
    ];
    for (const attempt of await Promise.allSettled(configs.map(connect))) expect(attempt.status).toBe('rejected');
    expect(door.clients.size).toBe(0);
  });
});

test('asynchronous context is followed only while a call to Temporal is under way', async () => {
  const connection = openTemporal(configOf(ours)).connection as Connection;
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
