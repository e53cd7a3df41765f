/** Work of one workflow of which one piece is under way at a time. */
import { patched } from '@temporalio/workflow';

/** Workers of the version before began all pieces at once, and what they did has to replay. */
const ONE_AFTER_ANOTHER = 'commands-one-after-another';

/** Runs pieces of work one after another, in the order in which they come. One that fails stops no other. */
export type RunSerially = <T>(work: () => Promise<T>) => Promise<T>;

/** A queue of its own, to be made once in each run of a workflow. A piece that finds nothing under way leaves no event. */
export function createSerialQueue(): RunSerially {
  let under_way = 0;
  let last: Promise<unknown> = Promise.resolve();
  return async function runSerially(work) {
    const waits = under_way > 0 && patched(ONE_AFTER_ANOTHER);
    under_way += 1;
    const mine = waits ? last.then(work) : work();
    last = Promise.allSettled([last, mine]);
    try {
      return await mine;
    } finally {
      under_way -= 1;
    }
  };
}
