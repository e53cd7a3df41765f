/** What the pages of the catalogue know about the shapes of the interface. */
import type { components } from '../base/interface';

export type Product = components['schemas']['Product'];
export type Generator = components['schemas']['Generator'];
export type Customer = components['schemas']['Customer'];

export const STATUSES = ['active', 'inactive'] as const;
export const ENVIRONMENTS = ['production', 'staging', 'development'] as const;

/** The choices of a select: each value with its name. */
export function choices<Value extends string>(t: (key: Value) => string, values: readonly Value[]) {
  return values.map((value) => ({ value, label: t(value) }));
}
