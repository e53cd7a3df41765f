/**
 * `allowed_actions` of contracts over HTTP: for each state and each role they match the outcome of the action. And `may_generate`,
 * which SQL statements use, matches the table of operations.
 */
import { CONTRACT_ACTIONS } from '../../api/contract/contract-actions';
import { ROUTES } from '../../api/routes';
import { CONTRACT_ACTION_NAMES } from '../../domain/contract/allowed-actions';
import type { ContractActionName } from '../../domain/contract/allowed-actions';
import { CONTRACT_STATES } from '../../domain/contract/facts';
import type { ContractState } from '../../domain/contract/facts';
import { mayGenerateIn } from '../../domain/contract/operations';
import { rolesOf } from '../../domain/access/permission';
import { ROLES } from '../../domain/access/role';
import { startTestApi } from '../harness/api';
import type { ApiAnswer, TestApi } from '../harness/api';
import { addCatalogue, addContract } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { STATE_VARIANTS, createContractIn, dateInDays } from '../harness/contract-states';
import type { StateVariant } from '../harness/contract-states';
import { expectRefusal } from '../harness/expect-refusal';
import { expectInvariants } from '../harness/invariants';

let api: TestApi;
let catalogue: TestCatalogue;

const READABLE = STATE_VARIANTS.filter((variant) => variant !== 'DELETED');
const contracts = new Map<StateVariant, string>();

beforeAll(async () => {
  api = await startTestApi({ worker: true });
  catalogue = await addCatalogue(api);
  await Promise.all(
    STATE_VARIANTS.map(async (variant) => contracts.set(variant, (await createContractIn(api, catalogue, variant)).id)),
  );
});
afterAll(async () => {
  await expectInvariants(api.sql);
  await api.close();
});

const idOf = (variant: StateVariant): string => contracts.get(variant) as string;
const read = async (id: string, key = api.keys.super_admin): Promise<any> =>
  (await api.call('GET', `/contracts/${id}`, { key })).body;

/** A call of each action, valid for any contract that allows the action. */
const CALLS: Record<ContractActionName, (contract: any) => [method: string, path: string, body: unknown]> = {
  generate: () => ['POST', '/generate', { count: 1 }],
  generate_test: () => ['POST', '/generate', { count: 1, test: true }],
  grab: () => ['POST', '/pool/grab', { order_ref: 'SO-1', count: 1 }],
  schedule: () => ['POST', '/schedules', { count: 1, every: 'P1M', from: '2027-01-01' }],
  edit_particulars: ({ name }) => ['PATCH', '', { name: `${name}, renamed` }],
  edit_terms: () => ['PATCH', '', { activation_limit: 7 }],
  edit_dates: ({ expiry_grace_days }) => ['PATCH', '', { expiry_grace_days: expiry_grace_days + 1 }],
  raise_quota: ({ quota }) => ['PATCH', '', { quota: quota.total + 1 }],
  amend: () => ['POST', '/amendments', { effective_date: dateInDays(0), changes: { renewal: { mode: 'manual' } } }],
  activate: () => ['POST', '/activate', {}],
  pause: () => ['POST', '/pause', {}],
  resume: () => ['POST', '/resume', {}],
  compliance_hold: () => ['POST', '/compliance-hold', { note: 'On a list.' }],
  compliance_release: () => ['POST', '/compliance-release', {}],
  renew: () => ['POST', '/renew', {}],
  opt_out: () => ['POST', '/opt-out', { accept_late: true }],
  terminate: () => ['POST', '/terminate', { reason: 'The customer left.' }],
  reinstate: () => ['POST', '/reinstate', {}],
  reveal_api_key: () => ['POST', '/api-key/reveal', undefined],
  rotate_api_key: () => ['POST', '/api-key/rotate', {}],
  delete: ({ name }) => ['DELETE', '', { confirm_name: name }],
};

function callAction(contract: any, action: ContractActionName, key: string, dry_run = true): Promise<ApiAnswer> {
  const [method, path, body] = CALLS[action](contract);
  // An order has no dry run. It takes nothing from a contract of another type.
  const query = dry_run && action !== 'grab' ? '?dry_run=true' : '';
  return api.call(method, `/contracts/${contract.id}${path}${query}`, { key, body });
}

const presentOutcome = ({ status, body }: ApiAnswer): true | { code: string } =>
  status < 300 ? true : { code: body.code };

describe.each(READABLE)('a contract in %s', (variant) => {
  /** The outcome of a dry run of each action. */
  async function answersTo(contract: any, actions: readonly ContractActionName[], key: string) {
    const answers = await Promise.all(
      actions.map(async (action) => [action, presentOutcome(await callAction(contract, action, key))]),
    );
    return Object.fromEntries(answers) as Record<ContractActionName, true | { code: string }>;
  }

  test('shows for each action the outcome of its dry run', async () => {
    const contract = await read(idOf(variant));
    expect(contract.allowed_actions).toEqual(await answersTo(contract, CONTRACT_ACTION_NAMES, api.keys.super_admin));
  });

  test.each(ROLES)('shows a %s what the role allows', async (role) => {
    const { allowed_actions: all } = await read(idOf(variant));
    const contract = await read(idOf(variant), api.keys[role]);
    const forbidden = CONTRACT_ACTION_NAMES.filter(
      (action) => contract.allowed_actions[action].code === 'FORBIDDEN_ROLE',
    );
    const others = CONTRACT_ACTION_NAMES.filter(
      (action) => !rolesOf(CONTRACT_ACTIONS.actions[action].operation_id).includes(role),
    );
    expect(forbidden).toEqual(others);
    expect(contract.allowed_actions).toEqual({ ...all, ...(await answersTo(contract, forbidden, api.keys[role])) });
  });
});

