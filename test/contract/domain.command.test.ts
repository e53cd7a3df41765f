/** Every command in every state has the outcome of the rules, and a refusal or a repetition changes nothing. */
import { stateAt } from '../../domain/contract/contract';
import { decide } from '../../domain/contract/command';
import type { CommandOutcome, ContractCommand } from '../../domain/contract/command';
import { create } from '../../domain/contract/creation';
import type { CreateInput } from '../../domain/contract/creation';
import type { EditInput } from '../../domain/contract/edit';
import { isRefusal } from '../../domain/base/refusal';
import { DEFAULT_RENEWAL } from '../../domain/contract/renewal-policy';
import {
  CREATE_INPUT,
  FACTS_BY_STATE,
  LIVE_STATES,
  NOON,
  PRODUCT,
  buildAutoRenewingFacts,
  buildContext,
  buildFacts,
  buildGenerator,
  factsAfter,
  describeDecision,
} from '../harness/contract-facts';
import type { LiveState } from '../harness/contract-facts';

const edit = (input: EditInput): ContractCommand => ({ name: 'edit', input });

const CONFLICT = 'INVALID_STATE_TRANSITION';
const IMMUTABLE = 'IMMUTABLE_FIELD';

/** The same outcome in every state, except the named ones. */
function inEveryState(outcome: string, except: Partial<Record<LiveState, string>> = {}): Record<LiveState, string> {
  return Object.fromEntries(LIVE_STATES.map((state) => [state, except[state] ?? outcome])) as Record<LiveState, string>;
}

const conflictWhenOver = { EXPIRED: CONFLICT, TERMINATED: CONFLICT };
const whenDetail = inEveryState('contract.updated', { TERMINATED: 'CONTRACT_TERMINATED' });
const whenTerm = inEveryState('contract.updated', {
  SUSPENDED: 'BILLING_SUSPENDED',
  EXPIRED: 'CONTRACT_EXPIRED',
  TERMINATED: 'CONTRACT_TERMINATED',
});
const whenDraft = inEveryState(IMMUTABLE, { DRAFT: 'contract.updated' });

