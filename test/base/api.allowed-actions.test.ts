/**
 * `allowed_actions` of licenses, holds, signing keys, jobs, amendments, test clocks, billing events, admins and their keys: for each role
 * they match the outcome of the action. For contracts see test/contract/api.allowed-actions.test.ts.
 */
import { randomUUID } from 'node:crypto';
import type { BillingEvent } from '../../domain/billing/billing-event';
import { JOB_STATES } from '../../domain/generation/generation-job';
import type { JobState } from '../../domain/generation/generation-job';
import { receiveBillingEvent } from '../../transactions/billing/receive-billing-event';
import { startTestApi } from '../harness/api';
import type { ApiAnswer, TestApi } from '../harness/api';
import { addCatalogue, addContract } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { buildImport } from '../harness/imports';
import { backdateContract } from '../harness/contract-states';
import { buildDelivery, buildEndpoint } from '../harness/webhook-rows';
import { buildNotification, buildRecipient } from '../harness/notifications';

let api: TestApi;
let catalogue: TestCatalogue;

beforeAll(async () => {
  api = await startTestApi({ worker: true });
  catalogue = await addCatalogue(api);
});
afterAll(() => api.close());

const FORBIDDEN = { code: 'FORBIDDEN_ROLE' };

const presentOutcome = ({ status, body }: ApiAnswer): true | { code: string } =>
  status < 300 ? true : { code: body.code };

const actionsOf = async (path: string, key = api.keys.super_admin): Promise<any> =>
  (await api.call('GET', path, { key })).body.allowed_actions;

/** The actions of one resource in a list. */
const listed = async (path: string, id: string, key = api.keys.super_admin): Promise<any> =>
  (await api.call('GET', path, { key })).body.data.find((one: any) => one.id === id).allowed_actions;

test('a license shows the outcome of its return, in every situation', async () => {
  const contract = await addContract(api, catalogue, { type: 'pool' });
  const { body } = await api.call('POST', `/contracts/${contract.id}/generate`, { body: { count: 5 } });
  const ids = body.licenses.map(({ id }: { id: string }) => id) as string[];
  const [, assigned, active, suspended, revoked] = ids;
  const assign = { ids: [assigned, active, suspended], customer_email: 'ada@covenant.test' };
  await api.call('POST', '/licenses/assign', { body: assign });
  await api.call('POST', '/licenses/activate', { body: { key: body.licenses[2].key, device_id: 'laptop' } });
  await api.call('POST', `/licenses/${suspended}/suspend`);
  await api.call('POST', `/licenses/${revoked}/revoke`);
  const seen: unknown[] = [];
  for (const id of ids) {
    expect((await actionsOf(`/licenses/${id}`, api.keys.operator)).return).toEqual(FORBIDDEN);
    const shown = (await actionsOf(`/licenses/${id}`)).return;
    expect(await listed(`/licenses?contract_id=${contract.id}`, id)).toMatchObject({ return: shown });
    expect(presentOutcome(await api.call('POST', `/licenses/${id}/return`))).toEqual(shown);
    seen.push(shown.code ?? shown);
  }
  const codes = ['LICENSE_ALREADY_ACTIVATED', 'LICENSE_NOT_ASSIGNED', 'LICENSE_REVOKED'];
  expect(seen).toEqual([true, true, ...codes]);
});

test('a hold shows the outcome of assigning and releasing it, in every situation', async () => {
  const contract = await addContract(api, catalogue, { type: 'pool' });
  await api.call('POST', `/contracts/${contract.id}/generate`, { body: { count: 10 } });
  const situations: Record<string, (hold: any) => Promise<unknown>> = {
    held: async () => undefined,
    assigned: ({ id }) => api.call('POST', `/holds/${id}/assign`),
    released: ({ id }) => api.call('POST', `/holds/${id}/release`),
    expired: ({ id }) => api.sql`UPDATE pool_holds SET held_until = now() - interval '1 second' WHERE id = ${id}`,
    suspended: ({ licenses }) => api.call('POST', `/licenses/${licenses[0].id}/suspend`),
  };
  const seen: Record<string, unknown> = {};
  for (const action of ['assign', 'release'] as const)
    for (const [situation, bring] of Object.entries(situations)) {
      const order = {
        order_ref: `${action} ${situation}`,
        count: 1,
        hold_minutes: 5,
        customer_email: 'eve@covenant.test',
      };
      const { body: hold } = await api.call('POST', `/contracts/${contract.id}/pool/grab`, { body: order });
      expect(hold.allowed_actions).toEqual({ assign: true, release: true });
      await bring(hold);
      const viewed = await actionsOf(`/holds/${hold.id}`, api.keys.viewer);
      expect(viewed).toEqual({ assign: FORBIDDEN, release: FORBIDDEN });
      const shown = await actionsOf(`/holds/${hold.id}`);
      expect(await listed(`/contracts/${contract.id}/holds`, hold.id)).toEqual(shown);
      expect(presentOutcome(await api.call('POST', `/holds/${hold.id}/${action}`))).toEqual(shown[action]);
      seen[order.order_ref] = shown[action].code ?? shown[action];
    }
  expect(seen).toEqual({
    ...{ 'assign held': true, 'assign assigned': true, 'assign released': 'HOLD_NOT_OPEN' },
    ...{ 'assign expired': 'HOLD_EXPIRED', 'assign suspended': 'LICENSE_NOT_AVAILABLE' },
    ...{ 'release held': true, 'release assigned': 'HOLD_NOT_OPEN', 'release released': true },
    ...{ 'release expired': true, 'release suspended': true },
  });
});

