/**
 * The state of a contract, and everything that is shown of it, follows from its facts and the clock by the rules of 1.3, in
 * their order.
 */
import { addDays } from '../../domain/base/calendar';
import { lastDay, stateAt, statusOf, warningsOf } from '../../domain/contract/contract';
import { mayGenerateIn } from '../../domain/contract/operations';
import { CONTRACT_STATES } from '../../domain/contract/facts';
import type { ContractFacts, Hold, ContractWarning, InactiveReason, ContractState } from '../../domain/contract/facts';
import {
  FACTS_BY_STATE,
  LIVE_STATES,
  NOON,
  buildBillingHold,
  buildComplianceHold,
  buildFacts,
  buildHold,
  buildInvoice,
} from '../harness/contract-facts';
import type { LiveState } from '../harness/contract-facts';

describe('stateAt', () => {
  test.each(Object.entries(FACTS_BY_STATE))('the facts of %s give that state', (state, facts) => {
    expect(stateAt(facts, NOON)).toBe(state);
  });

  test('a deleted contract is DELETED, whatever its other facts', () => {
    for (const facts of Object.values(FACTS_BY_STATE))
      expect(stateAt({ ...facts, deleted_at: NOON }, NOON)).toBe('DELETED');
  });

  test('the earlier rule wins where several match', () => {
    const hold = buildHold();
    expect(stateAt({ ...FACTS_BY_STATE.DRAFT, holds: [hold] }, NOON)).toBe('DRAFT');
    expect(stateAt({ ...FACTS_BY_STATE.SCHEDULED, holds: [hold] }, NOON)).toBe('SCHEDULED');
    expect(stateAt({ ...FACTS_BY_STATE.EXPIRED, holds: [hold] }, NOON)).toBe('EXPIRED');
    expect(stateAt({ ...FACTS_BY_STATE.TERMINATED, activated_at: null }, NOON)).toBe('TERMINATED');
    expect(stateAt({ ...FACTS_BY_STATE.EXPIRY_GRACE, holds: [hold] }, NOON)).toBe('PAUSED');
    expect(stateAt({ ...FACTS_BY_STATE.PAST_DUE, holds: [hold] }, NOON)).toBe('PAUSED');
    expect(stateAt({ ...FACTS_BY_STATE.SUSPENDED, holds: [hold, ...FACTS_BY_STATE.SUSPENDED.holds] }, NOON)).toBe(
      'SUSPENDED',
    );
    expect(stateAt({ ...FACTS_BY_STATE.PAST_DUE, end_date: '2027-06-15', expiry_grace_days: 1 }, NOON)).toBe(
      'EXPIRY_GRACE',
    );
  });

  test('a term is half open: it includes its first instant and excludes the instant of its end', () => {
    const facts = buildFacts({
      timezone: 'Europe/Berlin',
      start_date: '2027-02-01',
      end_date: '2027-03-01',
      expiry_grace_days: 1,
    });
    const at = (instant: string): ContractState => stateAt(facts, instant);
    expect(at('2027-01-31T22:59:59.999Z')).toBe('SCHEDULED');
    expect(at('2027-01-31T23:00:00.000Z')).toBe('ACTIVE');
    expect(at('2027-02-28T22:59:59.999Z')).toBe('ACTIVE');
    expect(at('2027-02-28T23:00:00.000Z')).toBe('EXPIRY_GRACE');
    expect(at('2027-03-01T22:59:59.999Z')).toBe('EXPIRY_GRACE');
    expect(at('2027-03-01T23:00:00.000Z')).toBe('EXPIRED');
  });

  test('a contract without an end never expires', () => {
    expect(stateAt(buildFacts({ end_date: null }), '2999-01-01T00:00:00.000Z')).toBe('ACTIVE');
  });
});

