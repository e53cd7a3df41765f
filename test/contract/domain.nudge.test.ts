/** What makes the workflow of a contract look at a change by others: its own timer, the sweep in time, or a signal at once. */
import { LATEST } from '../../domain/base/instant';
import { wakerAfter } from '../../domain/contract/nudge';
import type { AwaitedByWorkflow } from '../../domain/contract/nudge';

const NOW = '2027-03-01T12:00:00.000Z';
const IN_AN_HOUR = '2027-03-01T13:00:00.000Z';
const LATER_TODAY = '2027-03-01T13:00:00.001Z';
const NEXT_MONTH = '2027-04-01T00:00:00.000Z';
const NEXT_YEAR = '2028-03-01T00:00:00.000Z';

const awaited = (changes: Partial<AwaitedByWorkflow> = {}): AwaitedByWorkflow => ({
  activated_at: '2027-01-01T00:00:00.000Z',
  state: 'ACTIVE',
  next_boundary_at: NEXT_YEAR,
  wake_at: null,
  verify_at: null,
  timer_at: null,
  clock_now: null,
  ...changes,
});

test.each<[string, Partial<AwaitedByWorkflow>, Partial<AwaitedByWorkflow>, string]>([
  ['nothing moved', {}, {}, 'timer'],
  ['the next boundary moved later', { next_boundary_at: NEXT_MONTH }, {}, 'timer'],
  ['nothing is awaited afterwards', {}, { next_boundary_at: null }, 'timer'],
  ['the contract is a draft', {}, { activated_at: null, next_boundary_at: IN_AN_HOUR }, 'timer'],
  ['an earlier boundary is more than an hour ahead', {}, { next_boundary_at: LATER_TODAY }, 'sweep'],
  ['an earlier boundary is an hour ahead', {}, { next_boundary_at: IN_AN_HOUR }, 'signal'],
  ['the first boundary is far', { next_boundary_at: null }, {}, 'sweep'],
  ['only a reminder is earlier', {}, { next_boundary_at: NEXT_MONTH, wake_at: NEXT_YEAR }, 'timer'],
  ['the boundary behind a reminder is earlier', {}, { next_boundary_at: IN_AN_HOUR, wake_at: NEXT_MONTH }, 'sweep'],
  ['the state changed', {}, { state: 'PAST_DUE' }, 'signal'],
  ['billing must be asked earlier', {}, { verify_at: NEXT_MONTH }, 'signal'],
  ['the contract is on a test clock', {}, { next_boundary_at: NEXT_MONTH, clock_now: NOW }, 'signal'],
  ['the sweep has to wake it already, and its timer is late enough', { timer_at: LATEST }, {}, 'sweep'],
  ['its late timer is early enough now', { next_boundary_at: NEXT_MONTH, timer_at: NEXT_YEAR }, {}, 'timer'],
])('%s', (_case, before, after, waker) => {
  expect(wakerAfter(awaited(before), awaited(after), NOW)).toBe(waker);
});
