import { createStartDescriber } from '../../temporal/describe-start';
import type { Titles } from '../../temporal/describe-start';
import { contractStart } from '../../temporal/start';
import { taskQueues } from '../../temporal/task-queues';

const publicUrl = 'https://covenant.example';
const ID = '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f';

const TITLES: Titles = {
  contracts: async (ids) =>
    new Map(ids.map((id) => [id, { name: 'TechReseller Inc - Q1 2026', type: 'reseller', environment: 'production' }])),
  jobs: async () => new Map(),
  testClocks: async () => new Map(),
};

/** The summary of the contract's workflow. */
async function summaryWith(titles: Titles | undefined): Promise<string> {
  const described = await createStartDescriber({ publicUrl, titles }).contracts([ID]);
  return contractStart(ID, taskQueues('covenant'), { description: described(ID) }).staticSummary;
}

test('a start shows the title of its contract and links to it in the API', async () => {
  expect(await summaryWith(TITLES)).toBe('TechReseller Inc - Q1 2026 (reseller, production)');
  const described = await createStartDescriber({ publicUrl, titles: TITLES }).contracts([ID]);
  expect(described(ID).staticDetails).toBe(
    `[Contract](${publicUrl}/api/v1/contracts/${ID}) · [activity](${publicUrl}/api/v1/contracts/${ID}/activity) · ` +
      `[timeline](${publicUrl}/api/v1/contracts/${ID}/timeline) · [jobs](${publicUrl}/api/v1/jobs?contract_id=${ID})`,
  );
});

test.each<[string, Titles['contracts']]>([
  ['cannot be read', () => Promise.reject(new Error('the connection was lost'))],
  ['are not read in time', () => new Promise(() => undefined)],
  ['belong to deleted contracts', async () => new Map()],
])('when titles %s, the id describes a start', async (_what, contracts) => {
  expect(await summaryWith({ ...TITLES, contracts })).toBe(`Contract ${ID}`);
});

test('when names must not appear in Temporal, the id describes a start', async () => {
  expect(await summaryWith(undefined)).toBe(`Contract ${ID}`);
});
