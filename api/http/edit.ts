/** What writes of the catalogue and of people have in common. */
import type { Act } from '../../domain/base/edit';
import { violates } from '../../db/base/errors';
import type { Refusal } from '../../domain/base/refusal';
import type { Answer, HandlerRequest } from './route';

/** Who acts, when and by which request, as the rooms below take it. */
export function actOf({
  actor,
  now,
  request_id,
}: Pick<HandlerRequest<unknown, unknown, unknown>, 'actor' | 'now' | 'request_id'>): Act {
  return { actor, now, request_id };
}

/**
 * The outcome of a write, or `refusal` when it failed on a unique constraint. The constraint decides, not a look before:
 * of two that want the same at the same moment one gets it.
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
