/** Chunks cover a job without gap or overlap, and a job changes state only by the rules. */
import fc from 'fast-check';
import {
  CHUNK_LICENSES_MAX,
  JOB_STATES,
  REQUEST_LICENSES_MAX,
  UNFINISHED_JOB_STATES,
  cancelDecision,
  chunkCount,
  chunkSizeFor,
  chunkSpan,
  finalState,
  isUnfinished,
  percentOf,
  resumeDecision,
} from '../../domain/generation/generation-job';
import type { JobState } from '../../domain/generation/generation-job';
import { isRefusal } from '../../domain/base/refusal';

test('the chunks of a job cover its ordinals, each once', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2_000 }), fc.integer({ min: 1, max: 500 }), (requested, chunk_size) => {
      const chunks = Array.from({ length: chunkCount(requested, chunk_size) }, (_, chunk_no) =>
        chunkSpan(requested, chunk_size, chunk_no),
      );
      const ordinals = chunks.flatMap(({ from_ordinal, licenses }) =>
        Array.from({ length: licenses }, (_, i) => from_ordinal + i),
      );
      expect(ordinals).toEqual(Array.from({ length: requested }, (_, i) => i + 1));
      expect(Math.max(...chunks.map(({ licenses }) => licenses))).toBeLessThanOrEqual(chunk_size);
    }),
    { numRuns: 100, seed: 7 },
  );
});

test.each([
  [100, 100],
  [2_000, 100],
  [20_000, 1_000],
  [100_000, 5_000],
  [REQUEST_LICENSES_MAX, CHUNK_LICENSES_MAX],
])('a job of %i licenses has chunks of %i', (requested, chunk_size) => {
  expect(chunkSizeFor(requested)).toBe(chunk_size);
});

test('a job shows 100 percent only when all its licenses exist', () => {
  expect(percentOf(999_999, 1_000_000)).toBe(99);
  expect(percentOf(1_000_000, 1_000_000)).toBe(100);
  expect(percentOf(0, 1)).toBe(0);
});

test.each<[JobState, number, JobState]>([
  ['RUNNING', 10, 'SUCCEEDED'],
  ['RUNNING', 9, 'PARTIAL'],
  ['RUNNING', 0, 'FAILED'],
  ['CANCELLING', 0, 'CANCELLED'],
  ['CANCELLING', 9, 'CANCELLED'],
])('a %s job with %i of 10 licenses ends as %s', (state, completed, ended) => {
  expect(finalState(state, completed, 10)).toBe(ended);
});

/** By state: what cancelling and what resuming gives. */
const DECISIONS: Record<JobState, [string, string]> = {
  QUEUED: ['CANCELLING', 'JOB_NOT_RESUMABLE'],
  RUNNING: ['CANCELLING', 'JOB_NOT_RESUMABLE'],
  PAUSED: ['CANCELLING', 'JOB_NOT_RESUMABLE'],
  CANCELLING: ['unchanged', 'JOB_NOT_RESUMABLE'],
  SUCCEEDED: ['JOB_ALREADY_FINISHED', 'JOB_NOT_RESUMABLE'],
  PARTIAL: ['JOB_ALREADY_FINISHED', 'QUEUED'],
  FAILED: ['JOB_ALREADY_FINISHED', 'QUEUED'],
  CANCELLED: ['JOB_ALREADY_FINISHED', 'JOB_NOT_RESUMABLE'],
};

test.each(JOB_STATES)('cancelling and resuming a %s job', (state) => {
  const outcome = (decision: unknown): unknown => (isRefusal(decision) ? decision.code : decision);
  expect([outcome(cancelDecision(state)), outcome(resumeDecision(state))]).toEqual(DECISIONS[state]);
});

test('a finished job holds no reservation', () => {
  const finished: JobState[] = ['SUCCEEDED', 'PARTIAL', 'FAILED', 'CANCELLED'];
  expect(finished.some(isUnfinished)).toBe(false);
  expect([...UNFINISHED_JOB_STATES, ...finished].sort()).toEqual([...JOB_STATES].sort());
});
