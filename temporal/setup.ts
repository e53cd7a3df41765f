/**
 * What a Temporal server needs before Covenant runs on it: search attributes and the sweep's schedule.
 *
 * Idempotent, and run again whenever readiness is asked: a running worker does not notice that its server was replaced by an
 * empty one, nor that a search attribute was removed.
 */
import type { Client } from '@temporalio/client';
import { isRefusal } from './grpc-status';
import { SearchAttributeProblem } from './search-attribute-problem';
import { addSearchAttributes, findSearchAttributes } from './search-attributes';
import type { SearchAttributeHealth } from './search-attributes';
import type { KnownEpoch } from './start';
import { createSweepSchedule, findSweepSchedule, updateSweepSchedule } from './sweep-schedule';
import type { TaskQueues } from './task-queues';

/** Search attributes are looked at again after this long; what is asked in between costs one call, for the schedule. */
const ATTRIBUTES_CHECK_INTERVAL_MS = 10_000;

/** A server as it is after set-up. */
export interface SetUp {
  /** As they are now. Those in state `unknown` cannot be checked by this client. */
  search_attributes: SearchAttributeHealth[];
  /** The names of those that were added. */
  added: string[];
  /** Whether the schedule of the sweep was created. */
  schedule: boolean;
  /** The epoch that the schedule gives the sweep; undefined when the schedule is not of our making. */
  epoch: string | undefined;
}

/** Sets up what is missing. Safe to call at any time. Throws as `setUpTemporal` does. */
export type EnsureSetUp = () => Promise<SetUp>;

/** The set-up of one process, and what it has seen of the server. */
export interface OwnSetUp {
  ensureSetUp: EnsureSetUp;
  /** The epoch that the last set-up found. */
  epoch: KnownEpoch;
}

/** The set-up of one process, which remembers for some seconds that the search attributes are well. */
export function createSetUp(client: Client, taskQueues: TaskQueues): OwnSetUp {
  let last: { at_ms: number; search_attributes: SearchAttributeHealth[] } | undefined;
  let epoch: string | undefined;

  async function look(): Promise<SetUp> {
    const fresh = last !== undefined && performance.now() - last.at_ms < ATTRIBUTES_CHECK_INTERVAL_MS;
    const schedule = fresh ? await findSweepSchedule(client) : undefined;
    if (schedule !== undefined)
      return {
        search_attributes: last?.search_attributes ?? [],
        added: [],
        schedule: false,
        epoch: schedule.epoch ?? undefined,
      };
    last = undefined;
    const setUp = await setUpTemporal(client, taskQueues);
    last = { at_ms: performance.now(), search_attributes: setUp.search_attributes };
    return setUp;
  }

  return {
    async ensureSetUp() {
      const setUp = await look();
      ({ epoch } = setUp);
      return setUp;
    },
    epoch: () => epoch,
  };
}

/**
 * Adds the search attributes that are missing, creates the schedule of the sweep, and gives it a new epoch when values of
 * search attributes may have been lost: workflows that run then set theirs again.
 * @throws SearchAttributeProblem when one is missing and may not be added here, or has another type; the SDK's errors
 */
export async function setUpTemporal(client: Client, taskQueues: TaskQueues): Promise<SetUp> {
  const before = await findSearchAttributes(client);
  const missing = before.filter(({ state }) => state === 'missing');
  const schedule = await findSweepSchedule(client);
  // Recorded first: whichever process finds them complete again, after a crash or an administrator's work, knows of the gap.
  const recorded = schedule === undefined ? undefined : recordedNow(schedule.search_attributes, before);
  if (recorded !== undefined && recorded !== schedule?.search_attributes)
    await updateSweepSchedule(client, taskQueues, recorded, { newEpoch: false });

  expectTypes(client, before);
  if (missing.length > 0) await addOrExplain(client, missing);
  const search_attributes = missing.length > 0 ? await findSearchAttributes(client) : before;
  expectTypes(client, search_attributes);

  const record = recordOf(search_attributes);
  const created = schedule === undefined && (await createSweepSchedule(client, taskQueues, record));
  if (!created && record !== undefined && wereLost(recorded, record))
    await updateSweepSchedule(client, taskQueues, record, { newEpoch: true });
  // Read again: it may have been made or renewed just now, here or by another process.
  const epoch = (await findSweepSchedule(client))?.epoch ?? undefined;
  return { search_attributes, added: missing.map(({ name }) => name), schedule: created, epoch };
}

/** Adds the search attributes the namespace lacks and checks the types of those it has. Answers what it added. */
export async function registerSearchAttributes(client: Client): Promise<string[]> {
  const attributes = await findSearchAttributes(client);
  expectTypes(client, attributes);
  const missing = attributes.filter(({ state }) => state === 'missing');
  if (missing.length > 0) await addOrExplain(client, missing);
  return missing.map(({ name }) => name);
}

/** The server takes a changed type without a word, and the workflows that use it then stand still. */
function expectTypes(client: Client, attributes: SearchAttributeHealth[]): void {
  const mistyped = attributes.filter(({ state }) => state === 'mistyped');
  if (mistyped.length > 0) throw new SearchAttributeProblem(client.options.namespace, mistyped);
}

async function addOrExplain(client: Client, missing: SearchAttributeHealth[]): Promise<void> {
  try {
    await addSearchAttributes(client, missing);
  } catch (error) {
    if (isRefusal(error)) throw new SearchAttributeProblem(client.options.namespace, missing, { cause: error });
    throw error;
  }
}

const INCOMPLETE = 'incomplete';
/** All are registered, in a store without columns or one that does not show them. */
const COMPLETE = 'complete';

/**
 * Where the values of all attributes are, in words that can be compared: an attribute that was removed and added again has
 * another column, and none of its old values. Undefined when that cannot be seen.
 */
function recordOf(attributes: SearchAttributeHealth[]): string | undefined {
  if (attributes.some(({ state }) => state === 'unknown')) return undefined;
  if (attributes.some(({ state }) => state !== 'registered')) return INCOMPLETE;
  if (attributes.some(({ column }) => column === null)) return COMPLETE;
  return attributes.map(({ name, column }) => `${name}=${column}`).join(' ');
}

/** What is to be recorded before anything is set up: a gap, or the first look at a schedule that an older version made. */
function recordedNow(recorded: string | undefined, attributes: SearchAttributeHealth[]): string | undefined {
  const record = recordOf(attributes);
  return record === INCOMPLETE || recorded === undefined ? record : recorded;
}

/** Whether values may have been lost between two records. Processes with unequal rights see unequally well: no reason. */
function wereLost(before: string | undefined, now: string): boolean {
  if (before === undefined || now === INCOMPLETE || before === now) return false;
  return before === INCOMPLETE || (before !== COMPLETE && now !== COMPLETE);
}
