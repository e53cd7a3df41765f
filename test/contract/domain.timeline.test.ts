/** The forecast equals what then happens, if nothing else changes. */
import fc from 'fast-check';
import { addPeriods, startOfDay } from '../../domain/base/calendar';
import { stateAt } from '../../domain/contract/contract';
import { boundariesAfter, settle } from '../../domain/contract/boundary';
import { FORECAST_ENTRIES_MAX, forecast } from '../../domain/contract/timeline';
import type { Instant } from '../../domain/base/instant';
import { PROPERTY_SEED, anyFacts, anySettleInstants } from '../harness/contract-arbitrary';
import {
  FACTS_BY_STATE,
  NOON,
  buildAutoRenewingFacts,
  buildFacts,
  buildHold,
  buildInvoice,
  buildSettleContext,
  detailsOf,
} from '../harness/contract-facts';

/** Runs of a property: about two seconds. */
const RUNS = 80;

const { billing: _billing, ...context } = buildSettleContext();
const verified = buildSettleContext();

test('the forecast equals what then happens, whenever the contract is settled', () => {
  fc.assert(
    fc.property(anyFacts, anySettleInstants, (facts, looks) => {
      const last = looks.at(-1) as Instant;
      const predicted = forecast(facts, last, context);
      expect(predicted.cut).toBe(false);
      let living = facts;
      const happened = looks.flatMap((now) => {
        const { changes, facts: next } = settle(living, now, verified);
        living = next;
        return changes.map((change) => {
          const { at, boundary: kind, action, reason = null, facts: then } = change;
          const { superseded: _mark, ...details } = detailsOf(change);
          return { at, kind, action, state: stateAt(then, at), reason, details };
        });
      });
      expect(predicted.entries).toEqual(happened);
    }),
    { numRuns: RUNS, seed: PROPERTY_SEED },
  );
});

test('the forecast of a year has the expected entries', () => {
  const facts = buildAutoRenewingFacts(
    { quota_effect: { add: 300 }, max_renewals: 1 },
    {
      timezone: 'Europe/Berlin',
      holds: [buildHold({ resume_at: '2027-07-01T09:00:00.000Z' })],
      invoices: [buildInvoice({ due_date: '2028-03-01' })],
    },
  );
  const { entries, cut } = forecast(facts, '2028-12-31T00:00:00.000Z', context);
  expect(cut).toBe(false);
  expect(entries.map(({ at, kind, state, reason }) => [at, kind, state, reason])).toEqual([
    ['2027-07-01T09:00:00.000Z', 'resumes', 'ACTIVE', 'resume_at'],
    ['2027-10-02T22:00:00.000Z', 'reminder', 'ACTIVE', '90 days'],
    ['2027-11-01T23:00:00.000Z', 'reminder', 'ACTIVE', '60 days'],
    ['2027-12-01T23:00:00.000Z', 'notice_deadline', 'ACTIVE', null],
    ['2027-12-24T23:00:00.000Z', 'reminder', 'ACTIVE', '7 days'],
    ['2027-12-31T23:00:00.000Z', 'renews', 'ACTIVE', 'auto'],
    ['2028-03-01T23:00:00.000Z', 'past_due', 'PAST_DUE', null],
    ['2028-03-14T23:00:00.000Z', 'suspends', 'SUSPENDED', 'billing'],
    ['2028-04-29T22:00:00.000Z', 'terminates', 'TERMINATED', 'billing'],
  ]);
  expect(entries[5]).toMatchObject({ action: 'contract.renewed', details: { term_number: 2, quota_added: 300 } });
});

test('skipped billing boundaries are forecast at once', () => {
  const overdue = buildFacts({ invoices: [buildInvoice({ due_date: '2027-05-01' })], past_due_since: NOON });
  const { entries } = forecast(overdue, '2027-06-30T00:00:00.000Z', context);
  expect(entries).toMatchObject([
    { at: NOON, kind: 'suspends', state: 'SUSPENDED' },
    { at: '2027-06-30T00:00:00.000Z', kind: 'terminates', state: 'TERMINATED' },
  ]);
  expect(forecast(overdue, NOON, context).entries).toEqual(entries.slice(0, 1));
});

test('the last requested instant is included', () => {
  const last = (until: Instant) => forecast(buildFacts(), until, context).entries.at(-1)?.kind;
  expect(last('2027-12-31T23:59:59.999Z')).toBe('reminder');
  expect(last('2028-01-01T00:00:00.000Z')).toBe('expires');
});

test.each(['DRAFT', 'EXPIRED', 'TERMINATED'] as const)('a contract that is %s has an empty forecast', (state) => {
  expect(forecast(FACTS_BY_STATE[state], '2099-01-01T00:00:00.000Z', context)).toEqual({ entries: [], cut: false });
});

test('a leap cycle of monthly terms ends on the last day of each month', () => {
  const start_date = '2028-01-31';
  const monthly = buildAutoRenewingFacts(
    {},
    {
      start_date,
      end_date: addPeriods(start_date, 'P1M'),
      term_length: 'P1M',
      settled_until: '2028-01-31T00:00:00.000Z',
    },
  );
  const { entries } = forecast(monthly, startOfDay('2032-03-01', 'UTC'), context);
  const ends = entries.filter(({ kind }) => kind === 'renews').map(({ at }) => at.slice(0, 10));
  expect(ends).toEqual(Array.from({ length: 49 }, (_, month) => addPeriods(start_date, 'P1M', month + 1)));
  expect(ends.at(-1)).toBe('2032-02-29');
});

test('a forecast has a limit of entries, and says when there are more', () => {
  const daily = buildAutoRenewingFacts(
    {},
    { start_date: '2027-06-15', end_date: '2027-06-16', term_length: 'P1D', settled_until: NOON },
  );
  const { entries, cut } = forecast(daily, '2037-06-15T00:00:00.000Z', context);
  expect(cut).toBe(true);
  expect(entries).toHaveLength(FORECAST_ENTRIES_MAX);
  expect(entries.at(-1)?.at.slice(0, 10)).toBe(addPeriods('2027-06-16', 'P1D', FORECAST_ENTRIES_MAX - 1));
  expect(boundariesAfter(daily, NOON)[0]?.kind).toBe('renews');
});
