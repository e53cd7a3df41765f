/** Test clocks only go forward, with one advance at a time of at most ten years. */
import { DEFAULT_RENEWAL } from '../../domain/contract/renewal-policy';
import { advanceDecision, nextClockPosition, shownStatus, withStops } from '../../domain/system/test-clock';
import type { ContractCoupling, ContractOnClock, TestClockFacts } from '../../domain/system/test-clock';

const NOW = '2028-02-29T12:00:00.000Z';

function clock(changes: Partial<TestClockFacts> = {}): TestClockFacts {
  return { now: NOW, status: 'ready', advancing_to: null, pending_events: 0, ...changes };
}

test('a ready clock advances to any later instant, even a millisecond later', () => {
  expect(advanceDecision(clock(), '2028-02-29T12:00:00.001Z')).toBe('advance');
  expect(advanceDecision(clock(), '2030-01-01T00:00:00.000Z')).toBe('advance');
});

test('a ready clock that is already there is unchanged', () => {
  expect(advanceDecision(clock(), NOW)).toBe('unchanged');
});

test('no clock goes backwards, however little', () => {
  const to = '2028-02-29T11:59:59.999Z';
  for (const status of ['ready', 'failed'] as const) {
    expect(advanceDecision(clock({ status }), to)).toMatchObject({
      code: 'CLOCK_BACKWARDS',
      metadata: { now: NOW, to },
    });
  }
});

test('a clock that is advancing refuses every other advance', () => {
  const advancing_to = '2029-01-01T00:00:00.000Z';
  for (const to of [
    '2020-01-01T00:00:00.000Z',
    NOW,
    advancing_to,
    '2031-01-01T00:00:00.000Z',
    '2099-01-01T00:00:00.000Z',
  ]) {
    expect(advanceDecision(clock({ status: 'advancing', advancing_to }), to)).toMatchObject({
      code: 'CLOCK_ADVANCING',
      metadata: { now: NOW, advancing_to },
    });
  }
});

test('the longest advance is ten calendar years', () => {
  const furthest = '2038-02-28T12:00:00.000Z';
  expect(advanceDecision(clock(), furthest)).toBe('advance');
  const refused = advanceDecision(clock(), '2038-02-28T12:00:00.001Z');
  expect(refused).toMatchObject({ code: 'VALIDATION_FAILED', metadata: { path: 'to', furthest } });
  expect(refused).toMatchObject({ detail: expect.stringContaining('ten years') });
});

test('a failed clock can be advanced to its current time or to a later one', () => {
  const failed = clock({ status: 'failed', advancing_to: '2030-01-01T00:00:00.000Z' });
  for (const to of [NOW, '2029-01-01T00:00:00.000Z', '2031-01-01T00:00:00.000Z'])
    expect(advanceDecision(failed, to)).toBe('advance');
});

test('a clock at its target is not ready while a billing event is pending, and can be advanced to its current time', () => {
  const pending = clock({ pending_events: 1 });
  expect(shownStatus(pending)).toBe('advancing');
  expect(advanceDecision(pending, NOW)).toBe('advance');
  expect(shownStatus(clock({ pending_events: 0 }))).toBe('ready');
  expect(shownStatus(clock({ status: 'failed', pending_events: 1 }))).toBe('failed');
});

test('a clock does not move while a billing event of one of its contracts is pending, even if time alone does not change that contract', () => {
  const at_rest = { id: 'at-rest', due_at: null, stops_at: null, pending_events: 1, postponed_events: 0 };
  const due_at = '2028-06-01T00:00:00.000Z';
  const ahead: ContractOnClock = { ...at_rest, id: 'ahead', due_at, stops_at: due_at, pending_events: 0 };
  const way = { now: NOW, advancing_to: '2029-01-01T00:00:00.000Z' };
  expect(nextClockPosition(way, [at_rest, ahead])).toEqual({ now: NOW, awaited: [at_rest] });
  expect(nextClockPosition(way, [ahead])).toEqual({ now: due_at, awaited: [ahead] });
  expect(nextClockPosition(way, [])).toEqual({ now: way.advancing_to, awaited: [] });
});

