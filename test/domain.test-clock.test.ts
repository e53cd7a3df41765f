/** Test clocks go forward only, one advance at a time and at most ten years at once. */
import { advanceDecision } from '../domain/test-clock';
import type { TestClockFacts } from '../domain/test-clock';

const NOW = '2028-02-29T12:00:00.000Z';

function clock(changes: Partial<TestClockFacts> = {}): TestClockFacts {
  return { now: NOW, status: 'ready', advancing_to: null, ...changes };
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
