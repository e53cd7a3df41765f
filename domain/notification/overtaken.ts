/** Whether what a mail says is no longer true when it is sent, so that it is not sent. */
import { localDateAt } from '../base/calendar';
import { laterOf } from '../base/instant';
import type { Instant, LocalDate } from '../base/instant';
import { billingLevel, isAtLeast } from '../billing/dunning';
import { isLive } from '../contract/contract';
import { thresholdOf } from '../contract/quota';
import type { EventData } from '../webhook/event';
import type { ContractOfMail, LicenseOfMail, MailExtras, MailFacts } from './facts';
import type { NotificationKindName } from './kind';

/** What the judgement needs besides the facts. */
export type OvertakingExtras = Pick<MailExtras, 'invoices' | 'licenses'>;

interface Judged extends OvertakingExtras {
  facts: MailFacts;
  contract: ContractOfMail;
}

/** For each kind that can be overtaken: whether it is. Other kinds say what happened, which stays true. */
const RULES: { [Kind in NotificationKindName]?: (judged: Judged) => boolean } = {
  past_due: ({ facts, contract, invoices }) =>
    !isAtLeast(billingLevel({ ...contract, invoices: [...invoices] }, sendingTime(facts)), 'GRACE'),
  suspended: ({ contract }) => contract.state !== 'SUSPENDED',
  reinstated: ({ contract }) => ['SUSPENDED', 'TERMINATED', 'DELETED'].includes(contract.state),
  terminated: ({ contract }) => contract.state !== 'TERMINATED' && contract.state !== 'DELETED',
  renewal_reminder: isReminderOvertaken,
  will_not_renew: willRenew,
  expired: ({ contract }) => isLive(contract.state),
  quota_80: ({ contract }) => thresholdOf(contract.quota) === null,
  quota_100: ({ contract }) => thresholdOf(contract.quota) !== 100,
  low_water: ({ contract }) => contract.available >= contract.low_water,
};

export function isOvertaken(facts: MailFacts, extras: OvertakingExtras): boolean {
  if (facts.kind === 'licenses_ready' || facts.kind === 'order_licenses') return isWithdrawn(facts, extras);
  const { contract } = facts;
  return contract !== null && (RULES[facts.kind]?.({ ...extras, facts, contract }) ?? false);
}

/** When a mail is sent; never before its event, whose clock may be another one. */
export function sendingTime({ now, event_at }: Pick<MailFacts, 'now' | 'event_at'>): Instant {
  return event_at === null ? now : laterOf(now, event_at);
}

/** The local day on which a mail about a contract is sent. */
export function sendingDay(facts: MailFacts, timezone: string): LocalDate {
  return localDateAt(sendingTime(facts), timezone);
}

/** Those of the licenses that their customer still has. */
export function keptLicenses({ customer_id }: MailFacts, licenses: readonly LicenseOfMail[]): LicenseOfMail[] {
  return licenses.filter((license) => license.customer_id === customer_id && license.revoked_at === null);
}

/** The event names the first hundred licenses. Whether the customer still has one of the others is unknown. */
function isWithdrawn(facts: MailFacts, { licenses }: OvertakingExtras): boolean {
  const { count, license_ids } = facts.event_data as EventData<'license.assigned'>;
  return license_ids.length >= count && keptLicenses(facts, licenses).length === 0;
}

/** The term is over, was renewed or has another end, or the contract ended. */
function isReminderOvertaken({ facts, contract }: Judged): boolean {
  const { term_number, end_date } = facts.event_data as EventData<'renewal.reminder_due'>;
  if (!isLive(contract.state) || contract.term_number !== term_number || contract.end_date !== end_date) return true;
  return end_date === null || sendingDay(facts, contract.timezone) >= end_date;
}

/** The term after the one that was to be the last has begun, or the opt-out was withdrawn. */
function willRenew({ facts, contract }: Judged): boolean {
  const { term_number, renewal } = contract;
  if (facts.event_type === 'renewal.blocked')
    return (facts.event_data as EventData<'renewal.blocked'>).term_number < term_number;
  const { opt_out_term } = facts.event_data as EventData<'renewal.opted_out'>;
  return renewal.opt_out_at === null || opt_out_term < term_number;
}
