/** Shared parts of edits of the catalogue and of people: the actor, and the fields that differ. */
import type { Actor } from './actor';
import type { Instant } from './instant';
import { sameJson } from './json';
import type { JsonObject } from './json';
import { refuse } from './refusal';
import type { Refusal } from './refusal';

/** The actor, time and request that every audit row needs. */
export interface Act {
  actor: Actor;
  now: Instant;
  request_id: string | null;
}

/**
 * The fields of an edit that change the row. A field that is left out stays unchanged. JSON values are compared by content,
 * because jsonb orders keys itself.
 */
export function changedFields<R extends object, E extends { [K in keyof R]?: R[K] | undefined }>(
  row: R,
  edit: E,
): Partial<R> {
  const changed = Object.entries(edit).filter(
    ([name, value]) => value !== undefined && !sameJson(row[name as keyof R], value),
  );
  return Object.fromEntries(changed) as Partial<R>;
}

/** Whether an edit changes nothing. Then nothing is written or audited. */
export function isEmpty(changes: object): boolean {
  return Object.keys(changes).length === 0;
}

/** The fields that differ, as `before` and `after` of an audit row. */
export function difference(before: JsonObject, after: JsonObject): { before: JsonObject; after: JsonObject } {
  const changed = Object.keys({ ...before, ...after }).filter((key) => !sameJson(before[key], after[key]));
  const pick = (source: JsonObject): JsonObject => Object.fromEntries(changed.map((key) => [key, source[key] ?? null]));
  return { before: pick(before), after: pick(after) };
}

/** Refuses a new value for a field that never changes; null when the value is unchanged. */
export function immutableRefusal<R extends object>(
  row: R,
  given: Partial<Record<keyof R & string, unknown>>,
  what: string,
): Refusal | null {
  const field = Object.keys(given).find(
    (name) => given[name as keyof R & string] !== undefined && given[name as keyof R & string] !== row[name as keyof R],
  );
  return field === undefined ? null : refuse('IMMUTABLE_FIELD', { field, what });
}
