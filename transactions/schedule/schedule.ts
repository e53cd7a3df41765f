/**
 * Creates, edits and deletes the schedules of a contract, each write under the lock of the contract and with its audit row.
 *
 * A new or changed schedule locks the test clock of the contract before, so that an advance does not pass its first run: the next step of
 * the clock sees it.
 */
import { auditAct } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { lockTestClockTime } from '../../db/contract/clock';
import {
  countLiveSchedules,
  endSchedule,
  findSchedule,
  insertSchedule,
  updateSchedule,
} from '../../db/schedule/schedule';
import type { ShownSchedule } from '../../db/schedule/schedule';
import { difference, isEmpty } from '../../domain/base/edit';
import type { Instant } from '../../domain/base/instant';
import type { JsonObject } from '../../domain/base/json';
import { isRefusal, notFound } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import type { Nudge } from '../../domain/contract/nudge';
import { createDecision, editDecision, scheduleRefusal } from '../../domain/schedule/schedule';
import type { ScheduleTerms } from '../../domain/schedule/schedule';
import { newId } from '../base/new-id';
import { findOrCreateCustomer } from '../catalogue/customer';
import type { ChangedContract, ContractAct } from '../contract/changed-contract';
import { checkContract } from '../contract/check-contract';
import { computedRun } from './next-run';

/** What a request says about a schedule. The customer is named by an e-mail address, null for none. */
export type ScheduleInput = Omit<ScheduleTerms, 'customer_id'> & { assign_to: string | null };

/** Fields of an edit; a field that is left out stays unchanged. */
export type ScheduleEdit = { [Field in keyof ScheduleInput]?: ScheduleInput[Field] | undefined };

export interface WrittenSchedule {
  schedule: ShownSchedule;
  /** The time of the contract. */
  now: Instant;
  /** Whether the customer of the schedule was created. */
  customer_created: boolean;
  /** The workflows to signal after the commit. */
  nudge: Nudge;
}

/** Creates a schedule. Its customer is created if there is none with the address. Call it inside a transaction. */
export async function createSchedule(
  tx: Sql,
  act: ContractAct,
  { assign_to, ...input }: ScheduleInput,
): Promise<WrittenSchedule | Refusal> {
  await lockTestClockTime(tx, act.id);
  const settled = await checkContract(tx, act, scheduleRefusalAt);
  if (isRefusal(settled)) return settled;
  if (settled.refusal) return settled.refusal;
  const { facts } = settled;
  const now = facts.settled_until;
  const live = await countLiveSchedules(tx, act.id);
  const date = createDecision({ ...input, customer_id: null }, { facts, now, live });
  if (isRefusal(date)) return date;
  const customer = await customerOf(tx, act, assign_to);
  if (isRefusal(customer)) return customer;
  const terms = { ...input, customer_id: customer.id };
  const id = newId(act.now);
  const next = computedRun(terms, facts.timezone, date);
  await insertSchedule(tx, { id, contract_id: act.id, terms, next, actor: act.actor, now });
  await audit(tx, settled, act, id, { action: 'schedule.created', before: null, after: auditedTerms(terms) });
  return written(tx, settled, id, customer);
}

/**
 * Edits a schedule; writes nothing when nothing differs. `due`: a run of the schedule is due, and has to be made before by the old terms.
 * Call it inside a transaction.
 */
