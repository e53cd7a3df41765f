/** How the pages read the progress of work: events of its stream, rates, and lengths of time. */
import { formatDuration } from '../../web/src/base/instants';
import { outlookOf } from '../../web/src/base/rate';
import { isUnfinished, withEvent } from '../../web/src/base/use-progress';

test('an event changes what it names and leaves the rest', () => {
  const row = { state: 'RUNNING', percent: 10, allowed_actions: { cancel: true } };
  expect(withEvent(row, '{"state":"RUNNING","percent":40}')).toEqual({ ...row, percent: 40 });
});

test('the rate is known once the page has seen some of the work', () => {
  const first = { at_ms: 1_000, done: 100 };
  expect(outlookOf(undefined, first, 500)).toBeUndefined();
  expect(outlookOf(first, { at_ms: 1_500, done: 200 }, 500)).toBeUndefined();
  expect(outlookOf(first, { at_ms: 9_000, done: 100 }, 500)).toBeUndefined();
  expect(outlookOf(first, { at_ms: 5_000, done: 300 }, 500)).toEqual({ per_second: 50, left_s: 4 });
});

test('work waits, runs, is paused or is being cancelled before it ends', () => {
  expect(['QUEUED', 'RUNNING', 'PAUSED', 'CANCELLING'].every(isUnfinished)).toBe(true);
  expect(['SUCCEEDED', 'PARTIAL', 'FAILED', 'CANCELLED'].some(isUnfinished)).toBe(false);
});

test.each([
  [0, '0 secs', '0 Sek.'],
  [59.6, '1 min', '1 Min.'],
  [3_725, '1 hr 2 mins', '1 Std. 2 Min.'],
])('%d seconds are %s and %s', (seconds, english, german) => {
  expect(formatDuration(seconds, 'en')).toBe(english);
  expect(formatDuration(seconds, 'de')).toBe(german);
});