const TABLE: [string, ContractCommand, Record<LiveState, string>][] = [
  [
    'activate',
    { name: 'activate', input: {} },
    inEveryState(CONFLICT, {
      DRAFT: 'contract.activated',
      SCHEDULED: 'unchanged',
      ACTIVE: 'unchanged',
      PAST_DUE: 'unchanged',
    }),
  ],
  [
    'pause',
    { name: 'pause', input: {} },
    inEveryState('contract.paused', { ...conflictWhenOver, DRAFT: CONFLICT, PAUSED: 'unchanged' }),
  ],
  [
    'resume',
    { name: 'resume', input: {} },
    inEveryState('unchanged', { ...conflictWhenOver, DRAFT: CONFLICT, PAUSED: 'contract.resumed' }),
  ],
  [
    'compliance-hold',
    { name: 'compliance-hold', input: { note: 'sanctions list' } },
    inEveryState('contract.suspended', { ...conflictWhenOver, DRAFT: CONFLICT }),
  ],
  ['compliance-release', { name: 'compliance-release', input: {} }, inEveryState('unchanged')],
  [
    'renew',
    { name: 'renew', input: { term: 'P1Y' } },
    inEveryState('contract.renewed', {
      DRAFT: 'CONTRACT_INACTIVE',
      SCHEDULED: 'CONTRACT_INACTIVE',
      PAST_DUE: 'CHANGES_BLOCKED_PAST_DUE',
      SUSPENDED: 'BILLING_SUSPENDED',
      TERMINATED: 'CONTRACT_TERMINATED',
    }),
  ],
  [
    'opt-out',
    { name: 'opt-out', input: {} },
    inEveryState('RENEWAL_NOT_POSSIBLE', { ...conflictWhenOver, DRAFT: CONFLICT }),
  ],
  [
    'amend',
    {
      name: 'amend',
      input: { amendment_id: 'amendment-1', effective_date: '2027-08-01', changes: { quota_add: 5 }, note: null },
    },
    inEveryState('amendment.scheduled', {
      DRAFT: 'AMENDMENT_NOT_POSSIBLE',
      PAST_DUE: 'CHANGES_BLOCKED_PAST_DUE',
      SUSPENDED: 'BILLING_SUSPENDED',
      EXPIRED: 'CONTRACT_EXPIRED',
      TERMINATED: 'CONTRACT_TERMINATED',
    }),
  ],
  [
    'withdraw an unknown amendment',
    { name: 'withdraw-amendment', input: { amendment_id: 'amendment-1' } },
    inEveryState('AMENDMENT_NOT_PENDING'),
  ],
  [
    'terminate',
    { name: 'terminate', input: { reason: 'the customer left' } },
    inEveryState('contract.terminated', { TERMINATED: 'unchanged' }),
  ],
  ['reinstate', { name: 'reinstate', input: {} }, inEveryState(CONFLICT, { TERMINATED: 'contract.reinstated' })],
  [
    'delete',
    { name: 'delete', input: { confirm_name: 'Fence 2027' } },
    inEveryState('contract.deleted', { ACTIVE: 'CONTRACT_ACTIVE', PAST_DUE: 'CONTRACT_ACTIVE' }),
  ],
  [
    'edit status: active',
    edit({ status: 'active' }),
    inEveryState(CONFLICT, {
      DRAFT: 'contract.activated',
      ACTIVE: 'unchanged',
      PAST_DUE: 'unchanged',
      PAUSED: 'contract.resumed',
    }),
  ],
  [
    'edit status: inactive',
    edit({ status: 'inactive' }),
    inEveryState('unchanged', { ACTIVE: 'contract.paused', PAST_DUE: 'contract.paused' }),
  ],
  ['edit name', edit({ name: 'Fence, renamed' }), whenDetail],
  ['edit customer', edit({ customer_id: 'customer-1' }), whenDetail],
  ['edit account manager', edit({ account_manager: 'ada@example.com' }), whenDetail],
  ['edit address list', edit({ ip_allowlist: ['192.0.2.7'] }), whenDetail],
  ['edit metadata', edit({ metadata: { order: 7 } }), whenDetail],
  ['edit renewal', edit({ renewal: { mode: 'none' } }), whenDetail],
  ['edit dunning', edit({ dunning: { terminate_days: null } }), whenDetail],
  ['edit dunning exemption', edit({ dunning_exempt: true }), whenDetail],
  ['edit rate limits', edit({ rate_limits: { per_day: 10 } }), whenDetail],
  ['edit generation in grace', edit({ grace_allows_generation: true }), whenDetail],
  ['edit quota', edit({ quota: 200 }), { ...whenTerm, PAST_DUE: 'CHANGES_BLOCKED_PAST_DUE' }],
  ['edit quota downwards', edit({ quota: 50 }), whenTerm],
  ['edit generator', edit({ generator_id: 'generator-2' }), whenTerm],
  ['edit features', edit({ feature_overrides: { seats: 9 } }), whenTerm],
  ['edit activation limit', edit({ activation_limit: 'unlimited' }), whenTerm],
  ['edit expiry', edit({ expiry: { date: '2029-01-01' } }), whenTerm],
  ['edit the cap of the expiry', edit({ cap_expiry_at_contract_end: true }), whenTerm],
  ['edit time zone', edit({ timezone: 'Asia/Tokyo' }), whenDraft],
  ['edit start', edit({ start_date: '2027-08-01' }), whenDraft],
  ['edit end', edit({ end_date: '2029-01-01' }), whenDraft],
  ['edit term', edit({ term: 'P2Y' }), whenDraft],
  ['edit grace', edit({ expiry_grace_days: 5 }), whenDraft],
  ['edit type', edit({ type: 'pool' }), inEveryState(IMMUTABLE)],
  ['edit product', edit({ product_id: 'product-2' }), inEveryState(IMMUTABLE)],
  ['edit environment', edit({ environment: 'staging' }), inEveryState(IMMUTABLE)],
  ['edit id', edit({ id: 'contract-2' }), inEveryState(IMMUTABLE)],
  ['edit test clock', edit({ test_clock_id: 'clock-1' }), inEveryState(IMMUTABLE)],
  ['edit nothing', edit({}), inEveryState('unchanged')],
  [
    'edit without a difference',
    edit({
      name: 'Fence 2027',
      quota: 100,
      metadata: {},
      generator_id: 'generator-1',
      renewal: { mode: 'manual', notice_days: 30 },
      dunning: { suspend_days: 14 },
      dunning_exempt: false,
      rate_limits: { per_day: null, licenses: {} },
    }),
    inEveryState('unchanged'),
  ],
];

