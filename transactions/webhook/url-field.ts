/**
 * The field `webhook_url` of a contract. It makes an endpoint of the contract that receives all of its events, changes the URL of this
 * endpoint, and removes it. The contract is locked meanwhile, so it has at most one such endpoint.
 */
import type { Sql } from '../../db/base/database';
import { countEndpoints, lockEndpointOfUrlField } from '../../db/webhook/endpoint';
import type { EndpointRow } from '../../db/webhook/endpoint';
import type { Act } from '../../domain/base/edit';
import { refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import type { ContractFacts } from '../../domain/contract/facts';
import { operationRefusal } from '../../domain/contract/operations';
import { tooManyRefusal } from '../../domain/webhook/endpoint';
import type { Sealer } from '../base/sealed-text';
import { addEndpoint, changeEndpoint, removeEndpoint } from './endpoint';

/** The text of the secret that signs for a new endpoint; null if none was made. */
export interface SetUrl {
  secret: string | null;
}

/** Sets the field of a contract that this transaction has locked and settled. The same URL again changes nothing. */
export async function setWebhookUrl(
  tx: Sql,
  facts: ContractFacts,
  url: string | null,
  sealer: Sealer | undefined,
  act: Act,
): Promise<SetUrl | Refusal> {
  const existing = await lockEndpointOfUrlField(tx, facts.id);
  const refusal = await refusalOf(tx, facts, existing, url);
  if (refusal) return refusal;
  if (isSame(existing, url)) return { secret: null };
  if (existing === undefined) return makeEndpoint(tx, facts, url as string, sealer, act);
  if (url === null) await removeEndpoint(tx, act, existing);
  else await changeEndpoint(tx, act, existing, 'webhook_endpoint.updated', { url });
  return { secret: null };
}

/** Why the field of a contract that this transaction has locked and settled cannot be set; null when it can. */
export async function webhookUrlRefusal(tx: Sql, facts: ContractFacts, url: string | null): Promise<Refusal | null> {
  return refusalOf(tx, facts, await lockEndpointOfUrlField(tx, facts.id), url);
}

async function refusalOf(
  tx: Sql,
  facts: ContractFacts,
  existing: EndpointRow | undefined,
  url: string | null,
): Promise<Refusal | null> {
  if (isSame(existing, url)) return null;
  const refusal = operationRefusal('edit_particulars', facts, facts.settled_until);
  if (refusal || existing !== undefined) return refusal;
  return tooManyRefusal(facts.id, await countEndpoints(tx, facts.id));
}

function isSame(existing: EndpointRow | undefined, url: string | null): boolean {
  return (existing?.url ?? null) === url;
}

async function makeEndpoint(
  tx: Sql,
  { id, environment }: ContractFacts,
  url: string,
  sealer: Sealer | undefined,
  act: Act,
): Promise<SetUrl | Refusal> {
  if (sealer === undefined) return refuse('WEBHOOKS_NOT_CONFIGURED');
  const terms = { url, events: ['*'], description: null, rate_per_second: null };
  return addEndpoint(tx, { ...terms, contract_id: id, environment, is_of_contract: true }, sealer, act);
}
