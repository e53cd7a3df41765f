/**
 * Planning: which mails follow from a domain event, and to whom.
 *
 * It is pure. The same event with the same context always gives the same mails, and each address at most one of them.
 */
import type { Instant } from '../base/instant';
import { nextDigestAt } from './digest';
import { NOTIFICATION_KINDS } from './kind';
import { addressKey } from './address';
import { addressesOf, inOrder, isOfCustomer } from './role';
import type { MailContract, MailCustomer, Reason, RoleHolders } from './role';
import { effectiveKind } from './settings';
import type { ChoicesByScope, InstallationMail, KindSettings, Language, SettableKind } from './settings';

/** The event of a notice. */
export interface NoticedEvent {
  type: string;
  contract_id: string | null;
  data: Record<string, unknown>;
}

/** Whether an address gets mail. */
export const RECIPIENT_STATUSES = ['ok', 'bounced', 'complained', 'erased'] as const;
export type RecipientStatus = (typeof RECIPIENT_STATUSES)[number];

/** What is known about an address that has had mail. */
export interface KnownRecipient {
  /** Null: the language of the customer, or of the installation. */
  language: Language | null;
  digest: boolean;
  status: RecipientStatus;
  /** The kinds that it does not want. */
  unsubscribed: readonly string[];
}

export interface MailContext {
  now: Instant;
  /** Null: the event has none, or it is unknown. */
  contract: MailContract | null;
  customer: MailCustomer | null;
  settings: ChoicesByScope;
  installation: InstallationMail;
  /** By {@link addressKey}. */
  recipients: ReadonlyMap<string, KnownRecipient>;
}

/** Why an address gets no mail although it should. */
export const SUPPRESSIONS = ['bounced', 'complained', 'erased', 'unsubscribed'] as const;
export type SuppressedBy = (typeof SUPPRESSIONS)[number];

export interface PlannedMail {
  kind: SettableKind;
  address: string;
  role: Reason;
  language: Language;
  state: 'owed' | 'waiting' | 'suppressed';
  /** When it is sent, or when its digest is; null: never. */
  due_at: Instant | null;
  problem: SuppressedBy | null;
}

/**
 * What becomes of a notice. `planned`: its mails are rows. The others have no mail: `superseded` by a newer event, `test`: it is about test
 * licenses, `gone`: what it is about is unknown or deleted, `not_sent`: settings switch its kind off, `no_address`: no address is known.
 */
export type NoticeOutcome = 'planned' | NoMail | 'not_sent' | 'no_address';
type NoMail = 'superseded' | 'test' | 'gone';

export interface Plan {
  outcome: NoticeOutcome;
  mails: PlannedMail[];
}

/** Plans the mails of an event; null: the event is gone. */
export function planMails(event: NoticedEvent | null, context: MailContext): Plan {
  if (event === null) return withoutMail('gone');
  const kind = kindOf(event);
  if (kind === 'superseded' || kind === 'test') return withoutMail(kind);
  if (!isKnown(event, kind, context)) return withoutMail('gone');
  const settings = effectiveKind(kind, context.settings);
  if (!settings.is_sent) return withoutMail('not_sent');
  const holders = { ...context, operator_addresses: context.installation.operator_addresses };
  const mails = listAddressees(settings, holders).map(({ address, role }) =>
    planMail({ kind, address, role }, settings, context),
  );
  return mails.length === 0 ? withoutMail('no_address') : { outcome: 'planned', mails };
}

function withoutMail(outcome: NoticeOutcome): Plan {
  return { outcome, mails: [] };
}

/** The customer to whom a mail about an event goes: the one who gets licenses, else that of the contract. */
export function customerOf({ type, data }: NoticedEvent, contract: MailContract | null): string | null {
  return isAssignment(type) ? String(data['customer_id']) : (contract?.customer_id ?? null);
}

function isAssignment(type: string): boolean {
  return type === 'license.assigned' || type === 'license.reassigned';
}

/** The kind of mail of an event, or why it has none. */
function kindOf({ type, data }: NoticedEvent): SettableKind | 'superseded' | 'test' {
  if (data['is_test'] === true) return 'test';
  if (data['superseded'] === true) return 'superseded';
  // The opt-out was mailed when it was made.
  if (type === 'renewal.blocked' && data['reason'] === 'OPTED_OUT') return 'superseded';
  if (isAssignment(type)) {
    const order = data['hold_id'] ?? data['order_ref'] ?? null;
    return order === null ? 'licenses_ready' : 'order_licenses';
  }
  if (type === 'quota.threshold_reached') return data['threshold'] === 100 ? 'quota_100' : 'quota_80';
  const kind = KIND_BY_TYPE.get(type);
  if (kind === undefined) throw new Error(`no kind of mail follows from ${type}`);
  return kind;
}

