/** Test clocks go forward only, one advance at a time and at most ten years at once. */
import { advanceDecision, clockMove, shownStatus } from '../domain/test-clock';
import type { ContractOnClock, TestClockFacts } from '../domain/test-clock';

const NOW = '2028-02-29T12:00:00.000Z';

function clock(changes: Partial<TestClockFacts> = {}): TestClockFacts {
  return { now: NOW, status: 'ready', advancing_to: null, pending_events: 0, ...changes };
}

test('a ready clock goes to any later instant, a millisecond later included', () => {
  expect(advanceDecision(clock(), '2028-02-29T12:00:00.001Z')).toBe('advance');
  expect(advanceDecision(clock(), '2030-01-01T00:00:00.000Z')).toBe('advance');
});

test('a ready clock that is there already is unchanged', () => {
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

test('a clock that is advancing takes no other advance, wherever it would go', () => {
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

test('ten years is the furthest that one advance goes, by the calendar', () => {
  const furthest = '2038-02-28T12:00:00.000Z';
  expect(advanceDecision(clock(), furthest)).toBe('advance');
  const refused = advanceDecision(clock(), '2038-02-28T12:00:00.001Z');
  expect(refused).toMatchObject({ code: 'VALIDATION_FAILED', metadata: { path: 'to', furthest } });
  expect(refused).toMatchObject({ detail: expect.stringContaining('ten years') });
});

test('a clock that failed may be tried again where it stands, and go on to elsewhere', () => {
  const failed = clock({ status: 'failed', advancing_to: '2030-01-01T00:00:00.000Z' });
  for (const to of [NOW, '2029-01-01T00:00:00.000Z', '2031-01-01T00:00:00.000Z'])
    expect(advanceDecision(failed, to)).toBe('advance');
});

test('a clock that has arrived is not ready while a billing event is pending, and may be advanced to where it stands', () => {
  const pending = clock({ pending_events: 1 });
  expect(shownStatus(pending)).toBe('advancing');
  expect(advanceDecision(pending, NOW)).toBe('advance');
  expect(shownStatus(clock({ pending_events: 0 }))).toBe('ready');
  expect(shownStatus(clock({ status: 'failed', pending_events: 1 }))).toBe('failed');
});

test('a clock does not move while one of its contracts has a billing event to apply, even one that time does not change', () => {
  const at_rest = { id: 'at-rest', due_at: null, pending_events: 1, postponed_events: 0 } satisfies ContractOnClock;
  const ahead = { ...at_rest, id: 'ahead', due_at: '2028-06-01T00:00:00.000Z', pending_events: 0 };
  const way = { now: NOW, advancing_to: '2029-01-01T00:00:00.000Z' };
  expect(clockMove(way, [at_rest, ahead])).toEqual({ now: NOW, awaited: [at_rest] });
  expect(clockMove(way, [ahead])).toEqual({ now: ahead.due_at, awaited: [ahead] });
  expect(clockMove(way, [])).toEqual({ now: way.advancing_to, awaited: [] });
});
