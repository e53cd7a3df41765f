/** Decides what a mail says, from what is known when it is sent. */
import { addDays, addPeriods, daysBetween, localDateAt } from '../base/calendar';
import type { LocalDate } from '../base/instant';
import { billingStanding } from '../billing/dunning';
import type { BillingStanding } from '../billing/dunning';
import { isUnpaid } from '../billing/invoice';
import { isLastRenewalDone, isOptedOut } from '../contract/renewal-policy';
import type { RenewalMode } from '../contract/renewal-policy';
import { licenseIdText } from '../license/license';
import type { EventData, EventType } from '../webhook/event';
import { MAILED_LICENSES_MAX } from './content';
import type { ItemContent, LicensesDetails, MailContent, MailDetails, MailFrame, MailedLicense } from './content';
import type { ContractOfMail, LicenseOfMail, MailExtras, MailFacts } from './facts';
import type { NotificationKindName } from './kind';
import { isOvertaken, keptLicenses, sendingDay, sendingTime } from './overtaken';

/** Where links lead, and in which time zone times without a contract are shown. */
export interface MailPlace {
  /** The origin of the API. */
  public_url: string;
  /** The zone of the installation. */
  timezone: string;
}

/** Facts of a kind: of its event, and what is at hand besides. */
interface Given extends MailExtras {
  facts: MailFacts;
  frame: MailFrame;
  api: string;
}

type Composers = { [Kind in NotificationKindName]: (given: Given) => MailDetails[Kind] };

const COMPOSERS: Composers = {
  licenses_ready: licensesDetails,
  order_licenses: (given) => ({
    ...licensesDetails(given),
    order_ref: dataOf<'license.assigned'>(given).order_ref ?? '',
  }),
  past_due: (given) => {
    const today = sendingDay(given.facts, given.frame.timezone);
    const overdue = given.invoices.filter((invoice) => isUnpaid(invoice) && invoice.due_date < today);
    // A contract that is suspended already, or is over, is not suspended later.
    const will_suspend = !['SUSPENDED', 'EXPIRED', 'TERMINATED', 'DELETED'].includes(contractOf(given).state);
    return {
      invoices: overdue.map(({ invoice_id, due_date }) => ({ id: invoice_id, due_date })),
      suspends_on: will_suspend ? stillToCome(given, standingOf(given).suspends_on) : null,
    };
  },
  suspended: (given) => {
    const cause = dataOf<'contract.suspended'>(given).reason === 'billing' ? 'billing' : 'compliance';
    return {
      cause,
      issued_licenses: contractOf(given).on_suspend.issued_licenses,
      terminates_on: cause === 'billing' ? stillToCome(given, standingOf(given).terminates_on) : null,
    };
  },
  reinstated: (given) => ({
    was_wrong: dataOf<'contract.reinstated'>(given).should_not_have_been_suspended_from !== undefined,
  }),
  terminated: (given) => {
    const { reason, revoke_issued } = dataOf<'contract.terminated'>(given);
    const by_billing = reason === 'billing';
    return {
      cause: by_billing ? 'billing' : 'admin',
      reason: by_billing ? null : (reason ?? null),
      revokes_licenses: revoke_issued === true,
    };
  },
  renewal_reminder: reminderDetails,
  renewed: (given) => {
    const { start_date, end_date, quota_added } = dataOf<'contract.renewed'>(given);
    return { first_day: start_date, last_day: lastDayBefore(end_date), quota_added };
  },
  will_not_renew: (given) => {
    const { reason } = dataOf<'renewal.blocked'>(given);
    const cause = given.facts.event_type === 'renewal.opted_out' ? 'opted_out' : (reason ?? '');
    const contract = contractOf(given);
    const renews_once = cause === 'opted_out' && (contract.renewal.opt_out_term ?? 0) > contract.term_number;
    return { cause, last_day: renews_once ? lastDayOfNextTerm(contract) : lastDayOf(contract), renews_once };
  },
  expired: (given) => ({ last_day: lastDayOf(contractOf(given)) }),
  quota_80: quotaDetails,
  quota_100: quotaDetails,
  quota_raised: (given) => {
    const { reason, amount, total, claimed, period_label } = dataOf<'quota.granted'>(given);
    const before = total - amount;
    const is_emergency =
      period_label === null && reason === 'contract.updated' && claimed >= before && amount <= before;
    return { amount, period_label, is_emergency, quota: { total, claimed } };
  },
  limit_exceeded: (given) => {
    const { limit, occasion, opened_at, demand, largest_request, used, limit_value } = dataOf<'limit.exceeded'>(given);
    return { limit, occasion, since: opened_at, demand, largest_request, used, total: limit_value };
  },
  low_water: (given) => {
    const { available, low_water } = contractOf(given);
    return { available, low_water };
  },
  replenish_blocked: (given) => {
    const { code, target, available, requested, remaining } = dataOf<'pool.replenish_blocked'>(given);
    const by_quota = given.facts.event_type === 'pool.replenish_blocked_by_quota';
    return { by_quota, code, target, available, requested, remaining };
  },
  webhook_disabled: (given) => {
    const { endpoint_id, reason, failing_since } = dataOf<'webhook.disabled'>(given);
    const { endpoint_url } = given.facts;
    return {
      endpoint_id,
      reason,
      failing_since,
      host: endpoint_url === null ? endpoint_id : new URL(endpoint_url).host,
    };
  },
  job_failed: (given) => {
    const { kind, job_id, contract_id, requested, done, failed, code } = dataOf<'job.failed'>(given);
    const paths = {
      generation: `/jobs/${job_id}`,
      import: `/contracts/${contract_id ?? ''}/licenses/import/${job_id}`,
      license_operation: `/license-operations/${job_id}`,
    };
    return { job: kind, job_url: `${given.api}${paths[kind]}`, requested, succeeded: done, failed, code };
  },
  api_key_revealed: (given) => ({
    key_id: dataOf<'contract.api_key_revealed'>(given).key_id,
    admin: given.facts.admin,
  }),
  api_key_rotated: (given) => {
    const { key_id, former_key_accepted_until } = dataOf<'contract.api_key_rotated'>(given);
    return { key_id, old_key_until: former_key_accepted_until };
  },
  report: (given) => {
    const { contract_id, frequency, date } = dataOf<'report.due'>(given);
    const url = `${given.api}/contracts/${contract_id}/report.csv`;
    return { frequency, day: date, url, is_attached: given.has_report };
  },
  digest: ({ items, carried, frame, api }) => ({
    day: localDateAt(frame.at, frame.timezone),
    count: carried,
    items: items.map((facts) => composeMail(facts, NO_EXTRAS, { api, timezone: frame.timezone }) as ItemContent),
  }),
};