const CASES = TABLE.flatMap(([title, command, outcomes]) =>
  LIVE_STATES.map((state) => ({ title, command, state, outcome: outcomes[state] })),
);

describe('decide', () => {
  test.each(CASES)('$title in $state: $outcome', ({ command, state, outcome }) => {
    const facts = FACTS_BY_STATE[state];
    const generator = buildGenerator({
      id: command.name === 'edit' ? (command.input.generator_id ?? 'generator-1') : 'generator-1',
    });
    const before = structuredClone(facts);
    const decision = decide(command, facts, buildContext({ generator }));
    expect(describeDecision(decision)).toBe(outcome);
    expect(facts).toEqual(before);
    if (decision !== 'unchanged' && !isRefusal(decision)) {
      const revised = outcome !== 'amendment.scheduled';
      expect(decision).toMatchObject({ at: NOON, revised, facts: { revision: facts.revision + (revised ? 1 : 0) } });
    }
  });

  test('a refusal because of the state names the state, the action and the remedy', () => {
    const refusal = decide({ name: 'activate', input: {} }, FACTS_BY_STATE.PAUSED, buildContext());
    expect(refusal).toMatchObject({
      code: CONFLICT,
      metadata: { from: 'PAUSED', action: 'activate', remedy: 'Resume it.' },
    });
  });

  test('an edit with fields and a status is one change', () => {
    const decision = decide(edit({ name: 'New', status: 'inactive' }), FACTS_BY_STATE.ACTIVE, buildContext());
    expect(decision).toMatchObject({ action: 'contract.paused', facts: { name: 'New', revision: 2 } });
  });

  test('equal JSON with another order of keys is no change', () => {
    const facts = buildFacts({ metadata: { a: 1, b: { c: 2, d: 3 } }, feature_overrides: { seats: 9, tier: 'gold' } });
    const input = { metadata: { b: { d: 3, c: 2 }, a: 1 }, feature_overrides: { tier: 'gold', seats: 9 } };
    expect(decide(edit(input), facts, buildContext())).toBe('unchanged');
  });

  test('an edit of another revision than the current one is refused before anything else', () => {
    const stale = decide(edit({ type: 'pool', expected_revision: 1 }), buildFacts({ revision: 2 }), buildContext());
    expect(stale).toMatchObject({ code: 'REVISION_CONFLICT', metadata: { given: 1, current: 2 } });
  });
});

