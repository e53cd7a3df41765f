/** Plain JSON data, as it stands in a jsonb column, a workflow payload and an HTTP body. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** A JSON object. */
export type JsonObject = { [key: string]: Json };

/** Whether two JSON values hold the same; the order of keys means nothing, and jsonb keeps one of its own. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [ours, theirs] = [a, b] as [Record<string, unknown>, Record<string, unknown>];
  const keys = Object.keys(ours);
  if (keys.length !== Object.keys(theirs).length) return false;
  return keys.every((key) => Object.hasOwn(theirs, key) && sameJson(ours[key], theirs[key]));
}
