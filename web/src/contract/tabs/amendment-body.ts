/** The form of an amendment as the interface takes it. */
import type { components } from '../../base/interface';
import type { ExpiryBasis } from '../contract-body';
import { parseObject } from '../contract-form';

type Body = components['schemas']['AmendmentCreate'];

export interface AmendmentValues {
  effective_date: string;
  quota_add: number | string;
  activation_limit: number | string;
  end_date: string;
  customer_id: string | null;
  generator_id: string | null;
  /** `keep` changes nothing. */
  expiry_kind: 'keep' | 'never' | 'duration' | 'date';
  expiry: { duration: string | null; basis: ExpiryBasis; date: string };
  renewal_mode: 'keep' | 'manual' | 'auto' | 'none';
  /** JSON of an object. */
  feature_overrides: string;
  note: string;
}

/** An amendment that changes nothing yet. */
export function amendmentValues(effective_date: string): AmendmentValues {
  return {
    ...{ effective_date, quota_add: '', activation_limit: '', end_date: '', customer_id: null, generator_id: null },
    ...{ expiry_kind: 'keep', expiry: { duration: 'P1Y', basis: 'generation', date: '' } },
    ...{ renewal_mode: 'keep', feature_overrides: '', note: '' },
  };
}

/** Fields that are left empty change nothing. */
export function amendmentBody({ effective_date, note, ...values }: AmendmentValues): Body {
  const { quota_add, activation_limit, end_date, customer_id, generator_id, renewal_mode } = values;
  const expiry = expiryOf(values);
  return {
    effective_date,
    changes: {
      ...(quota_add === '' ? {} : { quota_add: Number(quota_add) }),
      ...(activation_limit === '' ? {} : { activation_limit: Number(activation_limit) }),
      ...(end_date === '' ? {} : { end_date }),
      ...(customer_id === null ? {} : { customer_id }),
      ...(generator_id === null ? {} : { generator_id }),
      ...(expiry === undefined ? {} : { expiry }),
      ...(renewal_mode === 'keep' ? {} : { renewal: { mode: renewal_mode } }),
      ...(values.feature_overrides.trim() === ''
        ? {}
        : { feature_overrides: parseObject(values.feature_overrides) ?? {} }),
    },
    ...(note.trim() === '' ? {} : { note: note.trim() }),
  };
}

/** Undefined: it stays as it is. */
function expiryOf({ expiry_kind, expiry }: Pick<AmendmentValues, 'expiry_kind' | 'expiry'>): Body['changes']['expiry'] {
  if (expiry_kind === 'keep') return undefined;
  if (expiry_kind === 'never') return null;
  if (expiry_kind === 'date') return { date: expiry.date };
  return { duration: expiry.duration ?? '', basis: expiry.basis };
}
