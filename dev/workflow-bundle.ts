/**
 * Bundles the workflows once, so that a worker starts in half the time, and again when their sources change.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivateFile } from './private-file';

const PROJECT = join(__dirname, '..');
/** The sources of a bundle. The last one changes with every installation of packages. */
const SOURCES = ['workflows', 'domain', join('node_modules', '.package-lock.json')];

/** Creates the bundle at `file` unless it is newer than all its sources. Bundling takes about 2 s. */
export async function ensureWorkflowBundle(file: string): Promise<void> {
  if (existsSync(file) && statSync(file).mtimeMs > newestSourceMs()) return;
  // Imported only when needed, because no other package takes longer to load.
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
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return 0;
  if (!stats.isDirectory()) return stats.mtimeMs;
  // The modification time of a directory changes when a file in it is removed.
  return Math.max(stats.mtimeMs, ...readdirSync(path).map((name) => newestMs(join(path, name))));
}
