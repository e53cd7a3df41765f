/** Reads and edits settings of mail: of the installation, a customer or a contract. */
import { auditAct } from '../../db/base/audit';
import type { AuditEntry } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { findCustomer } from '../../db/catalogue/customer';
import { findContract } from '../../db/contract/contract';
import { listMailContracts, listMailCustomers } from '../../db/notification/mail-context';
import { oweUndeliverable } from '../../db/notification/notice';
import {
  INSTALLATION_ID,
  findInstallationSettings,
  listSettings,
  lockSettings,
  updateSettings,
} from '../../db/notification/settings';
import type { SettingsRow } from '../../db/notification/settings';
import { erasedRefusal } from '../../domain/access/erasure';
import { changedFields, difference, isEmpty } from '../../domain/base/edit';
import type { Act } from '../../domain/base/edit';
import type { JsonObject } from '../../domain/base/json';
import { isRefusal, notFound } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { mergedRefusal } from '../../domain/catalogue/customer-merge';
import { revisionRefusal } from '../../domain/contract/decision';
import { NO_NUDGE } from '../../domain/contract/nudge';
import type { Nudge } from '../../domain/contract/nudge';
import { deletedRefusal } from '../../domain/contract/operations';
import { editChoices } from '../../domain/notification/settings';
import type { ChoicesByScope, InstallationMail, KindChoices, KindsEdit } from '../../domain/notification/settings';
import type { RoleHolders } from '../../domain/notification/role';
import { checkContract } from '../contract/check-contract';

/** Whose settings they are. */
export type SettingsSubject =
  { scope: 'installation' } | { scope: 'customer'; id: string } | { scope: 'contract'; id: string };

/** An edit; what is left out stays. The fields of the installation are only given for it. */
export interface SettingsEdit extends Partial<InstallationMail> {
  kinds?: KindsEdit | undefined;
}

/** Settings with those of the wider scopes, which hold where they make no choice. */
export interface ShownSettings {
  revision: number;
  updated_at: SettingsRow['updated_at'] | null;
  scopes: ChoicesByScope;
  installation: InstallationMail;
  /** Who has the roles now. */
  holders: RoleHolders;
}

/** The settings of a subject. Refuses those of a deleted contract and of a merged customer, as an edit does. */
export async function readSettings(sql: Sql, subject: SettingsSubject): Promise<ShownSettings | Refusal> {
  const { scope } = subject;
  const [contract] = scope === 'contract' ? await listMailContracts(sql, [subject.id]) : [];
  if (scope === 'contract' && contract?.is_deleted !== false) return goneRefusal(sql, subject.id);
  const customer_id = scope === 'customer' ? subject.id : (contract?.customer_id ?? null);
  const [customer] = customer_id === null ? [] : await listMailCustomers(sql, [customer_id]);
  if (scope === 'customer') {
    if (customer === undefined) return notFound('customer', subject.id);
    if (customer.id !== subject.id) return mergedRefusal(subject.id, customer.id);
  }
  const installation = await findInstallationSettings(sql);
  const rows = await listSettings(
    sql,
    [contract?.id, customer?.id].filter((id) => id !== undefined),
  );
  const of = (given: SettingsRow['scope']) => rows.find((row) => row.scope === given);
  const scopes = {
    installation: installation.kinds,
    ...(customer === undefined ? {} : { customer: of('customer')?.kinds ?? {} }),
    ...(contract === undefined ? {} : { contract: of('contract')?.kinds ?? {} }),
  };
  const row = scope === 'installation' ? installation : of(scope);
  return {
    ...{ revision: row?.revision ?? 0, updated_at: row?.updated_at ?? null, scopes, installation },
    holders: {
      ...{ contract: contract ?? null, customer: customer ?? null },
      operator_addresses: installation.operator_addresses,
    },
  };
}

/** The refusal of a contract that is unknown or deleted. */
async function goneRefusal(sql: Sql, contract_id: string): Promise<Refusal> {
  const contract = await findContract(sql, contract_id);
  return contract ? deletedRefusal(contract) : notFound('contract', contract_id);
}