describe('activate', () => {
  const activate: ContractCommand = { name: 'activate', input: {} };

  test('a draft without a start begins on the local day of its activation', () => {
    const draft = buildFacts({
      activated_at: null,
      start_date: null,
      end_date: null,
      term_length: 'P1M',
      timezone: 'Pacific/Auckland',
    });
    const decision = decide(activate, draft, buildContext({ now: '2027-01-30T12:00:00.000Z' }));
    expect(decision).toMatchObject({
      facts: { start_date: '2027-01-31', end_date: '2027-02-28', activated_at: '2027-01-30T12:00:00.000Z' },
    });
  });

  test('a term that is over cannot begin, and one in its grace can', () => {
    const draft = buildFacts({ activated_at: null, end_date: '2027-06-15' });
    expect(describeDecision(decide(activate, draft, buildContext()))).toBe('TERM_ALREADY_OVER');
    const inGrace = decide(activate, { ...draft, expiry_grace_days: 1 }, buildContext());
    expect(inGrace).toMatchObject({ action: 'contract.activated' });
  });

  test('product and generator must be active and belong together', () => {
    const asked = (context: Parameters<typeof buildContext>[0]): string =>
      describeDecision(decide(activate, FACTS_BY_STATE.DRAFT, buildContext(context)));
    expect(asked({ product: { ...PRODUCT, status: 'inactive' } })).toBe('PRODUCT_INACTIVE');
    expect(asked({ generator: buildGenerator({ status: 'inactive' }) })).toBe('GENERATOR_NOT_AVAILABLE');
    expect(asked({ generator: buildGenerator({ product_id: 'product-2' }) })).toBe('GENERATOR_NOT_AVAILABLE');
    expect(asked({ generator: null })).toBe('GENERATOR_NOT_AVAILABLE');
  });
});

describe('edit', () => {
  const edited = (input: EditInput, facts = FACTS_BY_STATE.ACTIVE, generator = buildGenerator()): string =>
    describeDecision(decide(edit(input), facts, buildContext({ generator })));

  test('lowers only an unused quota', () => {
    const used = buildFacts({ quota: { total: 100, claimed: 40 } });
    expect(edited({ quota: 1 })).toBe('contract.updated');
    expect(edited({ quota: 39 }, used)).toBe('QUOTA_BELOW_USED');
    expect(edited({ quota: 40 }, used)).toBe('QUOTA_DECREASE_NOT_ALLOWED');
    expect(edited({ quota: 101 }, used)).toBe('contract.updated');
  });

  test('refuses a quota for which the key format is too small', () => {
    const format = { ...buildGenerator().format, groups: 1, group_length: 6 };
    // 32⁶ keys are enough for 1,073 licenses.
    expect(edited({ quota: 1_074 }, FACTS_BY_STATE.ACTIVE, buildGenerator({ format }))).toBe(
      'GENERATOR_KEYSPACE_TOO_SMALL',
    );
    expect(edited({ quota: 1_073 }, FACTS_BY_STATE.ACTIVE, buildGenerator({ format }))).toBe('contract.updated');
  });

  test('refuses a feature of another type than the generator’s', () => {
    expect(edited({ feature_overrides: { seats: 'many' } })).toBe('FEATURE_TYPE_MISMATCH');
    expect(edited({ feature_overrides: { seats: null, own: 'text' } })).toBe('contract.updated');
  });

  test('refuses an expiry that is past', () => {
    expect(edited({ expiry: { date: '2027-06-14' } })).toBe('EXPIRY_IN_PAST');
    expect(edited({ expiry: { date: '2027-06-15' } })).toBe('contract.updated');
  });

  test('of a draft: a term determines the end, and a fixed end replaces the term', () => {
    const withTerm = decide(edit({ term: 'P1Y' }), FACTS_BY_STATE.DRAFT, buildContext());
    expect(withTerm).toMatchObject({ facts: { term_length: 'P1Y', end_date: '2028-07-01' } });
    const withEnd = decide(
      edit({ end_date: '2027-12-24' }),
      { ...FACTS_BY_STATE.DRAFT, term_length: 'P1Y', end_date: '2028-07-01' },
      buildContext(),
    );
    expect(withEnd).toMatchObject({ facts: { term_length: null, end_date: '2027-12-24' } });
    const moved = decide(
      edit({ start_date: '2027-08-31' }),
      { ...FACTS_BY_STATE.DRAFT, term_length: 'P6M', end_date: null },
      buildContext(),
    );
    expect(moved).toMatchObject({ facts: { end_date: '2028-02-29' } });
  });

  test('of a draft: an end that is not after the start is refused', () => {
    expect(edited({ end_date: '2027-07-01' }, FACTS_BY_STATE.DRAFT)).toBe('VALIDATION_FAILED');
  });

  test('refuses a dunning schedule whose steps are not in order', () => {
    expect(edited({ dunning: { suspend_days: 1 } })).toBe('VALIDATION_FAILED');
    expect(edited({ dunning: { terminate_days: 14 } })).toBe('VALIDATION_FAILED');
    expect(edited({ dunning: { suspend_days: 60 } })).toBe('VALIDATION_FAILED');
    expect(edited({ dunning: { suspend_days: 60, terminate_days: null } })).toBe('contract.updated');
  });

  test('refuses automatic renewal without a term length', () => {
    expect(edited({ renewal: { mode: 'auto' } })).toBe('VALIDATION_FAILED');
    expect(edited({ renewal: { mode: 'auto', term: 'P1Y' } })).toBe('contract.updated');
  });

  test('changes the given fields of a policy and leaves the others', () => {
    const facts = factsAfter(decide(edit({ renewal: { notice_days: 14 } }), buildAutoRenewingFacts(), buildContext()));
    expect(facts.renewal).toEqual({ ...DEFAULT_RENEWAL, mode: 'auto', notice_days: 14 });
    const edited = factsAfter(decide(edit({ dunning: { suspend_days: 30 } }), FACTS_BY_STATE.ACTIVE, buildContext()));
    expect(edited.dunning).toEqual({ past_due_days: 1, suspend_days: 30, terminate_days: 60 });
  });
});

