/**
 * The production server of Temporal is built once, sets up its tables in the stack's own Postgres, and listens only on
 * 127.0.0.1. The suite does not build it: programs of the same names record how they are called.
 */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import postgres from 'postgres';
import { parse } from 'yaml';
import { reservePort } from '../../dev/ports';
import type { ProgramSearch } from '../../dev/program-cache';
import { releasePorts, reserveServicePorts } from '../../dev/stack-ports';
import { planTemporalOnPostgres } from '../../dev/temporal-on-postgres';
import { findTemporalServer, TEMPORAL_SERVER_GO_PACKAGES } from '../../dev/temporal-on-postgres-binary';
import type { ServicePorts } from '../../dev/temporal-on-postgres-config';
import type { TemporalServerPlan } from '../../dev/temporal-server';
import { sharedServers } from '../harness/shared-servers';
import { randomTestPort } from '../harness/test-ports';

const VERSION = '1.32.1';
const SERVER = `echo "temporal version ${VERSION}"`;
const SQL_TOOL = `echo "temporal-sql-tool version ${VERSION}"`;
const PORTS: ServicePorts = {
  frontend: { grpc: 21_000, membership: 21_001 },
  history: { grpc: 21_002, membership: 21_003 },
  matching: { grpc: 21_004, membership: 21_005 },
  worker: { grpc: 21_006, membership: 21_007 },
};