/** Edits settings, and owes notices again that had no address; writes nothing when nothing differs. */
export async function editSettings(
  tx: Sql,
  subject: SettingsSubject,
  { kinds: kinds_edit, ...edit }: SettingsEdit,
  act: Act & { expected_revision: number | undefined },
): Promise<{ nudge: Nudge } | Refusal> {
  const checked = await checkSubject(tx, subject, act);
  if (isRefusal(checked)) return checked;
  const { nudge, audited } = checked;
  const subject_id = subject.scope === 'installation' ? INSTALLATION_ID : subject.id;
  const before = await lockSettings(tx, { subject_id, scope: subject.scope }, act.now);
  const refusal = revisionRefusal(before, act.expected_revision);
  if (refusal) return refusal;
  const kinds = kinds_edit === undefined ? before.kinds : editChoices(before.kinds, kinds_edit);
  const changes = changedFields(before, { ...edit, kinds });
  if (isEmpty(changes)) return { nudge };
  await updateSettings(tx, subject_id, changes as Partial<Pick<SettingsRow, 'kinds'> & InstallationMail>, act.now);
  const differs = difference(auditedFacts(before), auditedFacts({ ...before, ...changes }));
  await auditAct(tx, act, { ...audited, ...differs, revision: before.revision + 1 });
  await oweUndeliverable(tx, noticesOf(subject), act.now);
  return { nudge };
}

function noticesOf(subject: SettingsSubject): Parameters<typeof oweUndeliverable>[1] {
  if (subject.scope === 'installation') return 'all';
  return subject.scope === 'customer' ? { customer_id: subject.id } : { contract_id: subject.id };
}

type Audited = Pick<AuditEntry, 'action' | 'subject_type' | 'subject_id' | 'contract_id' | 'environment'>;

/** Locks what the settings are about, so that it is neither erased, merged nor deleted meanwhile. */
async function checkSubject(
  tx: Sql,
  subject: SettingsSubject,
  act: Act,
): Promise<{ nudge: Nudge; audited: Audited } | Refusal> {
  if (subject.scope === 'installation') {
    const audited = { subject_type: 'notification_settings', subject_id: INSTALLATION_ID } as const;
    return { nudge: NO_NUDGE, audited: { ...audited, action: 'notification_settings.updated' } };
  }
  const { id } = subject;
  if (subject.scope === 'contract') {
    const checked = await checkContract(tx, { ...act, id }, () => null);
    if (isRefusal(checked)) return checked;
    const { environment } = checked.facts;
    const audited = { subject_type: 'contract', subject_id: id, contract_id: id, environment } as const;
    return { nudge: checked.nudge, audited: { ...audited, action: 'contract.notification_settings_updated' } };
  }
  const customer = await findCustomer(tx, id, { lock: 'refer' });
  if (!customer) return notFound('customer', id);
  if (customer.erased_at !== null) return erasedRefusal('customer', customer.erased_at);
  if (customer.merged_into !== null) return mergedRefusal(id, customer.merged_into);
  const audited = { subject_type: 'customer', subject_id: id } as const;
  return { nudge: NO_NUDGE, audited: { ...audited, action: 'customer.notification_settings_updated' } };
}

/** What the audit stores. Addresses are in a field of their own, which can be erased (decisions 41). */
function auditedFacts({
  kinds,
  operator_addresses,
  language,
  time_zone,
}: {
  kinds: KindChoices;
} & { [Field in keyof InstallationMail]: InstallationMail[Field] | null }): JsonObject {
  const named = Object.entries(kinds).flatMap(([kind, { addresses }]) => (addresses ? [[kind, addresses]] : []));
  const choices = Object.entries(kinds).map(([kind, { addresses: _addresses, ...choice }]) => [kind, choice]);
  const of_all = operator_addresses === null ? [] : [['operator', operator_addresses]];
  return {
    ...{ kinds: Object.fromEntries(choices) as JsonObject, language, time_zone },
    addresses: Object.fromEntries([...of_all, ...named]) as JsonObject,
  };
}
