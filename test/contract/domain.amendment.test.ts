/** An amendment takes effect on its effective date, completely or not at all, and is checked on that date (domain.md 1.7, T17). */
import type { AmendmentChanges, ContractFacts } from '../../domain/contract/facts';
import { addDays } from '../../domain/base/calendar';
import { stateAt } from '../../domain/contract/contract';
import { nextBoundary, settle } from '../../domain/contract/boundary';
import type { SettleContext } from '../../domain/contract/boundary';
import { decide } from '../../domain/contract/command';
import type { ContractCommand } from '../../domain/contract/command';
import { consequencesOf } from '../../domain/contract/consequence';
import type { DecisionContext } from '../../domain/contract/decision';
import type { Instant } from '../../domain/base/instant';
import {
  FACTS_BY_STATE,
  NOON,
  buildAmendment,
  buildAutoRenewingFacts,
  buildContext,
  buildFacts,
  buildGenerator,
  buildHold,
  buildInvoice,
  buildRenewalContext,
  buildSettleContext,
  describeDecision,
  detailsOf,
  factsAfter,
  requireChange,
} from '../harness/contract-facts';

const TODAY = '2027-06-15';
const AUGUST = '2027-08-01';
const THEN: Instant = '2027-08-01T00:00:00.000Z';

function amend(changes: AmendmentChanges, effective_date = TODAY, amendment_id = 'amendment-1'): ContractCommand {
  return { name: 'amend', input: { amendment_id, effective_date, changes, note: null } };
}

function asked(
  changes: AmendmentChanges,
  effective_date = TODAY,
  facts = buildFacts(),
  context: Partial<DecisionContext> = {},
) {
  return describeDecision(decide(amend(changes, effective_date), facts, buildContext(context)));
}

/** The facts with amendments that wait. */
function waiting(facts: ContractFacts, ...amendments: [AmendmentChanges, string][]): ContractFacts {
  const pending = amendments.map(([changes, effective_date], index) =>
    buildAmendment({ id: `amendment-${index + 1}`, changes, effective_date }),
  );
  return { ...facts, amendments: pending };
}

function settled(facts: ContractFacts, now: Instant, context: Partial<SettleContext> = {}) {
  return settle(facts, now, buildSettleContext(context));
}

const EVERYTHING: AmendmentChanges = {
  quota_add: 50,
  generator_id: 'generator-2',
  feature_overrides: { seats: 9 },
  activation_limit: 7,
  expiry: { duration: 'P1Y', basis: 'generation' },
  end_date: '2028-07-01',
  renewal: { notice_days: 14 },
  customer_id: 'customer-1',
};
const AMENDED: Partial<ContractFacts> = {
  generator_id: 'generator-2',
  feature_overrides: { seats: 9 },
  activation_limit: 7,
  expiry: { duration: 'P1Y', basis: 'generation' },
  end_date: '2028-07-01',
  anchor_date: '2028-07-01',
  customer_id: 'customer-1',
};
const SECOND = buildGenerator({ id: 'generator-2' });

