/** The shapes and the presenters of holds. */
import { licenseIdText } from '../../domain/license/license';
import { LICENSE_STATUSES } from '../../domain/license/license-facts';
import { HOLD_STATES, holdActions, holdStateAt } from '../../domain/pool/hold';
import type { HoldActionName } from '../../domain/pool/hold';
import type { Caller } from '../../domain/access/caller';
import type { Instant } from '../../domain/base/instant';
import type { HeldLicense } from '../../db/pool/hold';
import type { ListedHold } from '../../db/pool/hold-list';
import type { GrabbedHold } from '../../transactions/pool/grab-request';
import { actionTable } from '../http/allowed-actions';
import { Id, InstantShape } from '../http/shapes';
import { z } from '../http/zod';
import { ShownKeyShape } from '../license/license-presenter';

const HOLD_ACTIONS = actionTable<HoldActionName>('HoldActions', {
  assign: { operation_id: 'assignHold', description: 'Assign the licenses' },
  release: { operation_id: 'releaseHold', description: 'Make the licenses available again' },
});

const HoldFields = z.object({
  id: Id,
  contract_id: Id,
  order_ref: z.string(),
  state: z
    .enum(HOLD_STATES)
    .describe('held until `held_until`, then expired: the licenses are available again, as after released'),
  held_until: InstantShape.nullable().describe('The end of the hold; null when the licenses were assigned at once'),
  customer_id: Id.nullable().describe('The customer of the licenses, or for whom they are held'),
  created_at: InstantShape,
  ended_at: InstantShape.nullable(),
  allowed_actions: HOLD_ACTIONS.shape,
});

export const HoldShape = HoldFields.extend({
  licenses: z
    .array(
      z.object({
        id: z.string(),
        key: ShownKeyShape,
        status: z.enum(LICENSE_STATUSES),
        expires_at: InstantShape.nullable(),
      }),
    )
    .describe(
      'Those that still belong to the order: not those that were returned, or given to another customer or order. Empty when the hold was released or is over',
    ),
}).openapi('Hold');

export const ListedHoldShape = HoldFields.extend({
  license_count: z.int().describe('Licenses that the order took; the hold shows those that it still has'),
}).openapi('ListedHold');

/** What decides how a hold is shown: who reads it, and the instant if its contract has no test clock. */
interface Reading {
  caller: Caller;
  now: Instant;
}

/** Presents a hold with its licenses. */
export function presentHold(hold: GrabbedHold['hold'], licenses: readonly HeldLicense[], reading: Reading) {
  const has_unavailable = licenses.some(({ status }) => status !== 'held');
  return {
    ...presentFields({ ...hold, has_unavailable }, reading),
    licenses: licenses.map((license) => ({ ...license, id: licenseIdText(license.id) })),
  };
}

export function presentListedHold(hold: ListedHold, reading: Reading) {
  return { ...presentFields(hold, reading), license_count: hold.license_count };
}

function presentFields(hold: GrabbedHold['hold'] & Pick<ListedHold, 'has_unavailable'>, { caller, now }: Reading) {
  const { id, contract_id, order_ref, state, held_until, customer_id, created_at, ended_at, has_unavailable } = hold;
  const at = hold.clock_now ?? now;
  const shown = holdStateAt({ state, held_until }, at);
  return {
    ...{ id, contract_id, order_ref, state: shown, held_until, customer_id, created_at },
    ended_at: shown === 'expired' ? held_until : ended_at,
    allowed_actions: HOLD_ACTIONS.present(holdActions(hold, has_unavailable, at), caller),
  };
}
