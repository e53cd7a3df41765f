/**
 * Bundles the workflows once, so that a worker starts in half the time; bundles them again when their sources changed.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivateFile } from './private-file';

const PROJECT = join(__dirname, '..');
/** What a bundle is made of; the last one changes with every install of packages. */
const SOURCES = ['workflows', 'domain', join('node_modules', '.package-lock.json')];

/** Makes the bundle at `file` unless it is newer than all its sources. Takes about 2 s when it has to. */
export async function ensureWorkflowBundle(file: string): Promise<void> {
  if (existsSync(file) && statSync(file).mtimeMs > newestSourceMs()) return;
  // Loaded only when needed: it is the heaviest package of all.
  const { bundleWorkflowCode, DefaultLogger } = await import('@temporalio/worker');
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(PROJECT, 'workflows', 'index.ts'),
    logger: new DefaultLogger('WARN'),
  });
  writePrivateFile(file, code);
}

function newestSourceMs(): number {
  return Math.max(...SOURCES.map((source) => newestMs(join(PROJECT, source))));
}

function newestMs(path: string): number {
  const about = statSync(path, { throwIfNoEntry: false });
  if (about === undefined) return 0;
  if (!about.isDirectory()) return about.mtimeMs;
  // A directory's own time tells of files that were removed.
  return Math.max(about.mtimeMs, ...readdirSync(path).map((name) => newestMs(join(path, name))));
}
