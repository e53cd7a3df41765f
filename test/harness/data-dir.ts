/**
 * Data directories for stacks under test. They contain a copy of the run's workflow bundle, because bundling takes
 * seconds.
 */
import { copyFileSync, mkdirSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { sharedServers } from './shared-servers';

/** The file name at which a stack looks for its bundle. With another name a stack is only slower. */
const BUNDLE_FILE = 'workflow-bundle.js';
/** As root, Postgres runs as another user, which must be able to traverse this directory. */
const MODE = 0o711;

/** Creates the directory. */
export function makeDataDir(dataDir: string): void {
  mkdirSync(dataDir, { recursive: true, mode: MODE });
  const { workflow_bundle } = sharedServers();
  if (workflow_bundle === undefined) return;
  const copy = join(dataDir, BUNDLE_FILE);
  copyFileSync(workflow_bundle, copy);
  // The copy has the time of the original, so that the stack bundles again when sources have changed since.
  const { atime, mtime } = statSync(workflow_bundle);
  utimesSync(copy, atime, mtime);
}
