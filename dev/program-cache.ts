/**
 * Programs in the cache directory, which all stacks of a user share: how they are found, built and installed.
 *
 * An installation uses a temporary directory, and the programs are renamed into the cache at the end. An interrupted
 * download or build leaves no incomplete program in the cache.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runProgram } from './run-program';

/** Where programs are searched and installed. */
export interface ProgramSearch {
  cacheDir: string;
  env: NodeJS.ProcessEnv;
  /** Receives a sentence about each step that takes long. */
  report: (sentence: string) => void;
  /** Ends a running build. */
  signal?: AbortSignal | undefined;
}

/** A program of the cache. */
export interface CachedProgram {
  /** Its file name in the cache. */
  name: string;
  /** The beginning of what it prints for `--version`. */
  version: string;
}

/** Packages to build with Go. */
export interface GoBuild {
  /** Completes the sentence "Building … with Go". */
  what: string;
  packages: readonly string[];
}

const VERSION_TIMEOUT_MS = 20_000;
const STALE_DIRECTORY_MS = 3_600_000;
const PACKAGES_PER_LINE = 50;
const BUILD_STOP_GRACE_MS = 5_000;
const PROGRAM_MODE = 0o755;

/** The file name of a program on this system. */
export function fileNameOf(program: string): string {
  return process.platform === 'win32' ? `${program}.exe` : program;
}

/** Returns the files with this name on PATH, in the order of PATH. */
export function findOnPath(name: string, env: NodeJS.ProcessEnv): string[] {
  return (env['PATH'] ?? '')
    .split(delimiter)
    .filter((directory) => directory !== '')
    .map((directory) => join(directory, name))
    .filter((file) => existsSync(file));
}

/** The path of a program in the cache. It may not exist. */
export function cachedPath({ cacheDir }: Pick<ProgramSearch, 'cacheDir'>, { name }: CachedProgram): string {
  return join(cacheDir, 'bin', name);
}

/** Whether the file is this program in this version and runs on this machine. */
export function canRun(file: string, program: CachedProgram): boolean {
  if (!existsSync(file)) return false;
  const version = spawnSync(file, ['--version'], { encoding: 'utf8', timeout: VERSION_TIMEOUT_MS });
  return version.status === 0 && version.stdout.startsWith(program.version);
}

/**
 * Installs programs that `installInto` puts into a directory, under their names in the cache. Throws when a program is
 * missing or does not run; the cache is then unchanged.
 */
export async function installPrograms(
  search: ProgramSearch,
  programs: readonly CachedProgram[],
  installInto: (directory: string) => Promise<void>,
): Promise<void> {
  removeStaleDirectories(search.cacheDir);
  mkdirSync(join(search.cacheDir, 'bin'), { recursive: true });
  const directory = mkdtempSync(temporaryPrefix(search.cacheDir));
  try {
    await installInto(directory);
    for (const program of programs) {
      const installed = join(directory, program.name);
      chmodSync(installed, PROGRAM_MODE);
      if (!canRun(installed, program)) throw new Error('the program does not run on this machine');
    }
    for (const program of programs) renameSync(join(directory, program.name), cachedPath(search, program));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Builds packages into a directory, and reports the progress. Throws an error with Go's reason when that fails. */
export async function buildWithGo(go: string, build: GoBuild, directory: string, search: ProgramSearch): Promise<void> {
  search.report(
    `Building ${build.what} with Go into ${join(search.cacheDir, 'bin')}: this happens once and takes several minutes.`,
  );
  const started = performance.now();
  let packages = 0;
  await runProgram(
    {
      name: 'go install',
      command: go,
      args: ['install', '-v', ...build.packages],
      env: { ...search.env, GOBIN: directory },
      logFile: join(directory, 'go.log'),
      stopSignal: 'SIGINT',
      graceMs: BUILD_STOP_GRACE_MS,
      onLine(line) {
        packages += 1;
        if (packages % PACKAGES_PER_LINE !== 0) return;
        const seconds = Math.round((performance.now() - started) / 1_000);
        search.report(`  ${packages} packages after ${seconds} s, now ${line}`);
      },
    },
    search.signal,
  );
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
