/**
 * The production server of Temporal and its schema tool for SQL databases. Temporal publishes no programs of them for
 * every system, so they are built with Go, once, into the cache directory.
 */
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { buildWithGo, cachedPath, canRun, fileNameOf, findOnPath, installPrograms } from './program-cache';
import type { CachedProgram, ProgramSearch } from './program-cache';

/**
 * The newest release that Go 1.26.8 builds: 1.31.5 and 1.32.2 require Go 1.26.10. The version is fixed, so that figures
 * of different machines are figures of the same server.
 */
export const TEMPORAL_SERVER_VERSION = '1.32.1';
/** The version of Go that the release requires (its go.mod). */
const GO_VERSION_MIN = '1.26.8';

export const TEMPORAL_SERVER_GO_PACKAGES = [
  `go.temporal.io/server/cmd/server@v${TEMPORAL_SERVER_VERSION}`,
  `go.temporal.io/server/cmd/tools/sql@v${TEMPORAL_SERVER_VERSION}`,
] as const;

/** The paths of the programs. */
export interface TemporalServerPrograms {
  server: string;
  /** Creates and updates the tables of the server. */
  sqlTool: string;
}

/** The names contain the version, so that a new version is built beside the one that other checkouts use. */
const SERVER: CachedProgram = {
  name: fileNameOf(`temporal-server-${TEMPORAL_SERVER_VERSION}`),
  version: `temporal version ${TEMPORAL_SERVER_VERSION}`,
};
const SQL_TOOL: CachedProgram = {
  name: fileNameOf(`temporal-sql-tool-${TEMPORAL_SERVER_VERSION}`),
  version: `temporal-sql-tool version ${TEMPORAL_SERVER_VERSION}`,
};

/**
 * Returns the programs from the cache, where it builds them if they are missing. Throws an error that says what to do
 * when they cannot be built.
 */
export async function findTemporalServer(search: ProgramSearch): Promise<TemporalServerPrograms> {
  const found = { server: cachedPath(search, SERVER), sqlTool: cachedPath(search, SQL_TOOL) };
  if (canRun(found.server, SERVER) && canRun(found.sqlTool, SQL_TOOL)) return found;

  const remedy = `install Go ${GO_VERSION_MIN} or later (https://go.dev/dl/) and put it on PATH, or use the development server of Temporal`;
  const go = findOnPath(fileNameOf('go'), search.env)[0];
  if (go === undefined)
    throw new Error(`The Temporal server ${TEMPORAL_SERVER_VERSION} must be built, but Go was not found: ${remedy}.`);
  try {
    await installPrograms(search, [SERVER, SQL_TOOL], (directory) => buildInto(go, directory, search));
  } catch (error) {
    search.signal?.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`The Temporal server ${TEMPORAL_SERVER_VERSION} could not be built (${reason}): ${remedy}.`, {
      cause: error,
    });
  }
  return found;
}

async function buildInto(go: string, directory: string, search: ProgramSearch): Promise<void> {
  const what = `the Temporal server ${TEMPORAL_SERVER_VERSION}`;
  await buildWithGo(go, { what, packages: TEMPORAL_SERVER_GO_PACKAGES }, directory, search);
  // Go names a program after the directory of its source.
  renameSync(join(directory, fileNameOf('server')), join(directory, SERVER.name));
  renameSync(join(directory, fileNameOf('sql')), join(directory, SQL_TOOL.name));
}
