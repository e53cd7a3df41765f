/**
 * A migrated database for each test file (or test), on the Postgres server that the whole run shares.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
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

/**
 * Clones the template. A copy of its files takes half of the CPU of a copy through the log (14 in place of 29 ms). `max` is the size
 * of the pool `sql`.
 */
export async function createTestDatabase(options: { max?: number } = {}): Promise<TestDatabase> {
  const { postgres_url, postgres_socket_directory, template_database } = sharedServers();
  const name = `test_${randomBytes(8).toString('hex')}`;
  await onServer(
    postgres_url,
    (server) => server`CREATE DATABASE ${server(name)} TEMPLATE ${server(template_database)} STRATEGY file_copy`,
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

/** The connection of this process for commands of the server: test files open and drop hundreds of databases. */
const CONNECTION = Symbol.for('covenant.test.server-connection');
const holder = globalThis as typeof globalThis & { [CONNECTION]?: ServerConnection };

interface ServerConnection {
  sql: postgres.Sql;
  /** How many commands wait for it. */
  waiting: number;
  /** Whether the open connection keeps the process running. */
  keepRunning(whether: boolean): void;
}

async function onServer(url: string, run: (server: postgres.Sql) => PromiseLike<unknown>): Promise<void> {
  const connection = (holder[CONNECTION] ??= connectToServer(url));
  connection.waiting += 1;
  connection.keepRunning(true);
  try {
    await run(connection.sql);
  } finally {
    connection.waiting -= 1;
    connection.keepRunning(connection.waiting > 0);
  }
}

function connectToServer(url: string): ServerConnection {
  const { hostname, port } = new URL(url);
  let socket: Socket | undefined;
  const open = async (): Promise<Socket> => {
    socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    return socket;
  };
  const options = { max: 1, max_lifetime: null, onnotice: () => undefined, socket: open };
  return {
    // The types of the driver lack `socket`.
    sql: postgres(url, options as postgres.Options<{}>),
    waiting: 0,
    keepRunning: (whether) => (whether ? socket?.ref() : socket?.unref()),
  };
}