describe('the two statuses of the interface (2.1)', () => {
  const SHOWN: Record<LiveState, [status: string, reason: InactiveReason | null]> = {
    DRAFT: ['inactive', 'CONFIGURING'],
    SCHEDULED: ['inactive', 'NOT_STARTED'],
    ACTIVE: ['active', null],
    PAST_DUE: ['active', null],
    EXPIRY_GRACE: ['inactive', 'EXPIRED_IN_GRACE'],
    PAUSED: ['inactive', 'PAUSED'],
    SUSPENDED: ['inactive', 'BILLING_SUSPENDED'],
    EXPIRED: ['inactive', 'EXPIRED'],
    TERMINATED: ['inactive', 'TERMINATED'],
  };

  test.each(LIVE_STATES)('%s shows its status and why it is inactive', (state) => {
    const { status, inactive_reason } = statusOf(FACTS_BY_STATE[state], NOON);
    expect([status, inactive_reason]).toEqual(SHOWN[state]);
  });

  test.each<[string, Hold[], ContractState, InactiveReason]>([
    ['a pause', [buildHold()], 'PAUSED', 'PAUSED'],
    ['completion', [buildHold({ code: 'COMPLETED' })], 'PAUSED', 'COMPLETED'],
    ['billing', [buildBillingHold()], 'SUSPENDED', 'BILLING_SUSPENDED'],
    ['compliance', [buildComplianceHold()], 'SUSPENDED', 'COMPLIANCE'],
    ['a pause and compliance', [buildHold(), buildComplianceHold()], 'SUSPENDED', 'COMPLIANCE'],
    ['compliance and billing', [buildComplianceHold(), buildBillingHold()], 'SUSPENDED', 'BILLING_SUSPENDED'],
  ])('a contract with a hold of %s shows it as its reason', (_holder, holds, state, inactive_reason) => {
    const facts = buildFacts({ holds });
    expect(stateAt(facts, NOON)).toBe(state);
    expect(statusOf(facts, NOON)).toEqual({ status: 'inactive', inactive_reason });
  });

  test('a hold counts from its first instant until its end', () => {
    const facts = buildFacts({ holds: [buildHold({ placed_at: '2027-06-02T10:00:00.000Z', lifted_at: NOON })] });
    expect(stateAt(facts, '2027-06-02T09:59:59.999Z')).toBe('ACTIVE');
    expect(stateAt(facts, '2027-06-02T10:00:00.000Z')).toBe('PAUSED');
    expect(stateAt(facts, '2027-06-15T11:59:59.999Z')).toBe('PAUSED');
    expect(stateAt(facts, NOON)).toBe('ACTIVE');
  });
});

test('an overdue invoice makes a contract past due, and does not suspend it before verification', () => {
  for (const days of [1, 13, 14, 60, 400]) {
    const facts = buildFacts({ invoices: [buildInvoice({ due_date: addDays('2027-06-15', -days) })] });
    expect(stateAt(facts, NOON)).toBe('PAST_DUE');
  }
  expect(stateAt(buildFacts({ invoices: [buildInvoice()] }), NOON)).toBe('ACTIVE');
});

test('licenses are generated while active or past due, and in grace if the contract allows it', () => {
  const generating = (grace_allows_generation: boolean): ContractState[] =>
    CONTRACT_STATES.filter((state) => mayGenerateIn(state, { grace_allows_generation }));
  expect(generating(false)).toEqual(['ACTIVE', 'PAST_DUE']);
  expect(generating(true)).toEqual(['ACTIVE', 'PAST_DUE', 'EXPIRY_GRACE']);
});

describe('warnings', () => {
  const owing = (days: number): Partial<ContractFacts> => ({
    invoices: [buildInvoice({ due_date: addDays('2027-06-15', -days) })],
  });
  test.each<[string, ContractFacts, ContractWarning[]]>([
    ['nothing for most', FACTS_BY_STATE.ACTIVE, []],
    ['that money is owed', FACTS_BY_STATE.PAST_DUE, ['BILLING_PAST_DUE']],
    ['that a suspension is due', buildFacts(owing(14)), ['BILLING_PAST_DUE', 'SUSPENSION_DUE']],
    ['nothing more once suspended', FACTS_BY_STATE.SUSPENDED, []],
    [
      'that the billing system gives no answer',
      buildFacts({ ...owing(14), billing_unreachable_since: NOON }),
      ['BILLING_PAST_DUE', 'SUSPENSION_DUE', 'BILLING_UNREACHABLE'],
    ],
    [
      'that it was paid after it had been terminated for that',
      { ...FACTS_BY_STATE.TERMINATED, termination_code: 'BILLING' },
      ['PAID_AFTER_TERMINATION'],
    ],
    ['not that, while it is unpaid', { ...FACTS_BY_STATE.TERMINATED, ...owing(70), termination_code: 'BILLING' }, []],
    ['not that, for another reason', FACTS_BY_STATE.TERMINATED, []],
    ['that it was not renewed', { ...FACTS_BY_STATE.EXPIRY_GRACE, renewal_blocked: 'PAUSED' }, ['RENEWAL_BLOCKED']],
    ['not that, when the customer wished so', { ...FACTS_BY_STATE.EXPIRY_GRACE, renewal_blocked: 'OPTED_OUT' }, []],
    ['not that, once it is over', { ...FACTS_BY_STATE.EXPIRED, renewal_blocked: 'PAUSED' }, []],
  ])('show %s', (_what, facts, warnings) => {
    expect(warningsOf(facts, NOON)).toEqual(warnings);
  });
});

test('the last day is the one before the end', () => {
  expect(lastDay({ end_date: '2028-03-01' })).toBe('2028-02-29');
  expect(lastDay({ end_date: null })).toBeNull();
});