test('each action has one operation, which is the one that its call reaches', () => {
  for (const action of CONTRACT_ACTION_NAMES) {
    const { operation_id } = CONTRACT_ACTIONS.actions[action];
    const [method, path] = CALLS[action]({ name: '', quota: {} });
    const routes = ROUTES.filter((route) => route.operation_id === operation_id);
    expect(routes.map((route) => [route.method, route.path])).toEqual([
      [method.toLowerCase(), `/api/v1/contracts/:id${path}`],
    ]);
  }
});

test('an action that is not allowed is refused with that code, also without a dry run', async () => {
  const exhausted = await addContract(api, catalogue, { quota: 1 });
  expect(exhausted.allowed_actions.generate).toBe(true);
  await callAction(exhausted, 'generate', api.keys.admin, false);
  expect((await read(exhausted.id)).allowed_actions.generate).toEqual({ code: 'QUOTA_EXCEEDED' });
  expectRefusal(await callAction(exhausted, 'generate', api.keys.admin, false), 409, 'QUOTA_EXCEEDED');

  const paused = await createContractIn(api, catalogue, 'PAUSED', { quota: 5_000 });
  const draft = await addContract(api, catalogue, { status: 'inactive', quota: 5_000 });
  const { body } = await api.call('POST', `/contracts/${exhausted.id}/pause`);
  await api.sql`
    UPDATE generation_jobs SET state = 'PAUSED', requested = 2 WHERE contract_id = ${exhausted.id}`;
  expect(body.allowed_actions.delete).toBe(true);
  expect((await read(exhausted.id)).allowed_actions.delete).toEqual({ code: 'CONTRACT_HAS_OPEN_JOB' });
  expectRefusal(await callAction(exhausted, 'delete', api.keys.super_admin, false), 409, 'CONTRACT_HAS_OPEN_JOB');
  await api.sql`
    UPDATE generation_jobs SET state = 'SUCCEEDED', requested = 1 WHERE contract_id = ${exhausted.id}`;

  for (const [contract, action, code] of [
    [paused, 'generate', 'CONTRACT_INACTIVE'],
    [draft, 'pause', 'INVALID_STATE_TRANSITION'],
    [draft, 'renew', 'CONTRACT_INACTIVE'],
  ] as const) {
    expect((await read(contract.id)).allowed_actions[action]).toEqual({ code });
    expectRefusal(await callAction(contract, action, api.keys.admin, false), 409, code);
  }
});

test('a pool allows orders while its contract is active, whatever is in it', async () => {
  const pool = await addContract(api, catalogue, { type: 'pool' });
  expect(pool.allowed_actions.grab).toBe(true);
  expectRefusal(await callAction(pool, 'grab', api.keys.admin), 409, 'POOL_EMPTY');
  const { body: paused } = await callAction(pool, 'pause', api.keys.admin, false);
  expect(paused.allowed_actions.grab).toEqual(presentOutcome(await callAction(pool, 'grab', api.keys.admin)));
  expect(paused.allowed_actions.grab).toEqual({ code: 'CONTRACT_INACTIVE' });
});

test('every response with a contract has its allowed actions after the request', async () => {
  const created = await addContract(api, catalogue);
  expect(created.allowed_actions).toMatchObject({ pause: true, delete: { code: 'CONTRACT_ACTIVE' } });
  const dry_run = await callAction(created, 'pause', api.keys.admin);
  const paused = await callAction(created, 'pause', api.keys.admin, false);
  for (const { body } of [dry_run, paused])
    expect(body.allowed_actions).toMatchObject({
      generate: { code: 'CONTRACT_INACTIVE' },
      resume: true,
      delete: { code: 'FORBIDDEN_ROLE' },
    });
  const edited = await callAction(created, 'edit_particulars', api.keys.admin, false);
  expect(edited.body.allowed_actions).toEqual(paused.body.allowed_actions);
});

describe('may_generate', () => {
  test('matches the table for every state and policy, and the outcome of a license request', async () => {
    const allowing = await Promise.all(
      STATE_VARIANTS.map(async (variant) => {
        const { id } = await createContractIn(api, catalogue, variant, { grace_allows_generation: true });
        return { id, variant };
      }),
    );
    const refusing = STATE_VARIANTS.map((variant) => ({ id: idOf(variant), variant }));
    const seen = new Set<ContractState>();
    for (const { id } of [...allowing, ...refusing]) {
      const [row] = await api.sql<[{ state: ContractState; may_generate: boolean; grace_allows_generation: boolean }]>`
        SELECT state, may_generate, grace_allows_generation FROM contracts WHERE id = ${id}`;
      seen.add(row.state);
      expect(row).toMatchObject({ may_generate: mayGenerateIn(row.state, row) });
      const answer = await api.call('POST', `/contracts/${id}/generate?dry_run=true`, { body: { count: 1 } });
      expect([row.state, answer.status === 201]).toEqual([row.state, row.may_generate]);
    }
    expect([...seen].sort()).toEqual([...CONTRACT_STATES].sort());
  });

  test('follows an edit of the policy at once', async () => {
    const { id } = await createContractIn(api, catalogue, 'EXPIRY_GRACE');
    const stored = async (): Promise<boolean> =>
      (await api.sql<[{ may_generate: boolean }]>`SELECT may_generate FROM contracts WHERE id = ${id}`)[0].may_generate;
    expect(await stored()).toBe(false);
    const { body } = await api.call('PATCH', `/contracts/${id}`, { body: { grace_allows_generation: true } });
    expect(await stored()).toBe(true);
    expect(body.allowed_actions.generate).toBe(true);
  });
});
