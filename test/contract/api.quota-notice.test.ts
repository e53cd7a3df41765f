/** A quota is used up and raised over HTTP: what the contract, the lists and the events show meanwhile (workflows 4 and 5 of the source). */
import { countWarnings } from '../../db/contract/contract';
import { forecastQuotas } from '../../transactions/metric/forecast-quotas';
import { startTestApi } from '../harness/api';
import type { TestApi } from '../harness/api';
import { addCatalogue, addContract } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { dateInDays } from '../harness/contract-states';
import { listAuditActions } from '../harness/contract-rows';
import { expectInvariants } from '../harness/invariants';
import { rowsOf } from '../harness/walk-pages';

let api: TestApi;
let catalogue: TestCatalogue;
beforeAll(async () => {
  api = await startTestApi({ worker: true });
  catalogue = await addCatalogue(api);
});
afterAll(async () => {
  await expectInvariants(api.sql);
  await api.close();
});

const generate = (id: string, count: number) => api.call('POST', `/contracts/${id}/generate`, { body: { count } });
const patch = (id: string, body: object) => api.call('PATCH', `/contracts/${id}`, { body });
const read = async (id: string): Promise<any> => (await api.call('GET', `/contracts/${id}`)).body;
const eventsOf = async (id: string): Promise<any[]> =>
  rowsOf<any>(await api.call('GET', `/contracts/${id}/events`)).reverse();

/** The contracts of this name with a warning, as a list shows them. */
async function listed(name: string, warning: string): Promise<any[]> {
  return rowsOf<any>(await api.call('GET', `/contracts?search=${name}&warning=${warning}`));
}

/** How many contracts have a warning, as the metrics count them. */
async function counted(warning: string): Promise<number | undefined> {
  const { warnings } = await countWarnings(api.sql, new Date().toISOString());
  return warnings.find((one) => one.warning === warning)?.contracts;
}

test('a reseller uses its quota, is warned about, and goes on when the quota is raised for the next quarter', async () => {
  const { id } = await addContract(api, catalogue, { quota: 20, name: 'quarterly' });
  await generate(id, 15);
  expect(await read(id)).toMatchObject({ warnings: [], quota: { runs_out_on: null } });
  await generate(id, 1);
  expect(await read(id)).toMatchObject({ warnings: ['QUOTA_NEARLY_USED'], quota: { remaining: 4 } });
  expect(await listed('quarterly', 'QUOTA_NEARLY_USED')).toMatchObject([{ id, warnings: ['QUOTA_NEARLY_USED'] }]);
  expect(await listed('quarterly', 'QUOTA_USED')).toEqual([]);
  await generate(id, 4);
  expect(await read(id)).toMatchObject({ warnings: ['QUOTA_USED'], status: 'active' });
  expect(await listed('quarterly', 'QUOTA_USED')).toMatchObject([{ id, warnings: ['QUOTA_USED'] }]);
  expect(await listed('quarterly', 'QUOTA_NEARLY_USED')).toEqual([]);
  expect([await counted('QUOTA_USED'), await counted('QUOTA_NEARLY_USED')]).toEqual([1, 0]);
  expect((await generate(id, 1)).status).toBe(409);

  const raised = await patch(id, { quota: 50, quota_label: 'Q2' });
  expect(raised.body).toMatchObject({ warnings: [], quota: { total: 50, remaining: 30 } });
  expect((await generate(id, 1)).status).toBe(201);
  const events = await eventsOf(id);
  expect(events.map(({ type, data }) => [type, data.threshold ?? data.message])).toEqual([
    ['contract.created', undefined],
    ['license.batch_generated', undefined],
    ['license.batch_generated', undefined],
    ['quota.threshold_reached', 80],
    ['license.batch_generated', undefined],
    ['quota.threshold_reached', 100],
    ['contract.updated', undefined],
    ['quota.granted', 'Q2 quota activated: 30 licenses available'],
    ['license.batch_generated', undefined],
  ]);
  expect(await listAuditActions(api.sql, id)).toEqual(['contract.created', 'contract.updated']);
});

test('a contract that generates nothing has no warning about its quota', async () => {
  const { id } = await addContract(api, catalogue, { quota: 5, name: 'single order' });
  await generate(id, 5);
  expect((await read(id)).warnings).toEqual(['QUOTA_USED']);
  const paused = await api.call('POST', `/contracts/${id}/pause`, { body: { reason: 'completed' } });
  expect(paused.body).toMatchObject({ status: 'inactive', warnings: [] });
  expect(await listed('single order', 'QUOTA_USED')).toEqual([]);
});

test('a raise by an amendment of today is one event with its note as label', async () => {
  const { id } = await addContract(api, catalogue, { quota: 5 });
  const body = { effective_date: dateInDays(0), changes: { quota_add: 7 }, note: 'Summer' };
  expect((await api.call('POST', `/contracts/${id}/amendments`, { body })).status).toBe(201);
  const granted = (await eventsOf(id)).filter(({ type }) => type === 'quota.granted');
  expect(granted.map(({ data }) => [data.amount, data.total, data.message])).toEqual([
    [7, 12, 'Summer quota activated: 12 licenses available'],
  ]);
});

test('a quota that runs out within a week is shown with the day', async () => {
  const { id } = await addContract(api, catalogue, { quota: 10, name: 'soon' });
  await generate(id, 8);
  // Eight licenses on the days before leave two for a week.
  await api.sql`UPDATE contracts SET activated_at = activated_at - interval '29 days' WHERE id = ${id}`;
  await api.sql`UPDATE generation_jobs SET created_at = created_at - interval '2 days' WHERE contract_id = ${id}`;
  const [{ now }] = await api.sql<[{ now: string }]>`SELECT now()`;
  await forecastQuotas(api.sql, now, () => true);
  const shown = await read(id);
  expect(shown).toMatchObject({
    warnings: ['QUOTA_NEARLY_USED', 'QUOTA_RUNS_OUT'],
    quota: { runs_out_on: dateInDays(7) },
  });
  const [row] = await listed('soon', 'QUOTA_RUNS_OUT');
  expect(row).toMatchObject({ id, warnings: shown.warnings, quota: shown.quota });
  expect((await eventsOf(id)).at(-1)).toMatchObject({
    type: 'quota.runs_out_soon',
    data: { contract_id: id, in_days: 7, runs_out_on: dateInDays(7), total: 10, claimed: 8, remaining: 2 },
  });
});
