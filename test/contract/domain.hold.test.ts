/** A hold is placed and lifted only by its own source, and a contract continues only when no hold is open (T7, T9, T10). */
import { openHold, stateAt } from '../../domain/contract/contract';
import type { ContractFacts } from '../../domain/contract/facts';
import { settle } from '../../domain/contract/boundary';
import { decide } from '../../domain/contract/command';
import type { ContractCommand } from '../../domain/contract/command';
import { consequencesOf } from '../../domain/contract/consequence';
import {
  FACTS_BY_STATE,
  NOON,
  buildAutoRenewingFacts,
  buildBillingHold,
  buildComplianceHold,
  buildContext,
  buildFacts,
  buildHold,
  buildInvoice,
  buildRenewalContext,
  buildSettleContext,
  requireChange,
  factsAfter,
  describeDecision,
} from '../harness/contract-facts';

const pause: ContractCommand = { name: 'pause', input: {} };
const resume: ContractCommand = { name: 'resume', input: {} };
const extend: ContractCommand = { name: 'resume', input: { extend_term_on_resume: true } };
const holdIt: ContractCommand = { name: 'compliance-hold', input: { note: 'sanctions list' } };
const release: ContractCommand = { name: 'compliance-release', input: {} };

function after(command: ContractCommand, facts: ContractFacts, now = NOON): ContractFacts {
  return factsAfter(decide(command, facts, buildContext({ now })));
}

describe('pausing', () => {
  test('records its reason, and completion is one', () => {
    const paused = decide(
      { name: 'pause', input: { reason: 'completed', note: 'sold out' } },
      FACTS_BY_STATE.ACTIVE,
      buildContext(),
    );
    expect(paused).toMatchObject({
      reason: 'completed',
      facts: {
        holds: [{ source: 'admin', code: 'COMPLETED', note: 'sold out', placed_at: NOON, placed_by: 'admin-1' }],
      },
    });
  });

  test('refuses to end before it begins', () => {
    const input = { resume_at: NOON };
    expect(describeDecision(decide({ name: 'pause', input }, FACTS_BY_STATE.ACTIVE, buildContext()))).toBe(
      'VALIDATION_FAILED',
    );
  });

  test('before the start prevents the contract from becoming active at its start', () => {
    const paused = after(pause, FACTS_BY_STATE.SCHEDULED);
    expect(stateAt(paused, NOON)).toBe('SCHEDULED');
    expect(stateAt(paused, '2027-07-02T00:00:00.000Z')).toBe('PAUSED');
  });

  test('ends automatically at its instant, without lifting other holds', () => {
    const resume_at = '2027-06-20T09:30:00.000Z';
    const paused = after({ name: 'pause', input: { resume_at } }, buildFacts({ holds: [buildComplianceHold()] }));
    const { facts, changes } = settle(paused, '2027-07-01T00:00:00.000Z', buildSettleContext());
    expect(changes).toMatchObject([{ action: 'contract.resumed', at: resume_at, reason: 'resume_at', revised: true }]);
    expect(openHold(facts, NOON, 'admin')).toBeDefined();
    expect(openHold(facts, resume_at, 'admin')).toBeUndefined();
    expect(stateAt(facts, resume_at)).toBe('SUSPENDED');
  });
});