describe('create', () => {
  const created = (changes: Partial<CreateInput>, context = {}): ReturnType<typeof create> =>
    create('contract-1', 'generator-1', { ...CREATE_INPUT, ...changes }, buildContext(context));

  test('inactive creates a draft and active creates a running contract, in one change contract.created', () => {
    for (const [status, state] of [
      ['inactive', 'DRAFT'],
      ['active', 'ACTIVE'],
    ] as const) {
      const change = created({ status });
      if (isRefusal(change)) throw new Error(change.detail);
      expect(change).toMatchObject({
        action: 'contract.created',
        at: NOON,
        revised: true,
        facts: { revision: 1, settled_until: NOON },
      });
      expect(stateAt(change.facts, NOON)).toBe(state);
    }
  });

  test.each([
    ['an inactive product', {}, { product: { ...PRODUCT, status: 'inactive' as const } }, 'PRODUCT_INACTIVE'],
    ['a missing generator', {}, { generator: null }, 'GENERATOR_NOT_AVAILABLE'],
    ['a start after its end', { start_date: '2027-02-01', end_date: '2027-01-01' }, {}, 'VALIDATION_FAILED'],
    ['an expiry that is past', { expiry: { date: '2020-01-01' } }, {}, 'EXPIRY_IN_PAST'],
    [
      'an activation after its end',
      { status: 'active' as const, start_date: '2027-01-01', end_date: '2027-02-01' },
      {},
      'TERM_ALREADY_OVER',
    ],
    [
      'automatic renewal without a term',
      { renewal: { ...DEFAULT_RENEWAL, mode: 'auto' as const } },
      {},
      'VALIDATION_FAILED',
    ],
    ['a test clock in production', { test_clock_id: 'clock-1' }, {}, 'VALIDATION_FAILED'],
  ])('%s is refused', (_what, changes, context, code) => {
    expect(created(changes, context)).toMatchObject({ refused: true, code });
  });

  test('outside production a contract can use a test clock', () => {
    const product = { ...PRODUCT, environment: 'staging' as const };
    expect(created({ test_clock_id: 'clock-1' }, { product })).toMatchObject({ facts: { test_clock_id: 'clock-1' } });
  });
});

test('an outcome survives a workflow payload', () => {
  const refusal = decide({ name: 'activate', input: {} }, FACTS_BY_STATE.EXPIRED, buildContext());
  const outcome: CommandOutcome = { refusal: isRefusal(refusal) ? refusal : null, changed: false, replayed: false };
  expect(JSON.parse(JSON.stringify(outcome))).toEqual(outcome);
});
