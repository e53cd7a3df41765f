/**
 * Every command in every state has the outcome that the rules give it, and a refusal or a repetition changes nothing.
 */
import { stateAt } from '../domain/contract';
import { create, decide } from '../domain/contract-commands';
import type { CommandOutcome, ContractCommand, CreateInput, Decision, EditInput } from '../domain/contract-commands';
import { generationRefusal } from '../domain/generation';
import { isRefusal } from '../domain/refusal';
import { buildContext, buildFacts, buildGenerator, buildHold, FACTS_IN, NOON, PRODUCT } from './harness/contract-facts';
import type { LiveState } from './harness/contract-facts';

/** The action of a change, the code of a refusal, or `unchanged`. */
function outcomeOf(decision: Decision): string {
  if (decision === 'unchanged') return decision;
  return isRefusal(decision) ? decision.code : decision.action;
}

const edit = (input: EditInput): ContractCommand => ({ name: 'edit', input });

const CONFLICT = 'INVALID_STATE_TRANSITION';
const FROZEN = 'IMMUTABLE_FIELD';

const everywhere = (outcome: string): Record<LiveState, string> => ({
  DRAFT: outcome,
  SCHEDULED: outcome,
  ACTIVE: outcome,
  EXPIRY_GRACE: outcome,
  PAUSED: outcome,
  EXPIRED: outcome,
});
const untilExpiry = { ...everywhere('contract.updated'), EXPIRED: 'CONTRACT_EXPIRED' };
const asDraft = { ...everywhere(FROZEN), DRAFT: 'contract.updated' };

const TABLE: [string, ContractCommand, Record<LiveState, string>][] = [
  [
    'activate',
    { name: 'activate', input: {} },
    {
      DRAFT: 'contract.activated',
      SCHEDULED: 'unchanged',
      ACTIVE: 'unchanged',
      EXPIRY_GRACE: CONFLICT,
      PAUSED: CONFLICT,
      EXPIRED: CONFLICT,
    },
  ],
  [
    'pause',
    { name: 'pause', input: {} },
    {
      DRAFT: CONFLICT,
      SCHEDULED: 'contract.paused',
      ACTIVE: 'contract.paused',
      EXPIRY_GRACE: 'contract.paused',
      PAUSED: 'unchanged',
      EXPIRED: CONFLICT,
    },
  ],
  [
    'resume',
    { name: 'resume', input: {} },
    {
      DRAFT: CONFLICT,
      SCHEDULED: 'unchanged',
      ACTIVE: 'unchanged',
      EXPIRY_GRACE: 'unchanged',
      PAUSED: 'contract.resumed',
      EXPIRED: CONFLICT,
    },
  ],
  [
    'delete',
    { name: 'delete', input: { confirm_name: 'Fence 2027' } },
    { ...everywhere('contract.deleted'), ACTIVE: 'CONTRACT_ACTIVE' },
  ],
  [
    'edit status: active',
    edit({ status: 'active' }),
    {
      DRAFT: 'contract.activated',
      SCHEDULED: CONFLICT,
      ACTIVE: 'unchanged',
      EXPIRY_GRACE: CONFLICT,
      PAUSED: 'contract.resumed',
      EXPIRED: CONFLICT,
    },
  ],
  ['edit status: inactive', edit({ status: 'inactive' }), { ...everywhere('unchanged'), ACTIVE: 'contract.paused' }],
  ['edit name', edit({ name: 'Fence, renamed' }), everywhere('contract.updated')],
  ['edit customer', edit({ customer_id: 'customer-1' }), everywhere('contract.updated')],
  ['edit metadata', edit({ metadata: { order: 7 } }), everywhere('contract.updated')],
  ['edit quota', edit({ quota: 200 }), untilExpiry],
  ['edit generator', edit({ generator_id: 'generator-2' }), untilExpiry],
  ['edit features', edit({ feature_overrides: { seats: 9 } }), untilExpiry],
  ['edit activation limit', edit({ activation_limit: 'unlimited' }), untilExpiry],
  ['edit expiry', edit({ expiry: { date: '2029-01-01' } }), untilExpiry],
  ['edit time zone', edit({ timezone: 'Asia/Tokyo' }), asDraft],
  ['edit start', edit({ start_date: '2027-08-01' }), asDraft],
  ['edit end', edit({ end_date: '2029-01-01' }), asDraft],
  ['edit term', edit({ term: 'P2Y' }), asDraft],
  ['edit grace', edit({ expiry_grace_days: 5 }), asDraft],
  ['edit type', edit({ type: 'pool' }), everywhere(FROZEN)],
  ['edit product', edit({ product_id: 'product-2' }), everywhere(FROZEN)],
  ['edit environment', edit({ environment: 'staging' }), everywhere(FROZEN)],
  ['edit id', edit({ id: 'contract-2' }), everywhere(FROZEN)],
  ['edit nothing', edit({}), everywhere('unchanged')],
  [
    'edit to what already holds',
    edit({ name: 'Fence 2027', quota: 100, metadata: {}, generator_id: 'generator-1' }),
    everywhere('unchanged'),
  ],
];

