/**
 * The search attributes that a run has set, remembered by the run itself.
 *
 * What the server says of them cannot be decided by: an attribute that is removed from the namespace vanishes from the first
 * event of runs that began with it, and a replay that then decides otherwise ends in a nondeterminism error.
 */
import { patched, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { keywordOf } from '../domain/base/operator-text';
import { CONTRACT_NAME } from './search-attributes';
import type { SEARCH_ATTRIBUTES } from './search-attributes';
import type { WakeRequest } from '../activities/ports';

type Key = (typeof SEARCH_ATTRIBUTES)[number];
type Value = string | number | Date | null;

/** One attribute with the value it should have; null for none. */
export interface WantedAttribute {
  key: Key;
  value: Value;
}

/** A run that continues another one begins with the values of that run, which it does not know. */
const EACH_RUN_SETS_ITS_OWN = 'each-run-sets-its-own-search-attributes';
const REFRESH = 'refresh-search-attributes';

export interface SearchAttributeTracker {
  /** Those whose value on the server is another one, or not known. */
  outdated(wanted: WantedAttribute[]): WantedAttribute[];
  /** Whether the server may have a value that this run has not set. */
  isUnknown(key: Key): boolean;
  /** Sets them, in one event; none makes no event. */
  set(attributes: WantedAttribute[]): void;
  /** For the handler of a wake-up. */
  heed(request: WakeRequest | null | undefined): void;
}

/** To be called once, at the beginning of a run. */
export function trackSearchAttributes(): SearchAttributeTracker {
  const known = new Map<string, string | number | null>();
  /** Whether what was not set here is not set at all. */
  let complete = true;
  if (workflowInfo().continuedFromExecutionRunId !== undefined) {
    if (patched(EACH_RUN_SETS_ITS_OWN)) complete = false;
    else
      for (const { key, value } of workflowInfo().typedSearchAttributes.getAll())
        known.set(key.name, comparable(value as Value));
  }

  function remember({ key, value }: WantedAttribute): void {
    known.set(key.name, comparable(value));
  }
  function isUnknown({ name }: Key): boolean {
    return !complete && !known.has(name);
  }
  return {
    isUnknown,
    outdated: (wanted) =>
      wanted.filter(({ key, value }) => isUnknown(key) || (known.get(key.name) ?? null) !== comparable(value)),
    set(attributes) {
      if (attributes.length > 0) upsertSearchAttributes(attributes as Parameters<typeof upsertSearchAttributes>[0]);
      attributes.forEach(remember);
    },
    heed(request) {
      // Workers of the version before ignored the request, and what they did then has to replay.
      if (request?.refresh_search_attributes !== true || !patched(REFRESH)) return;
      known.clear();
      complete = false;
    },
  };
}

function comparable(value: Value): string | number | null {
  return value instanceof Date ? value.getTime() : value;
}

/**
 * The name of a contract, to be removed where names must not be shown (null). What an activity of an earlier version says has
 * no name: then nothing is changed.
 */
export function nameOf(name: string | null | undefined): WantedAttribute[] {
  return name === undefined ? [] : [{ key: CONTRACT_NAME, value: name === null ? null : keywordOf(name) }];
}
