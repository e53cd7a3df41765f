/** What operators see of one contract in the Temporal UI: the summaries of steps and timers, current details, search attributes. */
import { setCurrentDetails } from '@temporalio/workflow';
import type { ContractView } from '../activities/contract/contract-view';
import type { BillingEventNotice } from '../activities/ports';
import type { Instant } from '../domain/base/instant';
import { contractTitle, cutToBytes } from '../domain/base/operator-text';
import type { BillingSource } from '../domain/billing/billing-event';
import { contractNameAttribute } from './search-attribute-tracker';
import type { SearchAttributeTracker, WantedAttribute } from './search-attribute-tracker';
import {
  CONTRACT_ID,
  CONTRACT_NAME,
  CONTRACT_STATE,
  CUSTOMER_ID,
  ENVIRONMENT,
  NEXT_BOUNDARY,
} from './search-attributes';

/** Billing events that one summary names, and how much of each: Temporal allows a summary 400 bytes. */
const NAMED_EVENTS_MAX = 3;
const EVENT_BYTES_MAX = 100;

/** The step that applies billing events, or asks their billing system: "apply billing events evt_1 invoice.paid and 3 more". */
export function eventsSummary(notices: readonly BillingEventNotice[], source: BillingSource | undefined): string {
  if (source !== undefined) return `ask ${source} about pending billing events`;
  const named = notices.slice(0, NAMED_EVENTS_MAX).flatMap(eventName);
  if (named.length === 0) return 'apply pending billing events';
  const more = notices.length - named.length;
  return `apply billing ${notices.length === 1 ? 'event' : 'events'} ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** The name of a signaled event, if it has one. An operator can send any value by hand, so nothing about its shape is certain. */
function eventName(notice: Partial<BillingEventNotice> | null | undefined): string | [] {
  const details: unknown = notice?.details;
  return typeof details === 'string' ? cutToBytes(details, EVENT_BYTES_MAX) : [];
}

/** The step that settles the contract at a time: "apply due boundaries from expires 2027-02-01T00:00:00.000Z". */
export function settlingSummary(view: ContractView | null, time: Instant): string {
  const boundary = view?.next_boundary;
  if (!boundary || boundary.at > time) return 'settle the contract';
  if (view.verified_first === undefined) return `apply due boundaries from ${boundary.kind} ${boundary.at}`;
  return `stop before it ${view.verified_first} (due ${boundary.at}): ask billing first`;
}

/** What the workflow waits for: "ask billing again <instant> (suspends), expires 2027-02-01T00:00:00.000Z". */
export function timerSummary({ next_boundary, verification, on_test_clock, is_in_batch }: ContractView): string {
  const question = verification ? [`ask billing again ${verification.at} (${verification.kind})`] : [];
  const boundary = next_boundary ? `${next_boundary.kind} ${next_boundary.at}` : 'nothing';
  return `${[...question, boundary].join(', ')}${on_test_clock ? ' on its test clock' : ''}${is_in_batch ? ' with many others (due-batch)' : ''}`;
}

/**
 * Shows the state of the contract, what it waits for and its title, and sets the search attributes that changed. Runs of an earlier
 * version set the next boundary as an attribute; it is removed with the next attribute that changes.
 */
export function showToOperators(
  view: ContractView,
  attributes: SearchAttributeTracker,
  { sets_next_boundary }: { sets_next_boundary: boolean },
): void {
  const next = view.next_boundary || view.verification ? `next: ${timerSummary(view)}` : 'waits for a command';
  const held = view.held_by?.length ? ` (held by ${view.held_by.join(', ')})` : '';
  setCurrentDetails(`**${view.state}**${held}, ${next}${titleParagraph(view)}`);
  const boundary = sets_next_boundary && view.next_boundary ? new Date(view.next_boundary.at) : null;
  const outdated = attributes.findOutdated([...attributesOf(view), { key: NEXT_BOUNDARY, value: boundary }]);
  if (sets_next_boundary || outdated.some(({ key }) => key !== NEXT_BOUNDARY)) attributes.set(outdated);
}

function attributesOf(view: ContractView): WantedAttribute[] {
  const all: WantedAttribute[] = [
    { key: CONTRACT_ID, value: view.contract_id },
    ...contractNameAttribute(view.name),
    { key: CUSTOMER_ID, value: view.customer_id },
    { key: ENVIRONMENT, value: view.environment },
    { key: CONTRACT_STATE, value: view.state },
  ];
  const is_deleted = view.environment === null;
  if (!is_deleted) return all;
  // A deleted contract keeps its customer and environment, so that operators still find it. A name that must not be shown is removed.
  const changing: unknown[] = [CONTRACT_STATE, CONTRACT_NAME];
  return all.filter(({ key }) => changing.includes(key));
}

/** A paragraph with the title of the contract. A run that continues another one does not have the summary of the first start. */
function titleParagraph({ name, type, environment }: ContractView): string {
  if (!name || type === undefined || environment === null) return '';
  return `\n\n${contractTitle({ name, type, environment })}`;
}
