/**
 * The slots of local activities. The SDK (1.24) applies no time-out to a local activity that waits for a slot, and all messages of its
 * workflow wait meanwhile: a few local activities that hang would stop the commands of many contracts. So the SDK starts each at once,
 * and one that finds no free slot here fails soon. Its workflow then runs the regular activity, which has slots of its own.
 */
import { ApplicationFailure, asyncLocalStorage } from '@temporalio/activity';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a local activity waits for a slot. A transaction takes milliseconds. */
const SLOT_WAIT_MS = 500;
const POLL_MS = 10;

/** The type of the failure of a local activity that found no free slot. It is usual under load. */
export const NO_LOCAL_SLOT = 'NoLocalSlot';

type Activity = (input: never) => Promise<unknown>;

/** Wraps activities so that at most `slots` of them run at the same time as local activities. */
export function limitLocalActivities<A extends object>(activities: A, slots: number): A {
  let running = 0;
  async function runInSlot(run: Activity, input: never): Promise<unknown> {
    for (const begun_ms = performance.now(); running >= slots; await sleep(POLL_MS))
      if (performance.now() - begun_ms > SLOT_WAIT_MS)
        throw ApplicationFailure.create({ message: 'No slot for a local activity is free', type: NO_LOCAL_SLOT });
    running += 1;
    return run(input).finally(() => (running -= 1));
  }
  const limited = Object.entries(activities as Record<string, Activity>).map(([name, run]) => [
    name,
    (input: never) => (asyncLocalStorage.getStore()?.info.isLocal === true ? runInSlot(run, input) : run(input)),
  ]);
  return Object.fromEntries(limited) as A;
}
