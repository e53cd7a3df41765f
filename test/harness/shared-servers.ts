/**
 * Where the servers of this test run stand: written once by the global setup, read by every test file.
 */
import { randomUUID } from 'node:crypto';

/** What the global setup hands to the test files, through their environment. */
export interface SharedServers {
  /** Any database of the Postgres server; new ones are cloned from `template_database`. */
  postgres_url: string;
  template_database: string;
  temporal_address: string;
  /** The path of the bundled workflows; undefined while there are none to bundle. */
  workflow_bundle?: string;
}

/** The namespace of the shared Temporal server. */
export const NAMESPACE = 'default';

const VARIABLE = 'COVENANT_TEST_SERVERS';

/** Puts the addresses where test files find them; jest's workers inherit the environment. */
export function publishSharedServers(servers: SharedServers): void {
  process.env[VARIABLE] = JSON.stringify(servers);
}

/** The addresses. Throws when the test file was not run by `npm test` or `npx jest`. */
export function sharedServers(): SharedServers {
  const text = process.env[VARIABLE];
  if (text === undefined)
    throw new Error('There are no shared servers: run the tests by `npm test` or `npx jest <file>`.');
  return JSON.parse(text) as SharedServers;
}

/** A name that no other test uses, for a task queue or a prefix of task queues. */
export function uniqueTaskQueue(label = 'test'): string {
  return `${label}-${randomUUID()}`;
}
