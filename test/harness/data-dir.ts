/**
 * Data directories of stacks under test, with the run's own workflow bundle in them: a stack would spend seconds on making
 * the same once more.
 */
import { copyFileSync, mkdirSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { sharedServers } from './shared-servers';

/** Where a stack looks for its bundle; elsewhere it would only be slower. */
const BUNDLE_FILE = 'workflow-bundle.js';
/** As root, Postgres runs as another user, who must pass through here. */
const MODE = 0o711;

/** Makes the directory. */
export function makeDataDir(dataDir: string): void {
  mkdirSync(dataDir, { recursive: true, mode: MODE });
  const { workflow_bundle } = sharedServers();
  if (workflow_bundle === undefined) return;
  const copy = join(dataDir, BUNDLE_FILE);
  copyFileSync(workflow_bundle, copy);
  // As old as the original: when sources changed since, the stack still makes its own.
  const { atime, mtime } = statSync(workflow_bundle);
  utimesSync(copy, atime, mtime);
}
