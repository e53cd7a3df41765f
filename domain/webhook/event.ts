/**
 * The catalogue of domain events: what Covenant reports to other systems. It types what is written, and the `webhooks` of the
 * OpenAPI document, docs/events.md and the types for clients are generated from it.
 *
 * One thing that happens is one event, however many licenses it is about.
 */
import { z } from 'zod';
import { ENVIRONMENTS } from '../base/environment';
import type { Environment } from '../base/environment';
import type { Instant } from '../base/instant';
import { CONTRACT_EVENTS } from './contract-event';
import { ENDPOINT_EVENTS } from './endpoint-event';
import { EXAMPLE, Id, InstantText } from './event-kind';
import type { EventKind } from './event-kind';
import { JOB_EVENTS } from './job-event';
import { KEY_EVENTS } from './key-event';
import { LICENSE_EVENTS } from './license-event';
import { LIMIT_EVENTS } from './limit-event';
import { QUOTA_EVENTS } from './quota-event';
import { REPORT_EVENTS } from './report-event';
import { SCHEDULE_EVENTS } from './schedule-event';
import { TEST_EVENTS } from './test-event';

/** All types. */
export const EVENTS = {
  ...CONTRACT_EVENTS,
  ...KEY_EVENTS,
  ...QUOTA_EVENTS,
  ...LIMIT_EVENTS,
  ...LICENSE_EVENTS,
  ...JOB_EVENTS,
  ...SCHEDULE_EVENTS,
  ...REPORT_EVENTS,
  ...ENDPOINT_EVENTS,
  ...TEST_EVENTS,
};

export type EventType = keyof typeof EVENTS;
export const EVENT_TYPES = Object.keys(EVENTS) as EventType[];

/** What an event of a type says. */
export type EventData<Type extends EventType> = z.infer<(typeof EVENTS)[Type]['data']>;

/** A domain event to be written. */
export type DomainEventEntry = {
  [Type in EventType]: { at: Instant; type: Type; environment: Environment | null; data: EventData<Type> };
}[EventType];

/** The fields of an event besides its type and its data. */
const ENVELOPE = {
  id: Id.describe('The id of the event. A receiver that has seen it can ignore it'),
  at: InstantText.describe('When it happened, by the clock of the contract'),
  contract_id: Id.nullable().describe('Null for what does not belong to a contract'),
  environment: z.enum(ENVIRONMENTS).nullable().describe('Null for what concerns all environments'),
  sequence: z
    .int()
    .min(1)
    .nullable()
    .describe('The number of the event within its contract, from 1 and without gaps. Null without a contract'),
};

/** The schema of a whole event of a type. */
export function eventSchema(type: EventType) {
  const { data } = kindOf(type);
  return z.strictObject({ type: z.literal(type), ...ENVELOPE, data });
}

/** An example of a whole event of a type. */
export function eventExample(type: EventType): z.infer<ReturnType<typeof eventSchema>> {
  const { example } = kindOf(type);
  const of_contract = type !== 'license.created' && type !== 'webhook.test';
  return {
    type,
    id: '0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c',
    at: '2027-06-07T09:30:00.000Z',
    contract_id: of_contract ? EXAMPLE.contract_id : null,
    environment: 'production',
    sequence: of_contract ? 7 : null,
    data: example,
  };
}

/** When an event of a type is written, as a sentence. */
export function occasionOf(type: EventType): string {
  return EVENTS[type].when;
}

function kindOf(type: EventType): EventKind {
  return EVENTS[type];
}