describe('where a clock waits for its contracts', () => {
  const TARGET = '2030-01-01T00:00:00.000Z';
  const DUE = '2028-03-10T00:00:00.000Z';
  const alone: ContractCoupling = {
    id: 'alone',
    settled_until: NOW,
    due_at: DUE,
    verify_at: null,
    suspended_at: null,
    amended_coterms: [],
    has_open_jobs: false,
    run_at: null,
    invoices: [],
    dunning: { past_due_days: 1, suspend_days: 14, terminate_days: 60 },
    dunning_exempt: false,
    timezone: 'UTC',
    renewal: DEFAULT_RENEWAL,
    cotermed_with: null,
  };
  const owing = { ...alone, invoices: [{ status: 'OPEN', due_date: '2028-03-01', disputed_on: null } as const] };
  const stopsAt = (contract: ContractCoupling): string | null | undefined => withStops([contract])[0]?.stops_at;

  test('for an independent contract only at the target, however much is due before', () => {
    const [contract] = withStops([{ ...alone, pending_events: 0, postponed_events: 0 }]);
    const contracts = contract ? [contract] : [];
    expect(contract?.stops_at).toBeNull();
    expect(nextClockPosition({ now: NOW, advancing_to: TARGET }, contracts)).toEqual({
      now: TARGET,
      awaited: contracts,
    });
    expect(nextClockPosition({ now: NOW, advancing_to: DUE }, contracts)).toEqual({ now: DUE, awaited: contracts });
  });

  test('for all contracts at the start of every fourth year, which bounds the boundaries to apply at once', () => {
    const contracts = withStops([{ ...alone, pending_events: 0, postponed_events: 0 }]);
    const way = { now: NOW, advancing_to: '2037-01-01T00:00:00.000Z' };
    const settled = contracts.map((contract) => ({ ...contract, due_at: '2036-06-01T00:00:00.000Z' }));
    const turns = ['2032-01-01T00:00:00.000Z', '2036-01-01T00:00:00.000Z'] as const;
    expect(nextClockPosition(way, contracts)).toEqual({ now: turns[0], awaited: contracts });
    expect(nextClockPosition({ ...way, now: turns[0] }, contracts)).toEqual({ now: turns[0], awaited: contracts });
    expect(nextClockPosition({ ...way, now: turns[0] }, settled)).toEqual({ now: turns[1], awaited: [] });
    expect(nextClockPosition({ ...way, now: turns[1] }, settled)).toEqual({ now: way.advancing_to, awaited: settled });
  });

  test('for a contract with an unpaid invoice at each instant of a billing query', () => {
    expect(stopsAt(owing)).toBe('2028-03-15T00:00:00.000Z');
    expect(stopsAt({ ...owing, settled_until: '2028-03-15T00:00:00.000Z', due_at: '2028-04-30T00:00:00.000Z' })).toBe(
      '2028-04-30T00:00:00.000Z',
    );
    const suspended_at = '2028-05-02T08:00:00.000Z';
    const due_at = '2028-05-03T00:00:00.000Z';
    expect(stopsAt({ ...owing, settled_until: suspended_at, suspended_at, due_at })).toBe(due_at);
    expect(stopsAt({ ...owing, verify_at: DUE })).toBe(DUE);
    expect(stopsAt({ ...owing, dunning_exempt: true })).toBeNull();
    // What has ended has nothing due.
    expect(stopsAt({ ...owing, due_at: null })).toBeNull();
  });

  test('for co-termed contracts and their targets at every due instant', () => {
    const target = { ...alone, id: 'target', due_at: '2028-04-01T00:00:00.000Z' };
    const renewal = { ...DEFAULT_RENEWAL, coterm_with: 'target' };
    const stops = (follower: ContractCoupling) => withStops([follower, target]).map(({ stops_at }) => stops_at);
    expect(stops({ ...alone, renewal })).toEqual([DUE, target.due_at]);
    expect(stops({ ...alone, amended_coterms: ['target'] })).toEqual([DUE, target.due_at]);
    // It has the end already: from then on each goes by itself.
    expect(stops({ ...alone, renewal, cotermed_with: 'target' })).toEqual([null, null]);
  });

  test('for a contract with an unfinished job at every due instant', () => {
    expect(stopsAt({ ...alone, has_open_jobs: true })).toBe(DUE);
  });
});
