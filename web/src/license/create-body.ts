/** The form that creates licenses without a contract, and the body of its request. */
import type { components } from '../base/interface';

export type LicenseCreate = components['schemas']['LicenseCreate'];
export const BASES = ['generation', 'assignment', 'first_activation'] as const;
export const UNITS = ['D', 'M', 'Y'] as const;

export interface CreateForm {
  product_id: string | null;
  generator_id: string | null;
  count: number | string;
  customer_email: string;
  limit: number | string;
  unlimited: boolean;
  expiry: 'never' | 'duration' | 'date';
  duration: number | string;
  unit: (typeof UNITS)[number];
  basis: (typeof BASES)[number];
  date: string;
  note: string;
}

export const INITIAL: CreateForm = {
  ...{ product_id: null, generator_id: null, count: 1, customer_email: '', limit: '', unlimited: false },
  ...{ expiry: 'never', duration: 1, unit: 'Y', basis: 'generation', date: '', note: '' },
};

/** Whether the fields that the interface needs are filled in. */
export function isComplete({ product_id, generator_id, expiry, date, duration }: CreateForm): boolean {
  if (product_id === null || generator_id === null) return false;
  return expiry === 'never' || (expiry === 'date' ? date !== '' : Number(duration) > 0);
}

export function createBody(form: CreateForm, features: Record<string, unknown>): LicenseCreate {
  return {
    product_id: form.product_id ?? '',
    generator_id: form.generator_id ?? '',
    count: Number(form.count),
    customer_email: form.customer_email.trim() || null,
    activation_limit: form.unlimited ? 'unlimited' : form.limit === '' ? null : Number(form.limit),
    expiry: expiryOf(form),
    note: form.note.trim() || null,
    ...(Object.keys(features).length > 0 && { feature_overrides: features }),
  };
}

function expiryOf({ expiry, date, duration, unit, basis }: CreateForm): LicenseCreate['expiry'] {
  if (expiry === 'never') return null;
  return expiry === 'date' ? { date } : { duration: `P${duration}${unit}`, basis };
}
