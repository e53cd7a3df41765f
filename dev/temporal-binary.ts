/**
 * Finds the `temporal` program or installs it. It tries PATH, the cache, the SDK's download and a build with Go, in
 * this order.
 */
import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { buildWithGo, cachedPath, canRun, fileNameOf, findOnPath, installPrograms } from './program-cache';
import type { CachedProgram, ProgramSearch } from './program-cache';

/** The options of the search. */
export interface TemporalSearch extends ProgramSearch {
  /** Downloads the program into a directory. Default: the SDK's downloader. Throws when the download fails. */
  download?: (directory: string) => Promise<void>;
}

/** The newest release that Go can build: later releases contain a `replace` directive, which `go install` rejects. */
export const TEMPORAL_GO_PACKAGE = 'github.com/temporalio/cli/cmd/temporal@v1.5.1';

const PROGRAM: CachedProgram = { name: fileNameOf('temporal'), version: 'temporal version' };

/**
 * Returns the path of a `temporal` program that runs on this machine. Throws an error that says what to do when none
 * can be installed.
 */
export async function findTemporal(search: TemporalSearch): Promise<string> {
  const cached = cachedPath(search, PROGRAM);
  const found = [...findOnPath(PROGRAM.name, search.env), cached].find((file) => canRun(file, PROGRAM));
  if (found !== undefined) return found;

  if (await tryToInstall(search, downloadInto)) return cached;
  const go = findOnPath(fileNameOf('go'), search.env)[0];
  const build = { what: 'the Temporal server', packages: [TEMPORAL_GO_PACKAGE] };
  if (go !== undefined && (await tryToInstall(search, (directory) => buildWithGo(go, build, directory, search))))
    return cached;

  throw new Error(
    'No Temporal server was found and none could be installed: install the Temporal CLI (https://docs.temporal.io/cli) or Go, ' +
      'or set TEMPORAL_ADDRESS to a running server.',
  );

  async function downloadInto(directory: string): Promise<void> {
    await (search.download ?? downloadBySdk)(directory);
    const file = readdirSync(directory).find((name) => name.startsWith('temporal'));
    if (file === undefined) throw new Error('the download left no program');
    if (file !== PROGRAM.name) renameSync(join(directory, file), join(directory, PROGRAM.name));
  }
}

/** Installs the program in one way. Returns false when that fails. */
async function tryToInstall(
  search: TemporalSearch,
  installInto: (directory: string) => Promise<void>,
): Promise<boolean> {
  try {
    await installPrograms(search, [PROGRAM], installInto);
    return true;
  } catch (error) {
    search.signal?.throwIfAborted();
    search.report(`That failed: ${error instanceof Error ? error.message : String(error)}.`);
    return false;
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
