/**
 * Remembers which search attributes a run has set, so that the workflow sets only those that changed.
 *
 * The values that the server reports cannot decide this. An attribute that is removed from the namespace disappears from the
 * first event of runs that started with it, and a replay that then decides differently ends in a nondeterminism error.
 */
import { patched, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { keywordOf } from '../domain/base/operator-text';
import { CONTRACT_NAME } from './search-attributes';
import type { SEARCH_ATTRIBUTES } from './search-attributes';
import type { WakeRequest } from '../activities/ports';

type Key = (typeof SEARCH_ATTRIBUTES)[number];
type Value = string | number | Date | null;

/** One attribute with the value that it should have; null for none. */
export interface WantedAttribute {
  key: Key;
  value: Value;
}

/** Patch: a run that continues another one inherits the values of that run and does not know them, so it sets its own. */
const EACH_RUN_SETS_ITS_OWN = 'each-run-sets-its-own-search-attributes';
/** Patch: a wake-up can ask that all attributes are set again. */
const REFRESH = 'refresh-search-attributes';

export interface SearchAttributeTracker {
  /** The attributes whose value on the server is different or unknown. */
  findOutdated(wanted: WantedAttribute[]): WantedAttribute[];
  /** Whether the server may have a value that this run has not set. */
  isUnknown(key: Key): boolean;
  /** Sets all of them in one event; an empty list makes no event. */
  set(attributes: WantedAttribute[]): void;
  /** For the handler of a wake-up: forgets all values when the request says that the server may have lost them. */
  refreshIfRequested(request: WakeRequest | null | undefined): void;
}

/** Call it once, at the start of a run. */
export function trackSearchAttributes(): SearchAttributeTracker {
  const known = new Map<string, string | number | null>();
  /** Whether an attribute that is not in `known` has no value on the server. */
  let is_complete = true;
  if (workflowInfo().continuedFromExecutionRunId !== undefined) {
    if (patched(EACH_RUN_SETS_ITS_OWN)) is_complete = false;
    else
      for (const { key, value } of workflowInfo().typedSearchAttributes.getAll())
        known.set(key.name, comparable(value as Value));
  }

  function isUnknown({ name }: Key): boolean {
    return !is_complete && !known.has(name);
  }
  return {
    isUnknown,
    findOutdated: (wanted) =>
      wanted.filter(({ key, value }) => isUnknown(key) || (known.get(key.name) ?? null) !== comparable(value)),
    set(attributes) {
      if (attributes.length > 0) upsertSearchAttributes(attributes as Parameters<typeof upsertSearchAttributes>[0]);
      for (const { key, value } of attributes) known.set(key.name, comparable(value));
    },
    refreshIfRequested(request) {
      // Workers of the previous version ignored the request, and what they did must replay.
      if (request?.refresh_search_attributes !== true || !patched(REFRESH)) return;
      known.clear();
      is_complete = false;
    },
  };
}

function comparable(value: Value): string | number | null {
  return value instanceof Date ? value.getTime() : value;
}

/**
 * The attribute with the name of a contract; null removes it, for servers that must not show names. The result of an activity of
 * an earlier version has no name: then the attribute stays as it is.
 */
export function contractNameAttribute(name: string | null | undefined): WantedAttribute[] {
  return name === undefined ? [] : [{ key: CONTRACT_NAME, value: name === null ? null : keywordOf(name) }];
}
