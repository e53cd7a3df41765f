/** The shapes and presenters of operations on licenses. An assignment is an operation with names of its own. */
import type { Sql } from '../../db/base/database';
import { OPERATION_CHANNEL, findOperation } from '../../db/license/license-operation';
import type { LicenseOperationRow, NotDone } from '../../db/license/license-operation';
import type { OutcomeRow } from '../../db/license/license-outcome';
import type { Caller } from '../../domain/access/caller';
import { EXECUTIONS } from '../../domain/base/channel';
import { licenseIdText } from '../../domain/license/license';
import {
  LICENSE_OPERATION_KINDS,
  LICENSE_OPERATION_STATES,
  LICENSE_OUTCOMES,
  NOT_AVAILABLE_REASONS,
  decidedOf,
  isOperationUnfinished,
  leftOf,
  operationActions,
  operationPercent,
} from '../../domain/license/license-operation';
import type {
  LicenseOutcome,
  OperationActionName,
  OperationCounts,
} from '../../domain/license/license-operation';
import { operationWorkflowId } from '../../temporal/ids';
import { actionTable } from '../http/allowed-actions';
import type { FollowedKind } from '../http/progress-feed';
import { Id, InstantShape } from '../http/shapes';
import { z } from '../http/zod';

const Reason = z.enum(NOT_AVAILABLE_REASONS).nullable().describe('For not_available, the status or what else forbids it');
const OtherCustomer = Id.nullable().describe('The other customer to whom it belonged before');

export const OperationCountsShape = z
  .object({
    done: z.int().describe('Licenses that were changed'),
    moved: z.int().describe('Those of `done` that belonged to another customer'),
    unchanged: z.int().describe('Licenses that already were as the operation leaves them'),
    conflict: z.int(),
    not_available: z.int(),
  })
  .openapi('LicenseOperationCounts');

export const DecidedLicenseShape = z
  .object({
    license_id: z.string(),
    outcome: z
      .enum(LICENSE_OUTCOMES)
      .describe(
        'done; unchanged: it already was so; conflict: it belongs to another customer; not_available: for the reason',
      ),
    reason: Reason,
    other_customer_id: OtherCustomer,
  })
  .openapi('DecidedLicense');

export const AssignmentCountsShape = z
  .object({
    assigned: z.int(),
    reassigned: z.int().describe('Those of `assigned` that belonged to another customer'),
    already_assigned_same: z.int(),
    conflict: z.int(),
    not_available: z.int(),
  })
  .openapi('AssignmentCounts');

const ASSIGNMENT_OUTCOMES = {
  done: 'assigned',
  unchanged: 'already_assigned_same',
  conflict: 'conflict',
  not_available: 'not_available',
} as const satisfies Record<LicenseOutcome, string>;

export const AssignedLicenseShape = z
  .object({
    license_id: z.string(),
    outcome: z
      .enum(Object.values(ASSIGNMENT_OUTCOMES))
      .describe(
        'assigned; already_assigned_same: it belonged to this customer before; conflict: it belongs to another customer; not_available: for the reason',
      ),
    reason: Reason,
    other_customer_id: OtherCustomer,
  })
  .openapi('AssignedLicense');

const OPERATION_ACTIONS = actionTable<OperationActionName>('LicenseOperationActions', {
  cancel: { operation_id: 'cancelLicenseOperation', description: 'Cancel the operation' },
  resume: { operation_id: 'resumeLicenseOperation', description: 'Go on after the last license that was decided' },
});

const ASSIGNMENT_ACTIONS = actionTable<OperationActionName>('AssignmentActions', {
  cancel: { operation_id: 'cancelAssignment', description: 'Cancel the assignment' },
  resume: { operation_id: 'resumeAssignment', description: 'Go on after the last license that was decided' },
});

/** The fields that assignments and other operations share. */
const Shared = z.object({
  id: Id,
  execution: z.enum(EXECUTIONS).describe('inline: within the request; background: by a job, above 1,000 licenses'),
  state: z
    .enum(LICENSE_OPERATION_STATES)
    .describe('SUCCEEDED: all licenses are as requested; PARTIAL: some could not be changed; FAILED: none could'),
  contract_id: Id.nullable().describe('The contract that the filter names'),
  requested: z.int(),
  decided: z.int().describe('Licenses with an outcome: the sum of `counts`, in which `moved` or `reassigned` is a part of another one'),
  undecided: z
    .int()
    .describe(
      'Those without one, so that `requested` is always `decided` + `undecided`. At the end 0, unless the operation was cancelled, its customer was erased, or fewer than `limit` could be changed',
    ),
  percent: z.int().describe('The progress in whole percent'),
  actor: z.object({ type: z.string(), id: z.string(), name: z.string() }),
  created_at: InstantShape,
  started_at: InstantShape.nullable(),
  finished_at: InstantShape.nullable(),
  outcomes_until: InstantShape.nullable().describe(
    'Until when all licenses that could not be changed can be read, by /license-operations/{id}/outcomes; null: there are none, or they are deleted',
  ),
  workflow_id: z.string().nullable().describe('The id of its workflow in Temporal; null for inline requests'),
});

