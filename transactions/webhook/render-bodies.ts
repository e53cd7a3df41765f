/** Renders what is sent for events, and stores it before the first attempt: every attempt sends and signs the same bytes. */
import type { Sql } from '../../db/base/database';
import { insertBodies, listEventsWithoutBody, listFirstOfJobs, listKeys } from '../../db/webhook/payload';
import type { Instant } from '../../domain/base/instant';
import { licensesOf, renderPayload } from '../../domain/webhook/payload';
import type { KeyedLicense, StoredEvent } from '../../domain/webhook/payload';
import type { SignedKeys } from '../license/signed-keys';

export interface BodyContext {
  signedKeys: SignedKeys;
  /** The origin of the API, for links. */
  public_url: string;
}

/** Renders the bodies that the first due deliveries of an endpoint lack. Safe to run twice: the first body of an event stays. */
export async function renderBodies(
  sql: Sql,
  due: { endpoint_id: string; version: number; now: Instant; limit: number },
  { signedKeys, public_url }: BodyContext,
): Promise<void> {
  const events = await listEventsWithoutBody(sql, due);
  const find = await findLicenses(sql, events, signedKeys, due.now);
  const bodies = events.map((event) => ({ event_id: event.id, body: renderPayload(event, find(event), public_url) }));
  await insertBodies(sql, due.version, bodies);
}

/** Reads the licenses that events name, with their keys as answers show them. Returns a function that gives those of one event. */
async function findLicenses(
  sql: Sql,
  events: readonly StoredEvent[],
  signedKeys: SignedKeys,
  now: Instant,
): Promise<(event: StoredEvent) => readonly KeyedLicense[]> {
  const named = new Map(events.map((event) => [event.id, licensesOf(event)]));
  const wanted = [...named.values()].filter((licenses) => licenses !== null);
  if (wanted.length === 0) return () => [];
  const of_jobs = await listFirstOfJobs(sql, [
    ...new Set(wanted.flatMap((one) => ('job_id' in one ? [one.job_id] : []))),
  ]);
  const by_id = await listKeys(sql, [...new Set(wanted.flatMap((one) => ('ids' in one ? one.ids : [])))]);
  const shown = new Map<string, KeyedLicense>();
  for (const license of await signedKeys.ofLicenses(sql, [...of_jobs, ...by_id], now)) shown.set(license.id, license);
  const ids_of_job = new Map<string, string[]>();
  for (const { job_id, id } of of_jobs) ids_of_job.set(job_id, [...(ids_of_job.get(job_id) ?? []), id]);
  return ({ id }) => {
    const licenses = named.get(id);
    if (!licenses) return [];
    const ids = 'ids' in licenses ? licenses.ids : (ids_of_job.get(licenses.job_id) ?? []);
    return ids.flatMap((license_id) => shown.get(license_id) ?? []);
  };
}
