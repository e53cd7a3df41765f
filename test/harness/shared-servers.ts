/**
 * The addresses of the servers of this test run. The global setup publishes them, and every test file reads them.
 */
import { randomUUID } from 'node:crypto';

/** The global setup passes these values to the test files in an environment variable. */
export interface SharedServers {
  /** Any database of the Postgres server; new ones are cloned from `template_database`. */
  postgres_url: string;
  /** The directory of its Unix socket. Undefined when the path of the directory is too long for a socket. */
  postgres_socket_directory?: string;
  template_database: string;
  temporal_address: string;
  /** The path of the workflow bundle. Undefined when there are no workflows. */
  workflow_bundle?: string;
}

/** The namespace of the shared Temporal server. */
export const NAMESPACE = 'default';

const VARIABLE = 'COVENANT_TEST_SERVERS';

/** Publishes the addresses to the test files. Jest's workers inherit the environment. */
export function publishSharedServers(servers: SharedServers): void {
  process.env[VARIABLE] = JSON.stringify(servers);
}

/** Returns the addresses. Throws when the test file was not run with `npm test` or `npx jest`. */
export function sharedServers(): SharedServers {
  const text = process.env[VARIABLE];
  if (text === undefined)
    throw new Error('There are no shared servers: run the tests with `npm test` or `npx jest <file>`.');
  return JSON.parse(text) as SharedServers;
}

/** Returns a name that no other test uses, for a task queue or a prefix of task queues. */
export function uniqueTaskQueue(label = 'test'): string {
  return `${label}-${randomUUID()}`;
}