test('a signing key shows the outcome of retiring it, in each state', async () => {
  const path = `/products/${catalogue.product_id}/signing-keys`;
  const kids = [];
  for (let n = 0; n < 2; n++) kids.unshift((await api.call('POST', path)).body.kid);
  for (const [kid, expected] of [
    [kids[0], { code: 'SIGNING_KEY_ACTIVE' }],
    [kids[1], true],
    [kids[1], true],
  ]) {
    const shownTo = async (key: string) =>
      (await api.call('GET', path, { key })).body.data.find((one: any) => one.kid === kid).allowed_actions;
    const retire = async (key: string) => presentOutcome(await api.call('POST', `${path}/${kid}/retire`, { key }));
    expect(await shownTo(api.keys.viewer)).toEqual({ retire: await retire(api.keys.viewer) });
    expect(await shownTo(api.keys.super_admin)).toEqual({ retire: expected });
    expect(await retire(api.keys.super_admin)).toEqual(expected);
  }
});

describe('a job', () => {
  /** A job in the given state that has generated one of two licenses. The quota has space for the other one unless it is one. */
  async function jobIn(state: JobState, quota = 10): Promise<{ id: string; contract: any }> {
    const contract = await addContract(api, catalogue, { quota, term: 'P1Y' });
    const { body } = await api.call('POST', `/contracts/${contract.id}/generate`, { body: { count: 1 } });
    await api.sql`UPDATE generation_jobs SET state = ${state}, requested = 2 WHERE id = ${body.job_id}`;
    return { id: body.job_id, contract };
  }

  const carryOut = async (id: string, action: string, key = api.keys.admin) =>
    presentOutcome(await api.call('POST', `/jobs/${id}/${action}`, { key }));

  test.each(JOB_STATES)('in %s shows the outcome of cancelling and resuming it', async (state) => {
    for (const action of ['cancel', 'resume'] as const) {
      const { id, contract } = await jobIn(state);
      const seen = await actionsOf(`/jobs/${id}`, api.keys.operator);
      expect(seen).toEqual({ cancel: FORBIDDEN, resume: FORBIDDEN });
      expect(await carryOut(id, action, api.keys.operator)).toEqual(FORBIDDEN);
      const shown = await actionsOf(`/jobs/${id}`, api.keys.admin);
      expect(await listed(`/jobs?contract_id=${contract.id}`, id, api.keys.admin)).toEqual(shown);
      expect(shown[action]).toEqual(await carryOut(id, action));
    }
  });

  test.each<[string, string, (contract: any) => Promise<unknown>]>([
    [
      'terminated',
      'CONTRACT_TERMINATED',
      ({ id }) => api.call('POST', `/contracts/${id}/terminate`, { body: { reason: 'The customer left.' } }),
    ],
    [
      'expired',
      'CONTRACT_EXPIRED',
      async ({ id }) => {
        await backdateContract(api.sql, id, 400);
        await api.call('GET', `/contracts/${id}`);
      },
    ],
    [
      'deleted',
      'CONTRACT_DELETED',
      async ({ id, name }) => {
        await api.call('POST', `/contracts/${id}/pause`);
        await api.call('DELETE', `/contracts/${id}`, { body: { confirm_name: name } });
      },
    ],
  ])('of a %s contract cannot be resumed: %s', async (_how, code, end) => {
    const { id, contract } = await jobIn('PARTIAL');
    await end(contract);
    expect(await actionsOf(`/jobs/${id}`)).toEqual({ cancel: { code: 'JOB_ALREADY_FINISHED' }, resume: { code } });
    expect(await carryOut(id, 'resume')).toEqual({ code });
    await api.sql`UPDATE generation_jobs SET state = 'SUCCEEDED', requested = 1 WHERE id = ${id}`;
    expect((await actionsOf(`/jobs/${id}`)).resume).toEqual(await carryOut(id, 'resume'));
  });

  test('of a paused contract can be resumed, and a job without remaining quota cannot', async () => {
    const paused = await jobIn('FAILED');
    await api.call('POST', `/contracts/${paused.contract.id}/pause`);
    expect((await actionsOf(`/jobs/${paused.id}`)).resume).toBe(true);
    expect(await carryOut(paused.id, 'resume')).toBe(true);

    const full = await jobIn('PARTIAL', 1);
    expect((await actionsOf(`/jobs/${full.id}`)).resume).toEqual({ code: 'QUOTA_EXCEEDED' });
    expect(await carryOut(full.id, 'resume')).toEqual({ code: 'QUOTA_EXCEEDED' });
  });

  test('in the response of an action shows the next possible actions', async () => {
    const { id } = await jobIn('PARTIAL');
    const { body } = await api.call('POST', `/jobs/${id}/resume`);
    expect(body.allowed_actions).toEqual({ cancel: true, resume: { code: 'JOB_NOT_RESUMABLE' } });
  });
});