const NO_EXTRAS: MailExtras = { invoices: [], licenses: [], items: [], carried: 0, has_report: false };

/**
 * What the mail of a notification says; `overtaken` when that is no longer true. A digest says of its notices only what is true, and is
 * overtaken when nothing is.
 */
export function mailContent(
  facts: MailFacts,
  extras: MailExtras,
  { public_url, timezone }: MailPlace,
): MailContent | 'overtaken' {
  if (isOvertaken(facts, extras)) return 'overtaken';
  const items = extras.items.filter((item) => !isOvertaken(item, NO_EXTRAS));
  const carried = extras.carried - (extras.items.length - items.length);
  if (extras.carried > 0 && carried === 0) return 'overtaken';
  return composeMail(facts, { ...extras, items, carried }, { api: `${public_url}/api/v1`, timezone });
}

function composeMail(facts: MailFacts, extras: MailExtras, { api, timezone }: { api: string; timezone: string }) {
  const { id, kind, role, environment, event_at, created_at, contract, product, customer, account_manager } = facts;
  const frame: MailFrame = {
    notification_id: id,
    role,
    environment,
    at: event_at ?? created_at,
    timezone: contract?.timezone ?? timezone,
    contract: contract && { id: contract.id, name: contract.name, url: `${api}/contracts/${contract.id}` },
    product: product ?? productOf(extras.licenses),
    customer,
    account_manager,
  };
  const details = COMPOSERS[kind]({ ...extras, facts, frame, api });
  return { ...frame, kind, ...details } as MailContent;
}

/** The data of the event, whose type follows from the kind. */
function dataOf<Type extends EventType>({ facts }: Given): EventData<Type> {
  if (facts.event_data === null) throw new Error(`The notification ${facts.id} of kind ${facts.kind} has no event`);
  return facts.event_data as EventData<Type>;
}