describe('an amendment of today', () => {
  test('takes effect at once and completely', () => {
    const change = requireChange(decide(amend(EVERYTHING), buildFacts(), buildContext({ generator: SECOND })));
    expect(change).toMatchObject({
      action: 'contract.amended',
      at: NOON,
      revised: true,
      details: { amendment_id: 'amendment-1', effective_date: TODAY },
      facts: {
        ...AMENDED,
        revision: 2,
        quota: { total: 150 },
        renewal: { notice_days: 14 },
        amendments: [{ status: 'applied', decided_at: NOON, created_by: 'admin-1', stored: false }],
      },
    });
  });

  test('that only grants quota is recorded as a grant with its purpose', () => {
    const change = requireChange(decide(amend({ quota_add: 300 }), buildFacts(), buildContext()));
    expect(change).toMatchObject({
      action: 'quota.granted',
      grant_label: 'amendment of 2027-06-15',
      facts: { quota: { total: 400 } },
    });
  });

  test('uses the date in the contract’s zone', () => {
    const facts = buildFacts({ timezone: 'Pacific/Auckland' });
    // It is the morning of 16 June there.
    expect(asked({ quota_add: 1 }, '2027-06-16', facts)).toBe('quota.granted');
    expect(asked({ quota_add: 1 }, '2027-06-17', facts)).toBe('amendment.scheduled');
  });

  test.each<[string, AmendmentChanges, ContractFacts, Partial<DecisionContext>, string]>([
    [
      'a feature of another type',
      { quota_add: 1, feature_overrides: { seats: 'many' } },
      buildFacts(),
      {},
      'FEATURE_TYPE_MISMATCH',
    ],
    [
      'a missing generator',
      { generator_id: 'generator-3' },
      buildFacts(),
      { generator: null },
      'GENERATOR_NOT_AVAILABLE',
    ],
    ['an expiry that is past', { expiry: { date: '2027-06-14' } }, buildFacts(), {}, 'EXPIRY_IN_PAST'],
    ['an end that is past', { end_date: TODAY }, buildFacts(), {}, 'VALIDATION_FAILED'],
    [
      'an end before the next term',
      { end_date: '2028-01-01' },
      buildFacts({ term_start_date: '2028-01-01' }),
      {},
      'VALIDATION_FAILED',
    ],
    ['automatic renewal without a term', { renewal: { mode: 'auto' } }, buildFacts(), {}, 'VALIDATION_FAILED'],
    ['more quota than any contract has', { quota_add: 1_000_000_000 }, buildFacts(), {}, 'VALIDATION_FAILED'],
    ['anything of a draft', { quota_add: 1 }, FACTS_BY_STATE.DRAFT, {}, 'AMENDMENT_NOT_POSSIBLE'],
  ])('with %s is refused and changes nothing', (_what, changes, facts, context, code) => {
    const before = structuredClone(facts);
    const effective_date =
      facts.term_start_date !== null && facts.term_start_date > TODAY ? facts.term_start_date : TODAY;
    expect(asked(changes, effective_date, facts, context)).toBe(code);
    expect(facts).toEqual(before);
  });
});

describe('an amendment of an earlier day', () => {
  test('takes effect now, and records both dates', () => {
    const change = requireChange(decide(amend({ quota_add: 5 }, '2027-03-01'), buildFacts(), buildContext()));
    expect(change).toMatchObject({
      at: NOON,
      details: { effective_date: '2027-03-01' },
      facts: { quota: { total: 105 } },
    });
  });

  test('cannot precede the current term', () => {
    expect(asked({ quota_add: 5 }, '2027-01-01')).toBe('quota.granted');
    expect(asked({ quota_add: 5 }, '2026-12-31')).toBe('AMENDMENT_NOT_POSSIBLE');
    const second = buildFacts({ term_number: 2, term_start_date: '2027-06-01' });
    expect(asked({ quota_add: 5 }, '2027-05-31', second)).toBe('AMENDMENT_NOT_POSSIBLE');
  });

  test('removes no right retroactively', () => {
    expect(asked({ end_date: '2027-06-01' }, '2027-05-01')).toBe('VALIDATION_FAILED');
    expect(asked({ end_date: '2027-06-16' }, '2027-05-01')).toBe('contract.amended');
  });
});