export async function editSchedule(
  tx: Sql,
  act: ContractAct,
  id: string,
  { assign_to, ...edit }: ScheduleEdit,
  { dry_run = false }: { dry_run?: boolean } = {},
): Promise<WrittenSchedule | Refusal | 'due'> {
  await lockTestClockTime(tx, act.id);
  const settled = await checkContract(tx, act, () => null);
  if (isRefusal(settled)) return settled;
  const { facts } = settled;
  const now = facts.settled_until;
  const before = await findSchedule(tx, act.id, id);
  if (!before) return notFound('schedule', id);
  const old_terms = termsOf(before);
  const edited = { ...old_terms, ...givenIn(edit) };
  const keeps_customer = assign_to === undefined || assign_to === before.customer_email;
  const live = await countLiveSchedules(tx, act.id);
  const date = editDecision(before, edited, { facts, now, live, keeps_customer });
  if (isRefusal(date)) return date;
  if (!dry_run && isDue(before, now)) return 'due';
  const kept = { id: before.customer_id, created: false };
  const customer = assign_to === undefined ? kept : await customerOf(tx, act, assign_to);
  if (isRefusal(customer)) return customer;
  const terms = { ...edited, customer_id: customer.id };
  const differs = difference(auditedTerms(old_terms), auditedTerms(terms));
  if (isEmpty(differs.after)) return written(tx, settled, id);
  await updateSchedule(tx, id, { terms, next: computedRun(terms, facts.timezone, date), now });
  await audit(tx, settled, act, id, { action: 'schedule.updated', ...differs });
  return written(tx, settled, id, customer);
}

/**
 * Ends a schedule for good; its runs stay readable. Deleting it again changes nothing. `due`: a run of the schedule is due, and has to be
 * made before. Call it inside a transaction.
 */
export async function deleteSchedule(
  tx: Sql,
  act: ContractAct,
  id: string,
): Promise<WrittenSchedule | Refusal | 'due'> {
  const settled = await checkContract(tx, act, () => null);
  if (isRefusal(settled)) return settled;
  const schedule = await findSchedule(tx, act.id, id);
  if (!schedule) return notFound('schedule', id);
  if (isDue(schedule, settled.facts.settled_until)) return 'due';
  if (schedule.ended_at === null) {
    await endSchedule(tx, id, settled.facts.settled_until);
    await audit(tx, settled, act, id, {
      action: 'schedule.deleted',
      before: auditedTerms(termsOf(schedule)),
      after: null,
    });
  }
  return written(tx, settled, id);
}

function isDue({ next_run_at }: ShownSchedule, now: Instant): boolean {
  return next_run_at !== null && next_run_at <= now;
}

const scheduleRefusalAt = (facts: ChangedContract['facts']) => scheduleRefusal(facts, facts.settled_until);

type FoundCustomer = { id: string | null; created: boolean };

async function customerOf(tx: Sql, act: ContractAct, email: string | null): Promise<FoundCustomer | Refusal> {
  if (email === null) return { id: null, created: false };
  const found = await findOrCreateCustomer(tx, { email, name: email }, act);
  return isRefusal(found) ? found : { id: found.customer.id, created: found.created };
}

function termsOf({ count, every, on_day, at, from, until, customer_id, enabled }: ScheduleTerms): ScheduleTerms {
  return { count, every, on_day, at, from, until, customer_id, enabled };
}

function givenIn<Edit extends object>(edit: Edit): { [Field in keyof Edit]?: Exclude<Edit[Field], undefined> } {
  return Object.fromEntries(Object.entries(edit).filter(([, value]) => value !== undefined)) as never;
}

function auditedTerms(terms: ScheduleTerms): JsonObject {
  return { ...terms };
}

function audit(
  tx: Sql,
  { facts }: ChangedContract,
  act: ContractAct,
  id: string,
  change: { action: string; before: JsonObject | null; after: JsonObject | null },
): Promise<void> {
  const { id: contract_id, environment, test_clock_id, settled_until } = facts;
  const subject = { subject_type: 'schedule', subject_id: id, contract_id, environment } as const;
  const clock = test_clock_id === null ? 'real' : 'test';
  return auditAct(tx, { ...act, now: settled_until }, { ...subject, ...change, clock });
}

async function written(
  tx: Sql,
  { nudge, facts }: ChangedContract,
  id: string,
  { created }: Pick<FoundCustomer, 'created'> = { created: false },
): Promise<WrittenSchedule> {
  const schedule = await findSchedule(tx, facts.id, id);
  if (!schedule) throw new Error(`the schedule ${id} was written and cannot be found`);
  const { settled_until: now } = facts;
  return { schedule, now, customer_created: created, nudge: { ...nudge, schedule_ids: [id] } };
}
