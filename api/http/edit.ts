/** Shared by the writes of the catalogue, customers and admins. */
import type { Act } from '../../domain/base/edit';
import { violates } from '../../db/base/errors';
import type { Refusal } from '../../domain/base/refusal';
import type { Answer, HandlerRequest } from './route';

/** Who acts, when, and in which request: the form that `transactions/` takes. */
export function actOf({
  actor,
  now,
  request_id,
}: Pick<HandlerRequest<unknown, unknown, unknown>, 'actor' | 'now' | 'request_id'>): Act {
  return { actor, now, request_id };
}

/**
 * Returns the outcome of a write, or `refusal` when the write violates the unique constraint. The constraint decides and not an
 * earlier read: of two simultaneous writes of the same value, one succeeds.
 */
export async function refuseIfTaken(
  outcome: Promise<Answer | Refusal>,
  constraint: string,
  refusal: () => Refusal | Promise<Refusal>,
): Promise<Answer | Refusal> {
  try {
    return await outcome;
  } catch (error) {
    if (violates(error, constraint)) return refusal();
    throw error;
  }
}
