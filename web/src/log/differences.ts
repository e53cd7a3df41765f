/** What an entry of the audit changed: the fields whose values differ before and after. */

type Values = Readonly<Record<string, unknown>> | null;

export interface Difference {
  field: string;
  /** Undefined: the field did not exist. */
  before: unknown;
  after: unknown;
}

/** Nested fields have their path: `limits.per_day`. Equal fields are left out. */
export function differences(before: Values, after: Values): Difference[] {
  const old = new Map(flat(before));
  const changed = new Map(flat(after));
  return [...new Set([...old.keys(), ...changed.keys()])].flatMap((field) => {
    const difference = { field, before: old.get(field), after: changed.get(field) };
    return JSON.stringify(difference.before) === JSON.stringify(difference.after) ? [] : [difference];
  });
}

function flat(values: Values, path = ''): [string, unknown][] {
  return Object.entries(values ?? {}).flatMap(([name, value]): [string, unknown][] =>
    isObject(value) && Object.keys(value).length > 0 ? flat(value, `${path}${name}.`) : [[path + name, value]],
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value as people read it: texts without quotation marks. */
export function valueText(value: unknown): string {
  if (value === undefined || value === null) return '–';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
