/** The shape and the presenter of assignments of many licenses. */
import type { AssignmentJobRow } from '../../db/license/assignment-job';
import { ASSIGNMENT_STATES, decidedOf } from '../../domain/license/assignment-job';
import { ASSIGNMENT_OUTCOMES, NOT_AVAILABLE_REASONS } from '../../domain/license/license-assignment';
import { assignmentJobWorkflowId } from '../../temporal/ids';
import { Id, InstantShape } from '../http/shapes';
import { z } from '../http/zod';

export const CountsShape = z
  .object({
    assigned: z.int(),
    reassigned: z.int().describe('Those of `assigned` that belonged to another customer'),
    already_assigned_same: z.int(),
    conflict: z.int(),
    not_available: z.int(),
  })
  .openapi('AssignmentCounts');

export const DecidedShape = z
  .object({
    license_id: z.string(),
    outcome: z
      .enum(ASSIGNMENT_OUTCOMES)
      .describe(
        'assigned; already_assigned_same: it belonged to this customer before; conflict: it belongs to another customer; not_available: for the reason',
      ),
    reason: z.enum(NOT_AVAILABLE_REASONS).nullable().describe('For not_available, the status or what else forbids it'),
    other_customer_id: Id.nullable().describe('The other customer to whom it belonged before'),
  })
  .openapi('AssignedLicense');

export const AssignmentShape = z
  .object({
    id: Id,
    customer_id: Id,
    state: z
      .enum(ASSIGNMENT_STATES)
      .describe('SUCCEEDED: all belong to the customer; PARTIAL: some could not be assigned; FAILED: none could'),
    reassign: z.boolean(),
    requested: z.int(),
    decided: z.int().describe('Licenses with an outcome so far'),
    counts: CountsShape,
    not_assigned: z.array(DecidedShape).describe('The first 100'),
    actor: z.object({ type: z.string(), id: z.string(), name: z.string() }),
    created_at: InstantShape,
    started_at: InstantShape.nullable(),
    finished_at: InstantShape.nullable(),
    workflow_id: z.string().describe('The id of its workflow in Temporal'),
  })
  .openapi('Assignment');

export function presentAssignment(row: AssignmentJobRow) {
  const { id, customer_id, state, reassign, requested, not_assigned, created_at, started_at, finished_at } = row;
  const { assigned, reassigned, already_assigned_same, conflict, not_available } = row;
  const { type, id: actor_id, name } = row.actor;
  return {
    id,
    customer_id,
    state,
    reassign,
    requested,
    decided: decidedOf(row),
    counts: { assigned, reassigned, already_assigned_same, conflict, not_available },
    not_assigned,
    actor: { type, id: actor_id, name },
    created_at,
    started_at,
    finished_at,
    workflow_id: assignmentJobWorkflowId(id),
  };
}
