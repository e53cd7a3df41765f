/**
 * Actions on a contract over HTTP: what each one changes, when it is refused and with which code, and that it runs once, at the
 * revision in If-Match, or not at all.
 */
import { findContract } from '../../db/contract/contract';
import type { ContractState } from '../../domain/contract/facts';
import { waitFor } from '../../dev/waiting';
import { startTestApi } from '../harness/api';
import type { ApiAnswer, TestApi } from '../harness/api';
import { sendInvoiceEvent } from '../harness/billing';
import { addCatalogue, addContract } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import {
  STATE_VARIANTS,
  createContractIn,
  dateInDays,
  backdateContract,
  waitForState,
} from '../harness/contract-states';
import type { StateVariant } from '../harness/contract-states';
import { listAuditActions } from '../harness/contract-rows';
import { expectRefusal, wrongFieldsOf } from '../harness/expect-refusal';
import { expectInvariants } from '../harness/invariants';
import { readTableDigests } from '../harness/table-digests';

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

function act(
  id: string,
  action: string,
  body: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Promise<ApiAnswer> {
  return api.call('POST', `/contracts/${id}/${action}`, { body, headers });
}

const read = async (id: string): Promise<any> => (await api.call('GET', `/contracts/${id}`)).body;

const actionsOf = (id: string): Promise<string[]> => listAuditActions(api.sql, id);

/** Each action, on a contract that it changes. */
const ACTIONS = {
  activate: { from: 'DRAFT', more: {}, body: {}, other_body: null, becomes: 'ACTIVE', audit: 'contract.activated' },
  pause: {
    from: 'ACTIVE',
    more: {},
    body: { note: 'stock-taking' },
    other_body: { note: 'something else' },
    becomes: 'PAUSED',
    audit: 'contract.paused',
  },
  resume: {
    from: 'PAUSED',
    more: {},
    body: {},
    other_body: { extend_term_on_resume: true },
    becomes: 'ACTIVE',
    audit: 'contract.resumed',
  },
  renew: {
    from: 'ACTIVE',
    more: {},
    body: { quota_add: 5, reference: 'PO 7' },
    other_body: { quota_add: 6 },
    becomes: 'ACTIVE',
    audit: 'contract.renewed',
  },
  'opt-out': {
    from: 'ACTIVE',
    more: { renewal: { mode: 'auto' } },
    body: {},
    other_body: { accept_late: true },
    becomes: 'ACTIVE',
    audit: 'renewal.opted_out',
  },
  terminate: {
    from: 'ACTIVE',
    more: {},
    body: { reason: 'The customer left.' },
    other_body: { reason: 'Another reason.' },
    becomes: 'TERMINATED',
    audit: 'contract.terminated',
  },
  reinstate: {
    from: 'TERMINATED',
    more: {},
    body: {},
    other_body: null,
    becomes: 'ACTIVE',
    audit: 'contract.reinstated',
  },
  'compliance-hold': {
    from: 'ACTIVE',
    more: {},
    body: { note: 'On a list.' },
    other_body: { note: 'On another list.' },
    becomes: 'SUSPENDED',
    audit: 'contract.suspended',
  },
  'compliance-release': {
    from: 'COMPLIANCE',
    more: {},
    body: {},
    other_body: null,
    becomes: 'ACTIVE',
    audit: 'contract.reinstated',
  },
} as const satisfies Record<
  string,
  {
    from: StateVariant;
    more: Record<string, unknown>;
    body: Record<string, unknown>;
    /** Another valid body; null when there is none. */
    other_body: Record<string, unknown> | null;
    becomes: ContractState;
    audit: string;
  }
>;
type ActionName = keyof typeof ACTIONS;
const NAMES = Object.keys(ACTIONS) as ActionName[];

describe.each(NAMES)('%s', (name) => {
  const { from, more, body, other_body, becomes, audit } = ACTIONS[name];
  const prepared = (): Promise<any> => createContractIn(api, catalogue, from, more);

  test('has the result that its dry run shows, with one revision and one audit row, and a repetition writes nothing', async () => {
    const { id } = await prepared();
    const before = await read(id);
    const rows = await readTableDigests(api.sql);
    const dry_run = await act(id, `${name}?dry_run=true`, body);
    expect(dry_run.status).toBe(200);
    expect(dry_run.body).toMatchObject({ state: becomes, revision: before.revision + 1, dry_run: true });
    expect(await readTableDigests(api.sql)).toEqual(rows);

    const done = await act(id, name, body);
    expect(done.status).toBe(200);
    expect(done.headers.get('etag')).toBe(`"${before.revision + 1}"`);
    expect(withoutInstants(done.body)).toEqual(withoutInstants(dry_run.body));
    expect((await actionsOf(id)).at(-1)).toBe(audit);

    // A repetition responds with 200 and writes nothing. One more term is refused until the next one starts.
    const audited = await actionsOf(id);
    const again = await act(id, name, body);
    if (name === 'renew') expectRefusal(again, 409, 'ALREADY_RENEWED');
    else if (name === 'reinstate') expectRefusal(again, 409, 'INVALID_STATE_TRANSITION');
    else expect([again.status, again.body.revision]).toEqual([200, before.revision + 1]);
    expect(await actionsOf(id)).toEqual(audited);
  });

  test('runs only at the revision in If-Match', async () => {
    const { id } = await prepared();
    const { revision } = await read(id);
    expectRefusal(await act(id, name, body, { 'If-Match': `"${revision + 1}"` }), 412, 'REVISION_CONFLICT');
    expectRefusal(
      await act(id, `${name}?dry_run=true`, body, { 'If-Match': `"${revision + 1}"` }),
      412,
      'REVISION_CONFLICT',
    );
    expect((await act(id, name, body, { 'If-Match': `"${revision}"` })).body.state).toBe(becomes);
  });

  test('runs once for one Idempotency-Key, for any number of simultaneous requests', async () => {
    const { id } = await prepared();
    const { revision } = await read(id);
    const key = { 'Idempotency-Key': `${name} ${id}` };
    const answers = await Promise.all(Array.from({ length: 4 }, () => act(id, name, body, key)));
    expect(answers.map((answer) => [answer.status, answer.body.state, answer.body.revision])).toEqual(
      answers.map(() => [200, becomes, revision + 1]),
    );
    expect(answers.filter((answer) => answer.headers.get('idempotent-replayed') === null)).toHaveLength(1);
    expect((await actionsOf(id)).filter((action) => action === audit)).toHaveLength(1);
    if (other_body) expectRefusal(await act(id, name, other_body, key), 422, 'IDEMPOTENCY_KEY_REUSED');
  });
});

/** A contract without the fields that differ between a dry run and the action: its instants. */
function withoutInstants({ dry_run: _dry_run, updated_at: _at, ...contract }: any): unknown {
  const undated = JSON.stringify(contract, (field, value: unknown) =>
    ['activated_at', 'placed_at', 'opt_out_at', 'at'].includes(field) && value !== null ? 'an instant' : value,
  );
  return JSON.parse(undated);
}

describe('in each state', () => {
  /** done: the action changes the contract · same: it changes nothing · else the code of its refusal. */
  const IST = 'INVALID_STATE_TRANSITION';
  const RENEW = { term: 'P1Y' };
  // prettier-ignore
  const EXPECTED: [name: ActionName, body: Record<string, unknown>, outcomes: Record<Exclude<StateVariant, 'DELETED'>, string>][] = [
    ['activate', {}, { DRAFT: 'done', SCHEDULED: 'same', ACTIVE: 'same', PAST_DUE: 'same', EXPIRY_GRACE: IST, PAUSED: IST, SUSPENDED: IST, COMPLIANCE: IST, EXPIRED: IST, TERMINATED: IST }],
    ['pause', {}, { DRAFT: IST, SCHEDULED: 'done', ACTIVE: 'done', PAST_DUE: 'done', EXPIRY_GRACE: 'done', PAUSED: 'same', SUSPENDED: 'done', COMPLIANCE: 'done', EXPIRED: IST, TERMINATED: IST }],
    ['resume', {}, { DRAFT: IST, SCHEDULED: 'same', ACTIVE: 'same', PAST_DUE: 'same', EXPIRY_GRACE: 'same', PAUSED: 'done', SUSPENDED: 'same', COMPLIANCE: 'same', EXPIRED: IST, TERMINATED: IST }],
    ['renew', RENEW, { DRAFT: 'CONTRACT_INACTIVE', SCHEDULED: 'CONTRACT_INACTIVE', ACTIVE: 'done', PAST_DUE: 'CHANGES_BLOCKED_PAST_DUE', EXPIRY_GRACE: 'done', PAUSED: 'done', SUSPENDED: 'BILLING_SUSPENDED', COMPLIANCE: 'CONTRACT_INACTIVE', EXPIRED: 'done', TERMINATED: 'CONTRACT_TERMINATED' }],
    ['opt-out', {}, { DRAFT: IST, SCHEDULED: 'RENEWAL_NOT_POSSIBLE', ACTIVE: 'RENEWAL_NOT_POSSIBLE', PAST_DUE: 'RENEWAL_NOT_POSSIBLE', EXPIRY_GRACE: 'RENEWAL_NOT_POSSIBLE', PAUSED: 'RENEWAL_NOT_POSSIBLE', SUSPENDED: 'RENEWAL_NOT_POSSIBLE', COMPLIANCE: 'RENEWAL_NOT_POSSIBLE', EXPIRED: IST, TERMINATED: IST }],
    ['terminate', { reason: 'x' }, { DRAFT: 'done', SCHEDULED: 'done', ACTIVE: 'done', PAST_DUE: 'done', EXPIRY_GRACE: 'done', PAUSED: 'done', SUSPENDED: 'done', COMPLIANCE: 'done', EXPIRED: 'done', TERMINATED: 'same' }],
    ['reinstate', {}, { DRAFT: IST, SCHEDULED: IST, ACTIVE: IST, PAST_DUE: IST, EXPIRY_GRACE: IST, PAUSED: IST, SUSPENDED: IST, COMPLIANCE: IST, EXPIRED: IST, TERMINATED: 'done' }],
    ['compliance-hold', { note: 'x' }, { DRAFT: IST, SCHEDULED: 'done', ACTIVE: 'done', PAST_DUE: 'done', EXPIRY_GRACE: 'done', PAUSED: 'done', SUSPENDED: 'done', COMPLIANCE: 'same', EXPIRED: IST, TERMINATED: IST }],
    ['compliance-release', {}, { DRAFT: 'same', SCHEDULED: 'same', ACTIVE: 'same', PAST_DUE: 'same', EXPIRY_GRACE: 'same', PAUSED: 'same', SUSPENDED: 'same', COMPLIANCE: 'done', EXPIRED: 'same', TERMINATED: 'same' }],
  ];
  const INACTIVE_REASONS: Partial<Record<StateVariant, string | null>> = {
    DRAFT: 'CONFIGURING',
    SCHEDULED: 'NOT_STARTED',
    ACTIVE: null,
    PAST_DUE: null,
    EXPIRY_GRACE: 'EXPIRED_IN_GRACE',
    PAUSED: 'PAUSED',
    SUSPENDED: 'BILLING_SUSPENDED',
    COMPLIANCE: 'COMPLIANCE',
    EXPIRED: 'EXPIRED',
    TERMINATED: 'TERMINATED',
  };

  const contracts = new Map<StateVariant, any>();

  beforeAll(async () => {
    await Promise.all(
      STATE_VARIANTS.map(async (variant) => contracts.set(variant, await createContractIn(api, catalogue, variant))),
    );
  });

  const contractOf = (variant: StateVariant): any => contracts.get(variant);

  test.each(STATE_VARIANTS.filter((variant) => variant !== 'DELETED'))(
    'a contract in %s shows that state, and allows exactly the permitted actions',
    async (variant) => {
      const contract = await read(contractOf(variant).id);
      const { state, status, inactive_reason, revision } = contract;
      const reason = INACTIVE_REASONS[variant];
      expect({ state, status, inactive_reason }).toEqual({
        state: variant === 'COMPLIANCE' ? 'SUSPENDED' : variant,
        status: reason === null ? 'active' : 'inactive',
        inactive_reason: reason,
      });
      const outcomes: Record<string, string> = {};
      for (const [name, body] of EXPECTED) {
        const answer = await act(contract.id, `${name}?dry_run=true`, body);
        outcomes[name] = answer.body.code ?? (answer.body.revision === revision ? 'same' : 'done');
      }
      expect(outcomes).toEqual(Object.fromEntries(EXPECTED.map(([name, , expected]) => [name, expected[variant]])));
    },
  );

  test('licenses are generated while a contract is active, and in grace when the contract allows it', async () => {
    const codes: Record<string, string> = {};
    for (const variant of STATE_VARIANTS) {
      const { id } = contractOf(variant);
      const answer = await act(id, 'generate?dry_run=true', { count: 1 });
      codes[variant] = answer.body.code ?? answer.status;
      if (answer.status === 409) expect(answer.body.reasons).toContain('CONTRACT_INACTIVE');
    }
    expect(codes).toEqual({
      DRAFT: 'CONTRACT_INACTIVE',
      SCHEDULED: 'CONTRACT_INACTIVE',
      ACTIVE: 201,
      PAST_DUE: 201,
      EXPIRY_GRACE: 'CONTRACT_INACTIVE',
      PAUSED: 'CONTRACT_INACTIVE',
      SUSPENDED: 'BILLING_SUSPENDED',
      COMPLIANCE: 'CONTRACT_INACTIVE',
      EXPIRED: 'CONTRACT_EXPIRED',
      TERMINATED: 'CONTRACT_TERMINATED',
      DELETED: 'CONTRACT_DELETED',
    });
    const { id } = await createContractIn(api, catalogue, 'EXPIRY_GRACE', { grace_allows_generation: true });
    expect((await act(id, 'generate', { count: 1 })).status).toBe(201);
  });

  test('every action on a deleted contract is refused', async () => {
    const { id } = contractOf('DELETED');
    for (const [name, body] of EXPECTED) {
      expectRefusal(await act(id, name, body), 410, 'CONTRACT_DELETED');
      expectRefusal(await act(id, `${name}?dry_run=true`, body), 410, 'CONTRACT_DELETED');
    }
  });

  test('a contract can be deleted in every inactive state, and in no other state', async () => {
    for (const variant of STATE_VARIANTS.filter((one) => one !== 'DELETED')) {
      const { id, name } = contractOf(variant);
      const remove = () => api.call('DELETE', `/contracts/${id}`, { body: { confirm_name: name } });
      if (INACTIVE_REASONS[variant] === null) expectRefusal(await remove(), 409, 'CONTRACT_ACTIVE');
      else {
        expect([variant, (await remove()).status]).toEqual([variant, 204]);
        expectRefusal(await api.call('GET', `/contracts/${id}`), 410, 'CONTRACT_DELETED');
        expectRefusal(await remove(), 410, 'CONTRACT_DELETED');
      }
    }
  });
});

describe('renewing', () => {
  test('adds a term from the old end with its quota, and the audit has the reference', async () => {
    const contract = await createContractIn(api, catalogue, 'ACTIVE', { quota: 200 });
    const answer = await act(contract.id, 'renew', { quota_add: 300, reference: 'order 4711' });
    const { end_date } = contract.term;
    expect(answer.body).toMatchObject({
      state: 'ACTIVE',
      term: { number: 2, start_date: end_date },
      quota: { total: 500 },
    });
    const rows = await api.sql`
      SELECT mode, basis, gap_days, quota_added, reference FROM contract_renewals WHERE contract_id = ${contract.id}`;
    expect([...rows]).toEqual([
      { mode: 'manual', basis: 'from_expiry', gap_days: 0, quota_added: 300, reference: 'order 4711' },
    ]);
    const generated = await api.call('POST', `/contracts/${contract.id}/generate`, { body: { count: 400 } });
    expect(generated.status).toBeLessThan(300);
  });

  test('accepts no price, under any name', async () => {
    const { id } = await createContractIn(api, catalogue, 'ACTIVE');
    for (const field of ['price', 'amount', 'currency', 'discount'])
      expectRefusal(await act(id, 'renew', { [field]: 1 }), 422, 'VALIDATION_FAILED');
    expectRefusal(await act(id, 'renew', { from: 'from_now' }), 422, 'VALIDATION_FAILED');
  });

  test('after the end starts a term today and records the gap, and is refused after the days for late renewal', async () => {
    const { id } = await createContractIn(api, catalogue, 'EXPIRED');
    const gap_days = 400 - 365;
    const answer = await act(id, 'renew');
    expect(answer.body).toMatchObject({ state: 'ACTIVE', term: { number: 2, start_date: dateInDays(0) } });
    const [row] = await api.sql`SELECT basis, gap_days FROM contract_renewals WHERE contract_id = ${id}`;
    expect(row?.['basis']).toBe('from_now');
    expect(Math.abs((row?.['gap_days'] as number) - gap_days)).toBeLessThanOrEqual(1);
    const strict = await createContractIn(api, catalogue, 'EXPIRED', { renewal: { late_renewal_days: 10 } });
    expectRefusal(await act(strict.id, 'renew'), 409, 'RENEWAL_NOT_POSSIBLE');
  });

  test('is refused when the contract has no term or has reached its last renewal', async () => {
    const refused: [Record<string, unknown>, Record<string, unknown>][] = [
      [{ term: null }, {}],
      [{ term: null, end_date: dateInDays(30) }, {}],
      [{ renewal: { mode: 'none' } }, {}],
      [{ renewal: { max_renewals: 0 } }, { quota_add: 1 }],
    ];
    for (const [more, body] of refused) {
      const { id } = await createContractIn(api, catalogue, 'ACTIVE', more);
      expectRefusal(await act(id, 'renew', body), 409, 'RENEWAL_NOT_POSSIBLE');
    }
  });

  test('needs an active product and generator', async () => {
    const other = await addCatalogue(api);
    const { id } = await createContractIn(api, other, 'ACTIVE');
    await api.call('PATCH', `/generators/${other.generator_id}`, { body: { status: 'inactive' } });
    expectRefusal(await act(id, 'renew'), 409, 'GENERATOR_NOT_AVAILABLE');
    await api.call('PATCH', `/products/${other.product_id}`, { body: { status: 'inactive' } });
    expectRefusal(await act(id, 'renew'), 409, 'PRODUCT_INACTIVE');
  });

  test('ends with the current term after an opt-out on time, one term later after a late one, and an opt-out can be undone', async () => {
    const auto = { renewal: { mode: 'auto', notice_days: 30 } };
    const in_time = await createContractIn(api, catalogue, 'ACTIVE', auto);
    expect((await act(in_time.id, 'opt-out')).body.renewal).toMatchObject({ opt_out_term: 1 });
    const back = await api.call('PATCH', `/contracts/${in_time.id}`, { body: { renewal: { opt_out_at: null } } });
    expect(back.body.renewal).toMatchObject({ mode: 'auto', opt_out_at: null, opt_out_term: null });

    const late = await createContractIn(api, catalogue, 'ACTIVE', { ...auto, term: 'P20D' });
    const refused = await act(late.id, 'opt-out');
    expectRefusal(refused, 409, 'NOTICE_PERIOD_PASSED');
    expect(refused.body.metadata).toMatchObject({ notice_date: dateInDays(-10), end_date: dateInDays(20) });
    expect((await act(late.id, 'opt-out', { accept_late: true })).body.renewal).toMatchObject({ opt_out_term: 2 });
  });
});

describe('holds', () => {
  test('are placed and lifted only by their own source, and each has its actor and its reason', async () => {
    const { id } = await createContractIn(api, catalogue, 'ACTIVE');
    await act(id, 'pause', { reason: 'completed' });
    const held = await act(id, 'compliance-hold', { note: 'sanctions list' });
    expect(held.body).toMatchObject({ state: 'SUSPENDED', inactive_reason: 'COMPLIANCE' });
    expect(held.body.holds).toMatchObject([
      { source: 'admin', code: 'COMPLETED' },
      { source: 'compliance', code: 'COMPLIANCE', note: 'sanctions list', placed_by: api.admins.super_admin.id },
    ]);
    const refused = await api.call('POST', `/contracts/${id}/generate`, { body: { count: 1 } });
    expectRefusal(refused, 409, 'CONTRACT_INACTIVE');
    expect(refused.body.metadata).toMatchObject({ inactive_reason: 'COMPLIANCE' });
    expect((await act(id, 'resume')).body).toMatchObject({ state: 'SUSPENDED' });
    expect((await act(id, 'pause')).body).toMatchObject({ state: 'SUSPENDED' });
    expect((await act(id, 'compliance-release')).body).toMatchObject({ state: 'PAUSED', inactive_reason: 'PAUSED' });
    expect((await act(id, 'resume')).body).toMatchObject({ state: 'ACTIVE', holds: [] });
  });

  test('of billing can only be lifted by a payment', async () => {
    const { id } = await createContractIn(api, catalogue, 'SUSPENDED');
    for (const action of ['resume', 'compliance-release']) expect((await act(id, action)).body.state).toBe('SUSPENDED');
    expectRefusal(
      await api.call('PATCH', `/contracts/${id}`, { body: { status: 'active' } }),
      409,
      'INVALID_STATE_TRANSITION',
    );
    const generated = await api.call('POST', `/contracts/${id}/generate`, { body: { count: 1 } });
    expectRefusal(generated, 409, 'BILLING_SUSPENDED');
    expect(generated.body.reasons).toEqual(['BILLING_SUSPENDED', 'CONTRACT_INACTIVE']);
    await sendInvoiceEvent(api, id, { type: 'invoice.paid', due_date: dateInDays(-20) });
    await waitForState(api.sql, id, 'ACTIVE');
    expect(await read(id)).toMatchObject({ holds: [], billing: { level: 'CLEAR', unpaid_invoices: [] } });
  });

  test('can extend the term by their days, and later terms count from the new end', async () => {
    const contract = await createContractIn(api, catalogue, 'PAUSED');
    await api.sql`UPDATE contract_holds SET placed_at = placed_at - interval '10 days' WHERE contract_id = ${contract.id}`;
    await api.sql`UPDATE contracts SET start_date = start_date - 20 WHERE id = ${contract.id}`;
    const answer = await act(contract.id, 'resume', { extend_term_on_resume: true });
    const [{ days }] = await api.sql<[{ days: number }]>`
      SELECT ${answer.body.term.end_date}::date - ${contract.term.end_date}::date AS days`;
    expect(days).toBe(10);
    const next = await act(contract.id, 'renew');
    expect(next.body.term.end_date.slice(5)).toBe(answer.body.term.end_date.slice(5));
  });

  test('cannot start with an invalid period, reason or time', async () => {
    const { id } = await createContractIn(api, catalogue, 'ACTIVE');
    const wrong: [string, Record<string, unknown>, string][] = [
      ['pause', { resume_at: '2020-01-01T00:00:00Z' }, ''],
      ['pause', { reason: 'holiday' }, 'reason'],
      ['terminate', {}, 'reason'],
      ['terminate', { reason: '' }, 'reason'],
      ['compliance-hold', {}, 'note'],
      ['renew', { term: 'PT1H' }, 'term'],
      ['renew', { quota_add: -1 }, 'quota_add'],
      ['opt-out', { accept_late: 'yes' }, 'accept_late'],
    ];
    for (const [action, body, path] of wrong) {
      const answer = await act(id, action, body);
      expectRefusal(answer, 422, 'VALIDATION_FAILED');
      if (path !== '') expect(wrongFieldsOf(answer)).toContain(path);
    }
    expect(await actionsOf(id)).toEqual(['contract.created']);
  });
});

describe('terminating', () => {
  test('revokes the issued licenses by a job, if that is requested', async () => {
    const pool = await addContract(api, catalogue, { type: 'pool' });
    const id = pool.id as string;
    await api.call('POST', `/contracts/${id}/generate`, { body: { count: 3 } });
    const body = { reason: 'They were resold.', revoke_issued: true };
    const dry = await api.call('POST', `/contracts/${id}/terminate?dry_run=true`, { body });
    expect(dry.body.termination).toMatchObject({ revocation_id: null });

    const { revocation_id } = (await act(id, 'terminate', body)).body.termination;
    const operation = async () => (await api.call('GET', `/license-operations/${revocation_id}`)).body;
    await waitFor(async () => (await operation()).state === 'SUCCEEDED', {
      timeout_ms: 15_000,
      what: 'the licenses to be revoked',
    });
    expect(await operation()).toMatchObject({
      ...{ kind: 'revoke', contract_id: id, execution: 'background', reason: 'They were resold.' },
      ...{ requested: 3, counts: { done: 3 }, actor: { type: 'user' } },
    });
    const listed = await api.call('GET', `/licenses?contract_id=${id}&status=revoked`);
    expect([listed.body.data.length, (await read(id)).pool.available]).toEqual([3, 0]);
    const { body: activity } = await api.call('GET', `/contracts/${id}/activity`);
    expect(activity.data.map(({ action }: any) => action)).toEqual(
      expect.arrayContaining(['contract.terminated', 'license_operation.requested', 'license_operation.finished']),
    );
    expect(activity.data.find(({ action }: any) => action === 'contract.terminated').after).toMatchObject({
      revoke_issued: true,
    });

    // The licenses of a contract that is terminated again later have another operation, or none.
    await act(id, 'reinstate');
    const again = (await act(id, 'terminate', { reason: 'Once more.' })).body.termination;
    expect(again).toMatchObject({ reason: 'Once more.', revocation_id: null });
  });

  test('cancels the jobs and returns their quota; the licenses stay valid', async () => {
    const contract = await addContract(api, catalogue, { quota: 1_000 });
    await api.call('POST', `/contracts/${contract.id}/generate`, { body: { count: 5 } });
    const job = await api.call('POST', `/contracts/${contract.id}/generate`, { body: { count: 900 } });
    const answer = await act(contract.id, 'terminate', { reason: 'The customer left.' });
    expect(answer.body).toMatchObject({
      state: 'TERMINATED',
      status: 'inactive',
      termination: { by: 'admin', reason: 'The customer left.' },
      next_boundary: null,
    });
    const ended = await waitFor(
      async () => {
        const { body } = await api.call('GET', `/jobs/${job.body.job_id}`);
        return ['CANCELLED', 'SUCCEEDED'].includes(body.state) ? body : undefined;
      },
      { timeout_ms: 15_000, what: 'the job to end' },
    );
    const row = await findContract(api.sql, contract.id);
    expect(row).toMatchObject({ reserved: 0, quota_claimed: 5 + ended.completed });
    const refused = await api.call('POST', `/contracts/${contract.id}/generate`, { body: { count: 1 } });
    expectRefusal(refused, 409, 'CONTRACT_TERMINATED');
    const licenses = await api.call('GET', `/licenses?contract_id=${contract.id}&limit=1`);
    expect(licenses.body.data).toHaveLength(1);
    expectRefusal(
      await api.call('PATCH', `/contracts/${contract.id}`, { body: { name: 'Another' } }),
      409,
      'CONTRACT_TERMINATED',
    );
  });

  test('can be undone for thirty days, and not while an invoice is overdue', async () => {
    const { id } = await createContractIn(api, catalogue, 'TERMINATED');
    await sendInvoiceEvent(api, id, { due_date: dateInDays(-5) });
    await waitFor(async () => (await findContract(api.sql, id))?.invoices.length === 1, {
      timeout_ms: 15_000,
      what: 'the invoice to be known',
    });
    expectRefusal(await act(id, 'reinstate'), 409, 'CHANGES_BLOCKED_PAST_DUE');
    await sendInvoiceEvent(api, id, { type: 'invoice.paid', due_date: dateInDays(-5) });
    await waitFor(async () => (await findContract(api.sql, id))?.invoices[0]?.status === 'PAID', {
      timeout_ms: 15_000,
      what: 'the payment to be known',
    });
    expect((await act(id, 'reinstate')).body).toMatchObject({ state: 'ACTIVE', termination: null });

    const late = await createContractIn(api, catalogue, 'TERMINATED');
    await backdateContract(api.sql, late.id, 31);
    expectRefusal(await act(late.id, 'reinstate'), 409, 'INVALID_STATE_TRANSITION');
  });

  test('and reinstating need a super admin', async () => {
    const { id } = await createContractIn(api, catalogue, 'ACTIVE');
    for (const [action, body] of [
      ['terminate', { reason: 'x' }],
      ['reinstate', {}],
    ] as const) {
      const answer = await api.call('POST', `/contracts/${id}/${action}`, { key: api.keys.admin, body });
      expectRefusal(answer, 403, 'FORBIDDEN_ROLE');
    }
    for (const action of ['pause', 'resume', 'renew'])
      expect((await api.call('POST', `/contracts/${id}/${action}`, { key: api.keys.admin })).status).toBe(200);
  });
});

test('a command that the database rejects repeatedly is COMMAND_FAILED, and does not run after the cause is removed', async () => {
  const { id } = await addContract(api, catalogue);
  await api.sql.unsafe(`
    CREATE FUNCTION test_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.id = '${id}' AND NEW.revision > OLD.revision THEN RAISE EXCEPTION 'as the test asked'; END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER test_refuse BEFORE UPDATE ON contracts FOR EACH ROW EXECUTE FUNCTION test_refuse()`);
  try {
    const answer = await act(id, 'pause');
    expectRefusal(answer, 500, 'COMMAND_FAILED');
    expect(answer.body.detail).toMatch(/^The database rejects the change\. Nothing was changed/);
  } finally {
    await api.sql.unsafe('DROP TRIGGER test_refuse ON contracts; DROP FUNCTION test_refuse()');
  }
  // Commands run one after another, so the commands before this one have ended.
  const amendment = { effective_date: dateInDays(30), changes: { quota_add: 10 } };
  expect((await act(id, 'amendments', amendment)).status).toBe(201);
  expect(await actionsOf(id)).not.toContain('contract.paused');
});
