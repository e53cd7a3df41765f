/** What follows from an attempt to deliver an event. */
import { ATTEMPTS_MAX, RETRY_DELAYS_S, attemptVerdict, isDead } from '../../domain/webhook/attempt';
import type { AttemptResult } from '../../domain/webhook/attempt';
import { millisOf } from '../../domain/base/instant';
import { NOON } from '../harness/contract-facts';

const answer = (status: number, retry_after: string | null = null): AttemptResult => ({
  ...{ answered: true, status, retry_after, excerpt: '', latency_ms: 5 },
});
const TIMEOUT: AttemptResult = { answered: false, why: 'timeout', detail: '', latency_ms: 15_000 };

/** The seconds until the next attempt, or the outcome when there is none. */
function next(result: AttemptResult, attempts = 1, random = 0.5): number | string {
  const verdict = attemptVerdict(result, { attempts, now: NOON, random });
  return verdict.outcome === 'retried' ? (millisOf(verdict.at) - millisOf(NOON)) / 1_000 : verdict.outcome;
}

test.each([200, 201, 204, 299])('%d is a delivery', (status) => {
  expect(next(answer(status), ATTEMPTS_MAX)).toBe('delivered');
});

test('410 ends the endpoint', () => {
  expect(next(answer(410))).toBe('gone');
});

test.each([301, 302, 307, 400, 401, 404, 408, 429, 500, 503])('%d is repeated', (status) => {
  expect(next(answer(status))).toBe(RETRY_DELAYS_S[0]);
});

test('failures are repeated after 5 s, 5 min, 30 min and hours, ten attempts in all', () => {
  const delays = Array.from({ length: ATTEMPTS_MAX }, (_, index) => next(TIMEOUT, index + 1));
  expect(delays).toEqual([5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400, 'given_up']);
});

test('a delay is up to a fifth shorter or longer', () => {
  expect([0, 0.25, 0.999_999].map((random) => next(TIMEOUT, 2, random))).toEqual([240, 270, 360]);
});

test.each<[string, number]>([
  ['120', 120],
  ['Tue, 15 Jun 2027 12:10:00 GMT', 600],
  ['3', 5],
  ['Tue, 15 Jun 2027 11:00:00 GMT', 5],
  ['999999', 86_400],
  ['9'.repeat(400), 86_400],
  ['Fri, 31 Dec 9999 23:59:59 GMT', 86_400],
  ...['', '-1', '1.5', '1e9', 'soon', '2027-06-15T12:10:00Z', 'Tue, 99 Foo 2027 12:10:00 GMT'].map(
    (text) => [text, 5] as [string, number],
  ),
])('a receiver that is busy until %p is asked again after %d s', (retry_after, seconds) => {
  expect([429, 503].map((status) => next(answer(status, retry_after)))).toEqual([seconds, seconds]);
});

test('a wait that another answer asks for is ignored', () => {
  expect([302, 500].map((status) => next(answer(status, '600')))).toEqual([5, 5]);
});

test('an endpoint is dead after five days of nothing but failures', () => {
  expect(['2027-06-10T12:00:00.001Z', '2027-06-10T12:00:00.000Z'].map((since) => isDead(since, NOON))).toEqual([
    false,
    true,
  ]);
});
