/** Checks the result of the license pool scenario through the API and SQL. */
import { z } from 'zod';
import type { Sql } from '../db/base/database';
import type { DevFile } from '../dev/dev-file';
import { assertThat, assertFields } from './scenario';
import { createScenarioClient } from './client';
import { QUOTA, type PoolResult } from './scenario-pool';

/** The largest page of the API. */
const PAGE_LICENSES = 100;

const Page = z.object({
  data: z.array(z.object({ id: z.string(), key: z.string(), ordinal: z.int() })),
  next_cursor: z.string().nullable(),
});

/** Throws ScenarioError when a license is missing or duplicated, or the quota does not match the licenses. */
export async function checkPool(
  running: DevFile,
  sql: Sql,
  result: PoolResult,
  report: (sentence: string) => void,
): Promise<void> {
  await checkByApi(running, result);
  report(`The pages of the API contain ${QUOTA} licenses with ${QUOTA} different keys and the ordinals 1 to ${QUOTA}.`);
  await checkBySql(sql, result);
  report(
    `SQL shows the same: ${QUOTA} rows, no missing ordinal, a fully claimed quota, and one additional test license.`,
  );
}

async function checkByApi({ api_url, super_admin_key }: DevFile, { job_id }: PoolResult): Promise<void> {
  const api = createScenarioClient(api_url, super_admin_key);
  const keys = new Set<string>();
  const ordinals = new Set<number>();
  let cursor: string | null = '';
  while (cursor !== null) {
    const from: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const path = `/api/v1/licenses?job_id=${job_id}&limit=${PAGE_LICENSES}${from}`;
    const page: z.infer<typeof Page> = await api.call('GET', path, { status: 200, shape: Page });
    for (const license of page.data) {
      keys.add(license.key);
      ordinals.add(license.ordinal);
    }
    if (page.data.length === 0 || keys.size > QUOTA) break;
    cursor = page.next_cursor;
  }
  const gapless = Math.min(...ordinals) === 1 && Math.max(...ordinals) === ordinals.size;
  assertThat(keys.size === QUOTA, `the API lists ${keys.size} different keys instead of ${QUOTA}`);
  assertThat(ordinals.size === QUOTA && gapless, `the API lists ${ordinals.size} ordinals with gaps or duplicates`);
}

async function checkBySql(sql: Sql, { contract_id, job_id, test_job_id }: PoolResult): Promise<void> {
  const [made] = await sql<[{ rows: number; keys: number; ordinals: number; first: number; last: number }]>`
    SELECT count(*)::int AS rows, count(DISTINCT key)::int AS keys, count(DISTINCT ordinal)::int AS ordinals,
           min(ordinal)::int AS first, max(ordinal)::int AS last
    FROM issued_licenses WHERE job_id = ${job_id}`;
  assertFields(
    made,
    { rows: QUOTA, keys: QUOTA, ordinals: QUOTA, first: 1, last: QUOTA },
    'SQL: the licenses of the job',
  );

  const [chunks] = await sql<[{ licenses: number }]>`
    SELECT sum(licenses)::int AS licenses FROM generation_chunks WHERE job_id = ${job_id}`;
  assertFields(chunks, { licenses: QUOTA }, 'SQL: the chunks of the job');

  const [quota] = await sql<[{ total: number; claimed: number }]>`
    SELECT total, claimed FROM contract_quotas WHERE contract_id = ${contract_id}`;
  assertFields(quota, { total: QUOTA, claimed: QUOTA }, 'SQL: the quota');

  const [tested] = await sql<[{ rows: number }]>`
    SELECT count(*)::int AS rows FROM issued_licenses WHERE job_id = ${test_job_id} AND is_test`;
  assertFields(tested, { rows: 1 }, 'SQL: the test license');

  const [all] = await sql<[{ rows: number }]>`
    SELECT count(*)::int AS rows FROM issued_licenses WHERE contract_id = ${contract_id}`;
  assertFields(all, { rows: QUOTA + 1 }, 'SQL: all licenses of the contract');
}
