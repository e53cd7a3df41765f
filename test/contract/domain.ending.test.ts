/** A contract ends once: by expiry, termination or deletion. Undoing a termination undoes nothing else (T11, T14 to T16). */
import { addDays } from '../../domain/base/calendar';
import { stateAt } from '../../domain/contract/contract';
import type { ContractFacts } from '../../domain/contract/facts';
import { nextBoundary, settle } from '../../domain/contract/boundary';
import { decide } from '../../domain/contract/command';
import type { ContractCommand } from '../../domain/contract/command';
import { consequencesOf } from '../../domain/contract/consequence';
import { REINSTATE_DAYS_MAX } from '../../domain/contract/ending';
import {
  FACTS_BY_STATE,
  LIVE_STATES,
  NOON,
  buildAmendment,
  buildAutoRenewingFacts,
  buildBillingHold,
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

const terminate: ContractCommand = { name: 'terminate', input: { reason: 'breach' } };
const reinstate: ContractCommand = { name: 'reinstate', input: {} };

const WAITING = buildAmendment();

describe('expiry', () => {
  test('follows grace if there is one, each at the first instant of its day', () => {
    const facts = buildFacts({ timezone: 'Europe/Berlin', expiry_grace_days: 10 });
    const { changes } = settle(facts, '2029-01-01T00:00:00.000Z', buildSettleContext());
    expect(
      changes.filter(({ action }) => action !== 'renewal.reminder_due').map((one) => [one.action, one.at]),
    ).toEqual([
      ['contract.grace_started', '2027-12-31T23:00:00.000Z'],
      ['contract.expired', '2028-01-10T23:00:00.000Z'],
    ]);
  });

  test('withdraws pending amendments', () => {
    const facts = buildFacts({ end_date: '2027-07-01', amendments: [WAITING] });
    const { changes } = settle(facts, '2027-09-01T00:00:00.000Z', buildSettleContext());
    expect(changes.at(-1)).toMatchObject({
      action: 'contract.expired',
      facts: { amendments: [{ status: 'cancelled', decided_at: '2027-07-01T00:00:00.000Z' }] },
    });
  });
});

describe('termination', () => {
  test.each(LIVE_STATES.filter((state) => state !== 'TERMINATED'))(
    'ends a contract that is %s, for a reason',
    (state) => {
      const change = requireChange(
        decide(terminate, { ...FACTS_BY_STATE[state], amendments: [WAITING] }, buildContext()),
      );
      expect(change).toMatchObject({
        action: 'contract.terminated',
        at: NOON,
        reason: 'breach',
        revised: true,
        facts: {
          terminated_at: NOON,
          termination_code: 'ADMIN',
          termination_reason: 'breach',
          amendments: [{ status: 'cancelled', decided_at: NOON }],
        },
      });
      expect(stateAt(change.facts, NOON)).toBe('TERMINATED');
    },
  );

  test('leaves no future boundary: no renewal, no reminder, no dunning step, no end of a pause', () => {
    const renewing = buildAutoRenewingFacts({}, { holds: [buildHold({ resume_at: '2027-07-01T00:00:00.000Z' })] });
    const facts = factsAfter(decide(terminate, { ...renewing, invoices: [buildInvoice()] }, buildContext()));
    expect(nextBoundary(facts)).toBeNull();
    const later = '2029-01-01T00:00:00.000Z';
    expect(settle(facts, later, buildSettleContext())).toEqual({
      facts: { ...facts, settled_until: later },
      changes: [],
    });
    expect(consequencesOf(facts, NOON, buildRenewalContext())).toEqual([]);
  });
});

describe('reinstatement', () => {
  const terminatedDaysAgo = (days: number, changes: Partial<ContractFacts> = {}): ContractFacts => ({
    ...FACTS_BY_STATE.TERMINATED,
    terminated_at: `${addDays('2027-06-15', -days)}T09:00:00.000Z`,
    ...changes,
  });
  const asked = (facts: ContractFacts): string => describeDecision(decide(reinstate, facts, buildContext()));

  test('undoes the termination and records what it undid', () => {
    const change = requireChange(decide(reinstate, terminatedDaysAgo(3), buildContext()));
    expect(change).toMatchObject({
      action: 'contract.reinstated',
      reason: 'terminated',
      at: NOON,
      facts: { terminated_at: null, termination_code: null, termination_reason: null },
    });
    expect(stateAt(change.facts, NOON)).toBe('ACTIVE');
  });

  test('is possible on the thirtieth day and not on the day after', () => {
    expect(REINSTATE_DAYS_MAX).toBe(30);
    expect(asked(terminatedDaysAgo(30))).toBe('contract.reinstated');
    expect(asked(terminatedDaysAgo(31))).toBe('INVALID_STATE_TRANSITION');
  });

  test('needs all invoices paid, and lifts the hold of billing too', () => {
    const owing: Partial<ContractFacts> = { termination_code: 'BILLING', holds: [buildBillingHold()] };
    const unpaid = buildInvoice({ due_date: '2027-04-01' });
    expect(asked(terminatedDaysAgo(3, { ...owing, invoices: [unpaid] }))).toBe('CHANGES_BLOCKED_PAST_DUE');
    const paid = terminatedDaysAgo(3, { ...owing, invoices: [{ ...unpaid, status: 'PAID' }], past_due_since: NOON });
    const facts = factsAfter(decide(reinstate, paid, buildContext()));
    expect(facts).toMatchObject({ past_due_since: null, holds: [{ source: 'billing', lifted_at: NOON }] });
    expect(stateAt(facts, NOON)).toBe('ACTIVE');
  });

  test('lifts no pause, and restores a draft as a draft', () => {
    const paused = terminatedDaysAgo(3, { holds: [buildHold()] });
    expect(stateAt(factsAfter(decide(reinstate, paused, buildContext())), NOON)).toBe('PAUSED');
    const draft = terminatedDaysAgo(3, { activated_at: null });
    expect(stateAt(factsAfter(decide(reinstate, draft, buildContext())), NOON)).toBe('DRAFT');
  });

  test('makes the missed renewal if grace allows; otherwise the contract is expired', () => {
    const ended = { ...buildAutoRenewingFacts(), ...terminatedDaysAgo(10), term_length: 'P1Y', end_date: '2027-06-12' };
    const renewing = { ...ended, renewal: buildAutoRenewingFacts().renewal };
    const inGrace = factsAfter(decide(reinstate, { ...renewing, expiry_grace_days: 5 }, buildContext()));
    expect(stateAt(inGrace, NOON)).toBe('EXPIRY_GRACE');
    expect(consequencesOf(inGrace, NOON, buildRenewalContext())).toMatchObject([
      { action: 'contract.renewed', facts: { term_number: 2, term_start_date: '2027-06-12' } },
    ]);
    const over = factsAfter(decide(reinstate, renewing, buildContext()));
    expect(stateAt(over, NOON)).toBe('EXPIRED');
    expect(consequencesOf(over, NOON, buildRenewalContext())).toEqual([]);
  });
});

describe('deletion', () => {
  const remove = (input: { confirm_name: string; expected_revision?: number }, changes = {}): string =>
    describeDecision(decide({ name: 'delete', input }, FACTS_BY_STATE.PAUSED, buildContext(changes)));

  test('needs the exact name, without regard to outer spaces', () => {
    expect(remove({ confirm_name: 'fence 2027' })).toBe('CONFIRMATION_MISMATCH');
    expect(remove({ confirm_name: ' Fence 2027 ' })).toBe('contract.deleted');
  });

  test('is refused while the contract has open generation jobs', () => {
    expect(remove({ confirm_name: 'Fence 2027' }, { open_jobs: 1 })).toBe('CONTRACT_HAS_OPEN_JOB');
  });

  test('of an older revision is refused', () => {
    expect(remove({ confirm_name: 'Fence 2027', expected_revision: 7 })).toBe('REVISION_CONFLICT');
  });

  test('withdraws pending amendments and leaves no future boundary', () => {
    const waiting = buildFacts({
      holds: [buildHold({ resume_at: '2027-07-01T00:00:00.000Z' })],
      amendments: [WAITING],
    });
    const facts = factsAfter(
      decide({ name: 'delete', input: { confirm_name: 'Fence 2027' } }, waiting, buildContext()),
    );
    expect(facts).toMatchObject({ deleted_at: NOON, amendments: [{ status: 'cancelled', decided_at: NOON }] });
    expect(stateAt(facts, NOON)).toBe('DELETED');
    expect(nextBoundary(facts)).toBeNull();
    expect(consequencesOf(facts, NOON, buildRenewalContext())).toEqual([]);
  });
});