let directory: string;
let reported: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'temporal-on-postgres-'));
  reported = [];
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function program(into: string, name: string, script: string): string {
  const file = join(into, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

function cached(): { server: string; sqlTool: string } {
  const bin = join(directory, 'cache', 'bin');
  return { server: join(bin, `temporal-server-${VERSION}`), sqlTool: join(bin, `temporal-sql-tool-${VERSION}`) };
}

function search(): ProgramSearch {
  return {
    cacheDir: join(directory, 'cache'),
    env: { PATH: [join(directory, 'bin'), '/usr/bin', '/bin'].join(':') },
    report: (sentence) => reported.push(sentence),
  };
}

describe('the programs', () => {
  /** A `go` that installs these scripts. */
  function goThatBuilds(server: string, sqlTool: string): void {
    const install = (name: string, script: string): string =>
      `printf '#!/bin/sh\\n%s\\n' '${script}' > "$GOBIN/${name}"`;
    const expected = `install -v ${TEMPORAL_SERVER_GO_PACKAGES.join(' ')}`;
    program(
      directory,
      'bin/go',
      [`[ "$*" = "${expected}" ] || exit 2`, install('server', server), install('sql', sqlTool)].join('\n'),
    );
  }

  test('are built once with Go and stored in the cache', async () => {
    goThatBuilds(SERVER, SQL_TOOL);
    expect(await findTemporalServer(search())).toEqual(cached());
    expect(reported).toEqual([
      `Building the Temporal server ${VERSION} with Go into ${join(directory, 'cache', 'bin')}: this happens once and takes several minutes.`,
    ]);
    program(directory, 'bin/go', 'exit 1');
    expect(await findTemporalServer(search())).toEqual(cached());
  });

  test('are built again when the cache has only one of them', async () => {
    goThatBuilds(SERVER, SQL_TOOL);
    program(directory, `cache/bin/temporal-server-${VERSION}`, SERVER);
    expect(await findTemporalServer(search())).toEqual(cached());
    expect(reported).toHaveLength(1);
  });

  test('of another version are not stored', async () => {
    goThatBuilds('echo "temporal version 1.29.1"', SQL_TOOL);
    await expect(findTemporalServer(search())).rejects.toThrow('the program does not run on this machine');
    expect(readdirSync(join(directory, 'cache', 'bin'))).toEqual([]);
  });

  const remedy =
    'install Go 1.26.8 or later (https://go.dev/dl/) and put it on PATH, or use the development server of Temporal.';

  test('are not found without Go, and the error says what to do', async () => {
    await expect(findTemporalServer({ ...search(), env: { PATH: join(directory, 'bin') } })).rejects.toThrow(
      `The Temporal server ${VERSION} must be built, but Go was not found: ${remedy}`,
    );
  });

  test('are not built by a Go that is too old, and the error contains its reason', async () => {
    const reason = 'go: requires go >= 1.26.8 (running go 1.22.0)';
    program(directory, 'bin/go', `echo "${reason}" >&2; exit 1`);
    await expect(findTemporalServer(search())).rejects.toThrow(
      `The Temporal server ${VERSION} could not be built (go install ended with 1: ${reason}): ${remedy}`,
    );
    expect(existsSync(cached().server)).toBe(false);
  });
});

test('each service has two ports of its own, the next free ones after that of the frontend', async () => {
  const frontend = await reservePort(randomTestPort());
  const { ports, reserved } = await reserveServicePorts(frontend);
  expect(Object.keys(ports).sort()).toEqual(['frontend', 'history', 'matching', 'worker']);
  const chosen = Object.values(ports).flatMap(({ grpc, membership }) => [grpc, membership]);
  expect(new Set(chosen).size).toBe(8);
  expect(chosen.filter((port) => port !== frontend.port).sort()).toEqual(reserved.map(({ port }) => port).sort());
  expect(Math.min(...reserved.map(({ port }) => port))).toBeGreaterThan(frontend.port);
  await releasePorts([frontend, ...reserved]);
});

describe('the server', () => {
  const DATABASES = ['temporal', 'temporal_visibility'];
  const url = new URL(sharedServers().postgres_url);
  const password = decodeURIComponent(url.password);
  let planned: TemporalServerPlan;
  let dataDir: string;

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'temporal-server-'));
    planned = await plan(dataDir, 'exit 0');
  });
  afterAll(async () => {
    rmSync(dataDir, { recursive: true, force: true });
    const sql = postgres(url.href, { max: 1, onnotice: () => undefined });
    for (const name of DATABASES) await sql`DROP DATABASE IF EXISTS ${sql(name)}`;
    await sql.end();
  });

  /** Plans the server with a schema tool that runs this script after it has recorded its call. */
  function plan(into: string, script: string): Promise<TemporalServerPlan> {
    const sqlTool = program(into, 'sql-tool', `echo "$SQL_USER $SQL_PASSWORD $*" >> "${into}/calls"\n${script}`);
    return planTemporalOnPostgres({
      programs: { server: '/cache/temporal-server', sqlTool },
      postgresUrl: url.href,
      ports: PORTS,
      namespace: 'default',
      directory: into,
      logFile: join(into, 'logs', 'temporal.log'),
      dynamicConfig: { 'limit.historyCount.suggestContinueAsNew': 60 },
    });
  }

  /** Reads a file of the configuration, which only its owner may read. */
  function readYaml(name: string): Record<string, unknown> {
    const file = join(dataDir, name);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    return parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  }

  test('has two databases with its tables, and the password is in no argument', async () => {
    const sql = postgres(url.href, { max: 1 });
    const databases = await sql`SELECT datname FROM pg_database WHERE datname LIKE 'temporal%' ORDER BY datname`;
    await sql.end();
    expect(databases.map(({ datname }) => datname as string)).toEqual(DATABASES);

    const tool = `--plugin postgres12 --endpoint 127.0.0.1 --port ${url.port} --database`;
    const calls = readFileSync(join(dataDir, 'calls'), 'utf8').trimEnd().split('\n');
    expect(calls).toEqual(
      [
        `${tool} temporal setup-schema --version 0.0`,
        `${tool} temporal update-schema --schema-name postgresql/v12/temporal`,
        `${tool} temporal_visibility setup-schema --version 0.0`,
        `${tool} temporal_visibility update-schema --schema-name postgresql/v12/visibility`,
      ].map((args) => `${url.username} ${password} ${args}`),
    );
    expect([planned.spec.command, ...planned.spec.args]).toEqual([
      '/cache/temporal-server',
      '--config-file',
      join(dataDir, 'temporal-server.yaml'),
      '--allow-no-auth',
      'start',
    ]);
  });

  test('listens only on 127.0.0.1, and stores workflows and visibility in Postgres', () => {
    expect(planned.address).toBe('127.0.0.1:21000');
    const config = readYaml('temporal-server.yaml');
    const rpc = ({ grpc, membership }: { grpc: number; membership: number }) => ({
      rpc: { grpcPort: grpc, membershipPort: membership, bindOnIP: '127.0.0.1' },
    });
    expect(config['services']).toEqual({
      frontend: rpc(PORTS.frontend),
      history: rpc(PORTS.history),
      matching: rpc(PORTS.matching),
      worker: rpc(PORTS.worker),
    });
    const address = { connectAddr: `127.0.0.1:${url.port}`, user: url.username, password };
    expect(config['persistence']).toMatchObject({
      defaultStore: 'default',
      visibilityStore: 'visibility',
      datastores: {
        default: { sql: { pluginName: 'postgres12', databaseName: 'temporal', ...address } },
        visibility: { sql: { pluginName: 'postgres12', databaseName: 'temporal_visibility', ...address } },
      },
    });
    // Neither metrics nor a profiler, which would listen on ports that the stack does not choose.
    expect(config['global']).toEqual({ membership: { maxJoinDuration: '30s', broadcastAddress: '127.0.0.1' } });
    expect(config['dynamicConfigClient']).toMatchObject({ filepath: join(dataDir, 'temporal-dynamic-config.yaml') });
  });

  test('has the dynamic configuration of the development server and of the stack', () => {
    expect(readYaml('temporal-dynamic-config.yaml')).toEqual({
      'system.enableActivityEagerExecution': [{ value: true }],
      'frontend.WorkerHeartbeatsEnabled': [{ value: true }],
      'frontend.ListWorkersEnabled': [{ value: true }],
      'frontend.namespaceRPS.visibility': [{ value: 100 }],
      'limit.historyCount.suggestContinueAsNew': [{ value: 60 }],
    });
  });

  test('is not started when its tables cannot be set up, and the error contains the reason', async () => {
    await expect(plan(directory, 'echo "Unable to setup SQL schema." >&2; exit 1')).rejects.toThrow(
      'temporal-sql-tool setup-schema ended with 1: Unable to setup SQL schema.',
    );
  });
});
