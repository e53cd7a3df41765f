/**
 * The tests of the programs in docs/clients: each runs against a real API behind a proxy that answers in its place or loses its
 * answers. Afterwards exactly the wanted licenses exist, and the program has printed their keys.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startTestApi } from './api';
import type { TestApi } from './api';
import { addCatalogue, addContract } from './catalogue';
import { addContractKey } from './contract-keys';
import { startFaultyProxy } from './faulty-proxy';
import type { FaultyProxy } from './faulty-proxy';
import { makeRunDirectory } from './run-directory';

interface Run {
  code: number | null;
  /** The printed keys. */
  keys: string[];
  stderr: string;
  /** The seconds of each wait. */
  waits: number[];
}

/** The programs send a request at most this often. */
const TRIES_MAX = 6;
/** The time limit of one try. It passes only in the test in which the API stays silent. */
const TIMEOUT_SECONDS = 3;
const PROGRAM_TIMEOUT_MS = 60_000;
const GENERATE = /\/generate$/;

/** Replacements of the waiting functions of the shell, Python and Node, by file. They write down the seconds instead. */
const WAITING = {
  sleep: '#!/bin/sh\necho "$1" >> "$WAITS_FILE"\n',
  'sitecustomize.py':
    'import os, time\ntime.sleep = lambda seconds: print(seconds, file=open(os.environ["WAITS_FILE"], "a"))\n',
  'waits.cjs': `require('node:timers/promises').setTimeout = async (ms) =>
    require('node:fs').appendFileSync(process.env.WAITS_FILE, ms / 1000 + '\\n');\n`,
};

const problem = (status: number, code: string, headers: Record<string, string> = {}) => ({
  status,
  headers,
  body: { status, code, detail: `The remedy of ${code}.`, request_id: 'proxied' },
});
const RATE_LIMITED = problem(429, 'RATE_LIMITED', { 'Retry-After': '7' });
const UNAVAILABLE = problem(503, 'DATABASE_UNAVAILABLE');