test.each(JOB_STATES)('an import in %s shows the outcome of cancelling and resuming it', async (state) => {
  for (const action of ['cancel', 'resume'] as const) {
    const contract = await addContract(api, catalogue, { quota: 10 });
    const id = await buildImport(api.sql, contract.id);
    await api.sql`UPDATE generation_jobs SET state = ${state} WHERE id = ${id}`;
    const path = `/contracts/${contract.id}/licenses/import`;
    const carryOut = async (key: string) => presentOutcome(await api.call('POST', `${path}/${id}/${action}`, { key }));
    expect(await actionsOf(`${path}/${id}`, api.keys.operator)).toEqual({ cancel: FORBIDDEN, resume: FORBIDDEN });
    expect(await carryOut(api.keys.operator)).toEqual(FORBIDDEN);
    const shown = await actionsOf(`${path}/${id}`, api.keys.admin);
    expect(await listed(path, id, api.keys.admin)).toEqual(shown);
    expect((await actionsOf(`/jobs/${id}`, api.keys.admin)).resume).toEqual({ code: 'JOB_NOT_RESUMABLE' });
    expect(presentOutcome(await api.call('POST', `/jobs/${id}/resume`))).toEqual({ code: 'JOB_NOT_RESUMABLE' });
    expect(shown[action]).toEqual(await carryOut(api.keys.admin));
  }
});

test('a schedule shows whether it can be changed', async () => {
  const { id } = await addContract(api, catalogue);
  const path = `/contracts/${id}/schedules`;
  const { body: schedule } = await api.call('POST', path, { body: { count: 1, every: 'P1M', from: '2027-01-01' } });
  const change = async (key = api.keys.admin) =>
    presentOutcome(await api.call('PATCH', `${path}/${schedule.id}`, { key, body: { count: 2 } }));
  expect(await listed(path, schedule.id)).toEqual({ update: await change(), delete: true });
  expect(await listed(path, schedule.id, api.keys.viewer)).toEqual({
    update: await change(api.keys.viewer),
    delete: FORBIDDEN,
  });
  await api.call('DELETE', `${path}/${schedule.id}`);
  expect(await listed(path, schedule.id)).toEqual({ update: await change(), delete: true });
});

test('a schedule of reports shows whether it can be changed', async () => {
  const { id } = await addContract(api, catalogue);
  const path = `/contracts/${id}/report-schedules`;
  const { body: schedule } = await api.call('POST', path, { body: { frequency: 'weekly' } });
  for (const key of [api.keys.admin, api.keys.viewer]) {
    const update = presentOutcome(await api.call('PATCH', `${path}/${schedule.id}`, { key, body: { on_day: 2 } }));
    const shown = await listed(path, schedule.id, key);
    expect(shown).toEqual({ update, delete: update });
    expect(await actionsOf(`${path}/${schedule.id}`, key)).toEqual(shown);
  }
  expect((await api.call('DELETE', `${path}/${schedule.id}`, { key: api.keys.viewer })).status).toBe(403);
  expect((await api.call('DELETE', `${path}/${schedule.id}`)).status).toBe(204);
});

