/** What is shown and said about a quota that is nearly used, used up, or raised. */
import { historyOf, withRemaining } from '../../domain/contract/history';
import type { ContractChange } from '../../domain/contract/change';
import { edit } from '../../domain/contract/edit';
import { quotaWarnings, raiseMessage } from '../../domain/contract/quota-notice';
import { isRefusal } from '../../domain/base/refusal';
import type { JsonObject } from '../../domain/base/json';
import { NOON, TEST_ACTOR, buildContext, buildFacts } from '../harness/contract-facts';

describe('warnings about a quota', () => {
  test.each([
    [{ total: 10, claimed: 7, runs_out_on: null }, []],
    // A forecast counts only while the quota is nearly used.
    [{ total: 10, claimed: 7, runs_out_on: '2027-06-20' }, []],
    [{ total: 10, claimed: 8, runs_out_on: null }, ['QUOTA_NEARLY_USED']],
    [{ total: 10, claimed: 9, runs_out_on: '2027-06-20' }, ['QUOTA_NEARLY_USED', 'QUOTA_RUNS_OUT']],
    [{ total: 10, claimed: 10, runs_out_on: '2027-06-20' }, ['QUOTA_USED']],
  ])('%o: %j', (quota, warnings) => {
    expect(quotaWarnings(quota, true)).toEqual(warnings);
    expect(quotaWarnings(quota, false)).toEqual([]);
  });
});

test.each([
  ['Q2', 300, { total: 500, claimed: 200 }, 'Q2 quota activated: 300 licenses available'],
  ['term 2', 10, { total: 20, claimed: 19 }, 'Term 2 quota activated: 1 license available'],
  [null, 50, { total: 250, claimed: 200 }, 'Quota increased by 50 licenses: 50 licenses available'],
])('a raise for %p is said in words', (period_label, amount, quota, message) => {
  expect(raiseMessage({ amount, total: quota.total, period_label }, quota)).toBe(message);
});

describe('the events of an edit', () => {
  const facts = buildFacts({ quota: { total: 200, claimed: 200 } });
  const eventsOf = (input: object) => {
    const decision = edit(facts, input, buildContext());
    if (isRefusal(decision) || decision === 'unchanged') throw new Error('refused or unchanged');
    const steps = [decision].flat().map((change: ContractChange) => ({ change, actor: TEST_ACTOR }));
    return withRemaining(historyOf(facts, steps).events, 200);
  };

  test('that raises the quota say by which amount, for what, and what is left', () => {
    expect(eventsOf({ quota: 500, quota_label: 'Q2', name: 'Q2 2026' })).toEqual([
      expect.objectContaining({ type: 'contract.updated' }),
      {
        at: NOON,
        type: 'quota.granted',
        environment: facts.environment,
        data: {
          contract_id: facts.id,
          state: 'ACTIVE',
          revision: facts.revision + 1,
          reason: 'contract.updated',
          amount: 300,
          total: 500,
          period_label: 'Q2',
          claimed: 200,
          remaining: 300,
          message: 'Q2 quota activated: 300 licenses available',
        },
      },
    ]);
  });

  test('that pauses and raises the quota have the label too', () => {
    expect(
      eventsOf({ quota: 500, quota_label: 'Q2', status: 'inactive' }).map(({ type, data }) => [
        type,
        (data as JsonObject)['period_label'],
      ]),
    ).toEqual([
      ['contract.paused', undefined],
      ['quota.granted', 'Q2'],
    ]);
  });

  test('that keeps the quota name no raise', () => {
    expect(eventsOf({ quota: 200, quota_label: 'Q2', name: 'Q2 2026' }).map(({ type }) => type)).toEqual([
      'contract.updated',
    ]);
  });
});
