/** The features of a generator as rows of an editor: a name, the type of its JSON value, and the value as it is typed. */
export const FEATURE_TYPES = ['boolean', 'number', 'text', 'json'] as const;
export type FeatureType = (typeof FEATURE_TYPES)[number];

export interface FeatureRow {
  /** Only for drawing: names can be equal or empty while they are typed. */
  key: string;
  name: string;
  type: FeatureType;
  /** `true` or `false`, digits, any text, or JSON. */
  value: string;
}

export type FeatureFault = 'no_name' | 'name_twice' | 'no_number' | 'no_json';

export function rowsOf(features: Readonly<Record<string, unknown>>): FeatureRow[] {
  return Object.entries(features).map(([name, value], index) => ({ key: `given-${index}`, name, ...typed(value) }));
}

function typed(value: unknown): Pick<FeatureRow, 'type' | 'value'> {
  if (typeof value === 'string') return { type: 'text', value };
  if (typeof value === 'boolean') return { type: 'boolean', value: String(value) };
  if (typeof value === 'number') return { type: 'number', value: String(value) };
  return { type: 'json', value: JSON.stringify(value) };
}

/** The features of the rows, or what is wrong with a row by its key. */
export function featuresOf(rows: readonly FeatureRow[]): {
  features: Record<string, unknown>;
  faults: Record<string, FeatureFault>;
} {
  const entries: [string, unknown][] = [];
  const faults: Record<string, FeatureFault> = {};
  for (const { key, name, type, value } of rows) {
    const given = name.trim();
    const parsed = parse(type, value);
    if (given === '') faults[key] = 'no_name';
    else if (entries.some(([other]) => other === given)) faults[key] = 'name_twice';
    else if ('fault' in parsed) faults[key] = parsed.fault;
    else entries.push([given, parsed.value]);
  }
  return { features: Object.fromEntries(entries), faults };
}

function parse(type: FeatureType, text: string): { value: unknown } | { fault: FeatureFault } {
  if (type === 'text') return { value: text };
  if (type === 'boolean') return { value: text === 'true' };
  if (type === 'number') {
    const number = Number(text);
    return text.trim() === '' || !Number.isFinite(number) ? { fault: 'no_number' } : { value: number };
  }
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return { fault: 'no_json' };
  }
}

/** The value of a row whose type was changed: what can be kept is kept. */
export function retyped(row: FeatureRow, type: FeatureType): FeatureRow {
  if (type === 'boolean') return { ...row, type, value: row.value === 'true' ? 'true' : 'false' };
  if (type === 'number') return { ...row, type, value: Number.isFinite(Number(row.value)) ? row.value : '' };
  if (type === 'json' && row.type === 'text') return { ...row, type, value: JSON.stringify(row.value) };
  return { ...row, type };
}
