/**
 * Stops the servers of the test run and removes their files.
 */
import { rmSync } from 'node:fs';
import { takeRun } from './global-setup';

export default async function globalTeardown(): Promise<void> {
  const run = await takeRun();
  if (run === undefined) return;
  await Promise.all(run.servers.map((server) => server.stop()));
  rmSync(run.directory, { recursive: true, force: true });
}