const CASES = TABLE.flatMap(([title, command, outcomes]) =>
  (Object.keys(outcomes) as LiveState[]).map((state) => ({ title, command, state, outcome: outcomes[state] })),
);

describe('decide', () => {
  test.each(CASES)('$title in $state: $outcome', ({ command, state, outcome }) => {
    const facts = FACTS_IN[state];
    const generator = buildGenerator({
      id: command.name === 'edit' ? (command.input.generator_id ?? 'generator-1') : 'generator-1',
    });
    const before = structuredClone(facts);
    const decision = decide(command, facts, buildContext({ generator }));
    expect(outcomeOf(decision)).toBe(outcome);
    expect(facts).toEqual(before);
    if (decision !== 'unchanged' && !isRefusal(decision)) {
      expect(decision).toMatchObject({ at: NOON, revised: true, facts: { revision: facts.revision + 1 } });
    }
  });

  test('a refusal because of the state names the state, the action and what would work', () => {
    const refusal = decide({ name: 'activate', input: {} }, FACTS_IN.PAUSED, buildContext());
    expect(refusal).toMatchObject({
      code: CONFLICT,
      metadata: { from: 'PAUSED', action: 'activate', remedy: 'Resume it.' },
    });
  });

  test('an edit that carries fields and a status is one change', () => {
    const decision = decide(edit({ name: 'New', status: 'inactive' }), FACTS_IN.ACTIVE, buildContext());
    expect(decision).toMatchObject({ action: 'contract.paused', facts: { name: 'New', revision: 2 } });
  });

  test('equal JSON written in another order is no change', () => {
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
    expect(outcomeOf(decide(activate, draft, buildContext()))).toBe('TERM_ALREADY_OVER');
    const inGrace = decide(activate, { ...draft, expiry_grace_days: 1 }, buildContext());
    expect(inGrace).toMatchObject({ action: 'contract.activated' });
  });

  test('product and generator must be active and belong together', () => {
    const asked = (context: Parameters<typeof buildContext>[0]): string =>
      outcomeOf(decide(activate, FACTS_IN.DRAFT, buildContext(context)));
    expect(asked({ product: { ...PRODUCT, status: 'inactive' } })).toBe('PRODUCT_INACTIVE');
    expect(asked({ generator: buildGenerator({ status: 'inactive' }) })).toBe('GENERATOR_NOT_AVAILABLE');
    expect(asked({ generator: buildGenerator({ product_id: 'product-2' }) })).toBe('GENERATOR_NOT_AVAILABLE');
    expect(asked({ generator: null })).toBe('GENERATOR_NOT_AVAILABLE');
  });
});

