/**
 * Plans notices that are due: which mails follow from their events, and to whom.
 *
 * A batch is one transaction with a fixed number of statements, because a thousand contracts may expire at one midnight. If it fails, its
 * notices are planned one by one, so that one which cannot be planned delays no other.
 */
import { insertAudit } from '../../db/base/audit';
import type { Database, Sql } from '../../db/base/database';
import { listMailContracts, listMailCustomers } from '../../db/notification/mail-context';
import { endNotices, recordFailedPlanning, takeNotice, takeNotices } from '../../db/notification/notice';
import type { DueNotice } from '../../db/notification/notice';
import { insertNotifications } from '../../db/notification/notification';
import type { NewNotification } from '../../db/notification/notification';
import { insertRecipients, listKnownRecipients } from '../../db/notification/recipient';
import type { PlannedRecipient } from '../../db/notification/recipient';
import { findInstallationSettings, listSettings } from '../../db/notification/settings';
import { SYSTEM } from '../../domain/base/actor';
import type { Instant } from '../../domain/base/instant';
import { failedPlanning } from '../../domain/notification/notice';
import { customerOf, planMails } from '../../domain/notification/plan';
import type { MailContext, Plan } from '../../domain/notification/plan';
import { addressKey } from '../../domain/notification/address';
import type { MailContract } from '../../domain/notification/role';
import { newId } from '../base/new-id';

export interface PlannedNotices {
  /** How many notices were planned. */
  planned: number;
  /** The mails that are owed now. */
  notification_ids: string[];
  /** Whether more notices may be due. */
  more: boolean;
}

/** Plans at most `limit` notices that are due. Safe to run twice, also at the same time. */
export async function planNotices(
  db: Pick<Database, 'begin'>,
  { now, limit }: { now: Instant; limit: number },
): Promise<PlannedNotices> {
  let taken: DueNotice[] = [];
  try {
    return await db.begin(async (tx) => {
      taken = await takeNotices(tx, { now, limit });
      const notification_ids = await plan(tx, taken, now);
      return { planned: taken.length, notification_ids, more: taken.length === limit };
    });
  } catch (error) {
    if (taken.length === 0) throw error;
    return planOneByOne(db, taken, now);
  }
}

/** Plans each notice in a transaction of its own, and records why one fails. If Postgres does not answer, recording fails too. */
async function planOneByOne(
  db: Pick<Database, 'begin'>,
  notices: readonly DueNotice[],
  now: Instant,
): Promise<PlannedNotices> {
  const result: PlannedNotices = { planned: 0, notification_ids: [], more: true };
  for (const { event_id, attempts } of notices)
    try {
      const ids = await db.begin(async (tx) => {
        const notice = await takeNotice(tx, event_id);
        return notice && plan(tx, [notice], now);
      });
      if (ids === undefined) continue;
      result.planned += 1;
      result.notification_ids.push(...ids);
    } catch (error) {
      await db.begin((tx) => recordFailedPlanning(tx, event_id, failedPlanning(attempts, error, now)));
    }
  return result;
}

/** Plans notices that are locked. Returns the ids of the mails that are owed. */
async function plan(tx: Sql, notices: readonly DueNotice[], now: Instant): Promise<string[]> {
  if (notices.length === 0) return [];
  const contexts = await loadContexts(tx, notices, now);
  const plans = notices.map((notice, index) => planMails(notice.event, contexts[index] as MailContext));
  const ids = await storeMails(tx, notices, contexts, plans, now);
  await recordUndeliverable(tx, notices, plans, now);
  await endNotices(
    tx,
    notices.map(({ event_id }, index) => ({ event_id, outcome: (plans[index] as Plan).outcome })),
    now,
  );
  return ids;
}

/** Writes an audit row about each exceeded limit for which there is no address, once: it is owed again when there is an address (domain.md 4.5). */
async function recordUndeliverable(
  tx: Sql,
  notices: readonly DueNotice[],
  plans: readonly Plan[],
  now: Instant,
): Promise<void> {
  const undeliverable = notices.filter(
    ({ event, outcome }, index) =>
      event?.type === 'limit.exceeded' && outcome === null && (plans[index] as Plan).outcome === 'no_address',
  );
  await insertAudit(
    tx,
    undeliverable.flatMap(({ event, event_id, environment }) => {
      const contract_id = event?.contract_id ?? null;
      if (contract_id === null) return [];
      const subject = { subject_type: 'contract', subject_id: contract_id, contract_id } as const;
      const after = { kind: 'limit_exceeded', event_id };
      return [
        {
          ...{ at: now, actor: SYSTEM, action: 'notification.undeliverable', ...subject, after, environment },
          reason: 'no address',
        },
      ];
    }),
  );
}

