/**
 * The programs other than Node that the external tests need (`npm run test:external`), how each is found, and how CI
 * installs it.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { loadStackConfig } from '../config';

/** A program other than Node. */
export interface ExternalTool {
  /** The name that tests use. */
  name: string;
  /** The possible file names of the program. The first one that is found is used. */
  programs: readonly string[];
  /** The command that prints the version. `PROGRAM` is replaced by the path of the program. */
  versionCommand: readonly string[];
  /** Finds the version in the output. */
  versionPattern: RegExp;
  /** The oldest version with which the tests were run. */
  versionMin: string;
  /**
   * The command that installs the tool, for CI and for developers. `INSTALL_DIRECTORY` is replaced by the directory of
   * programs in the cache.
   */
  install: readonly string[];
}

const PROGRAM = 'PROGRAM';
const INSTALL_DIRECTORY = 'INSTALL_DIRECTORY';
/** Time limit for printing the version. */
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
    // The program does not print its own version.
    versionCommand: ['go', 'version', '-m', PROGRAM],
    versionPattern: /stripe-mock\s+v([\d.]+)/,
    versionMin: '0.203.0',
    install: ['env', `GOBIN=${INSTALL_DIRECTORY}`, 'go', 'install', 'github.com/stripe/stripe-mock@v0.203.0'],
  },
  {
    name: 'curl',
    programs: ['curl'],
    versionCommand: [PROGRAM, '--version'],
    versionPattern: /curl ([\d.]+)/,
    versionMin: '7.88.1',
    install: ['apt-get', 'install', '--yes', '--no-install-recommends', 'curl'],
  },
  {
    name: 'jq',
    programs: ['jq'],
    versionCommand: [PROGRAM, '--version'],
    versionPattern: /jq-([\d.]+)/,
    versionMin: '1.6',
    install: ['apt-get', 'install', '--yes', '--no-install-recommends', 'jq'],
  },
  {
    name: 'python',
    programs: ['python3'],
    versionCommand: [PROGRAM, '--version'],
    versionPattern: /Python ([\d.]+)/,
    versionMin: '3.9',
    install: ['apt-get', 'install', '--yes', '--no-install-recommends', 'python3'],
  },
  {
    name: 'schemathesis',
    programs: ['schemathesis'],
    versionCommand: [PROGRAM, '--version'],
    versionPattern: /schemathesis, version ([\d.]+)/,
    versionMin: '4.32.5',
    install: [
      'sh',
      '-c',
      `python3 -m venv ${INSTALL_DIRECTORY}/../schemathesis && ${INSTALL_DIRECTORY}/../schemathesis/bin/pip install --quiet schemathesis==4.32.5 && mkdir -p ${INSTALL_DIRECTORY} && ln -sf ../schemathesis/bin/schemathesis ${INSTALL_DIRECTORY}/schemathesis`,
    ],
  },
  {
    // Python with a JOSE library of its own.
    name: 'jose-python',
    programs: ['covenant-jose-python'],
    versionCommand: [PROGRAM, '-c', 'import jwt; print("PyJWT", jwt.__version__)'],
    versionPattern: /PyJWT ([\d.]+)/,
    versionMin: '2.10.1',
    install: [
      'sh',
      '-c',
      `python3 -m venv ${INSTALL_DIRECTORY}/../jose-python && ${INSTALL_DIRECTORY}/../jose-python/bin/pip install --quiet 'PyJWT[crypto]==2.10.1' && ${putScript('covenant-jose-python', `exec ${INSTALL_DIRECTORY}/../jose-python/bin/python "$@"`)}`,
    ],
  },
  {
    // Python with the library for Standard Webhooks.
    name: 'standardwebhooks-python',
    programs: ['covenant-standardwebhooks-python'],
    versionCommand: [
      PROGRAM,
      '-c',
      'import importlib.metadata as m; print("standardwebhooks", m.version("standardwebhooks"))',
    ],
    versionPattern: /standardwebhooks ([\d.]+)/,
    versionMin: '1.0.0',
    install: [
      'sh',
      '-c',
      `python3 -m venv ${INSTALL_DIRECTORY}/../standardwebhooks-python && ${INSTALL_DIRECTORY}/../standardwebhooks-python/bin/pip install --quiet standardwebhooks==1.1.0 && ${putScript('covenant-standardwebhooks-python', `exec ${INSTALL_DIRECTORY}/../standardwebhooks-python/bin/python "$@"`)}`,
    ],
  },
  {
    name: 'go',
    programs: ['go'],
    versionCommand: [PROGRAM, 'version'],
    versionPattern: /go version go([\d.]+)/,
    versionMin: '1.24',
    install: ['apt-get', 'install', '--yes', '--no-install-recommends', 'golang-go'],
  },
  {
    // Java, which needs a JDK for programs of one source file, with a JOSE library.
    name: 'jose-java',
    programs: ['covenant-jose-java'],
    versionCommand: [PROGRAM, '--version'],
    versionPattern: /(?:openjdk|java) ([\d.]+)/,
    versionMin: '17',
    install: [
      'sh',
      '-c',
      `for library in org.bitbucket.b_c:jose4j:0.9.6 org.slf4j:slf4j-api:2.0.17; do mvn --quiet org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy -Dartifact=$library -DoutputDirectory=${INSTALL_DIRECTORY}/../jose-java || exit 1; done; ${putScript('covenant-jose-java', `exec java -cp "${INSTALL_DIRECTORY}/../jose-java/*" -XX:TieredStopAtLevel=1 "$@"`)}`,
    ],
  },
] as const satisfies readonly ExternalTool[];

export type ToolName = (typeof EXTERNAL_TOOLS)[number]['name'];

/** The path of a tool's program, or why it was not found and what to do. */
type FoundTool = { found: true; path: string } | { found: false; why: string };

/** The path of a tool. Throws when it is missing, with the reason. */
export function pathOfTool(name: ToolName): string {
  const tool = EXTERNAL_TOOLS.find((one) => one.name === name) as ExternalTool;
  const result = findTool(tool);
  if (!result.found) throw new Error(result.why);
  return result.path;
}

/**
 * Searches a tool on PATH, in Debian's directories for servers, and in the cache. When it is missing or too old, the
 * result says what to run.
 */
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
    why: `${path} is ${version ?? 'of an unknown version'}, and ${tool.versionMin} or later is needed; ${remedy}`,
  };
}

/** The shell command that writes a program of one line into the directory of programs. */
function putScript(name: string, line: string): string {
  return `mkdir -p ${INSTALL_DIRECTORY} && printf '#!/bin/sh\\n%s\\n' '${line}' > ${INSTALL_DIRECTORY}/${name} && chmod +x ${INSTALL_DIRECTORY}/${name}`;
}

/** Returns the arguments of the command that installs a tool. */
export function installCommand(tool: ExternalTool): string[] {
  return tool.install.map((word) => word.replaceAll(INSTALL_DIRECTORY, installDirectory()));
}

/** The directory for programs that are not packages of the system. */
function installDirectory(): string {
  return join(loadStackConfig(process.env).cacheDir, 'bin');
}

/** Whether a version such as `1.18.0` is not older than another. */
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
