/**
 * The key of a contract never sees a byte of another contract: every operation is called with it, with every id of the other
 * contract in the path, the query and the body.
 */
import { ROUTES } from '../../api/routes';
import type { Route } from '../../api/http/route';
import { startTestApi } from '../harness/api';
import type { TestApi } from '../harness/api';
import { addCatalogue, addContract } from '../harness/catalogue';
import { addContractKey } from '../harness/contract-keys';

interface Partner {
  contract_id: string;
  key: string;
  /** Ids of what belongs to the contract, by which a request can ask for it. */
  ids: string[];
  /** Texts that occur only in what belongs to the contract. */
  marks: string[];
}

let api: TestApi;
let own: Partner;
let other: Partner;

beforeAll(async () => {
  api = await startTestApi();
  [own, other] = [await addPartner('Alder'), await addPartner('Birch')];
});
afterAll(() => api.close());

/** A contract with a customer, a key, licenses, a job, refused calls, metadata and an amendment. */
async function addPartner(name: string): Promise<Partner> {
  const catalogue = await addCatalogue(api);
  const created = await api.call('POST', '/customers', {
    body: { email: `${name.toLowerCase()}@covenant.test`, name: `${name} customer` },
  });
  const contract = await addContract(api, catalogue, {
    name: `${name} contract`,
    type: 'pool',
    quota: 500,
    customer_id: created.body.id,
    metadata: { note: `${name} metadata` },
  });
  const contract_id = contract.id as string;
  const key = await addContractKey(api, contract_id);
  const generate = (count: number) => api.call('POST', `/contracts/${contract_id}/generate`, { key, body: { count } });
  const inline = (await generate(3)).body;
  const background = (await generate(200)).body;
  await generate(10_000);
  const amendment = await api.call('POST', `/contracts/${contract_id}/amendments`, {
    body: { effective_date: '2099-01-01', changes: { quota_add: 1 }, note: `${name} amendment` },
  });
  const held = await api.call('POST', `/contracts/${contract_id}/pool/grab`, {
    body: { order_ref: `${name}-1`, count: 1 },
  });
  const licenses = inline.licenses as { id: string; key: string }[];
  const ids = [
    contract_id,
    inline.job_id,
    background.job_id,
    created.body.id,
    amendment.body.id,
    catalogue.product_id,
    held.body.id,
  ];
  const marks = [name, key.split('_')[2] as string, key.slice(-4), ...licenses.map((license) => license.key)];
  return { contract_id, key, ids: [...ids, ...licenses.map(({ id }) => id)].filter(Boolean) as string[], marks };
}

/** Sends a request with the own key. A short text such as the end of a key can occur by chance, so the marks are long. */
async function expectNothingOf(partner: Partner, route: Route, path: string, body?: unknown): Promise<void> {
  const answer = await api.call(route.method.toUpperCase(), path, {
    key: own.key,
    ...(body === undefined ? {} : { body }),
  });
  const seen = partner.marks.filter((mark) => mark.length > 4 && answer.text.includes(mark));
  expect([route.operation_id, path, seen]).toEqual([route.operation_id, path, []]);
}

const bodyOf = (route: Route): unknown => {
  const [example] = Object.values(route.examples ?? route.raw_body?.examples ?? {});
  return route.body === undefined && route.raw_body === undefined ? undefined : (example ?? {});
};

test.each(ROUTES.map((route) => [route.operation_id, route] as const))(
  '%s shows nothing of another contract, whatever id a request has',
  async (_operation_id, route) => {
    const path = route.path.slice('/api/v1'.length).replace(':source', 'standard');
    const ids = path.includes('/:') ? other.ids : [other.contract_id];
    for (const id of ids) {
      const named = path.replace(/:\w+/g, id);
      await expectNothingOf(other, route, named, bodyOf(route));
      for (const parameter of ['contract_id', 'customer_id', 'search', 'id'].filter((name) => route.query?.shape[name]))
        await expectNothingOf(other, route, `${named}?${parameter}=${id}`, bodyOf(route));
    }
  },
);

test('the same calls show the own contract where its key may see it, so the marks can be found', async () => {
  const listed = await api.call('GET', '/jobs', { key: own.key });
  expect(listed.text).toContain('Alder contract');
  expect(listed.text).not.toContain('Birch');
  const usage = await api.call('GET', `/contracts/${own.contract_id}/usage`, { key: own.key });
  expect(usage.status).toBe(200);
  const job = own.ids[1] as string;
  const csv = await api.call('GET', `/jobs/${job}/licenses.csv`, { key: own.key });
  expect(csv.text).toContain(own.marks.at(-1));
});
