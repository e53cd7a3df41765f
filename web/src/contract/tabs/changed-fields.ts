/** What an audit event has changed. */

export type Fields = Readonly<Record<string, unknown>>;

export interface ChangedField {
  name: string;
  /** Undefined: the event has no value before. */
  from: string | undefined;
  /** Undefined: the event has no value afterwards. */
  to: string | undefined;
}

/** Fields that say nothing about the terms. */
const SKIPPED = new Set(['revision']);

/** The fields that differ between before and after, as texts. Equal fields are left out. */
export function changedFields(before: Fields | null, after: Fields | null): ChangedField[] {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  return names
    .filter((name) => !SKIPPED.has(name))
    .map((name) => ({ name, from: textOf(before, name), to: textOf(after, name) }))
    .filter(({ from, to }) => from !== to);
}

function textOf(fields: Fields | null, name: string): string | undefined {
  if (fields === null || !Object.hasOwn(fields, name)) return undefined;
  const value = fields[name];
  return typeof value === 'string' ? value : JSON.stringify(value);
}
