/** The form of an amendment as the interface takes it. */
import type { components } from '../../base/interface';

type Body = components['schemas']['AmendmentCreate'];

export interface AmendmentValues {
  effective_date: string;
  quota_add: number | string;
  activation_limit: number | string;
  end_date: string;
  note: string;
}

/** Fields that are left empty change nothing. */
export function amendmentBody({ effective_date, note, ...values }: AmendmentValues): Body {
  const { quota_add, activation_limit, end_date } = values;
  return {
    effective_date,
    changes: {
      ...(quota_add === '' ? {} : { quota_add: Number(quota_add) }),
      ...(activation_limit === '' ? {} : { activation_limit: Number(activation_limit) }),
      ...(end_date === '' ? {} : { end_date }),
    },
    ...(note.trim() === '' ? {} : { note: note.trim() }),
  };
}