/** What is known about the subjects of each notice. */
async function loadContexts(tx: Sql, notices: readonly DueNotice[], now: Instant): Promise<MailContext[]> {
  const events = notices.map(({ event }) => event);
  const contract_ids = events.flatMap((event) => event?.contract_id ?? []);
  const contracts = byId(await listMailContracts(tx, unique(contract_ids)), ({ id }) => id);
  const contractOf = (event: DueNotice['event']): MailContract | null =>
    contracts.get(event?.contract_id ?? '') ?? null;
  const customer_ids = events.map((event) => event && customerOf(event, contractOf(event)));
  const customers = byId(
    await listMailCustomers(tx, unique(customer_ids.flatMap((id) => id ?? [])), { lock: true }),
    (customer) => customer.asked_id,
  );
  const installation = await findInstallationSettings(tx);
  const subjects = [...contracts.keys(), ...[...customers.values()].map(({ id }) => id)];
  const settings = byId(await listSettings(tx, unique(subjects)), ({ subject_id }) => subject_id);
  const contexts = events.map((event, index) => {
    const contract = contractOf(event);
    const customer = customers.get(customer_ids[index] ?? '') ?? null;
    const scopes = {
      installation: installation.kinds,
      customer: settings.get(customer?.id ?? '')?.kinds ?? {},
      contract: settings.get(contract?.id ?? '')?.kinds ?? {},
    };
    return { now, contract, customer, settings: scopes, installation, recipients: new Map<string, PlannedRecipient>() };
  });
  const recipients = await findRecipients(tx, events, contexts);
  return contexts.map((context) => ({ ...context, recipients }));
}

/** What is known about the addresses that get mail. They are found by planning without that knowledge. */
async function findRecipients(
  tx: Sql,
  events: readonly DueNotice['event'][],
  contexts: readonly MailContext[],
): Promise<Map<string, PlannedRecipient>> {
  const mails = events.flatMap((event, index) => planMails(event, contexts[index] as MailContext).mails);
  return readRecipients(
    tx,
    mails.map(({ address }) => address),
  );
}

async function readRecipients(tx: Sql, addresses: readonly string[]): Promise<Map<string, PlannedRecipient>> {
  return byId(await listKnownRecipients(tx, unique(addresses)), ({ asked }) => addressKey(asked));
}

/** Stores the mails of all plans, with the addresses that are new. Returns the ids of those that are owed. */
async function storeMails(
  tx: Sql,
  notices: readonly DueNotice[],
  contexts: readonly MailContext[],
  plans: readonly Plan[],
  now: Instant,
): Promise<string[]> {
  const addresses = plans.flatMap(({ mails }) => mails.map(({ address }) => address));
  let recipients = (contexts[0] as MailContext).recipients as Map<string, PlannedRecipient>;
  const added = unique(addresses).filter((address) => !recipients.has(addressKey(address)));
  if (added.length > 0) {
    await insertRecipients(tx, added, now);
    recipients = await readRecipients(tx, addresses);
  }
  const rows = notices.flatMap(({ event_id, event, environment }, index) => {
    const { contract, customer } = contexts[index] as MailContext;
    const of_event = {
      ...{ event_id, environment, contract_id: event?.contract_id ?? contract?.id ?? null },
      customer_id: customer?.id ?? null,
    };
    return (plans[index] as Plan).mails.map(({ address, ...mail }) => ({
      ...mail,
      ...of_event,
      id: newId(now),
      recipient_id: (recipients.get(addressKey(address)) as PlannedRecipient).id,
    }));
  });
  return insertNotifications(tx, rows satisfies NewNotification[], now);
}

function byId<Row>(rows: readonly Row[], id: (row: Row) => string): Map<string, Row> {
  return new Map(rows.map((row) => [id(row), row]));
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
