/** A queue of one workflow run that runs one piece of work at a time. */
import { patched } from '@temporalio/workflow';

/** Patch: workers of the previous version started all work at once, and what they did must replay. */
const ONE_AFTER_ANOTHER = 'commands-one-after-another';

/** Runs work in the order in which it arrives. Work that fails does not stop the work behind it. */
export type RunSerially = <T>(work: () => Promise<T>) => Promise<T>;

/** Create one for each run of a workflow. Work that does not have to wait leaves no event. */
export function createSerialQueue(): RunSerially {
  let unfinished = 0;
  let last: Promise<unknown> = Promise.resolve();
  return async function runSerially(work) {
    const must_wait = unfinished > 0 && patched(ONE_AFTER_ANOTHER);
    unfinished += 1;
    const result = must_wait ? last.then(work) : work();
    last = Promise.allSettled([last, result]);
    try {
      return await result;
    } finally {
      unfinished -= 1;
    }
  };
}
