/**
 * A contract gets its next term once, automatically or manually, from the end of the old one and counted from its anchor, and
 * all notices are due in time (domain.md 1.4 T12 and T13, 1.6, 1.8.4).
 */
import { addDays, addPeriods } from '../../domain/base/calendar';
import { stateAt } from '../../domain/contract/contract';
import type { ContractFacts } from '../../domain/contract/facts';
import { settle } from '../../domain/contract/boundary';
import type { SettleContext } from '../../domain/contract/boundary';
import { decide } from '../../domain/contract/command';
import type { ContractCommand } from '../../domain/contract/command';
import { consequencesOf } from '../../domain/contract/consequence';
import { create } from '../../domain/contract/creation';
import type { CreateInput } from '../../domain/contract/creation';
import type { RenewInput } from '../../domain/contract/renewal-command';
import type { Instant } from '../../domain/base/instant';
import { isRefusal } from '../../domain/base/refusal';
import { isOptedOut } from '../../domain/contract/renewal-policy';
import { DEFAULT_RENEWAL } from '../../domain/contract/renewal-policy';
import { endOfTerm } from '../../domain/contract/term';
import {
  CREATE_INPUT,
  FACTS_BY_STATE,
  NOON,
  PRODUCT,
  buildAutoRenewingFacts,
  buildComplianceHold,
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

/** The end of {@link buildAutoRenewingFacts}'s first term, and the instant before it. */
const END: Instant = '2028-01-01T00:00:00.000Z';
const SOON_AFTER: Instant = '2028-01-05T12:00:00.000Z';

function settled(facts: ContractFacts, now: Instant, context: Partial<SettleContext> = {}) {
  return settle(facts, now, buildSettleContext(context));
}

/** What happened, but for reminders. */
function actionsOf(facts: ContractFacts, now: Instant, context: Partial<SettleContext> = {}) {
  return settled(facts, now, context)
    .changes.filter(({ action }) => action !== 'renewal.reminder_due' && action !== 'renewal.notice_due')
    .map(({ action, at, reason }) => [action, at, reason]);
}

const optOut = (accept_late = false): ContractCommand => ({ name: 'opt-out', input: { accept_late } });
const renew = (input: RenewInput = {}): ContractCommand => ({ name: 'renew', input });

describe('reminders', () => {
  const reminders = (facts: ContractFacts, now: Instant = END): unknown[] =>
    settled(facts, now)
      .changes.filter(({ action }) => action.startsWith('renewal.reminder') || action.startsWith('renewal.notice'))
      .map((change) => [change.at.slice(0, 10), detailsOf(change)['days_before'] ?? 'notice']);

  test('are due 90, 60, 30 and 7 days before the end, each once', () => {
    expect(reminders(buildFacts())).toEqual([
      ['2027-10-03', 90],
      ['2027-11-02', 60],
      ['2027-12-02', 30],
      ['2027-12-25', 7],
    ]);
    const late = settled(buildFacts(), '2027-11-20T00:00:00.000Z').facts;
    expect(reminders(late)).toEqual([
      ['2027-12-02', 30],
      ['2027-12-25', 7],
    ]);
  });

  test('are replaced by the notice deadline on its day for automatic renewals', () => {
    const dates = (notice_days: number): unknown[] =>
      reminders(buildAutoRenewingFacts({ notice_days }), '2027-12-31T00:00:00.000Z');
    expect(dates(30)).toEqual([
      ['2027-10-03', 90],
      ['2027-11-02', 60],
      ['2027-12-02', 'notice'],
      ['2027-12-25', 7],
    ]);
    expect(dates(45).slice(2)).toEqual([
      ['2027-11-17', 'notice'],
      ['2027-12-02', 30],
      ['2027-12-25', 7],
    ]);
    expect(dates(0)).toHaveLength(4);
  });

  test('omit only the notice deadline after an opt-out', () => {
    const opted_out = buildAutoRenewingFacts({ opt_out_at: NOON, opt_out_term: 1 });
    expect(reminders(opted_out)).toEqual([
      ['2027-10-03', 90],
      ['2027-11-02', 60],
      ['2027-12-02', 30],
      ['2027-12-25', 7],
    ]);
  });

  test('check the opt-out on the day itself, however early or late the contract is settled', () => {
    const later = buildAutoRenewingFacts({ opt_out_at: '2027-11-20T00:00:00.000Z', opt_out_term: 1 });
    expect(reminders(later)).not.toContainEqual(['2027-12-02', 'notice']);
    const opted_out = buildAutoRenewingFacts({ opt_out_at: '2027-12-02T00:00:00.001Z', opt_out_term: 1 });
    expect(reminders(opted_out)).toContainEqual(['2027-12-02', 'notice']);
  });

  test('are due for contracts with an end and a renewal, from the start of the term', () => {
    expect(reminders(buildFacts({ end_date: null }))).toEqual([]);
    expect(reminders(buildFacts({ renewal: { ...DEFAULT_RENEWAL, mode: 'none' } }))).toEqual([]);
    expect(reminders(buildFacts({ start_date: '2027-12-01' }))).toEqual([
      ['2027-12-02', 30],
      ['2027-12-25', 7],
    ]);
  });

  test('repeat in every term, without those of the term before', () => {
    const monthly = buildAutoRenewingFacts(
      {},
      { start_date: '2027-06-15', end_date: '2027-07-15', term_length: 'P1M' },
    );
    expect(reminders(monthly, '2027-09-14T00:00:00.000Z')).toEqual([
      ['2027-07-08', 7],
      ['2027-07-16', 'notice'],
      ['2027-08-08', 7],
      ['2027-08-16', 'notice'],
      ['2027-09-08', 7],
    ]);
  });

  test('that apply together are all recorded, and all but the newest are marked', () => {
    const { changes } = settled(buildFacts(), '2027-12-03T00:00:00.000Z');
    expect(changes.map(detailsOf).map(({ days_before, superseded }) => [days_before, superseded ?? false])).toEqual([
      [90, true],
      [60, true],
      [30, false],
    ]);
    expect(changes[2]?.details).toEqual({
      term_number: 1,
      end_date: '2028-01-01',
      renewal_mode: 'manual',
      days_before: 30,
    });
  });
});

describe('opting out', () => {
  const asked = (now: Instant, facts = buildAutoRenewingFacts(), accept_late = false): string =>
    describeDecision(decide(optOut(accept_late), facts, buildContext({ now })));

  test('is possible up to and including the last local day of notice', () => {
    const facts = buildAutoRenewingFacts({}, { timezone: 'America/New_York' });
    expect(asked('2027-12-03T04:59:59.999Z', facts)).toBe('renewal.opted_out');
    expect(asked('2027-12-03T05:00:00.000Z', facts)).toBe('NOTICE_PERIOD_PASSED');
  });

  test('in time ends the contract with its term, however long before', () => {
    const facts = factsAfter(decide(optOut(), buildAutoRenewingFacts({}, { expiry_grace_days: 10 }), buildContext()));
    expect(facts.renewal).toMatchObject({ opt_out_at: NOON, opt_out_term: 1 });
    expect(actionsOf(facts, '2028-02-01T00:00:00.000Z')).toEqual([
      ['renewal.blocked', END, 'OPTED_OUT'],
      ['contract.grace_started', END, undefined],
      ['contract.expired', '2028-01-11T00:00:00.000Z', undefined],
    ]);
  });

  test('late takes effect one term later, if the customer accepts that', () => {
    const late = decide(optOut(true), buildAutoRenewingFacts(), buildContext({ now: '2027-12-20T00:00:00.000Z' }));
    expect(late).toMatchObject({ action: 'renewal.opted_out', reason: 'late', details: { opt_out_term: 2 } });
    expect(actionsOf(factsAfter(late), '2030-01-01T00:00:00.000Z')).toEqual([
      ['contract.renewed', END, 'auto'],
      ['renewal.blocked', '2029-01-01T00:00:00.000Z', 'OPTED_OUT'],
      ['contract.expired', '2029-01-01T00:00:00.000Z', undefined],
    ]);
  });

  test('twice changes nothing more', () => {
    const facts = factsAfter(decide(optOut(), buildAutoRenewingFacts(), buildContext()));
    expect(asked('2027-12-30T00:00:00.000Z', facts)).toBe('unchanged');
  });

  test('is possible for contracts that renew automatically', () => {
    expect(asked(NOON, buildFacts())).toBe('RENEWAL_NOT_POSSIBLE');
  });

  test('by editing the policy has the same last day', () => {
    const edit = (opt_out_at: Instant, now: Instant): string =>
      describeDecision(
        decide({ name: 'edit', input: { renewal: { opt_out_at } } }, buildAutoRenewingFacts(), buildContext({ now })),
      );
    expect(edit(NOON, '2027-12-02T23:00:00.000Z')).toBe('contract.updated');
    expect(edit(NOON, '2027-12-03T00:00:00.000Z')).toBe('NOTICE_PERIOD_PASSED');
    expect(edit('2027-12-31T00:00:00.000Z', NOON)).toBe('NOTICE_PERIOD_PASSED');
  });

  test('is not moved by an edit that repeats it, and withdrawn by an edit that clears it', () => {
    const late = buildAutoRenewingFacts({ opt_out_at: '2027-12-20T00:00:00.000Z', opt_out_term: 2 });
    const at = buildContext({ now: '2027-12-21T00:00:00.000Z' });
    const repeated = { renewal: { ...late.renewal, opt_out_term: undefined, notice_days: 45 } };
    const facts = factsAfter(decide({ name: 'edit', input: repeated }, late, at));
    expect(facts.renewal).toMatchObject({ opt_out_term: 2, notice_days: 45 });
    expect(isOptedOut(facts, END)).toBe(false);
    const back = factsAfter(decide({ name: 'edit', input: { renewal: { opt_out_at: null } } }, late, at));
    expect(back.renewal).toMatchObject({ opt_out_at: null, opt_out_term: null });
  });
});

describe('automatic renewal', () => {
  test('happens at the first instant after the term, adds its quota, and stores a record', () => {
    const renewing = buildAutoRenewingFacts(
      { quota_effect: { add: 300 } },
      { timezone: 'Europe/Berlin', quota: { total: 100, claimed: 40 } },
    );
    const { facts, changes } = settled(renewing, SOON_AFTER);
    expect(changes.at(-1)).toEqual({
      facts: { ...facts, settled_until: expect.any(String) },
      at: '2027-12-31T23:00:00.000Z',
      action: 'contract.renewed',
      boundary: 'renews',
      reason: 'auto',
      revised: true,
      grant_label: 'term 2',
      renewal: {
        term_number: 2,
        mode: 'auto',
        basis: 'from_expiry',
        start_date: '2028-01-01',
        end_date: '2029-01-01',
        gap_days: 0,
        quota_added: 300,
        reference: null,
      },
      details: expect.objectContaining({ term_number: 2, quota_added: 300 }),
    });
    expect(facts).toMatchObject({
      term_number: 2,
      term_start_date: '2028-01-01',
      start_date: '2027-01-01',
      quota: { total: 400, claimed: 40 },
      revision: 2,
    });
    expect(stateAt(facts, SOON_AFTER)).toBe('ACTIVE');
  });

  test('happens once, however often and however late the contract is settled', () => {
    const looks = ['2027-12-31T23:59:59.999Z', END, END, SOON_AFTER, '2028-12-31T00:00:00.000Z'];
    let facts = buildAutoRenewingFacts();
    let renewals = 0;
    for (const now of looks) {
      const step = settled(facts, now);
      renewals += step.changes.filter(({ action }) => action === 'contract.renewed').length;
      facts = { ...step.facts, ...consequencesOf(step.facts, now, buildRenewalContext()).at(-1)?.facts };
    }
    expect([renewals, facts.term_number]).toEqual([1, 2]);
    expect(settled(buildAutoRenewingFacts(), '2028-12-31T00:00:00.000Z').facts).toEqual(facts);
  });

  test('counts from its anchor, never from the previous clamped end', () => {
    const terms = (start_date: string, term_length: string, count: number): (string | null)[] => {
      const start = { start_date, term_length, end_date: addPeriods(start_date, term_length) };
      let facts = buildAutoRenewingFacts({}, { ...start, settled_until: `${start_date}T00:00:00.000Z` });
      return Array.from({ length: count }, () => {
        const { end_date } = facts;
        facts = settled(facts, `${end_date}T00:00:00.000Z`).facts;
        return end_date;
      });
    };
    expect(terms('2027-01-31', 'P1M', 5)).toEqual([
      '2027-02-28',
      '2027-03-31',
      '2027-04-30',
      '2027-05-31',
      '2027-06-30',
    ]);
    expect(terms('2028-02-29', 'P1Y', 5)).toEqual([
      '2029-02-28',
      '2030-02-28',
      '2031-02-28',
      '2032-02-29',
      '2033-02-28',
    ]);
    expect(terms('2027-11-30', 'P3M', 3)).toEqual(['2028-02-29', '2028-05-30', '2028-08-30']);
  });

  test('changes to another length at the end of the term, and counts from there', () => {
    const yearly = buildAutoRenewingFacts(
      { term: 'P1M' },
      { start_date: '2027-01-31', end_date: '2028-01-31', term_length: 'P1Y' },
    );
    const { facts } = settled(yearly, '2028-04-01T00:00:00.000Z');
    expect(facts).toMatchObject({
      term_number: 4,
      term_length: 'P1M',
      anchor_date: '2028-01-31',
      end_date: '2028-04-30',
    });
    expect(endOfTerm(facts, 4)).toBe('2028-04-30');
  });

  test('gives a contract with a fixed end its first term from there', () => {
    const fixed = buildFacts({ renewal: { ...DEFAULT_RENEWAL, mode: 'auto', term: 'P6M' } });
    expect(settled(fixed, SOON_AFTER).facts).toMatchObject({
      term_number: 2,
      term_length: 'P6M',
      end_date: '2028-07-01',
      anchor_date: '2028-01-01',
      anchor_term: 1,
    });
  });

  const inactive = { ...PRODUCT, status: 'inactive' as const };
  const generators = (changes: Parameters<typeof buildGenerator>[0]): Partial<SettleContext> => ({
    generators: new Map([['generator-1', buildGenerator(changes)]]),
  });
  const small = { ...buildGenerator().format, groups: 1, group_length: 6 };
  const BLOCKED: [string, ContractFacts, Partial<SettleContext>][] = [
    ['OPTED_OUT', buildAutoRenewingFacts({ opt_out_at: NOON, opt_out_term: 1 }), {}],
    ['MAX_RENEWALS', buildAutoRenewingFacts({ max_renewals: 0 }), {}],
    ['PAUSED', buildAutoRenewingFacts({}, { holds: [buildHold()] }), {}],
    ['SUSPENDED', buildAutoRenewingFacts({}, { holds: [buildComplianceHold()] }), {}],
    ['SUSPENDED', buildAutoRenewingFacts({}, { invoices: [buildInvoice({ due_date: '2027-12-10' })] }), {}],
    ['PAST_DUE', buildAutoRenewingFacts({}, { invoices: [buildInvoice({ due_date: '2027-12-28' })] }), {}],
    ['PRODUCT_INACTIVE', buildAutoRenewingFacts(), { product: inactive }],
    ['GENERATOR_NOT_AVAILABLE', buildAutoRenewingFacts(), { generators: new Map() }],
    ['GENERATOR_NOT_AVAILABLE', buildAutoRenewingFacts(), generators({ status: 'inactive' })],
    ['GENERATOR_NOT_AVAILABLE', buildAutoRenewingFacts(), generators({ product_id: 'product-2' })],
    [
      'GENERATOR_KEYSPACE_TOO_SMALL',
      buildAutoRenewingFacts({ quota_effect: { add: 1_000 } }),
      generators({ format: small }),
    ],
    ['QUOTA_TOO_LARGE', buildAutoRenewingFacts({ quota_effect: { add: 1_000_000_000 } }), {}],
  ];

  test.each(BLOCKED)(
    'blocked by %s is recorded with its reason, and the contract enters grace or ends',
    (reason, facts, context) => {
      expect(actionsOf(facts, SOON_AFTER, context).slice(-2)).toEqual([
        ['renewal.blocked', END, reason],
        ['contract.expired', END, undefined],
      ]);
      const inGrace = settled({ ...facts, expiry_grace_days: 30 }, SOON_AFTER, context);
      expect(inGrace.facts.renewal_blocked).toBe(reason);
      expect(inGrace.changes.filter(({ action }) => action === 'renewal.blocked')).toHaveLength(1);
      expect(inGrace.changes.at(-1)?.action).toBe('contract.grace_started');
    },
  );

  test('is decided at the instant before the end: an invoice that becomes overdue with the end does not block it', () => {
    const due = (due_date: string): ContractFacts =>
      buildAutoRenewingFacts({}, { invoices: [buildInvoice({ due_date })] });
    expect(actionsOf(due('2027-12-31'), END).map(([action]) => action)).toEqual([
      'billing.past_due',
      'contract.renewed',
    ]);
    expect(actionsOf(due('2027-12-30'), END).map(([action]) => action)).toEqual([
      'billing.past_due',
      'renewal.blocked',
      'contract.expired',
    ]);
  });

  test('a pause until the end blocks it, unless there is grace, in which the pause is over', () => {
    const paused = buildAutoRenewingFacts({}, { holds: [buildHold({ resume_at: END })] });
    expect(actionsOf(paused, END).map(([action]) => action)).toEqual([
      'contract.resumed',
      'renewal.blocked',
      'contract.expired',
    ]);
    expect(actionsOf({ ...paused, expiry_grace_days: 5 }, END).map(([action]) => action)).toEqual([
      'contract.resumed',
      'contract.renewed',
    ]);
  });

  test('is made within grace when the pause ends, from the old end', () => {
    const resume_at = '2028-01-09T15:30:00.000Z';
    const paused = buildAutoRenewingFacts({}, { expiry_grace_days: 30, holds: [buildHold({ resume_at })] });
    expect(actionsOf(paused, '2028-02-01T00:00:00.000Z')).toEqual([
      ['renewal.blocked', END, 'PAUSED'],
      ['contract.grace_started', END, undefined],
      ['contract.resumed', resume_at, 'resume_at'],
      ['contract.renewed', resume_at, 'auto'],
    ]);
    expect(settled(paused, '2028-02-01T00:00:00.000Z').facts).toMatchObject({
      term_start_date: '2028-01-01',
      end_date: '2029-01-01',
      renewal_blocked: null,
    });
  });

  test('is tried again each day of grace, since catalogue changes notify no contract', () => {
    const blocked = settled(buildAutoRenewingFacts({}, { expiry_grace_days: 30 }), SOON_AFTER, {
      product: inactive,
    }).facts;
    expect(actionsOf(blocked, '2028-01-07T12:00:00.000Z', { product: inactive })).toEqual([]);
    expect(actionsOf(blocked, '2028-01-07T12:00:00.000Z')).toEqual([
      ['contract.renewed', '2028-01-06T00:00:00.000Z', 'auto'],
    ]);
    expect(actionsOf(blocked, '2028-03-01T00:00:00.000Z', { product: inactive })).toEqual([
      ['contract.expired', '2028-01-31T00:00:00.000Z', undefined],
    ]);
  });

  test('is recorded again on the next day when another reason blocks it after a pause', () => {
    const resume_at = '2028-01-09T15:30:00.000Z';
    const paused = buildAutoRenewingFacts({}, { expiry_grace_days: 30, holds: [buildHold({ resume_at })] });
    expect(actionsOf(paused, '2028-01-20T00:00:00.000Z', { product: inactive })).toEqual([
      ['renewal.blocked', END, 'PAUSED'],
      ['contract.grace_started', END, undefined],
      ['contract.resumed', resume_at, 'resume_at'],
      ['renewal.blocked', '2028-01-10T00:00:00.000Z', 'PRODUCT_INACTIVE'],
    ]);
  });

  test('is recorded again when another reason blocks it', () => {
    const paused = buildAutoRenewingFacts({}, { expiry_grace_days: 30, holds: [buildHold()] });
    const blocked = settled(paused, SOON_AFTER).facts;
    const held = { ...blocked, holds: [buildComplianceHold()] };
    expect(actionsOf(held, '2028-01-08T00:00:00.000Z')).toEqual([
      ['renewal.blocked', '2028-01-06T00:00:00.000Z', 'SUSPENDED'],
    ]);
  });

  test('is made for every term that passed while it was blocked', () => {
    const weekly = buildAutoRenewingFacts(
      { quota_effect: { add: 10 } },
      {
        start_date: '2027-06-08',
        end_date: '2027-06-15',
        term_length: 'P7D',
        expiry_grace_days: 30,
        holds: [buildHold()],
      },
    );
    const blocked = settled({ ...weekly, settled_until: '2027-06-10T00:00:00.000Z' }, '2027-07-01T12:00:00.000Z').facts;
    expect(blocked).toMatchObject({ renewal_blocked: 'PAUSED', term_number: 1 });
    const now = '2027-07-01T12:00:00.000Z';
    const resumed = factsAfter(decide({ name: 'resume', input: {} }, blocked, buildContext({ now })));
    const changes = consequencesOf(resumed, now, buildRenewalContext());
    expect(changes.map(({ renewal }) => renewal?.end_date)).toEqual(['2027-06-22', '2027-06-29', '2027-07-06']);
    expect(changes.at(-1)?.facts).toMatchObject({ term_number: 4, quota: { total: 130 } });
  });

  test('of a contract that becomes automatic within grace is made at once, or its block is recorded', () => {
    const manual = settled(buildFacts({ term_length: 'P1Y', expiry_grace_days: 30 }), SOON_AFTER).facts;
    const at = buildContext({ now: SOON_AFTER });
    const automatic = factsAfter(decide({ name: 'edit', input: { renewal: { mode: 'auto' } } }, manual, at));
    expect(consequencesOf(automatic, SOON_AFTER, buildRenewalContext())).toMatchObject([
      { action: 'contract.renewed' },
    ]);
    const blocked = consequencesOf(automatic, SOON_AFTER, buildRenewalContext({ product: inactive }));
    expect(blocked).toMatchObject([{ action: 'renewal.blocked', reason: 'PRODUCT_INACTIVE', at: SOON_AFTER }]);
    expect(
      consequencesOf(blocked[0]?.facts ?? automatic, SOON_AFTER, buildRenewalContext({ product: inactive })),
    ).toEqual([]);
  });

  test('ends after as many renewals as the contract allows', () => {
    const { facts, changes } = settled(buildAutoRenewingFacts({ max_renewals: 2 }), '2032-01-01T00:00:00.000Z');
    expect(changes.filter(({ action }) => action === 'contract.renewed')).toHaveLength(2);
    expect(facts).toMatchObject({ term_number: 3, end_date: '2030-01-01', renewal_blocked: 'MAX_RENEWALS' });
  });
});

describe('manual renewal', () => {
  const asked = (input: RenewInput, facts: ContractFacts, now: Instant): string =>
    describeDecision(decide(renew(input), facts, buildContext({ now })));
  const renewed = (input: RenewInput, facts: ContractFacts, now: Instant) =>
    requireChange(decide(renew(input), facts, buildContext({ now })));
  const yearly = buildFacts({ term_length: 'P1Y', expiry_grace_days: 10 });
  const over = (days: number): Instant => `${addDays('2028-01-11', days)}T12:00:00.000Z`;

  test('on time grants the next term from the old end, with its quota and its reference', () => {
    const { facts, renewal } = renewed({ quota_add: 200, reference: 'PO-7' }, yearly, NOON);
    expect(renewal).toEqual({
      term_number: 2,
      mode: 'manual',
      basis: 'from_expiry',
      start_date: '2028-01-01',
      end_date: '2029-01-01',
      gap_days: 0,
      quota_added: 200,
      reference: 'PO-7',
    });
    expect(facts).toMatchObject({ term_number: 2, end_date: '2029-01-01', quota: { total: 300 }, revision: 2 });
  });

  test('is granted once before its term begins, and again in that term', () => {
    const { facts } = renewed({}, yearly, NOON);
    expect(asked({}, facts, '2027-12-31T23:59:59.999Z')).toBe('ALREADY_RENEWED');
    expect(asked({}, facts, END)).toBe('contract.renewed');
    expect(settled(facts, '2028-06-01T00:00:00.000Z').changes).toEqual([]);
  });

  test('adds the quota of the policy by default', () => {
    const policy = { ...yearly, renewal: { ...DEFAULT_RENEWAL, quota_effect: { add: 300 } } };
    expect(renewed({}, policy, NOON).facts.quota.total).toBe(400);
    expect(renewed({ quota_add: 0 }, policy, NOON).facts.quota.total).toBe(100);
  });

  test('in grace counts from the old end; from today only on request, with the gap', () => {
    expect(renewed({}, yearly, SOON_AFTER).renewal).toMatchObject({ start_date: '2028-01-01', gap_days: 0 });
    expect(renewed({ from: 'from_now' }, yearly, SOON_AFTER).renewal).toMatchObject({
      start_date: '2028-01-05',
      end_date: '2029-01-05',
      gap_days: 4,
    });
  });

  test('after grace counts from today with a new anchor and the gap; from the old end only on request', () => {
    const late = renewed({}, yearly, over(20));
    expect(late.renewal).toMatchObject({
      basis: 'from_now',
      start_date: '2028-01-31',
      end_date: '2029-01-31',
      gap_days: 30,
    });
    expect(late.facts).toMatchObject({ anchor_date: '2028-01-31', anchor_term: 1 });
    expect(stateAt(late.facts, over(20))).toBe('ACTIVE');
    const then = renewed({ term_number: 3 }, late.facts, '2029-01-01T00:00:00.000Z');
    expect(then.facts.end_date).toBe('2030-01-31');
    expect(renewed({ from: 'from_expiry' }, yearly, over(20)).renewal).toMatchObject({
      basis: 'from_expiry',
      start_date: '2028-01-01',
      end_date: '2029-01-01',
      gap_days: 0,
    });
  });

  test('is possible after the contract is over for the days of the policy', () => {
    expect(asked({}, yearly, over(90))).toBe('contract.renewed');
    expect(asked({}, yearly, over(91))).toBe('RENEWAL_NOT_POSSIBLE');
    const never = { ...yearly, renewal: { ...DEFAULT_RENEWAL, late_renewal_days: 0 } };
    expect(asked({}, never, over(0))).toBe('contract.renewed');
    expect(asked({}, never, over(1))).toBe('RENEWAL_NOT_POSSIBLE');
  });

  test.each<[string, RenewInput, ContractFacts, Instant, string]>([
    ['from today before the end', { from: 'from_now' }, yearly, NOON, 'VALIDATION_FAILED'],
    ['without a term', {}, buildFacts(), NOON, 'RENEWAL_NOT_POSSIBLE'],
    ['of what has no end', { term: 'P1Y' }, buildFacts({ end_date: null }), NOON, 'RENEWAL_NOT_POSSIBLE'],
    [
      'of a contract without renewal',
      {},
      { ...yearly, renewal: { ...DEFAULT_RENEWAL, mode: 'none' } },
      NOON,
      'RENEWAL_NOT_POSSIBLE',
    ],
    [
      'more often than allowed',
      {},
      { ...yearly, term_number: 3, renewal: { ...DEFAULT_RENEWAL, max_renewals: 2 } },
      NOON,
      'RENEWAL_NOT_POSSIBLE',
    ],
    ['with a term that is over already', { term: 'P1D' }, yearly, SOON_AFTER, 'TERM_ALREADY_OVER'],
    ['late and from an end too long ago', { term: 'P1M', from: 'from_expiry' }, yearly, over(40), 'TERM_ALREADY_OVER'],
    ['for more licenses than any contract has', { quota_add: 1_000_000_000 }, yearly, NOON, 'VALIDATION_FAILED'],
  ])('%s is refused', (_what, input, facts, now, code) => {
    expect(asked(input, facts, now)).toBe(code);
  });

  test('needs its product and generator', () => {
    const inactive = buildContext({ product: { ...PRODUCT, status: 'inactive' } });
    expect(describeDecision(decide(renew(), yearly, inactive))).toBe('PRODUCT_INACTIVE');
    expect(describeDecision(decide(renew(), yearly, buildContext({ generator: null })))).toBe(
      'GENERATOR_NOT_AVAILABLE',
    );
  });

  test('of a paused contract leaves it paused', () => {
    const { facts } = renewed({ term: 'P1Y' }, FACTS_BY_STATE.PAUSED, NOON);
    expect(stateAt(facts, NOON)).toBe('PAUSED');
  });

  test('withdraws the opt-out of the customer', () => {
    const opted_out = buildAutoRenewingFacts({ opt_out_at: NOON, opt_out_term: 1 });
    expect(renewed({}, opted_out, NOON).facts.renewal).toMatchObject({ opt_out_at: null, opt_out_term: null });
    const later = buildAutoRenewingFacts({ opt_out_at: NOON, opt_out_term: 2 });
    expect(renewed({}, later, NOON).facts.renewal).toMatchObject({ opt_out_at: NOON, opt_out_term: 2 });
  });
});

describe('co-terming', () => {
  const target = buildFacts({
    id: 'contract-2',
    customer_id: 'customer-1',
    start_date: '2026-10-15',
    end_date: '2027-10-15',
    term_length: 'P1Y',
  });
  const policy = { ...DEFAULT_RENEWAL, mode: 'auto' as const, coterm_with: 'contract-2' };
  const created = (changes: Partial<CreateInput> = {}, coterm_target: ContractFacts | null = target) =>
    create(
      'contract-1',
      'generator-1',
      { ...CREATE_INPUT, status: 'active', customer_id: 'customer-1', term: 'P1Y', renewal: policy, ...changes },
      buildContext({ coterm_target }),
    );

  test('at creation shortens the first term to the other contract’s end; later ones count from its anchor', () => {
    const change = created();
    if (isRefusal(change)) throw new Error(change.detail);
    expect(change.facts).toMatchObject({
      start_date: '2027-06-15',
      end_date: '2027-10-15',
      anchor_date: '2026-10-15',
      cotermed_with: 'contract-2',
    });
    const { facts } = settled(change.facts, '2029-01-01T00:00:00.000Z', { coterm_target: target });
    expect(facts).toMatchObject({ term_number: 3, end_date: '2029-10-15', cotermed_with: 'contract-2' });
  });

  test('counts later terms in its own length after the shortened term', () => {
    const change = created({ term: 'P6M' });
    if (isRefusal(change)) throw new Error(change.detail);
    expect(change.facts.end_date).toBe('2027-10-15');
    const ends = [2, 3, 4].map((term_number) => endOfTerm(change.facts, term_number));
    expect(ends).toEqual(['2028-04-15', '2028-10-15', '2029-04-15']);
  });

  test.each<[string, ContractFacts | null, Partial<CreateInput>]>([
    ['does not exist', null, {}],
    ['belongs to another customer', { ...target, customer_id: 'customer-2' }, {}],
    ['belongs to no customer', { ...target, customer_id: null }, { customer_id: null }],
    ['is of another environment', { ...target, environment: 'staging' }, {}],
    ['is over', { ...target, end_date: '2027-06-01' }, {}],
    ['is terminated', { ...target, terminated_at: NOON }, {}],
    ['is a draft', { ...target, activated_at: null }, {}],
    ['has no end', { ...target, end_date: null }, {}],
    ['ends behind the first term', target, { term: 'P1M' }],
  ])('is refused with a contract that %s', (_why, coterm_target, changes) => {
    expect(created(changes, coterm_target)).toMatchObject({ code: 'COTERM_NOT_POSSIBLE' });
  });

  test('of a draft waits for its activation', () => {
    const draft = created({ status: 'inactive' }, null);
    if (isRefusal(draft)) throw new Error(draft.detail);
    expect(draft.facts).toMatchObject({ end_date: null, cotermed_with: null });
    const active = factsAfter(
      decide({ name: 'activate', input: {} }, draft.facts, buildContext({ coterm_target: target })),
    );
    expect(active).toMatchObject({ end_date: '2027-10-15', cotermed_with: 'contract-2' });
  });

  test('requested later happens at the next renewal, once', () => {
    const running = buildAutoRenewingFacts({ coterm_with: 'contract-2' }, { customer_id: 'customer-1' });
    const ending = { ...target, end_date: '2028-10-15' };
    const { facts } = settled(running, SOON_AFTER, { coterm_target: ending });
    expect(facts).toMatchObject({
      term_number: 2,
      term_start_date: '2028-01-01',
      end_date: '2028-10-15',
      cotermed_with: 'contract-2',
    });
    // By then the other one has a shorter term; this one keeps its own.
    const shorter = { ...ending, end_date: '2029-03-15' };
    expect(settled(facts, '2028-11-01T00:00:00.000Z', { coterm_target: shorter }).facts.end_date).toBe('2029-10-15');
  });

  test('that is not possible at a renewal gives a whole term, and waits for the next renewal', () => {
    const running = buildAutoRenewingFacts({ coterm_with: 'contract-2' }, { customer_id: 'customer-1' });
    const { facts } = settled(running, SOON_AFTER, { coterm_target: { ...target, terminated_at: NOON } });
    expect(facts).toMatchObject({ term_number: 2, end_date: '2029-01-01', cotermed_with: null });
  });

  test('keeps its dates when the other contract is terminated later', () => {
    const change = created();
    if (isRefusal(change)) throw new Error(change.detail);
    const { facts } = settled(change.facts, '2028-01-01T00:00:00.000Z', {
      coterm_target: { ...target, terminated_at: NOON },
    });
    expect(facts).toMatchObject({ term_number: 2, end_date: '2028-10-15' });
  });
});
