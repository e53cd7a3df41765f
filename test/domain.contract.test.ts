/**
 * The state of a contract follows from its facts and the clock, by the rules of 1.3 and in their order.
 */
import { CONTRACT_STATES, lastDay, mayGenerateIn, stateAt, statusOf } from '../domain/contract';
import type { ContractState, InactiveReason } from '../domain/contract';
import { buildFacts, buildHold, FACTS_IN, NOON } from './harness/contract-facts';
import type { LiveState } from './harness/contract-facts';

describe('stateAt', () => {
  test.each(Object.entries(FACTS_IN))('the facts of %s give that state', (state, facts) => {
    expect(stateAt(facts, NOON)).toBe(state);
  });

  test('a deleted contract is DELETED, whatever else holds', () => {
    for (const facts of Object.values(FACTS_IN)) expect(stateAt({ ...facts, deleted_at: NOON }, NOON)).toBe('DELETED');
  });

  test('the earlier rule wins where several match', () => {
    const hold = buildHold();
    expect(stateAt({ ...FACTS_IN.DRAFT, holds: [hold] }, NOON)).toBe('DRAFT');
    expect(stateAt({ ...FACTS_IN.SCHEDULED, holds: [hold] }, NOON)).toBe('SCHEDULED');
    expect(stateAt({ ...FACTS_IN.EXPIRED, holds: [hold] }, NOON)).toBe('EXPIRED');
    expect(stateAt({ ...FACTS_IN.EXPIRY_GRACE, holds: [hold] }, NOON)).toBe('PAUSED');
  });

  test('a term is half open: it begins with its first instant and is over with that of its end', () => {
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

test('only an active contract generates, and only it has the status active', () => {
  const generating = CONTRACT_STATES.filter((state) => mayGenerateIn(state));
  expect(generating).toEqual(['ACTIVE']);
  const active = (Object.keys(FACTS_IN) as LiveState[]).filter(
    (state) => statusOf(FACTS_IN[state], NOON).status === 'active',
  );
  expect(active).toEqual(['ACTIVE']);
});

test('every inactive contract says why', () => {
  const reasons: Record<LiveState, InactiveReason | null> = {
    DRAFT: 'CONFIGURING',
    SCHEDULED: 'NOT_STARTED',
    ACTIVE: null,
    EXPIRY_GRACE: 'EXPIRED_IN_GRACE',
    PAUSED: 'PAUSED',
    EXPIRED: 'EXPIRED',
  };
  for (const state of Object.keys(FACTS_IN) as LiveState[])
    expect(statusOf(FACTS_IN[state], NOON).inactive_reason).toBe(reasons[state]);
  expect(statusOf(buildFacts({ holds: [buildHold({ code: 'COMPLETED' })] }), NOON).inactive_reason).toBe('COMPLETED');
});

test('the last day is the one before the end', () => {
  expect(lastDay({ end_date: '2028-03-01' })).toBe('2028-02-29');
  expect(lastDay({ end_date: null })).toBeNull();
});