describe('an amendment of a later day', () => {
  test('waits, records its changes, and creates no revision', () => {
    const change = requireChange(decide(amend({ quota_add: 5 }, AUGUST), buildFacts(), buildContext()));
    expect(change).toMatchObject({
      action: 'amendment.scheduled',
      revised: false,
      details: { amendment_id: 'amendment-1', effective_date: AUGUST, changes: { quota_add: 5 } },
      facts: { quota: { total: 100 }, amendments: [{ status: 'pending', decided_at: null, stored: false }] },
    });
    expect(nextBoundary({ ...change.facts, settled_until: NOON })).toEqual({ at: THEN, kind: 'quota_granted' });
  });

  test('takes effect at the first instant of its effective date', () => {
    const facts = waiting(buildFacts({ timezone: 'Asia/Kolkata' }), [EVERYTHING, AUGUST]);
    const generators = new Map([['generator-2', SECOND]]);
    expect(settled(facts, '2027-07-31T18:29:59.999Z', { generators }).changes).toEqual([]);
    const { changes } = settled(facts, '2027-07-31T18:30:00.000Z', { generators });
    expect(changes).toMatchObject([
      {
        action: 'contract.amended',
        at: '2027-07-31T18:30:00.000Z',
        boundary: 'amendment',
        facts: { ...AMENDED, quota: { total: 150 }, amendments: [{ status: 'applied' }] },
      },
    ]);
  });

  test('is checked against the current facts when it is created', () => {
    expect(asked({ feature_overrides: { seats: 'many' } }, AUGUST)).toBe('FEATURE_TYPE_MISMATCH');
    expect(asked({ end_date: AUGUST }, AUGUST)).toBe('VALIDATION_FAILED');
    expect(asked({ end_date: addDays(AUGUST, 1) }, AUGUST)).toBe('amendment.scheduled');
  });

  test('fails completely and with its reason when it is not possible on its effective date', () => {
    const facts = waiting(buildFacts(), [EVERYTHING, AUGUST]);
    const { changes } = settled(facts, THEN, {
      generators: new Map([['generator-2', { ...SECOND, status: 'inactive' }]]),
    });
    expect(changes).toMatchObject([
      {
        action: 'amendment.failed',
        at: THEN,
        boundary: 'amendment',
        reason: 'GENERATOR_NOT_AVAILABLE',
        revised: false,
        details: { amendment_id: 'amendment-1', code: 'GENERATOR_NOT_AVAILABLE' },
      },
    ]);
    const [failed] = changes;
    expect(failed?.facts).toEqual({
      ...facts,
      amendments: [
        {
          ...facts.amendments[0],
          status: 'failed',
          decided_at: THEN,
          failure: { code: 'GENERATOR_NOT_AVAILABLE', detail: expect.stringContaining('inactive') },
        },
      ],
    });
  });

  test('fails when the contract is suspended on its date, or has overdue invoices and would get more', () => {
    const owed = (due_date: string) => ({ invoices: [buildInvoice({ due_date })] });
    const outcome = (changes: AmendmentChanges, due_date: string) =>
      settled({ ...waiting(buildFacts(), [changes, AUGUST]), ...owed(due_date) }, THEN).changes.at(-1);
    expect(outcome({ quota_add: 5 }, '2027-07-10')).toMatchObject({ reason: 'BILLING_SUSPENDED' });
    expect(outcome({ quota_add: 5 }, '2027-07-25')).toMatchObject({ reason: 'CHANGES_BLOCKED_PAST_DUE' });
    expect(outcome({ end_date: '2028-07-01' }, '2027-07-25')).toMatchObject({ reason: 'CHANGES_BLOCKED_PAST_DUE' });
    expect(outcome({ feature_overrides: { seats: 9 } }, '2027-07-25')).toMatchObject({ action: 'contract.amended' });
  });

  test('is applied by date, then by creation; a grant of quota comes first', () => {
    const facts = waiting(
      buildFacts(),
      [{ activation_limit: 1 }, '2027-08-02'],
      [{ activation_limit: 2 }, AUGUST],
      [{ activation_limit: 3 }, AUGUST],
      [{ quota_add: 1 }, AUGUST],
    );
    const { changes } = settled(facts, '2027-09-01T00:00:00.000Z');
    expect(changes.map((change) => [detailsOf(change)['amendment_id'], change.facts.activation_limit])).toEqual([
      ['amendment-4', null],
      ['amendment-2', 2],
      ['amendment-3', 3],
      ['amendment-1', 1],
    ]);
  });

  test('comes before the renewal of the same day, which counts from it', () => {
    const renewing = waiting(
      buildAutoRenewingFacts({}, { expiry_grace_days: 5 }),
      [{ renewal: { quota_effect: { add: 30 } } }, '2028-01-01'],
      [{ quota_add: 5 }, '2028-01-01'],
    );
    const { facts, changes } = settled(renewing, '2028-01-01T00:00:00.000Z');
    expect(changes.slice(-3).map(({ action }) => action)).toEqual([
      'quota.granted',
      'contract.amended',
      'contract.renewed',
    ]);
    expect(facts.quota.total).toBe(135);
  });

  test('can be in the next term, and is withdrawn when none follows', () => {
    const later: [AmendmentChanges, string] = [{ quota_add: 5 }, '2028-02-01'];
    expect(settled(waiting(buildAutoRenewingFacts(), later), '2028-03-01T00:00:00.000Z').facts.quota.total).toBe(105);
    const { facts } = settled(waiting(buildFacts(), later), '2028-03-01T00:00:00.000Z');
    expect(facts.amendments).toMatchObject([{ status: 'cancelled', decided_at: '2028-01-01T00:00:00.000Z' }]);
    expect(facts.quota.total).toBe(100);
  });

  test('can be withdrawn while it is pending', () => {
    const withdraw: ContractCommand = { name: 'withdraw-amendment', input: { amendment_id: 'amendment-1' } };
    const facts = waiting(buildFacts(), [{ quota_add: 5 }, AUGUST]);
    const change = requireChange(decide(withdraw, facts, buildContext()));
    expect(change).toMatchObject({
      action: 'amendment.cancelled',
      revised: false,
      facts: { amendments: [{ status: 'cancelled', decided_at: NOON }] },
    });
    expect(settled(change.facts, THEN).changes).toEqual([]);
    expect(describeDecision(decide(withdraw, change.facts, buildContext()))).toBe('AMENDMENT_NOT_PENDING');
    // Its effective date passed before the contract was settled, so it was applied just before the withdrawal.
    const applied = settled(facts, THEN).facts;
    expect(decide(withdraw, applied, buildContext({ now: THEN }))).toMatchObject({
      code: 'AMENDMENT_NOT_PENDING',
      metadata: { status: 'applied' },
    });
  });
});