/** The kind of each type from which one kind follows. */
const KIND_BY_TYPE = new Map(
  Object.entries(NOTIFICATION_KINDS).flatMap(([kind, { events }]) =>
    events.map((type) => [type as string, kind as SettableKind] as const),
  ),
);

/** Whether what the event is about is known. A customer keeps the licenses of a deleted contract, and so their mail. */
function isKnown({ type, contract_id }: NoticedEvent, kind: SettableKind, context: MailContext): boolean {
  if (isAssignment(type)) return context.customer !== null && !context.customer.is_erased;
  return contract_id === null || (context.contract !== null && !context.contract.is_deleted);
}

/** The addresses that get a kind of mail, each once in any letter case, with the first reason. */
function listAddressees(settings: KindSettings, holders: RoleHolders): Pick<PlannedMail, 'address' | 'role'>[] {
  const given: Pick<PlannedMail, 'address' | 'role'>[] = [
    ...inOrder(settings.roles).flatMap((role) => addressesOf(role, holders).map((address) => ({ address, role }))),
    ...settings.addresses.map((address) => ({ address, role: 'named_in_settings' as const })),
  ];
  const first = new Map<string, Pick<PlannedMail, 'address' | 'role'>>();
  for (const one of given) if (!first.has(addressKey(one.address))) first.set(addressKey(one.address), one);
  return [...first.values()];
}

/** Who would get a kind of mail now: none when it is not sent. */
export function listRecipientsNow(
  settings: KindSettings,
  holders: RoleHolders,
): Pick<PlannedMail, 'address' | 'role'>[] {
  return settings.is_sent ? listAddressees(settings, holders) : [];
}

/** Someone who gets a kind of mail now, or why that address gets none. */
export interface CurrentRecipient extends Pick<PlannedMail, 'address' | 'role'> {
  problem: SuppressedBy | null;
}

/** Why a kind of mail reaches no address now: settings switch it off, no address is known, or no address takes it. */
export const UNREACHED_REASONS = ['not_sent', 'no_address', 'all_suppressed'] as const;
export type UnreachedReason = (typeof UNREACHED_REASONS)[number];

/** Who gets a kind of mail now, by what is known about each address. `unreached` is null when at least one address gets it. */
export function reachNow(
  kind: SettableKind,
  settings: KindSettings,
  holders: RoleHolders,
  known: ReadonlyMap<string, KnownRecipient>,
): { recipients: CurrentRecipient[]; unreached: UnreachedReason | null } {
  if (!settings.is_sent) return { recipients: [], unreached: 'not_sent' };
  const recipients = listAddressees(settings, holders).map((each) => ({
    ...each,
    problem: suppressedBy(kind, known.get(addressKey(each.address))),
  }));
  if (recipients.length === 0) return { recipients, unreached: 'no_address' };
  const reached = recipients.some(({ problem }) => problem === null);
  return { recipients, unreached: reached ? null : 'all_suppressed' };
}

/** The mail to one address. */
function planMail(
  { kind, address, role }: Pick<PlannedMail, 'kind' | 'address' | 'role'>,
  settings: KindSettings,
  { now, customer, installation, recipients }: MailContext,
): PlannedMail {
  const recipient = recipients.get(addressKey(address));
  const of_customer = isOfCustomer(role) ? customer?.language : null;
  const mail = { kind, address, role, language: recipient?.language ?? of_customer ?? installation.language };
  const problem = suppressedBy(kind, recipient);
  if (problem !== null) return { ...mail, state: 'suppressed', due_at: null, problem };
  if (recipient?.digest === true && settings.may_wait)
    return { ...mail, state: 'waiting', due_at: nextDigestAt(now, installation.time_zone), problem };
  return { ...mail, state: 'owed', due_at: now, problem };
}

/** Why an address does not get a kind of mail; null: it gets it. */
export function suppressedBy(
  kind: SettableKind,
  recipient: Pick<KnownRecipient, 'status' | 'unsubscribed'> | undefined,
): SuppressedBy | null {
  if (recipient === undefined) return null;
  if (recipient.status !== 'ok') return recipient.status;
  return NOTIFICATION_KINDS[kind].is_optional && recipient.unsubscribed.includes(kind) ? 'unsubscribed' : null;
}