/** Declares the tests of a program, which is started by this command. */
export function testClientProgram(command: readonly string[]): void {
  let api: TestApi;
  let proxy: FaultyProxy;
  let directory: string;
  let contract: { id: string; key: string };

  beforeAll(async () => {
    api = await startTestApi({ worker: true });
    directory = makeRunDirectory('client');
    for (const [file, text] of Object.entries(WAITING)) writeFileSync(join(directory, file), text);
    chmodSync(join(directory, 'sleep'), 0o755);
  });
  afterAll(async () => {
    await api.close();
    rmSync(directory, { recursive: true, force: true });
  });
  beforeEach(async () => {
    proxy = await startFaultyProxy(api.url);
    const { id } = await addContract(api, await addCatalogue(api), { quota: 500 });
    contract = { id, key: await addContractKey(api, id) };
  });
  afterEach(() => proxy.close());

  function run(...args: string[]): Promise<Run> {
    return runWith({}, ...args);
  }

  /** Runs the program with other settings. */
  async function runWith(settings: Record<string, string>, ...args: string[]): Promise<Run> {
    const waits_file = join(directory, 'waits.txt');
    rmSync(waits_file, { force: true });
    const { PATH = '', HOME = '' } = process.env;
    const child = spawn(command[0] ?? '', [...command.slice(1), ...args], {
      env: {
        PATH: `${directory}:${PATH}`,
        HOME,
        PYTHONPATH: directory,
        NODE_OPTIONS: `--require ${join(directory, 'waits.cjs')}`,
        WAITS_FILE: waits_file,
        COVENANT_URL: proxy.url,
        COVENANT_CONTRACT_ID: contract.id,
        COVENANT_API_KEY: contract.key,
        COVENANT_TIMEOUT_SECONDS: String(TIMEOUT_SECONDS),
        ...settings,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: PROGRAM_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    const waited = existsSync(waits_file) ? readFileSync(waits_file, 'utf8').trim().split('\n').map(Number) : [];
    return { code, keys: stdout.split('\n').filter(Boolean), stderr, waits: waited };
  }

  /** Expects that the program succeeded, that exactly `count` licenses exist, and that it printed their keys in order. */
  async function expectLicenses({ code, keys, stderr }: Run, count: number): Promise<void> {
    const rows = await api.sql<{ key: string }[]>`
      SELECT key FROM issued_licenses WHERE contract_id = ${contract.id} ORDER BY id`;
    expect([code, stderr, rows.length]).toEqual([0, expect.any(String), count]);
    expect(keys).toEqual(rows.map(({ key }) => key));
  }

  const triesToGenerate = () => proxy.requests.filter(({ path }) => GENERATE.test(path));
  const idempotencyKeys = () => new Set(triesToGenerate().map(({ idempotency_key }) => idempotency_key));

  test('prints the keys of the licenses, and uses a new idempotency key for each request', async () => {
    const first = await run('2');
    await expectLicenses(first, 2);
    const second = await run('1');
    await expectLicenses({ ...second, keys: [...first.keys, ...second.keys] }, 3);
    expect([...idempotencyKeys()]).toEqual([expect.stringMatching(/^.{32,}$/), expect.stringMatching(/^.{32,}$/)]);
    expect([first.waits, second.waits]).toEqual([[], []]);
  });

  test('names the setting that is missing, and sends nothing', async () => {
    for (const name of ['COVENANT_URL', 'COVENANT_CONTRACT_ID', 'COVENANT_API_KEY']) {
      const { code, stderr, waits } = await runWith({ [name]: '' }, '1');
      expect([code, stderr.trim().split('\n').length, waits]).toEqual([1, 1, []]);
      expect(stderr).toContain(`${name}: is not set`);
    }
    const { code, stderr } = await run();
    expect([code, stderr]).toEqual([1, expect.stringContaining('How many licenses?')]);
    expect(proxy.requests).toEqual([]);
  });

  test('with the idempotency key of an earlier request, prints its licenses and generates none', async () => {
    const first = await run('2', 'order-1042');
    const second = await run('2', 'order-1042');
    expect(second.keys).toEqual(first.keys);
    await expectLicenses(second, 2);
    expect([...idempotencyKeys()]).toEqual(['order-1042']);
  });

  test('waits as Retry-After says, and tries again with the same idempotency key', async () => {
    proxy.fail(GENERATE, RATE_LIMITED, problem(409, 'IDEMPOTENCY_IN_PROGRESS', { 'Retry-After': '1' }));
    const result = await run('3');
    await expectLicenses(result, 3);
    expect(result.waits).toEqual([7, 1]);
    expect(result.stderr).toContain('RATE_LIMITED: The remedy of RATE_LIMITED. (request proxied). Next try in 7 s.');
    expect([triesToGenerate().length, idempotencyKeys().size]).toEqual([3, 1]);
  });

  test('without Retry-After, waits longer after each 502, 503 and 504', async () => {
    proxy.fail(GENERATE, UNAVAILABLE, { status: 502, body: '<h1>Bad gateway</h1>' }, { status: 504, body: '' });
    const result = await run('3');
    await expectLicenses(result, 3);
    expect(result.waits).toHaveLength(3);
    for (const [index, seconds] of result.waits.entries()) {
      expect(seconds).toBeGreaterThanOrEqual(1);
      expect(seconds).toBeLessThanOrEqual(2 ** (index + 1));
    }
    expect([triesToGenerate().length, idempotencyKeys().size]).toEqual([4, 1]);
  });

  test.each(['dropped', 'cut', 'silent'] as const)(
    'when the answer is %s after the licenses exist, prints them and generates no other',
    async (fault) => {
      proxy.fail(GENERATE, fault);
      const result = await run('3');
      await expectLicenses(result, 3);
      expect(triesToGenerate().length).toBeGreaterThan(1);
      expect(idempotencyKeys().size).toBe(1);
    },
  );

  test('gives up after six tries, with the last refusal and the idempotency key', async () => {
    proxy.fail(GENERATE, ...new Array<typeof UNAVAILABLE>(TRIES_MAX).fill(UNAVAILABLE));
    const result = await run('3', 'order-1043');
    expect([result.code, result.keys]).toEqual([1, []]);
    expect(result.stderr).toContain('Gave up after 6 tries. DATABASE_UNAVAILABLE: The remedy of DATABASE_UNAVAILABLE.');
    expect(result.stderr).toContain('With the idempotency key order-1043,');
    expect([triesToGenerate().length, result.waits.length]).toEqual([TRIES_MAX, TRIES_MAX - 1]);
  });

  test('does not wait for more than an hour', async () => {
    proxy.fail(GENERATE, problem(429, 'RATE_LIMITED', { 'Retry-After': '3601' }));
    const result = await run('3');
    expect([result.code, result.keys, result.waits]).toEqual([1, [], []]);
    expect(result.stderr).toContain('RATE_LIMITED: ');
  });

  test('does not repeat a request that cannot succeed, and prints the code and the remedy', async () => {
    const result = await run('50000');
    expect([result.code, result.keys, result.waits]).toEqual([1, [], []]);
    expect(result.stderr).toMatch(
      /^QUOTA_EXCEEDED: Quota exceeded: 50000 requested, .* ask the vendor to raise the quota\. \(request /,
    );
    expect(triesToGenerate()).toHaveLength(1);
  });

  test('follows a job to its end and reads its licenses by pages, also when answers are lost', async () => {
    proxy.fail(GENERATE, 'dropped');
    proxy.fail(/\/jobs\//, 'cut', UNAVAILABLE);
    proxy.fail(/\/licenses\?/, 'cut', 'dropped');
    await expectLicenses(await run('250'), 250);
    const pages = proxy.requests.filter(({ path }) => path.includes('/licenses?'));
    expect(pages).toHaveLength(3 + 2);
  });

  test('a job that does not succeed is an error that says what exists', async () => {
    const state = { state: 'PARTIAL', requested: 250, completed: 200, finished_at: '2027-01-01T00:00:00.000Z' };
    proxy.fail(/\/jobs\//, { status: 200, headers: { 'content-type': 'application/json' }, body: state });
    const result = await run('250');
    expect([result.code, result.keys]).toEqual([1, []]);
    expect(result.stderr).toMatch(/^The job .{36} ended PARTIAL with 200 of 250 licenses\./);
  });
}
