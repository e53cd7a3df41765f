/** A test clock that advances, as its page shows it. */
import { shareOf, stepForward } from '../../web/src/system/clock-progress';

test('the share of the way is between nothing and all of it, also when the page opens late', () => {
  const clock = { now: '2027-06-01T00:00:00Z', advancing_to: '2028-01-01T00:00:00Z' };
  expect(shareOf('2027-06-01T00:00:00Z', clock)).toBe(0);
  expect(shareOf('2026-06-01T00:00:00Z', clock)).toBeCloseTo(0.63);
  expect(shareOf('2028-01-01T00:00:00Z', clock)).toBe(0);
  expect(shareOf('2026-06-01T00:00:00Z', { ...clock, advancing_to: null })).toBe(1);
});

test('a month after the 31st is the last day of the next month', () => {
  expect(stepForward('2027-01-31T08:30', 'month')).toBe('2027-02-28T08:30');
  expect(stepForward('2028-02-29T08:30', 'year')).toBe('2029-02-28T08:30');
  expect(stepForward('2027-12-31T08:30', 'week')).toBe('2028-01-07T08:30');
});
