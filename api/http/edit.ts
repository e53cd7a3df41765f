/** What writes of the catalogue and of people have in common. */
import type { Act } from '../../domain/base/edit';
import { violates } from '../../db/base/errors';
import { refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import type { Answer, Handled } from './route';

/** Who acts, when and by which request, as the rooms below take it. */
export function actOf({
  actor,
  now,
  request_id,
}: Pick<Handled<unknown, unknown, unknown>, 'actor' | 'now' | 'request_id'>): Act {
  return { actor, now, request_id };
}

/**
 * The outcome of a write, or `refusal` when it failed on a unique constraint. The constraint decides, not a look before:
 * of two that want the same at the same moment one gets it.
 */
export async function unlessTaken(
  outcome: Promise<Answer | Refusal>,
  constraint: string,
  refusal: () => Refusal,
): Promise<Answer | Refusal> {
  try {
    return await outcome;
  } catch (error) {
    if (violates(error, constraint)) return refusal();
    throw error;
  }
}

/** The refusal of another value for a field that never changes; null when the value is the one it has. */
export function immutableRefusal<R extends object>(
  row: R,
  given: Partial<Record<keyof R & string, unknown>>,
  what: string,
): Refusal | null {
  const field = Object.keys(given).find(
    (name) => given[name as keyof R & string] !== undefined && given[name as keyof R & string] !== row[name as keyof R],
  );
  return field === undefined ? null : refuse('IMMUTABLE_FIELD', { field, what });
}