describe('pause and resume', () => {
  test('a pause tells its reason, and completion is one', () => {
    const paused = decide(
      { name: 'pause', input: { reason: 'completed', note: 'sold out' } },
      FACTS_IN.ACTIVE,
      buildContext(),
    );
    expect(paused).toMatchObject({
      reason: 'completed',
      facts: { holds: [{ code: 'COMPLETED', note: 'sold out', placed_at: NOON }] },
    });
  });

  test('a pause that would end before it begins is refused', () => {
    const input = { resume_at: NOON };
    expect(outcomeOf(decide({ name: 'pause', input }, FACTS_IN.ACTIVE, buildContext()))).toBe('VALIDATION_FAILED');
  });

  test('a pause before the start keeps the contract from becoming active at its start', () => {
    const paused = decide({ name: 'pause', input: {} }, FACTS_IN.SCHEDULED, buildContext());
    if (paused === 'unchanged' || isRefusal(paused)) throw new Error('not paused');
    expect(stateAt(paused.facts, NOON)).toBe('SCHEDULED');
    expect(stateAt(paused.facts, '2027-07-02T00:00:00.000Z')).toBe('PAUSED');
  });

  test('on request, resuming adds the paused days to the end', () => {
    const facts = buildFacts({ holds: [buildHold({ placed_at: '2027-06-01T22:00:00.000Z' })], timezone: 'Asia/Tokyo' });
    const resumed = decide({ name: 'resume', input: { extend_term_on_resume: true } }, facts, buildContext());
    // 2 June in Tokyo to 15 June in Tokyo.
    expect(resumed).toMatchObject({ facts: { end_date: '2028-01-14' }, reason: 'extended by 13 days' });
  });

  test('resuming lifts the hold and keeps it as a fact', () => {
    const resumed = decide({ name: 'resume', input: {} }, FACTS_IN.PAUSED, buildContext());
    expect(resumed).toMatchObject({ facts: { holds: [{ lifted_at: NOON }], end_date: '2028-01-01' } });
  });
});

describe('delete', () => {
  const remove = (input: { confirm_name: string; expected_revision?: number }, changes = {}): string =>
    outcomeOf(decide({ name: 'delete', input }, FACTS_IN.PAUSED, buildContext(changes)));

  test('asks for the exact name, but not for its outer blanks', () => {
    expect(remove({ confirm_name: 'fence 2027' })).toBe('CONFIRMATION_MISMATCH');
    expect(remove({ confirm_name: ' Fence 2027 ' })).toBe('contract.deleted');
  });

  test('waits for the generation jobs of the contract', () => {
    expect(remove({ confirm_name: 'Fence 2027' }, { open_jobs: 1 })).toBe('CONTRACT_HAS_OPEN_JOB');
  });

  test('of an older revision is refused', () => {
    expect(remove({ confirm_name: 'Fence 2027', expected_revision: 7 })).toBe('REVISION_CONFLICT');
  });
});

