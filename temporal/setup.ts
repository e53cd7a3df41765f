/**
 * Sets up what Covenant needs on a Temporal server: search attributes and the sweep's schedule.
 *
 * The set-up is idempotent, and every check of readiness runs it again: a running worker does not notice that its server was replaced
 * by an empty one, or that a search attribute was removed.
 */
import type { Client } from '@temporalio/client';
import { NamespaceNotFoundError } from '@temporalio/common';
import { GRPC, grpcFailureOf, isRefusal } from './grpc-status';
import { SearchAttributeProblem } from './search-attribute-problem';
import { addSearchAttributes, findSearchAttributes } from './search-attributes';
import type { SearchAttributeHealth } from './search-attributes';
import type { KnownEpoch } from './start';
import { createSweepSchedule, findSweepSchedule, updateSweepSchedule } from './sweep-schedule';
import type { TaskQueues } from './task-queues';

/** Search attributes are checked again after this long. A set-up within that time costs one call, which reads the schedule. */
const ATTRIBUTES_CHECK_INTERVAL_MS = 10_000;

/** The state of a server after the set-up. */
export interface SetUp {
  /** Their state now. This client cannot check those in state `unknown`. */
  search_attributes: SearchAttributeHealth[];
  /** The names of the search attributes that were added. */
  added: string[];
  /** Whether the schedule of the sweep was created. */
  schedule: boolean;
  /** The epoch that the schedule passes to the sweep; undefined when Covenant did not create the schedule. */
  epoch: string | undefined;
}

/** Sets up what is missing. Safe to call at any time. Throws the errors of `setUpTemporal`. */
export type EnsureSetUp = () => Promise<SetUp>;

/** The set-up of one process, with the epoch of the server as the process last read it. */
export interface ProcessSetUp {
  ensureSetUp: EnsureSetUp;
  /** The epoch that the last set-up found. */
  epoch: KnownEpoch;
}

/** The set-up of one process. It checks the search attributes again only after {@link ATTRIBUTES_CHECK_INTERVAL_MS}. */
export function createSetUp(client: Client, taskQueues: TaskQueues): ProcessSetUp {
  let last: { at_ms: number; search_attributes: SearchAttributeHealth[] } | undefined;
  let epoch: string | undefined;

  async function checkOrSetUp(): Promise<SetUp> {
    const is_recent = last !== undefined && performance.now() - last.at_ms < ATTRIBUTES_CHECK_INTERVAL_MS;
    const schedule = is_recent ? await findSweepSchedule(client) : undefined;
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
      const setUp = await checkOrSetUp().catch((error: unknown) => {
        throw missingNamespaceError(client, error) ?? error;
      });
      ({ epoch } = setUp);
      return setUp;
    },
    epoch: () => epoch,
  };
}

/** The error that names the namespace of this client when the server does not have it; undefined for other errors. */
function missingNamespaceError(client: Client, error: unknown): Error | undefined {
  const failure = grpcFailureOf(error);
  const is_missing = failure?.code === GRPC.NOT_FOUND && /namespace/i.test(failure.details);
  if (!is_missing && !(error instanceof NamespaceNotFoundError)) return undefined;
  const { namespace } = client.options;
  return new Error(
    `the Temporal server has no namespace "${namespace}": create it (\`temporal operator namespace create ${namespace}\`), or set TEMPORAL_NAMESPACE`,
    { cause: error },
  );
}

/**
 * Adds the search attributes that are missing and creates the schedule of the sweep. When values of search attributes may have been
 * lost, the schedule gets a new epoch: then running workflows set their values again.
 * @throws SearchAttributeProblem when an attribute is missing and this client may not add it, or has another type; the SDK's errors
 */
export async function setUpTemporal(client: Client, taskQueues: TaskQueues): Promise<SetUp> {
  const before = await findSearchAttributes(client);
  const missing = before.filter(({ state }) => state === 'missing');
  const schedule = await findSweepSchedule(client);
  // The record is written first. If this process crashes after it added the attributes, another process reads that they were missing.
  const recorded = schedule === undefined ? undefined : recordBeforeSetUp(schedule.search_attributes, before);
  if (recorded !== undefined && recorded !== schedule?.search_attributes)
    await updateSweepSchedule(client, taskQueues, recorded, { newEpoch: false });

  expectTypes(client, before);
  if (missing.length > 0) await addOrExplain(client, missing);
  const search_attributes = missing.length > 0 ? await findSearchAttributes(client) : before;
  expectTypes(client, search_attributes);

  const record = recordOf(search_attributes);
  const created = schedule === undefined && (await createSweepSchedule(client, taskQueues, record));
  if (!created && record !== undefined && mayHaveLostValues(recorded, record))
    await updateSweepSchedule(client, taskQueues, record, { newEpoch: true });
  // Read again: this process or another one may have created or updated the schedule just now.
  const epoch = (await findSweepSchedule(client))?.epoch ?? undefined;
  return { search_attributes, added: missing.map(({ name }) => name), schedule: created, epoch };
}

/** Adds the search attributes that are missing and checks the types of the others. Returns the names of those it added. */
export async function registerSearchAttributes(client: Client): Promise<string[]> {
  const attributes = await findSearchAttributes(client);
  expectTypes(client, attributes);
  const missing = attributes.filter(({ state }) => state === 'missing');
  if (missing.length > 0) await addOrExplain(client, missing);
  return missing.map(({ name }) => name);
}

/** The server accepts a changed type without an error, and then workflows that set the attribute cannot continue. */
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
/** All are registered, in a store that has no columns or does not show them. */
const COMPLETE = 'complete';

/**
 * Where the values of all attributes are stored, as a text that can be compared. An attribute that was removed and added again has
 * another column and none of its old values. Undefined when the state of an attribute is unknown.
 */
function recordOf(attributes: SearchAttributeHealth[]): string | undefined {
  if (attributes.some(({ state }) => state === 'unknown')) return undefined;
  if (attributes.some(({ state }) => state !== 'registered')) return INCOMPLETE;
  if (attributes.some(({ column }) => column === null)) return COMPLETE;
  return attributes.map(({ name, column }) => `${name}=${column}`).join(' ');
}

/** The record to write before the set-up: that attributes are missing, or the first record on a schedule of an older version. */
function recordBeforeSetUp(recorded: string | undefined, attributes: SearchAttributeHealth[]): string | undefined {
  const record = recordOf(attributes);
  return record === INCOMPLETE || recorded === undefined ? record : recorded;
}

/** Whether values may have been lost between two records. A client that may not read columns records less; then nothing is lost. */
function mayHaveLostValues(before: string | undefined, now: string): boolean {
  if (before === undefined || now === INCOMPLETE || before === now) return false;
  return before === INCOMPLETE || (before !== COMPLETE && now !== COMPLETE);
}