export const LicenseOperationShape = Shared.extend({
  kind: z.enum(LICENSE_OPERATION_KINDS),
  customer_id: Id.nullable().describe('The customer who gets the licenses; null for other kinds'),
  reassign: z.boolean(),
  reason: z.string().nullable(),
  counts: OperationCountsShape,
  not_done: z.array(DecidedLicenseShape).describe('The first 100 licenses that could not be changed, until `outcomes_until`; all: /license-operations/{id}/outcomes'),
  allowed_actions: OPERATION_ACTIONS.shape,
}).openapi('LicenseOperation');

export const AssignmentShape = Shared.extend({
  customer_id: Id,
  reassign: z.boolean(),
  counts: AssignmentCountsShape,
  not_assigned: z.array(AssignedLicenseShape).describe('The first 100, until `outcomes_until`; all: /license-operations/{id}/outcomes'),
  allowed_actions: ASSIGNMENT_ACTIONS.shape,
}).openapi('Assignment');

/** Operations for their progress streams, with the presenter of their resource. */
export function followedOperations(
  sql: Sql,
  present: (row: LicenseOperationRow) => unknown,
): FollowedKind<LicenseOperationRow> {
  return {
    channel: OPERATION_CHANNEL,
    readJob: (id) => findOperation(sql, id),
    isUnfinished: ({ state }) => isOperationUnfinished(state),
    present,
  };
}

/** What a dry run answers about its job. */
export const NOT_BEGUN = { id: null, workflow_id: null, percent: 0 } as const;

function presentShared(row: LicenseOperationRow) {
  const { id, execution, state, contract_id, requested, created_at, started_at, finished_at, outcomes_until } = row;
  const { type, id: actor_id, name } = row.actor;
  return {
    ...{ id, execution, state, contract_id, requested },
    decided: decidedOf(row),
    undecided: leftOf(row),
    percent: operationPercent(row),
    actor: { type, id: actor_id, name },
    ...{ created_at, started_at, finished_at, outcomes_until },
    workflow_id: execution === 'background' ? operationWorkflowId(row) : null,
  };
}

/** An operation without the actions that a caller can run. */
export function presentOperation(row: LicenseOperationRow) {
  const { kind, customer_id, reassign, reason, not_done } = row;
  return { ...presentShared(row), kind, customer_id, reassign, reason, counts: presentCounts(row), not_done };
}

export function presentOperationTo(caller: Caller, row: LicenseOperationRow) {
  return { ...presentOperation(row), allowed_actions: OPERATION_ACTIONS.present(operationActions(row), caller) };
}

export function presentCounts({ done, moved, unchanged, conflict, not_available }: OperationCounts) {
  return { done, moved, unchanged, conflict, not_available };
}

/** An assignment without the actions that a caller can run. */
export function presentAssignment(row: LicenseOperationRow) {
  const { customer_id, reassign, not_done } = row;
  return {
    ...presentShared(row),
    ...{ customer_id, reassign },
    counts: presentAssignmentCounts(row),
    not_assigned: not_done.map(presentAssigned),
  };
}

export function presentAssignmentTo(caller: Caller, row: LicenseOperationRow) {
  return { ...presentAssignment(row), allowed_actions: ASSIGNMENT_ACTIONS.present(operationActions(row), caller) };
}

export function presentAssignmentCounts({ done, moved, unchanged, conflict, not_available }: OperationCounts) {
  return { assigned: done, reassigned: moved, already_assigned_same: unchanged, conflict, not_available };
}

/** The outcome of one license, by the id that the request gave. */
export function presentDecided({ id, unknown_id, outcome, reason, other_customer_id }: OutcomeRow): NotDone {
  return { license_id: unknown_id ?? licenseIdText(id), outcome, reason, other_customer_id };
}

export function presentAssigned({ license_id, outcome, reason, other_customer_id }: NotDone) {
  return { license_id, outcome: ASSIGNMENT_OUTCOMES[outcome], reason, other_customer_id };
}