test('a webhook endpoint shows the outcome of its actions, in every state', async () => {
  for (const status of ['enabled', 'disabled', 'ending', 'removed'] as const) {
    const id = await buildEndpoint(api.sql, { status });
    const path = `/webhook-endpoints/${id}`;
    const run = (action: string, key = api.keys.admin) => api.call('POST', `${path}/${action}`, { key });
    const shown = await actionsOf(path, api.keys.admin);
    expect(presentOutcome(await run('test'))).toEqual(shown.test);
    expect(presentOutcome(await run('rotate-secret'))).toEqual(shown.rotate_secret);
    const edit = { key: api.keys.admin, body: { description: status } };
    expect(presentOutcome(await api.call('PATCH', path, edit))).toEqual(shown.update);
    expect(presentOutcome(await run('enable'))).toEqual(shown.enable);
    expect(presentOutcome(await run('disable'))).toEqual(shown.disable);
    expect((await actionsOf(path, api.keys.viewer)).test).toEqual(presentOutcome(await run('test', api.keys.viewer)));
    expect(presentOutcome(await api.call('DELETE', path, { key: api.keys.admin }))).toEqual(shown.delete);
  }
});

test('an amendment shows whether it can be withdrawn', async () => {
  const { id, start_date } = await addContract(api, catalogue);
  const path = `/contracts/${id}/amendments`;
  const amend = async (effective_date: string) =>
    (await api.call('POST', path, { body: { effective_date, changes: { activation_limit: 7 } } })).body;
  const withdraw = async (amendment: any, key = api.keys.admin) =>
    presentOutcome(await api.call('DELETE', `${path}/${amendment.id}`, { key }));

  const applied = await amend(start_date);
  const pending = await amend('2099-01-01');
  expect(applied.allowed_actions).toEqual({ withdraw: { code: 'AMENDMENT_NOT_PENDING' } });
  expect(await withdraw(applied)).toEqual(applied.allowed_actions.withdraw);
  expect(await listed(path, pending.id, api.keys.viewer)).toEqual({ withdraw: FORBIDDEN });
  expect(await withdraw(pending, api.keys.viewer)).toEqual(FORBIDDEN);
  for (const _time of ['pending', 'cancelled']) {
    expect(await listed(path, pending.id)).toEqual({ withdraw: true });
    expect(await withdraw(pending)).toBe(true);
  }
});

test.each(['ready', 'advancing', 'failed'] as const)(
  'a test clock that is %s shows whether it can be advanced',
  async (status) => {
    const clock = (await api.call('POST', '/test-clocks', { body: { now: '2027-01-01T00:00:00.000Z' } })).body;
    expect(clock.allowed_actions).toEqual({ advance: true });
    // The target is the current time of the clock, so that nothing moves it meanwhile.
    await api.sql`
    UPDATE test_clocks SET status = ${status}, advancing_to = ${status === 'ready' ? null : '2027-01-01T00:00:00.000Z'}
    WHERE id = ${clock.id}`;
    const path = `/test-clocks/${clock.id}`;
    const advance = async (key: string) =>
      presentOutcome(await api.call('POST', `${path}/advance`, { key, body: { to: '2027-01-01T00:00:00.000Z' } }));
    expect(await actionsOf(path, api.keys.viewer)).toEqual({ advance: FORBIDDEN });
    expect(await advance(api.keys.viewer)).toEqual(FORBIDDEN);
    const shown = await actionsOf(path, api.keys.admin);
    expect(await listed('/test-clocks', clock.id, api.keys.admin)).toEqual(shown);
    expect(shown).toEqual({ advance: status === 'advancing' ? { code: 'CLOCK_ADVANCING' } : true });
    expect(shown.advance).toEqual(await advance(api.keys.admin));
  },
);

test('a billing event in any outcome can be replayed by the roles that may', async () => {
  const now = new Date().toISOString();
  const event: BillingEvent = {
    source: 'standard',
    event_id: randomUUID(),
    type: 'invoice.paid',
    occurred_at: now,
    contract_id: randomUUID(),
    invoice_id: 'in_1',
    observation: null,
    relevant: true,
  };
  for (const relevant of [true, false]) {
    const received = { ...event, event_id: randomUUID(), relevant };
    const { id } = await receiveBillingEvent(api.sql, { event: received, raw: '{}', now, request_id: null });
    const path = `/billing/events/${id}`;
    const replay = async (key: string) => presentOutcome(await api.call('POST', `${path}/replay`, { key }));
    expect(await actionsOf(path, api.keys.operator)).toEqual({ replay: FORBIDDEN });
    expect(await replay(api.keys.operator)).toEqual(FORBIDDEN);
    expect(await listed('/billing/events', id, api.keys.admin)).toEqual({ replay: true });
    expect(await actionsOf(path, api.keys.admin)).toEqual({ replay: true });
    expect(await replay(api.keys.admin)).toBe(true);
  }
});

