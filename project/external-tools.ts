/**
 * The programs beside Node that the external tests need (`npm run test:external`): how each is found, and how CI installs it.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { loadStackConfig } from '../config';

/** A program beside Node. */
export interface ExternalTool {
  /** What a test asks for. */
  name: string;
  /** The names of its program, the first that is found wins. */
  programs: readonly string[];
  /** The command that prints its version. `PROGRAM` in it is the path of the program. */
  versionCommand: readonly string[];
  /** Finds the version in what was printed. */
  versionPattern: RegExp;
  /** The least version that the tests were run with. */
  versionMin: string;
  /** What installs it in CI, and what a person is told to run. `INSTALL_DIRECTORY` in it is that of programs in the cache. */
  install: readonly string[];
}

const PROGRAM = 'PROGRAM';
const INSTALL_DIRECTORY = 'INSTALL_DIRECTORY';
/** How long a program may take to print its version. */
const VERSION_TIMEOUT_MS = 30_000;

export const EXTERNAL_TOOLS = [
  {
    name: 'pgbouncer',
    programs: ['pgbouncer'],
    versionCommand: [PROGRAM, '--version'],
    versionPattern: /PgBouncer ([\d.]+)/,
    versionMin: '1.18.0',
    install: ['apt-get', 'install', '--yes', '--no-install-recommends', 'pgbouncer'],
  },
  {
    name: 'chromium',
    programs: ['chromium', 'chromium-browser', 'google-chrome'],
    versionCommand: [PROGRAM, '--version'],
    versionPattern: /Chrom(?:ium|e) ([\d.]+)/,
    versionMin: '120.0',
    install: ['apt-get', 'install', '--yes', '--no-install-recommends', 'chromium'],
  },
  {
    name: 'stripe-mock',
    programs: ['stripe-mock'],
    // It does not know its own version.
    versionCommand: ['go', 'version', '-m', PROGRAM],
    versionPattern: /stripe-mock\s+v([\d.]+)/,
    versionMin: '0.203.0',
    install: ['env', `GOBIN=${INSTALL_DIRECTORY}`, 'go', 'install', 'github.com/stripe/stripe-mock@v0.203.0'],
  },
] as const satisfies readonly ExternalTool[];

export type ToolName = (typeof EXTERNAL_TOOLS)[number]['name'];

/** The path of a tool's program, or what to do about it. */
type FoundTool = { found: true; path: string } | { found: false; why: string };

/** Looks for a tool on PATH, where Debian has servers, and in the cache. Says what to run when it is missing or too old. */
export function findTool(tool: ExternalTool): FoundTool {
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', installDirectory()];
  const path = directories
    .flatMap((directory) => tool.programs.map((program) => join(directory, program)))
    .find(isExecutable);
  const remedy = `install it: ${installCommand(tool).join(' ')}`;
  if (path === undefined) return { found: false, why: `${tool.name} is not installed; ${remedy}` };
  const [command = '', ...args] = tool.versionCommand.map((word) => word.replace(PROGRAM, path));
  const { stdout } = spawnSync(command, args, { encoding: 'utf8', timeout: VERSION_TIMEOUT_MS });
  const version = tool.versionPattern.exec(stdout ?? '')?.[1];
  if (version !== undefined && isAtLeast(version, tool.versionMin)) return { found: true, path };
  return {
    found: false,
    why: `${path} is ${version ?? 'of no known version'}, and ${tool.versionMin} is needed; ${remedy}`,
  };
}

/** The words of the command that installs a tool. */
export function installCommand(tool: ExternalTool): string[] {
  return tool.install.map((word) => word.replace(INSTALL_DIRECTORY, installDirectory()));
}

/** Where programs are put that the system's packages do not have. */
function installDirectory(): string {
  return join(loadStackConfig(process.env).cacheDir, 'bin');
}

/** Whether a version such as `1.18.0` is not below another. */
function isAtLeast(version: string, least: string): boolean {
  return version.localeCompare(least, 'en', { numeric: true }) >= 0;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
