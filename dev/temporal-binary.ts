/**
 * Finds the `temporal` program, or brings it: PATH, our cache, the SDK's download, a build with Go, in this order.
 *
 * What it brings is made in a directory of its own and renamed into the cache at the end, so that an interrupted
 * download or build leaves nothing that could be mistaken for the program.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { startManagedProcess } from './managed-process';

/** What the search works with. */
export interface TemporalSearch {
  cacheDir: string;
  env: NodeJS.ProcessEnv;
  /** Hears what is being done when it takes long. */
  report: (sentence: string) => void;
  /** Downloads the program into a directory with the SDK's own downloader. Throws when it cannot; tests give their own. */
  download?: (directory: string) => Promise<void>;
  /** Ends a build that is under way. */
  signal?: AbortSignal | undefined;
}

/** The release that Go can build: later tags of the program carry a `replace`, which `go install` refuses. */
export const TEMPORAL_GO_PACKAGE = 'github.com/temporalio/cli/cmd/temporal@v1.5.1';

const PROGRAM = process.platform === 'win32' ? 'temporal.exe' : 'temporal';
const VERSION_TIMEOUT_MS = 20_000;
const STALE_WORK_MS = 3_600_000;
const PACKAGES_PER_LINE = 50;
const BUILD_STOP_GRACE_MS = 5_000;

/** The path of a `temporal` that runs. Throws one sentence that says what to do when there is no way to get one. */
export async function findTemporal(search: TemporalSearch): Promise<string> {
  const cached = join(search.cacheDir, 'bin', PROGRAM);
  const found = findOnPath(PROGRAM, search.env).find(runs) ?? (runs(cached) ? cached : undefined);
  if (found !== undefined) return found;

  removeStaleWork(search.cacheDir);
  if (await install(search, cached, downloadInto)) return cached;
  const go = findOnPath(process.platform === 'win32' ? 'go.exe' : 'go', search.env)[0];
  if (go !== undefined && (await install(search, cached, (directory) => buildInto(go, directory, search))))
    return cached;

  throw new Error(
    'No Temporal server was found and none could be brought: install the Temporal CLI (https://docs.temporal.io/cli) or Go, ' +
      'or set TEMPORAL_ADDRESS to a server that runs.',
  );

  async function downloadInto(directory: string): Promise<void> {
    await (search.download ?? downloadBySdk)(directory);
    const file = readdirSync(directory).find((name) => name.startsWith('temporal'));
    if (file === undefined) throw new Error('the download left no program');
    if (file !== PROGRAM) renameSync(join(directory, file), join(directory, PROGRAM));
  }
}

/** Runs one way of bringing the program in a directory of its own; false when it did not work. */
async function install(
  search: TemporalSearch,
  cached: string,
  way: (directory: string) => Promise<void>,
): Promise<boolean> {
  mkdirSync(join(search.cacheDir, 'bin'), { recursive: true });
  const directory = mkdtempSync(workPrefix(search.cacheDir));
  try {
    await way(directory);
    const brought = join(directory, PROGRAM);
    chmodSync(brought, 0o755);
    if (!runs(brought)) throw new Error('the program does not run on this machine');
    renameSync(brought, cached);
    return true;
  } catch (error) {
    search.signal?.throwIfAborted();
    search.report(`That did not work: ${error instanceof Error ? error.message : String(error)}.`);
    return false;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The SDK's test environment downloads the program; its server is of no use here and is ended at once. */
async function downloadBySdk(directory: string): Promise<void> {
  const { TestWorkflowEnvironment } = await import('@temporalio/testing');
  const environment = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', downloadDir: directory } },
  });
  await environment.teardown();
}

async function buildInto(go: string, directory: string, search: TemporalSearch): Promise<void> {
  search.report(
    `Building the Temporal server with Go into ${join(search.cacheDir, 'bin')}: this happens once and takes some minutes.`,
  );
  const started = performance.now();
  let packages = 0;
  let lastLine = '';
  const build = await startManagedProcess({
    name: 'go',
    command: go,
    args: ['install', '-v', TEMPORAL_GO_PACKAGE],
    env: { ...search.env, GOBIN: directory },
    logFile: join(directory, 'go.log'),
    stopSignal: 'SIGINT',
    graceMs: BUILD_STOP_GRACE_MS,
    onLine(line) {
      lastLine = line;
      packages += 1;
      if (packages % PACKAGES_PER_LINE !== 0) return;
      const seconds = Math.round((performance.now() - started) / 1_000);
      search.report(`  ${packages} packages after ${seconds} s, now ${line}`);
    },
  });
  const abort = (): void => void build.stop();
  search.signal?.addEventListener('abort', abort, { once: true });
  if (search.signal?.aborted === true) abort();
  const { code, signal } = await build.exited;
  search.signal?.removeEventListener('abort', abort);
  search.signal?.throwIfAborted();
  if (code !== 0) throw new Error(`go install ended with ${code ?? signal}: ${lastLine}`);
}

/** All files of this name on PATH that may be run, in the order of PATH. */
function findOnPath(name: string, env: NodeJS.ProcessEnv): string[] {
  return (env['PATH'] ?? '')
    .split(delimiter)
    .filter((directory) => directory !== '')
    .map((directory) => join(directory, name))
    .filter((file) => existsSync(file));
}

function runs(file: string): boolean {
  if (!existsSync(file)) return false;
  const version = spawnSync(file, ['--version'], { encoding: 'utf8', timeout: VERSION_TIMEOUT_MS });
  return version.status === 0 && version.stdout.startsWith('temporal version');
}

function workPrefix(cacheDir: string): string {
  return join(cacheDir, 'temporal-work-');
}

/** Work of an hour ago was interrupted; younger work may be another process's. */
function removeStaleWork(cacheDir: string): void {
  if (!existsSync(cacheDir)) return;
  for (const name of readdirSync(cacheDir)) {
    const path = join(cacheDir, name);
    if (!path.startsWith(workPrefix(cacheDir))) continue;
    if (Date.now() - statSync(path).mtimeMs > STALE_WORK_MS) rmSync(path, { recursive: true, force: true });
  }
}
