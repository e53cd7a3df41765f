/**
 * Installs the Temporal test server that skips time. It is a Java program that Maven downloads once into the cache.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { loadStackConfig } from '../../config';
import { readLogTail, startManagedProcess } from '../../dev/managed-process';

const VERSION = '1.32.1';
const ARTIFACT = `io.temporal:temporal-test-server:${VERSION}`;
const MAIN_CLASS = 'io.temporal.testserver.TestServer';
/** The version of the logger without output that the server's libraries require. */
const LOGGER_VERSION = '1.7.36';
const PROGRAM = 'test-server';
/**
 * A server that runs for seconds starts in half the time with only Java's first compiler and the serial garbage
 * collector.
 */
const JAVA_OPTIONS = '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC';
const FETCH_STOP_GRACE_MS = 5_000;

/**
 * Returns the path of a program that runs the server. Throws an error that says what to install when Java or Maven is
 * missing. Concurrent callers each download a copy; the last renamed copy remains.
 */
export async function findTimeSkippingServer(): Promise<string> {
  requireProgram('java', 'A Java runtime is needed to run the time-skipping server');
  const home = join(loadStackConfig(process.env).cacheDir, `temporal-test-server-${VERSION}`);
  const program = join(home, PROGRAM);
  if (existsSync(program)) {
    if (readFileSync(program, 'utf8') !== script()) writeProgram(program);
    return program;
  }

  requireProgram('mvn', 'Maven is needed to download the time-skipping server');
  mkdirSync(dirname(home), { recursive: true });
  process.stderr.write(
    `Downloading ${ARTIFACT} with Maven into ${home}: this happens once and takes about half a minute.\n`,
  );
  const work = mkdtempSync(`${home}-work-`);
  try {
    writeFileSync(join(work, 'pom.xml'), pom());
    await fetchLibraries(work);
    writeProgram(join(work, PROGRAM));
    if (!existsSync(program)) {
      rmSync(home, { recursive: true, force: true });
      renameSync(work, home);
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return program;
}

async function fetchLibraries(work: string): Promise<void> {
  const logFile = join(work, 'maven.log');
  const maven = await startManagedProcess({
    name: 'maven',
    command: 'mvn',
    args: [
      '-q',
      '-B',
      '-f',
      join(work, 'pom.xml'),
      'dependency:copy-dependencies',
      `-DoutputDirectory=${join(work, 'lib')}`,
    ],
    env: process.env,
    logFile,
    stopSignal: 'SIGTERM',
    graceMs: FETCH_STOP_GRACE_MS,
  });
  const { code, signal } = await maven.exited;
  if (code !== 0) throw new Error(`Maven could not download ${ARTIFACT} (${code ?? signal}):\n${readLogTail(logFile)}`);
}

/** Writes the program. One that runs keeps the file that it was started from. */
function writeProgram(program: string): void {
  const draft = `${program}.${process.pid}`;
  writeFileSync(draft, script());
  chmodSync(draft, 0o755);
  renameSync(draft, program);
}

function requireProgram(name: string, purpose: string): void {
  if (spawnSync(name, ['-version'], { stdio: 'ignore' }).error === undefined) return;
  throw new Error(
    `${purpose}, and there is no \`${name}\` on PATH: install it (on Debian: apt-get install default-jre-headless maven).`,
  );
}

/**
 * The script finds the libraries in its own directory, because the directory is renamed. A watcher process waits for
 * the test process to end: the SDK stops the server cleanly, but not when the test process is killed.
 */
function script(): string {
  return `#!/bin/sh
starter=$PPID
server=$$
(while kill -0 "$starter" && kill -0 "$server"; do sleep 1; done; kill -9 "$server") </dev/null >/dev/null 2>&1 &
exec java ${JAVA_OPTIONS} -cp "$(dirname "$0")/lib/*" ${MAIN_CLASS} "$@"
`;
}

function pom(): string {
  const [group, artifact, version] = ARTIFACT.split(':');
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>covenant</groupId>
  <artifactId>time-skipping-server</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>${LOGGER_VERSION}</version></dependency>
  </dependencies>
</project>
`;
}
