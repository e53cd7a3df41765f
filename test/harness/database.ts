/**
 * A migrated database for each test file (or test), on the Postgres server that the whole run shares.
 */
import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { openDatabase } from '../../db/base/database';
import { sharedServers } from './shared-servers';

/** A database with the current schema and no rows but those that migrations insert. */
export interface TestDatabase {
  /** Its address over the Unix socket, if there is one. `throughServer` returns one over TCP. */
  url: string;
  sql: ReturnType<typeof openDatabase>;
  /** Closes `sql` and drops the database, also with open connections. */
  drop(): Promise<void>;
}

const POOL_SIZE = 10;

/** Clones the template, which takes about 30 ms. `max` is the size of the pool `sql`. */
export async function createTestDatabase(options: { max?: number } = {}): Promise<TestDatabase> {
  const { postgres_url, postgres_socket_directory, template_database } = sharedServers();
  const name = `test_${randomBytes(8).toString('hex')}`;
  await onServer(
    postgres_url,
    (server) => server`CREATE DATABASE ${server(name)} TEMPLATE ${server(template_database)}`,
  );

  const address = new URL(postgres_url);
  address.pathname = `/${name}`;
  if (postgres_socket_directory !== undefined) address.searchParams.set('host', postgres_socket_directory);
  const url = address.href;
  const sql = openDatabase(url, { max: options.max ?? POOL_SIZE, application_name: 'covenant-test' });
  return {
    url,
    sql,
    async drop() {
      await sql.end({ timeout: 1 });
      await onServer(postgres_url, (server) => server`DROP DATABASE IF EXISTS ${server(name)} WITH (FORCE)`);
    },
  };
}

/** Returns the address of a database on another host and port, for example those of a proxy. `host` has the form `host:port`. */
export function throughServer(host: string, url: string): string {
  const address = new URL(url);
  address.searchParams.delete('host');
  address.host = host;
  return address.href;
}

/** Creates an empty database, calls `run` with its address, and drops it. `options` are those of `CREATE DATABASE`. */
export async function withEmptyDatabase<T>(run: (url: string) => Promise<T>, options = ''): Promise<T> {
  const { postgres_url } = sharedServers();
  const name = `test_${randomBytes(8).toString('hex')}`;
  const address = new URL(postgres_url);
  address.pathname = `/${name}`;
  try {
    await onServer(postgres_url, (server) => server.unsafe(`CREATE DATABASE ${name} TEMPLATE template0 ${options}`));
    return await run(address.href);
  } finally {
    await onServer(postgres_url, (server) => server`DROP DATABASE IF EXISTS ${server(name)} WITH (FORCE)`);
  }
}

async function onServer(url: string, run: (server: postgres.Sql) => PromiseLike<unknown>): Promise<void> {
  const server = postgres(url, { max: 1, onnotice: () => undefined });
  try {
    await run(server);
  } finally {
    await server.end();
  }
}
