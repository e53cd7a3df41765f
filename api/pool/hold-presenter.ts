/** The shapes and the presenters of holds. */
import { licenseIdText } from '../../domain/license/license';
import { LICENSE_STATUSES } from '../../domain/license/license-facts';
import { HOLD_STATES, holdStateAt } from '../../domain/pool/hold';
import type { Instant } from '../../domain/base/instant';
import type { HeldLicense } from '../../db/pool/hold';
import type { ListedHold } from '../../db/pool/hold-list';
import type { GrabbedHold } from '../../transactions/pool/grab-request';
import { Id, InstantShape } from '../http/shapes';
import { z } from '../http/zod';
import { ShownKeyShape } from '../license/license-presenter';

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

/** Presents a hold with its licenses at an instant, or at the time of its contract's test clock. */
export function presentHold(hold: GrabbedHold['hold'], licenses: readonly HeldLicense[], now: Instant) {
  return {
    ...presentFields(hold, now),
    licenses: licenses.map((license) => ({ ...license, id: licenseIdText(license.id) })),
  };
}

export function presentListedHold(hold: ListedHold, now: Instant) {
  return { ...presentFields(hold, now), license_count: hold.license_count };
}

function presentFields(
  { id, contract_id, order_ref, state, held_until, customer_id, created_at, ended_at, clock_now }: GrabbedHold['hold'],
  now: Instant,
) {
  const shown = holdStateAt({ state, held_until }, clock_now ?? now);
  return {
    ...{ id, contract_id, order_ref, state: shown, held_until, customer_id, created_at },
    ended_at: shown === 'expired' ? held_until : ended_at,
  };
}
