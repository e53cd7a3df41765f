/** The features of a generator with the overrides of a contract, as toggles show them. The interface merges them in the same way. */

export type Features = Readonly<Record<string, unknown>>;

export interface FeatureRow {
  name: string;
  /** What the generator has; undefined for a feature that only the contract has. */
  base: unknown;
  /** What licenses get. */
  value: unknown;
  overridden: boolean;
  kind: 'boolean' | 'number' | 'text' | 'other';
}

/** The features of both, those of the generator first. */
export function featureRows(features: Features, overrides: Features): FeatureRow[] {
  const names = [...new Set([...Object.keys(features), ...Object.keys(overrides)])];
  return names.map((name) => {
    const overridden = Object.hasOwn(overrides, name);
    const base = features[name];
    const value = overridden ? overrides[name] : base;
    return { name, base, value, overridden, kind: kindOf(base ?? value) };
  });
}

/** The overrides with another value of a feature. The value of the generator needs no override. */
export function setFeature(features: Features, overrides: Features, name: string, value: unknown): Features {
  const { [name]: _former, ...others } = overrides;
  return Object.hasOwn(features, name) && features[name] === value ? others : { ...others, [name]: value };
}

/** The overrides without one of them: the feature is again as the generator has it. */
export function resetFeature(overrides: Features, name: string): Features {
  const { [name]: _former, ...others } = overrides;
  return others;
}

function kindOf(value: unknown): FeatureRow['kind'] {
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'number') return 'number';
  return typeof value === 'string' ? 'text' : 'other';
}