test('a notification shows whether it can be sent again', async () => {
  for (const [status, outcome] of [
    ['ok', true],
    ['bounced', { code: 'MAIL_ADDRESS_BOUNCED' }],
    ['complained', { code: 'MAIL_ADDRESS_COMPLAINED' }],
  ] as const) {
    const recipient_id = await buildRecipient(api.sql, { status });
    const id = await buildNotification(api.sql, { recipient_id, state: 'sent' });
    const path = `/notifications/${id}`;
    const resend = async (key: string) => presentOutcome(await api.call('POST', `${path}/resend`, { key }));
    expect(await actionsOf(path, api.keys.operator)).toEqual({ resend: FORBIDDEN });
    expect(await resend(api.keys.operator)).toEqual(FORBIDDEN);
    expect(await listed('/notifications', id, api.keys.admin)).toEqual({ resend: outcome });
    expect(await resend(api.keys.admin)).toEqual(outcome);
  }
});

test('a delivery of a webhook shows whether it can be delivered again', async () => {
  for (const [status, outcome] of [
    ['enabled', true],
    ['disabled', { code: 'WEBHOOK_ENDPOINT_DISABLED' }],
    ['ending', true],
    ['removed', { code: 'WEBHOOK_ENDPOINT_REMOVED' }],
  ] as const) {
    const { id } = await buildDelivery(api.sql, { endpoint_id: await buildEndpoint(api.sql, { status }) });
    const path = `/deliveries/${id}`;
    const redeliver = async (key: string) => presentOutcome(await api.call('POST', `${path}/redeliver`, { key }));
    expect(await actionsOf(path, api.keys.operator)).toEqual({ redeliver: FORBIDDEN });
    expect(await redeliver(api.keys.operator)).toEqual(FORBIDDEN);
    expect(await listed('/deliveries', id, api.keys.admin)).toEqual({ redeliver: outcome });
    expect(await redeliver(api.keys.admin)).toEqual(outcome);
  }
});

test('admins and their keys show that the last super admin and its last key must stay until there is another one', async () => {
  const { id } = api.admins.super_admin;
  const path = `/admins/${id}`;
  const edit = async (body: Record<string, unknown>) => presentOutcome(await api.call('PATCH', path, { body }));
  const keysOf = async (): Promise<any[]> => (await api.call('GET', `${path}/api-keys`)).body.data;
  const last = { code: 'LAST_SUPER_ADMIN' };

  expect(await actionsOf(path)).toEqual({
    edit: true,
    change_role: last,
    disable: last,
    enable: true,
    create_api_key: true,
  });
  expect(await listed('/admins', id)).toEqual(await actionsOf(path));
  expect(await edit({ role: 'admin' })).toEqual(last);
  expect(await edit({ status: 'disabled' })).toEqual(last);
  const [only] = await keysOf();
  expect(only.allowed_actions).toEqual({ revoke: { code: 'LAST_SUPER_ADMIN_KEY' } });
  expect(presentOutcome(await api.call('DELETE', `${path}/api-keys/${only.id}`))).toEqual(only.allowed_actions.revoke);

  const viewer = api.admins.viewer.id;
  expect(await actionsOf(`/admins/${viewer}`)).toEqual({
    edit: true,
    change_role: true,
    disable: true,
    enable: true,
    create_api_key: true,
  });

  const second = (await api.call('POST', `${path}/api-keys`, { body: { label: 'second' } })).body;
  expect(second.allowed_actions).toEqual({ revoke: true });
  expect((await keysOf()).map((key) => key.allowed_actions)).toEqual([{ revoke: true }, { revoke: true }]);
  for (const _time of ['accepted', 'revoked']) {
    expect((await keysOf()).find((key) => key.id === second.id).allowed_actions).toEqual({ revoke: true });
    expect(presentOutcome(await api.call('DELETE', `${path}/api-keys/${second.id}`))).toBe(true);
  }

  await api.addAdmin('super_admin');
  expect(await actionsOf(path)).toEqual({
    edit: true,
    change_role: true,
    disable: true,
    enable: true,
    create_api_key: true,
  });
  expect((await keysOf()).map((key) => key.allowed_actions)).toEqual([{ revoke: true }, { revoke: true }]);
  expect(await edit({ status: 'disabled' })).toBe(true);
});
