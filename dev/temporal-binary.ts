/**
 * Finds the `temporal` program or installs it. It tries PATH, the cache, the SDK's download and a build with Go, in
 * this order.
 *
 * A download or build uses a temporary directory, and the program is renamed into the cache at the end. An interrupted
 * download or build leaves no incomplete program in the cache.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { startManagedProcess } from './managed-process';

/** The options of the search. */
export interface TemporalSearch {
  cacheDir: string;
  env: NodeJS.ProcessEnv;
  /** Receives a sentence about each step that takes long. */
  report: (sentence: string) => void;
  /** Downloads the program into a directory. Default: the SDK's downloader. Throws when the download fails. */
  download?: (directory: string) => Promise<void>;
  /** Ends a running build. */
  signal?: AbortSignal | undefined;
}

/** The newest release that Go can build: later releases contain a `replace` directive, which `go install` rejects. */
export const TEMPORAL_GO_PACKAGE = 'github.com/temporalio/cli/cmd/temporal@v1.5.1';

const PROGRAM = process.platform === 'win32' ? 'temporal.exe' : 'temporal';
const VERSION_TIMEOUT_MS = 20_000;
const STALE_DIRECTORY_MS = 3_600_000;
const PACKAGES_PER_LINE = 50;
const BUILD_STOP_GRACE_MS = 5_000;

/**
 * Returns the path of a `temporal` program that runs on this machine. Throws an error that says what to do when none
 * can be installed.
 */
export async function findTemporal(search: TemporalSearch): Promise<string> {
  const cached = join(search.cacheDir, 'bin', PROGRAM);
  const found = findOnPath(PROGRAM, search.env).find(canRun) ?? (canRun(cached) ? cached : undefined);
  if (found !== undefined) return found;

  removeStaleDirectories(search.cacheDir);
  if (await install(search, cached, downloadInto)) return cached;
  const go = findOnPath(process.platform === 'win32' ? 'go.exe' : 'go', search.env)[0];
  if (go !== undefined && (await install(search, cached, (directory) => buildInto(go, directory, search))))
    return cached;

  throw new Error(
    'No Temporal server was found and none could be installed: install the Temporal CLI (https://docs.temporal.io/cli) or Go, ' +
      'or set TEMPORAL_ADDRESS to a running server.',
  );

  async function downloadInto(directory: string): Promise<void> {
    await (search.download ?? downloadBySdk)(directory);
    const file = readdirSync(directory).find((name) => name.startsWith('temporal'));
    if (file === undefined) throw new Error('the download left no program');
    if (file !== PROGRAM) renameSync(join(directory, file), join(directory, PROGRAM));
  }
}

/** Installs the program in one way, in a temporary directory. Returns false when that fails. */
async function install(
  search: TemporalSearch,
  cached: string,
  installInto: (directory: string) => Promise<void>,
): Promise<boolean> {
  mkdirSync(join(search.cacheDir, 'bin'), { recursive: true });
  const directory = mkdtempSync(temporaryPrefix(search.cacheDir));
  try {
    await installInto(directory);
    const installed = join(directory, PROGRAM);
    chmodSync(installed, 0o755);
    if (!canRun(installed)) throw new Error('the program does not run on this machine');
    renameSync(installed, cached);
    return true;
  } catch (error) {
    search.signal?.throwIfAborted();
    search.report(`That failed: ${error instanceof Error ? error.message : String(error)}.`);
    return false;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The SDK's test environment downloads the program. The server that it starts is not needed and is stopped. */
async function downloadBySdk(directory: string): Promise<void> {
  const { TestWorkflowEnvironment } = await import('@temporalio/testing');
  const environment = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', downloadDir: directory } },
  });
  await environment.teardown();
}

async function buildInto(go: string, directory: string, search: TemporalSearch): Promise<void> {
  search.report(
    `Building the Temporal server with Go into ${join(search.cacheDir, 'bin')}: this happens once and takes several minutes.`,
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

/** Returns the files with this name on PATH, in the order of PATH. */
function findOnPath(name: string, env: NodeJS.ProcessEnv): string[] {
  return (env['PATH'] ?? '')
    .split(delimiter)
    .filter((directory) => directory !== '')
    .map((directory) => join(directory, name))
    .filter((file) => existsSync(file));
}

function canRun(file: string): boolean {
  if (!existsSync(file)) return false;
  const version = spawnSync(file, ['--version'], { encoding: 'utf8', timeout: VERSION_TIMEOUT_MS });
  return version.status === 0 && version.stdout.startsWith('temporal version');
}

function temporaryPrefix(cacheDir: string): string {
  return join(cacheDir, 'temporal-work-');
}

/** A directory that is older than an hour belongs to an interrupted run. A newer one may belong to another process. */
function removeStaleDirectories(cacheDir: string): void {
  if (!existsSync(cacheDir)) return;
  for (const name of readdirSync(cacheDir)) {
    const path = join(cacheDir, name);
    if (!path.startsWith(temporaryPrefix(cacheDir))) continue;
    if (Date.now() - statSync(path).mtimeMs > STALE_DIRECTORY_MS) rmSync(path, { recursive: true, force: true });
  }
}