describe('resuming', () => {
  test('lifts the hold and stores it as a fact', () => {
    expect(decide(resume, FACTS_BY_STATE.PAUSED, buildContext())).toMatchObject({
      action: 'contract.resumed',
      facts: { holds: [{ lifted_at: NOON }], end_date: '2028-01-01' },
    });
  });

  test('adds the paused days to the end on request, and later terms count from it', () => {
    const holds = [buildHold({ placed_at: '2027-06-01T22:00:00.000Z' })];
    const resumed = requireChange(
      decide(extend, buildAutoRenewingFacts({}, { holds, timezone: 'Asia/Tokyo' }), buildContext()),
    );
    // 2 June in Tokyo to 15 June in Tokyo.
    expect(resumed).toMatchObject({
      reason: 'extended by 13 days',
      facts: { end_date: '2028-01-14', anchor_date: '2028-01-14', anchor_term: 1 },
    });
    const { facts } = settle(resumed.facts, '2029-01-13T15:00:00.000Z', buildSettleContext());
    expect(facts).toMatchObject({ term_number: 3, end_date: '2030-01-14' });
  });

  test('on the day of the pause, or without an end, adds nothing', () => {
    const today = [buildHold({ placed_at: '2027-06-15T09:00:00.000Z' })];
    expect(after(extend, buildFacts({ holds: today }))).toMatchObject({ end_date: '2028-01-01', anchor_term: 0 });
    expect(after(extend, buildFacts({ holds: [buildHold()], end_date: null }))).toMatchObject({ end_date: null });
  });

  test('in grace with the paused days added restores the term, and clears the block of its renewal', () => {
    const blocked = buildAutoRenewingFacts(
      {},
      { end_date: '2027-06-10', expiry_grace_days: 30, renewal_blocked: 'PAUSED', holds: [buildHold()] },
    );
    const resumed = after(extend, blocked);
    expect(resumed).toMatchObject({ end_date: '2027-06-24', renewal_blocked: null, term_number: 1 });
    expect(stateAt(resumed, NOON)).toBe('ACTIVE');
    expect(consequencesOf(resumed, NOON, buildRenewalContext())).toEqual([]);
  });

  test('lifts only the hold of administrators', () => {
    const holds = [buildHold(), buildComplianceHold(), buildBillingHold()];
    const resumed = after(resume, buildFacts({ holds }));
    expect(resumed.holds.map(({ source, lifted_at }) => [source, lifted_at])).toEqual([
      ['admin', NOON],
      ['compliance', null],
      ['billing', null],
    ]);
    expect(describeDecision(decide(resume, resumed, buildContext()))).toBe('unchanged');
  });
});

describe('compliance', () => {
  test('suspends every live contract with its reason, and lifts only its own hold', () => {
    const suspended = decide(holdIt, FACTS_BY_STATE.PAUSED, buildContext());
    expect(suspended).toMatchObject({ action: 'contract.suspended', reason: 'compliance', at: NOON });
    const facts = factsAfter(suspended);
    expect(stateAt(facts, NOON)).toBe('SUSPENDED');
    expect(describeDecision(decide(holdIt, facts, buildContext()))).toBe('unchanged');
    const released = decide(release, facts, buildContext());
    expect(released).toMatchObject({ action: 'contract.reinstated', reason: 'compliance' });
    expect(stateAt(factsAfter(released), NOON)).toBe('PAUSED');
  });

  test.each<[string, ContractFacts, string]>([
    ['active', buildFacts(), 'ACTIVE'],
    ['past due', buildFacts({ invoices: [buildInvoice({ due_date: '2027-06-10' })] }), 'PAST_DUE'],
    ['paused', buildFacts({ holds: [buildHold()] }), 'PAUSED'],
    ['suspended by billing', buildFacts({ holds: [buildBillingHold()] }), 'SUSPENDED'],
    ['in grace', FACTS_BY_STATE.EXPIRY_GRACE, 'EXPIRY_GRACE'],
    ['expired', FACTS_BY_STATE.EXPIRED, 'EXPIRED'],
  ])('releases a contract that is otherwise %s into that state', (_what, facts, state) => {
    const held = { ...facts, holds: [...facts.holds, buildComplianceHold()] };
    expect(stateAt(after(release, held), NOON)).toBe(state);
  });

  test('releases no terminated contract: that would record a reinstatement that did not happen', () => {
    const over = { ...FACTS_BY_STATE.TERMINATED, holds: [buildComplianceHold()] };
    expect(describeDecision(decide(release, over, buildContext()))).toBe('INVALID_STATE_TRANSITION');
    expect(stateAt(after({ name: 'reinstate', input: {} }, over), NOON)).toBe('SUSPENDED');
  });
});

test('two sources hold a contract at once, and both must release it', () => {
  let facts = buildFacts();
  for (const command of [pause, holdIt, resume]) facts = after(command, facts);
  expect(stateAt(facts, NOON)).toBe('SUSPENDED');
  expect(stateAt(after(release, facts), NOON)).toBe('ACTIVE');
});

test.each<[string, ContractFacts, ContractCommand]>([
  ['renewed late', FACTS_BY_STATE.EXPIRED, { name: 'renew', input: { term: 'P1Y' } }],
  ['reinstated', FACTS_BY_STATE.TERMINATED, { name: 'reinstate', input: {} }],
])('a pause that ended while the contract was over does not hold it once it is %s', (_how, over, command) => {
  const facts = after(command, { ...over, holds: [buildHold({ resume_at: '2027-06-10T00:00:00.000Z' })] });
  const [resumed] = consequencesOf(facts, NOON, buildRenewalContext());
  expect(resumed).toMatchObject({ action: 'contract.resumed', at: NOON, reason: 'resume_at' });
  expect(resumed && stateAt(resumed.facts, NOON)).toBe('ACTIVE');
});
