/** The catalogue of events, as the filter of an endpoint offers it. A type that the interface gains or loses breaks the build. */
import type { paths } from '../base/interface';

export type EventType = NonNullable<
  NonNullable<paths['/api/v1/deliveries']['get']['parameters']['query']>['event_type']
>;

const CATALOGUE: Readonly<Record<EventType, true>> = {
  'contract.created': true,
  'contract.updated': true,
  'contract.activated': true,
  'contract.term_started': true,
  'contract.paused': true,
  'contract.resumed': true,
  'contract.suspended': true,
  'contract.reinstated': true,
  'contract.renewed': true,
  'contract.grace_started': true,
  'contract.expired': true,
  'contract.terminated': true,
  'contract.amended': true,
  'contract.deleted': true,
  'amendment.scheduled': true,
  'amendment.cancelled': true,
  'amendment.failed': true,
  'renewal.reminder_due': true,
  'renewal.notice_due': true,
  'renewal.opted_out': true,
  'renewal.blocked': true,
  'billing.past_due': true,
  'billing.cleared': true,
  'contract.api_key_revealed': true,
  'contract.api_key_rotated': true,
  'quota.granted': true,
  'quota.threshold_reached': true,
  'quota.runs_out_soon': true,
  'pool.low_water': true,
  'pool.replenish_blocked': true,
  'pool.replenish_blocked_by_quota': true,
  'limit.exceeded': true,
  'license.batch_generated': true,
  'license.batch_imported': true,
  'license.created': true,
  'license.assigned': true,
  'license.reassigned': true,
  'license.returned': true,
  'license.suspended': true,
  'license.reinstated': true,
  'license.revoked': true,
  'job.failed': true,
  'schedule.run_shortened': true,
  'schedule.run_skipped': true,
  'schedule.run_unassigned': true,
  'report.due': true,
  'webhook.disabled': true,
  'webhook.test': true,
};

export const EVENT_TYPES = Object.keys(CATALOGUE) as EventType[];

/** All events of the catalogue, also those that it gains later. */
export const EVERY_EVENT = '*';

/** The filters that an endpoint can have, by the noun of their events: all of a noun first, then its single types. */
export function filterGroups(types: readonly string[] = EVENT_TYPES): { group: string; items: string[] }[] {
  const nouns = [...new Set(types.map((type) => type.slice(0, type.indexOf('.'))))];
  return nouns.map((noun) => ({
    group: noun,
    items: [`${noun}.*`, ...types.filter((type) => type.startsWith(`${noun}.`))],
  }));
}
