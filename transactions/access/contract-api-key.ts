/** Creates, shows and replaces the API key of a contract, each with its audit row (domain.md 2.2, 5.6). */
import { randomFillSync } from 'node:crypto';
import { contractKeyKind, lastFourOf, newApiKey } from '../../domain/access/api-key';
import type { Act } from '../../domain/base/edit';
import { instantFromMillis, millisOf } from '../../domain/base/instant';
import { isRefusal, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { keepsApiKey, revealKeyRefusal, rotateKeyRefusal } from '../../domain/contract/api-access';
import type { ContractFacts } from '../../domain/contract/facts';
import type { Nudge } from '../../domain/contract/nudge';
import type { EventData } from '../../domain/webhook/event';
import type { KEY_EVENTS } from '../../domain/webhook/key-event';
import {
  expireCurrentKey,
  findCurrentKey,
  insertContractApiKey,
  revokeContractKeys,
} from '../../db/access/contract-api-key';
import type { ContractApiKeyRow } from '../../db/access/contract-api-key';
import { notifyAccessChange } from '../../db/access/admin';
import { auditAct } from '../../db/base/audit';
import type { AuditEntry } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { insertDomainEvents } from '../../db/contract/domain-event';
import { checkContract } from '../contract/check-contract';
import type { ContractAct } from '../contract/changed-contract';
import { secretHmac } from './key-secret';
import { SealedTextInvalid, SealingKeyMissing } from '../base/sealed-text';
import type { Sealer } from '../base/sealed-text';

/** The secrets of the installation that a key is made with. */
export interface KeySecrets {
  pepper: string;
  sealer: Sealer;
}

/** The domain events about keys, without what every event has. */
type KeyEvent = {
  [Type in keyof typeof KEY_EVENTS]: { type: Type; data: EventData<Type> };
}[keyof typeof KEY_EVENTS];

/** A key with its text, which is answered and never stored. */
export interface ShownKey {
  row: ContractApiKeyRow;
  text: string;
  /** The workflows to signal after the commit. */
  nudge: Nudge;
}

/**
 * Creates the key of a contract that should have one and has none, and returns its text; null otherwise. Call it in the transaction
 * that has inserted or locked the contract.
 */
export async function createMissingKey(
  tx: Sql,
  facts: ContractFacts,
  secrets: KeySecrets,
  act: Act,
): Promise<string | null> {
  if (!keepsApiKey(facts) || (await findCurrentKey(tx, facts.id))) return null;
  const { row, text } = await insertNewKey(tx, facts, secrets, act);
  await auditKey(tx, act, facts, { action: 'apikey.created', after: { key_id: row.key_id } });
  return text;
}

/** Shows the current key, or refuses. The audit row is written in the same transaction. */
export async function revealKey(tx: Sql, act: ContractAct, { sealer }: KeySecrets): Promise<ShownKey | Refusal> {
  const checked = await checkContract(tx, act, (facts, { now }) => revealKeyRefusal(facts, now));
  if (isRefusal(checked)) return checked;
  if (checked.refusal) return checked.refusal;
  const { facts, nudge } = checked;
  const row = await findCurrentKey(tx, facts.id);
  if (!row || row.sealed === null) return refuse('API_KEY_MISSING', { contract_id: facts.id });
  const text = await sealer.open(row.sealed, row).catch((error: unknown) => {
    if (error instanceof SealingKeyMissing) return refuse('SEALING_KEY_MISSING', { version: error.version });
    if (error instanceof SealedTextInvalid) return refuse('API_KEY_UNREADABLE', { key_id: row.key_id });
    throw error;
  });
  if (isRefusal(text)) return text;
  await auditKey(tx, act, facts, { action: 'apikey.revealed', after: { key_id: row.key_id } });
  await reportKey(tx, facts, { type: 'contract.api_key_revealed', data: keyData(facts, row, act) });
  return { row, text, nudge };
}

/**
 * Replaces the key of a contract, or refuses. The former key is accepted for `overlap_minutes` more; with 0 it is rejected from the
 * commit on. The overlap of an earlier rotation ends at once, so that at most two keys are accepted.
 */
export async function rotateKey(
  tx: Sql,
  act: ContractAct,
  { overlap_minutes }: { overlap_minutes: number },
  secrets: KeySecrets,
): Promise<ShownKey | Refusal> {
  const checked = await checkContract(tx, act, (facts, { now }) => rotateKeyRefusal(facts, now));
  if (isRefusal(checked)) return checked;
  if (checked.refusal) return checked.refusal;
  const { facts, nudge } = checked;
  const former = await findCurrentKey(tx, facts.id);
  const accepted_until = overlap_minutes === 0 ? null : instantFromMillis(millisOf(act.now) + overlap_minutes * 60_000);
  const kept = accepted_until === null ? undefined : former?.id;
  const revoked = await revokeContractKeys(tx, facts.id, act.now, { except: kept });
  if (accepted_until !== null) await expireCurrentKey(tx, facts.id, accepted_until);
  const { row, text } = await insertNewKey(tx, facts, secrets, act);
  await auditKey(tx, act, facts, {
    action: 'apikey.rotated',
    before: { key_id: former?.key_id ?? null },
    after: { key_id: row.key_id, former_key_accepted_until: accepted_until },
  });
  const former_key = { former_key_id: former?.key_id ?? null, former_key_accepted_until: accepted_until };
  const data = { ...keyData(facts, row, act), ...former_key };
  await reportKey(tx, facts, { type: 'contract.api_key_rotated', data });
  for (const { id } of revoked) await notifyAccessChange(tx, id);
  return { row, text, nudge };
}

async function insertNewKey(
  tx: Sql,
  { id: contract_id, environment }: ContractFacts,
  { pepper, sealer }: KeySecrets,
  act: Act,
): Promise<{ row: ContractApiKeyRow; text: string }> {
  const key = newApiKey(contractKeyKind(environment), randomFillSync);
  const { key_id, text } = key;
  const row = await insertContractApiKey(tx, {
    contract_id,
    key_id,
    secret_hmac: secretHmac(key, pepper),
    last_four: lastFourOf(key),
    sealed: await sealer.seal(text, { contract_id, key_id }),
    sealed_by: sealer.version,
    created_at: act.now,
    created_by: act.actor.id,
  });
  return { row, text };
}

function auditKey(
  tx: Sql,
  act: Act,
  { id, environment }: ContractFacts,
  entry: Pick<AuditEntry, 'action' | 'before' | 'after'>,
): Promise<void> {
  return auditAct(tx, act, {
    subject_type: 'contract',
    subject_id: id,
    contract_id: id,
    environment,
    ...entry,
  });
}

/** What events about a key say: ids, never the key. */
function keyData({ id: contract_id }: ContractFacts, { key_id }: ContractApiKeyRow, { actor }: Act) {
  return { contract_id, key_id, actor_id: actor.id };
}

function reportKey(tx: Sql, facts: ContractFacts, event: KeyEvent): Promise<void> {
  const { id, environment, settled_until: at } = facts;
  return insertDomainEvents(tx, id, [{ at, environment, ...event }]);
}
