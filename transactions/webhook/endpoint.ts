/**
 * Creates, edits, enables, disables, tests and removes endpoints, each write with its audit row.
 *
 * An endpoint of a contract is created with the contract locked, so that the number of endpoints is exact and a deletion of the contract
 * sees all of them. Every other write locks the endpoint.
 */
import { auditAct } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import {
  countEndpoints,
  countOwed,
  insertEndpoint,
  insertTestEvent,
  lockEndpoint,
  lockEndpointsWithoutContract,
  updateEndpoint,
} from '../../db/webhook/endpoint';
import type { EndpointChange, EndpointRow, NewEndpoint } from '../../db/webhook/endpoint';
import { restartEndpoint, wakeEndpoint } from '../../db/webhook/queue';
import { deleteSecrets } from '../../db/webhook/secret';
import { changedFields, difference, immutableRefusal, isEmpty } from '../../domain/base/edit';
import type { Act } from '../../domain/base/edit';
import type { Environment } from '../../domain/base/environment';
import type { JsonObject } from '../../domain/base/json';
import { isRefusal, missingReference, notFound, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { revisionRefusal } from '../../domain/contract/decision';
import { NO_NUDGE } from '../../domain/contract/nudge';
import type { Nudge } from '../../domain/contract/nudge';
import { deleteRefusal, removedRefusal, testRefusal, tooManyRefusal, urlRefusal } from '../../domain/webhook/endpoint';
import type { EndpointTerms } from '../../domain/webhook/endpoint';
import { PAYLOAD_VERSION } from '../../domain/webhook/payload';
import { newId } from '../base/new-id';
import type { Sealer } from '../base/sealed-text';
import { checkContract } from '../contract/check-contract';
import { createSecret, replaceSecret } from './secret';

/** What a request says about a new endpoint. */
export type EndpointInput = EndpointTerms & {
  contract_id: string | null;
  /** `all`: no environment alone. Undefined: that of the contract, or production. */
  environment: Environment | 'all' | undefined;
};

/** Fields of an edit; a field that is left out stays unchanged. */
export type EndpointEdit = { [Field in keyof EndpointTerms]?: EndpointTerms[Field] | undefined };

/** Fields that never change: another value is refused. */
export interface FixedFields {
  contract_id?: string | null | undefined;
  environment?: Environment | 'all' | undefined;
}

/** One act on an endpoint. */
export interface EndpointAct extends Act {
  id: string;
  expected_revision: number | undefined;
}

/** An endpoint with the text of its new secret, which is answered and never stored. */
export interface EndpointWithSecret {
  endpoint: EndpointRow;
  secret: string;
}

/** Creates an endpoint with its first secret. */
export async function createEndpoint(
  tx: Sql,
  { environment: given, ...input }: EndpointInput,
  sealer: Sealer,
  act: Act,
): Promise<(EndpointWithSecret & { nudge: Nudge }) | Refusal> {
  const scope = await scopeOf(tx, input.contract_id, given, act);
  if (isRefusal(scope)) return scope;
  const { environment, nudge } = scope;
  const refusal = tooManyRefusal(input.contract_id, await countEndpoints(tx, input.contract_id));
  if (refusal) return refusal;
  const added = await addEndpoint(tx, { ...input, environment, is_of_contract: false }, sealer, act);
  return { ...added, nudge };
}

/** Inserts an endpoint with its secret and its audit row. Call it with the contract locked, if it has one. */
export async function addEndpoint(
  tx: Sql,
  input: Omit<NewEndpoint, 'id' | 'payload_version'>,
  sealer: Sealer,
  act: Act,
): Promise<EndpointWithSecret> {
  const id = newId(act.now);
  const endpoint = await insertEndpoint(tx, { ...input, id, payload_version: PAYLOAD_VERSION }, act.now);
  const secret = await createSecret(tx, id, sealer, act.now);
  await audit(tx, act, endpoint, { action: 'webhook_endpoint.created', before: null, after: auditedFacts(endpoint) });
  return { endpoint, secret };
}

/**
 * The environment of a new endpoint (null: all): that of its contract, which stays locked. Without a contract, endpoints are created one
 * after another.
 */
async function scopeOf(
  tx: Sql,
  contract_id: string | null,
  given: EndpointInput['environment'],
  act: Act,
): Promise<{ environment: Environment | null; nudge: Nudge } | Refusal> {
  if (contract_id === null) {
    await lockEndpointsWithoutContract(tx);
    return { environment: given === 'all' ? null : (given ?? 'production'), nudge: NO_NUDGE };
  }
  const checked = await checkContract(tx, { ...act, id: contract_id }, () => null);
  if (isRefusal(checked)) return checked.code === 'NOT_FOUND' ? missingReference('contract_id', 'contract') : checked;
  const { nudge } = checked;
  const { environment } = checked.facts;
  if (given === undefined || given === environment) return { environment, nudge };
  const message = `environment: the contract is of ${environment}, and so is its endpoint. Leave the field out.`;
  return refuse('VALIDATION_FAILED', { path: 'environment', message });
}

/** Edits an endpoint; writes nothing when nothing differs. With another URL, the count of its failures begins again. */
export async function editEndpoint(
  tx: Sql,
  act: EndpointAct,
  edit: EndpointEdit,
  fixed: FixedFields,
): Promise<EndpointRow | Refusal> {
  const before = await lockForChange(tx, act);
  if (isRefusal(before)) return before;
  const scope = { contract_id: before.contract_id, environment: before.environment ?? 'all' };
  const refusal = immutableRefusal(scope, fixed, 'endpoint') ?? urlRefusal(before, edit.url ?? before.url);
  if (refusal) return refusal;
  const changes = changedFields<EndpointRow, EndpointEdit>(before, edit);
  return isEmpty(changes) ? before : changeEndpoint(tx, act, before, 'webhook_endpoint.updated', changes);
}

/** Lets an endpoint receive events. What waited is due as before, and the count of its failures begins again. */
export async function enableEndpoint(tx: Sql, act: EndpointAct): Promise<EndpointRow | Refusal> {
  const before = await lockForChange(tx, act);
  if (isRefusal(before) || before.status === 'enabled') return before;
  const enabled = { status: 'enabled', disabled_reason: null, disabled_at: null } as const;
  return changeEndpoint(tx, act, before, 'webhook_endpoint.enabled', enabled);
}

/** Lets an endpoint receive nothing. What it is owed waits, and new events are not owed. */
export async function disableEndpoint(tx: Sql, act: EndpointAct): Promise<EndpointRow | Refusal> {
  const before = await lockForChange(tx, act);
  if (isRefusal(before) || before.status === 'disabled') return before;
  const disabled = { status: 'disabled', disabled_reason: 'by_hand', disabled_at: act.now } as const;
  return changeEndpoint(tx, act, before, 'webhook_endpoint.disabled', disabled);
}

/** Removes an endpoint and its secrets at once. What it is owed is never sent. Removing it again changes nothing. */
export async function deleteEndpoint(
  tx: Sql,
  act: EndpointAct,
): Promise<{ endpoint: EndpointRow; failed: number } | Refusal> {
  const before = await lockCurrent(tx, act);
  if (isRefusal(before)) return before;
  const refusal = deleteRefusal(before);
  if (refusal) return refusal;
  if (before.status === 'removed') return { endpoint: before, failed: 0 };
  return removeEndpoint(tx, act, before);
}

/** Removes an endpoint that this transaction has locked, and counts what it is owed: its workflow ends that in batches. */
export async function removeEndpoint(
  tx: Sql,
  act: Act,
  before: EndpointRow,
): Promise<{ endpoint: EndpointRow; failed: number }> {
  const removed = { status: 'removed', disabled_reason: null, disabled_at: null } as const;
  const endpoint = await updateEndpoint(tx, before.id, removed, act.now);
  await deleteSecrets(tx, before.id);
  const failed = await countOwed(tx, before.id);
  await audit(tx, act, endpoint, {
    action: 'webhook_endpoint.removed',
    before: auditedFacts(before),
    after: { status: 'removed', deliveries_failed: failed },
  });
  await wakeEndpoint(tx, before.id);
  return { endpoint, failed };
}

/** Replaces the secret of an endpoint. */
export async function rotateSecret(
  tx: Sql,
  act: EndpointAct,
  { overlap_hours }: { overlap_hours: number },
  sealer: Sealer,
): Promise<EndpointWithSecret | Refusal> {
  const before = await lockForChange(tx, act);
  if (isRefusal(before)) return before;
  const secret = await replaceSecret(tx, before.id, overlap_hours, sealer, act.now);
  const endpoint = await updateEndpoint(tx, before.id, {}, act.now);
  await audit(tx, act, endpoint, {
    action: 'webhook_endpoint.secret_rotated',
    before: null,
    after: { last_four: secret.slice(-4), overlap_hours },
  });
  return { endpoint, secret };
}

/** Sends a test event to one endpoint, whatever its filter is. Returns the ids of the delivery and of the event. */
export async function testEndpoint(
  tx: Sql,
  act: EndpointAct,
): Promise<{ delivery_id: string; event_id: string } | Refusal> {
  const endpoint = await lockCurrent(tx, act);
  if (isRefusal(endpoint)) return endpoint;
  const refusal = testRefusal(endpoint);
  if (refusal) return refusal;
  const { id, environment } = endpoint;
  const { delivery_id, event_id } = await insertTestEvent(tx, {
    at: act.now,
    environment,
    data: { endpoint_id: id },
  });
  await restartEndpoint(tx, id);
  await audit(tx, act, endpoint, { action: 'webhook_endpoint.tested', before: null, after: { delivery_id } });
  return { delivery_id, event_id };
}

/** Locks an endpoint that is not removed, at the revision of the request. */
async function lockForChange(tx: Sql, act: EndpointAct): Promise<EndpointRow | Refusal> {
  const endpoint = await lockCurrent(tx, act);
  if (isRefusal(endpoint)) return endpoint;
  return removedRefusal(endpoint) ?? endpoint;
}

async function lockCurrent(tx: Sql, { id, expected_revision }: EndpointAct): Promise<EndpointRow | Refusal> {
  const endpoint = await lockEndpoint(tx, id);
  if (!endpoint) return notFound('webhook endpoint', id);
  return revisionRefusal(endpoint, expected_revision) ?? endpoint;
}

/** Changes an endpoint that this transaction has locked. With another URL, the count of its failures begins again. */
export async function changeEndpoint(
  tx: Sql,
  act: Act,
  before: EndpointRow,
  action: string,
  changes: EndpointChange,
): Promise<EndpointRow> {
  const after = await updateEndpoint(tx, before.id, changes, act.now);
  await audit(tx, act, after, { action, ...difference(auditedFacts(before), auditedFacts(after)) });
  const begins_again = after.url !== before.url || (before.status === 'disabled' && after.status === 'enabled');
  if (begins_again) await restartEndpoint(tx, after.id);
  return after;
}

function audit(
  tx: Sql,
  { actor, now, request_id }: Act,
  { id, contract_id, environment, revision }: EndpointRow,
  entry: { action: string; before: JsonObject | null; after: JsonObject | null },
): Promise<void> {
  const subject = { subject_type: 'webhook_endpoint', subject_id: id, contract_id, environment, revision } as const;
  return auditAct(tx, { actor, now, request_id }, { ...subject, ...entry });
}

function auditedFacts(row: EndpointRow): JsonObject {
  const { url, events, description, rate_per_second, status, disabled_reason, contract_id, environment } = row;
  return { url, events, description, rate_per_second, status, disabled_reason, contract_id, environment };
}
