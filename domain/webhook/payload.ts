/**
 * What a webhook delivers for a domain event. The payload of version 1 is the event itself. Events about licenses also have the keys of the
 * first of them, which are no part of the event: they are read when the payload is rendered.
 */
import { z } from 'zod';
import { licenseIdText, parseLicenseId } from '../license/license';
import { LicenseId } from './event-kind';
import { EVENTS, eventExample, eventSchema } from './event';
import type { EventType } from './event';

/** The form of new endpoints. A change that a receiver of this form could not read is a new version. */
export const PAYLOAD_VERSION = 1;
/** Licenses that a payload names with their keys. */
export const INLINE_LICENSES_MAX = 100;

/** A domain event as it is stored, with its data. */
export interface StoredEvent {
  id: string;
  at: string;
  type: EventType;
  contract_id: string | null;
  environment: string | null;
  sequence: number | null;
  data: Readonly<Record<string, unknown>>;
}

/** The licenses that an event is about: the first of a job, or those with these stored ids. */
export type EventLicenses = { job_id: string } | { ids: readonly string[] };

/** A license with its stored id. */
export interface KeyedLicense {
  id: string;
  key: string;
}

const LICENSE_FIELDS = {
  licenses: z
    .array(z.strictObject({ id: LicenseId, key: z.string() }))
    .describe(
      `The first ${INLINE_LICENSES_MAX} of the licenses with their keys. Only deliveries have it, not the list of events`,
    ),
  licenses_url: z
    .string()
    .nullable()
    .describe('Lists all of them. Null when the event names no job and no operation. Only deliveries have it'),
};

/** Whether the payloads of a type name licenses with their keys. */
export function namesLicenses(type: EventType): boolean {
  return type.startsWith('license.');
}

/** The schema of the payload of a type. */
export function payloadSchema(type: EventType) {
  const schema = eventSchema(type);
  return namesLicenses(type) ? schema.extend({ data: payloadData(type) }) : schema;
}

/** The schema of the data in the payload of a type. */
export function payloadData(type: EventType): z.ZodObject {
  const data: z.ZodObject = EVENTS[type].data;
  return namesLicenses(type) ? data.extend(LICENSE_FIELDS) : data;
}

/** An example of the payload of a type. */
export function payloadExample(type: EventType): Record<string, unknown> & { data: Record<string, unknown> } {
  const example = eventExample(type);
  if (!namesLicenses(type)) return example;
  const licenses = [{ id: '16777217', key: 'CAD-7KQ2M-9XT4B-W3HRD-P8NCE' }];
  return withLicenses({ ...example, data: example.data }, licenses, 'https://covenant.example');
}

/** The licenses that an event is about; null for events that name none. */
export function licensesOf({ type, data }: Pick<StoredEvent, 'type' | 'data'>): EventLicenses | null {
  if (!namesLicenses(type)) return null;
  if (type === 'license.batch_generated' || type === 'license.batch_imported')
    return { job_id: String(data['job_id']) };
  const named = type === 'license.returned' ? [data['license_id']] : data['license_ids'];
  const ids = (Array.isArray(named) ? named : []).map((id) => parseLicenseId(String(id)));
  return { ids: ids.filter((id) => id !== null).slice(0, INLINE_LICENSES_MAX) };
}

/**
 * The text of a payload, exactly as it is signed and sent.
 * @param licenses those of `licensesOf`, for events that name licenses
 * @param public_url the origin of the API
 */
export function renderPayload(event: StoredEvent, licenses: readonly KeyedLicense[], public_url: string): string {
  const { type, id, at, contract_id, environment, sequence, data } = event;
  const envelope = { type, id, at, contract_id, environment, sequence, data };
  return JSON.stringify(namesLicenses(type) ? withLicenses(envelope, licenses, public_url) : envelope);
}

function withLicenses<Event extends { type: string; data: Readonly<Record<string, unknown>> }>(
  event: Event,
  licenses: readonly KeyedLicense[],
  public_url: string,
) {
  const path = listOf(event);
  const data = {
    ...event.data,
    licenses: licenses.map(({ id, key }) => ({ id: licenseIdText(id), key })),
    licenses_url: path === null ? null : `${public_url}/api/v1${path}`,
  };
  return { ...event, data };
}

/** The path of the list of the licenses of an event; null when it needs none. */
function listOf({ type, data }: { type: string; data: Readonly<Record<string, unknown>> }): string | null {
  const { job_id, operation_id } = data;
  if (type.startsWith('license.batch_')) return `/licenses?job_id=${String(job_id)}`;
  if (typeof operation_id !== 'string') return null;
  const is_assignment = type === 'license.assigned' || type === 'license.reassigned';
  return `/${is_assignment ? 'assignments' : 'license-operations'}/${operation_id}`;
}