describe('edit', () => {
  const edited = (input: EditInput, facts = FACTS_IN.ACTIVE, generator = buildGenerator()): string =>
    outcomeOf(decide(edit(input), facts, buildContext({ generator })));

  test('lowers a quota of which nothing is used, and no other', () => {
    const used = buildFacts({ quota: { total: 100, claimed: 40 } });
    expect(edited({ quota: 1 })).toBe('contract.updated');
    expect(edited({ quota: 39 }, used)).toBe('QUOTA_BELOW_USED');
    expect(edited({ quota: 40 }, used)).toBe('QUOTA_DECREASE_NOT_ALLOWED');
    expect(edited({ quota: 101 }, used)).toBe('contract.updated');
  });

  test('refuses a quota for which the key format is too small', () => {
    const format = { ...buildGenerator().format, groups: 1, group_length: 6 };
    // 32⁶ keys are good for 1,073 licenses.
    expect(edited({ quota: 1_074 }, FACTS_IN.ACTIVE, buildGenerator({ format }))).toBe('GENERATOR_KEYSPACE_TOO_SMALL');
    expect(edited({ quota: 1_073 }, FACTS_IN.ACTIVE, buildGenerator({ format }))).toBe('contract.updated');
  });

  test('refuses a feature of another type than the generator gives it', () => {
    expect(edited({ feature_overrides: { seats: 'many' } })).toBe('FEATURE_TYPE_MISMATCH');
    expect(edited({ feature_overrides: { seats: null, own: 'text' } })).toBe('contract.updated');
  });

  test('refuses an expiry that is past', () => {
    expect(edited({ expiry: { date: '2027-06-14' } })).toBe('EXPIRY_IN_PAST');
    expect(edited({ expiry: { date: '2027-06-15' } })).toBe('contract.updated');
  });

  test('of a draft, a term gives the end and a fixed end replaces the term', () => {
    const withTerm = decide(edit({ term: 'P1Y' }), FACTS_IN.DRAFT, buildContext());
    expect(withTerm).toMatchObject({ facts: { term_length: 'P1Y', end_date: '2028-07-01' } });
    const withEnd = decide(
      edit({ end_date: '2027-12-24' }),
      { ...FACTS_IN.DRAFT, term_length: 'P1Y', end_date: '2028-07-01' },
      buildContext(),
    );
    expect(withEnd).toMatchObject({ facts: { term_length: null, end_date: '2027-12-24' } });
    const moved = decide(
      edit({ start_date: '2027-08-31' }),
      { ...FACTS_IN.DRAFT, term_length: 'P6M', end_date: null },
      buildContext(),
    );
    expect(moved).toMatchObject({ facts: { end_date: '2028-02-29' } });
  });

  test('of a draft, an end that is not after the start is refused', () => {
    expect(edited({ end_date: '2027-07-01' }, FACTS_IN.DRAFT)).toBe('VALIDATION_FAILED');
  });
});

describe('create', () => {
  const INPUT: CreateInput = {
    name: 'Fence 2027',
    type: 'standard',
    status: 'inactive',
    quota: 10,
    customer_id: null,
    feature_overrides: {},
    activation_limit: null,
    expiry: null,
    timezone: 'UTC',
    start_date: null,
    end_date: null,
    term: null,
    expiry_grace_days: 0,
    metadata: {},
  };
  const created = (changes: Partial<CreateInput>, context = {}): ReturnType<typeof create> =>
    create('contract-1', 'generator-1', { ...INPUT, ...changes }, buildContext(context));

  test('inactive makes a draft and active makes a running contract, in one change called contract.created', () => {
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
  ])('%s is refused', (_what, changes, context, code) => {
    expect(created(changes, context)).toMatchObject({ refused: true, code });
  });
});

describe('generationRefusal', () => {
  test.each<[LiveState, string | null]>([
    ['DRAFT', 'CONTRACT_INACTIVE'],
    ['SCHEDULED', 'CONTRACT_INACTIVE'],
    ['ACTIVE', null],
    ['EXPIRY_GRACE', 'CONTRACT_INACTIVE'],
    ['PAUSED', 'CONTRACT_INACTIVE'],
    ['EXPIRED', 'CONTRACT_EXPIRED'],
  ])('in %s: %s', (state, code) => {
    const refusal = generationRefusal(FACTS_IN[state], buildContext());
    expect(refusal?.code ?? null).toBe(code);
    if (refusal) expect(refusal.reasons).toContain('CONTRACT_INACTIVE');
  });
});

test('an outcome survives the way through a workflow payload', () => {
  const refusal = decide({ name: 'activate', input: {} }, FACTS_IN.EXPIRED, buildContext());
  const outcome: CommandOutcome = { refusal: isRefusal(refusal) ? refusal : null, changed: false, replayed: false };
  expect(JSON.parse(JSON.stringify(outcome))).toEqual(outcome);
});
