/**
 * Two people edited one resource: the values before, mine and theirs, compared field by field. A field that only one of us changed
 * needs no choice; a field that both changed differently does.
 */

/** Values of a resource by field. They are compared as JSON. */
export type Fields = Readonly<Record<string, unknown>>;

export interface ConflictField {
  name: string;
  before: unknown;
  mine: unknown;
  theirs: unknown;
  /** Both changed the field, and differently. */
  contested: boolean;
}

/** The fields that they changed, or that I changed, in the order of `mine`. Equal changes are left out: there is nothing to decide. */
export function conflictFields(before: Fields, mine: Fields, theirs: Fields): ConflictField[] {
  return Object.keys(mine).flatMap((name) => {
    const field = { name, before: before[name], mine: mine[name], theirs: theirs[name] };
    if (sameValue(field.mine, field.theirs)) return [];
    const contested = !sameValue(field.before, field.mine) && !sameValue(field.before, field.theirs);
    return [{ ...field, contested }];
  });
}

/** Which value of each field goes on. */
export type Choices = Readonly<Record<string, 'mine' | 'theirs'>>;

/** What is right without a choice: the value of the one who changed the field. Mine where both did, since I decide now. */
export function initialChoices(fields: readonly ConflictField[]): Record<string, 'mine' | 'theirs'> {
  return Object.fromEntries(
    fields.map(({ name, before, mine }) => [name, sameValue(before, mine) ? 'theirs' : 'mine']),
  );
}

/** My values, with theirs in each field where theirs were chosen. */
export function mergeFields<Values extends object>(mine: Values, theirs: Fields, choices: Choices): Values {
  const chosen = Object.entries(choices).filter(([, whose]) => whose === 'theirs');
  return { ...mine, ...Object.fromEntries(chosen.map(([name]) => [name, theirs[name]])) };
}

/** Whether two JSON values are equal; the order of keys does not matter. */
export function sameValue(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value ?? null;
  const entries = Object.entries(value).map(([key, inner]) => [key, sorted(inner)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