describe('the end of the term', () => {
  test('moved later extends the term, and later terms count from it', () => {
    const { facts } = requireChange(
      decide(amend({ end_date: '2028-03-01' }), buildAutoRenewingFacts(), buildContext()),
    );
    expect(facts).toMatchObject({ end_date: '2028-03-01', term_number: 1, anchor_date: '2028-03-01', anchor_term: 1 });
    expect(settled(facts, '2028-03-01T00:00:00.000Z').facts).toMatchObject({ term_number: 2, end_date: '2029-03-01' });
  });

  test('can be set for a contract without an end, which reduces it', () => {
    const facts = factsAfter(decide(amend({ end_date: AUGUST }), buildFacts({ end_date: null }), buildContext()));
    expect(stateAt(settled(facts, THEN).facts, THEN)).toBe('EXPIRED');
  });

  test('moved later within grace makes the contract active again, and its renewal waits for the new end', () => {
    const blocked = settled(
      buildAutoRenewingFacts(
        {},
        { end_date: '2027-06-10', expiry_grace_days: 30, settled_until: '2027-06-01T00:00:00.000Z' },
      ),
      NOON,
      { generators: new Map() },
    ).facts;
    expect(blocked.renewal_blocked).toBe('GENERATOR_NOT_AVAILABLE');
    const facts = factsAfter(decide(amend({ end_date: AUGUST }), blocked, buildContext()));
    expect(stateAt(facts, NOON)).toBe('ACTIVE');
    expect(consequencesOf(facts, NOON, buildRenewalContext())).toEqual([]);
    expect(settled(facts, THEN).changes.at(-1)).toMatchObject({ action: 'contract.renewed', at: THEN });
  });

  test('can still be moved on the day of the end', () => {
    const facts = waiting(buildFacts(), [{ end_date: '2028-02-01' }, '2028-01-01']);
    const actions = settled(facts, '2028-01-15T00:00:00.000Z').changes.map(({ action }) => action);
    expect(actions).toContain('contract.amended');
    expect(actions).not.toContain('contract.expired');
  });
});

describe('while suspended', () => {
  test.each<[string, AmendmentChanges, string]>([
    ['less time', { end_date: AUGUST }, 'contract.amended'],
    ['no automatic renewal', { renewal: { mode: 'manual' } }, 'contract.amended'],
    ['both', { end_date: AUGUST, renewal: { mode: 'none' } }, 'contract.amended'],
    ['more time', { end_date: '2029-01-01' }, 'BILLING_SUSPENDED'],
    ['quota', { quota_add: 1 }, 'BILLING_SUSPENDED'],
    ['features', { feature_overrides: {} }, 'BILLING_SUSPENDED'],
    ['another policy', { renewal: { quota_effect: { add: 1 } } }, 'BILLING_SUSPENDED'],
    ['less time and quota', { end_date: AUGUST, quota_add: 1 }, 'BILLING_SUSPENDED'],
  ])('a contract can be reduced, not extended: %s', (_what, changes, outcome) => {
    const facts = { ...FACTS_BY_STATE.SUSPENDED, renewal: buildAutoRenewingFacts().renewal, term_length: 'P1Y' };
    expect(asked(changes, TODAY, facts)).toBe(outcome);
  });

  test('a paused contract can be amended like any other', () => {
    expect(asked({ quota_add: 1 }, TODAY, buildFacts({ holds: [buildHold()] }))).toBe('quota.granted');
  });
});