function contractOf({ facts }: Given): ContractOfMail {
  if (facts.contract === null) throw new Error(`The notification ${facts.id} of kind ${facts.kind} has no contract`);
  return facts.contract;
}

/** The product of licenses that have the same. */
function productOf(licenses: readonly LicenseOfMail[]): string | null {
  const products = new Set(licenses.map(({ product }) => product));
  return products.size === 1 ? ([...products][0] ?? null) : null;
}

/** Only licenses that their customer still has are shown with their keys. */
function licensesDetails(given: Given): LicensesDetails {
  const { facts, licenses, api } = given;
  const { count, operation_id, hold_id, customer_id } = dataOf<'license.assigned'>(given);
  const kept = keptLicenses(facts, licenses);
  const list = operation_id !== null ? `/assignments/${operation_id}` : `/licenses?customer_id=${customer_id}`;
  return {
    count,
    contract_type: facts.contract?.type ?? null,
    licenses: count > MAILED_LICENSES_MAX ? [] : kept.map((license) => mailedLicense(license, api)),
    withdrawn: count > MAILED_LICENSES_MAX ? 0 : count - kept.length,
    licenses_url: `${api}${hold_id !== null ? `/holds/${hold_id}` : list}`,
  };
}

function mailedLicense(
  { id, key, product, expires_at, own_expiry, is_signed }: LicenseOfMail,
  api: string,
): MailedLicense {
  const public_id = licenseIdText(id);
  const certificate_url = is_signed ? `${api}/licenses/${public_id}/certificate` : null;
  const expires_from = expires_at === null ? (own_expiry?.basis ?? null) : null;
  return { id: public_id, key, product, expires_at, expires_from, certificate_url };
}

function reminderDetails(given: Given): MailDetails['renewal_reminder'] {
  const { facts, frame } = given;
  const { end_date } = dataOf<'renewal.reminder_due'>(given);
  const contract = contractOf(given);
  const mode = modeNow(given);
  const today = sendingDay(facts, frame.timezone);
  // A contract without an end has no reminders.
  const end = end_date ?? today;
  const opt_out_by = mode === 'auto' ? addDays(end, -contract.renewal.notice_days) : null;
  const is_last_day = facts.event_type === 'renewal.notice_due' && opt_out_by === today;
  return {
    occasion: is_last_day ? 'last_day_to_opt_out' : 'before_end',
    days_left: daysBetween(today, end),
    mode,
    last_day: lastDayBefore(end),
    opt_out_by,
    may_opt_out: opt_out_by !== null && today <= opt_out_by,
  };
}

/** How the contract renews at the end of its term: not at all after an opt-out, and after the last renewal that was agreed. */
function modeNow(given: Given): RenewalMode {
  const contract = contractOf(given);
  const { mode } = contract.renewal;
  if (isLastRenewalDone(contract)) return 'none';
  return mode === 'auto' && isOptedOut(contract, sendingTime(given.facts)) ? 'none' : mode;
}

function quotaDetails(given: Given): MailDetails['quota_80'] {
  return { quota: contractOf(given).quota };
}

function standingOf(given: Given): BillingStanding {
  return billingStanding({ ...contractOf(given), invoices: [...given.invoices] }, sendingTime(given.facts));
}

/** A day that is not over when the mail is sent; null for one that is. */
function stillToCome({ facts, frame }: Given, day: LocalDate | null): LocalDate | null {
  return day !== null && day >= sendingDay(facts, frame.timezone) ? day : null;
}

/** The last day that a term covers; null for a contract without an end. */
function lastDayOf({ end_date }: ContractOfMail): LocalDate | null {
  return end_date === null ? null : lastDayBefore(end_date);
}

/** The last day of the term that follows; null without a length of terms, and when another contract will decide its end. */
function lastDayOfNextTerm(contract: ContractOfMail): LocalDate | null {
  const { end_date, term_length, anchor_date, anchor_term, term_number, renewal } = contract;
  const length = renewal.term ?? term_length;
  if (end_date === null || length === null || renewal.coterm_with !== null) return null;
  // As a renewal on time counts it: another length begins a new count.
  const continues = length === term_length && anchor_date !== null;
  return lastDayBefore(
    continues ? addPeriods(anchor_date, length, term_number + 1 - anchor_term) : addPeriods(end_date, length, 1),
  );
}

function lastDayBefore(end_date: LocalDate): LocalDate {
  return addDays(end_date, -1);
}
