/** The domain events about a contract: its states, terms, amendments, renewals and invoices. */
import { z } from 'zod';
import { CONTRACT_STATES } from '../contract/facts';
import type { ContractState } from '../contract/facts';
import { RENEWAL_BASES, RENEWAL_MODES } from '../contract/renewal-policy';
import { Count, DateText, EXAMPLE, Id, InstantText, eventKind } from './event-kind';

/** What every event about a contract says. */
export const CONTRACT_FIELDS = {
  contract_id: Id,
  state: z.enum(CONTRACT_STATES).describe('The state afterwards'),
  revision: z.int().min(1).describe('The revision of the contract afterwards'),
  reason: z.string().nullable().describe('Why, if a person or a rule gave a reason'),
};

interface ContractFields {
  contract_id: string;
  state: ContractState;
  revision: number;
  reason: string | null;
}

export const CONTRACT_EXAMPLE: ContractFields = {
  contract_id: EXAMPLE.contract_id,
  state: 'ACTIVE',
  revision: 4,
  reason: null,
};

/** The term about which something is noticed. */
const TERM_FIELDS = {
  term_number: Count,
  end_date: DateText.nullable().describe('The first day that the term does not cover'),
  renewal_mode: z.enum(RENEWAL_MODES),
};
const TERM_EXAMPLE = { term_number: 1, end_date: '2028-01-01', renewal_mode: 'auto' as const };

const AMENDMENT_FIELDS = { amendment_id: Id, effective_date: DateText };
const AMENDMENT_EXAMPLE = { amendment_id: EXAMPLE.amendment_id, effective_date: '2027-07-01' };

/** An event that says no more than every event about a contract. */
function plain(when: string, example: Partial<ContractFields>) {
  return eventKind(when, CONTRACT_FIELDS, { ...CONTRACT_EXAMPLE, ...example });
}

export const CONTRACT_EVENTS = {
  'contract.created': plain('A contract is created, active or as a draft.', { revision: 1 }),
  'contract.updated': plain('Fields of a contract are edited.', {}),
  'contract.activated': plain('A draft is activated.', { revision: 2 }),
  'contract.term_started': plain('The first term begins on its start date.', {}),
  'contract.paused': plain('An admin pauses a contract.', { state: 'PAUSED', reason: 'paused' }),
  'contract.resumed': plain('A paused contract is resumed, by an admin or at its `resume_at`.', {
    reason: 'resume_at',
  }),
  'contract.suspended': plain('A contract is suspended, for unpaid invoices or for compliance.', {
    state: 'SUSPENDED',
    reason: 'billing',
  }),
  'contract.reinstated': eventKind(
    'A suspended or terminated contract is reinstated.',
    {
      ...CONTRACT_FIELDS,
      should_not_have_been_suspended_from: InstantText.optional().describe(
        'The suspension was wrong, because a payment was reported late: from this instant',
      ),
      should_not_have_been_suspended_to: InstantText.optional(),
    },
    { ...CONTRACT_EXAMPLE, reason: 'billing' },
  ),
  'contract.renewed': eventKind(
    'A new term begins, by an automatic renewal or by an admin.',
    {
      ...CONTRACT_FIELDS,
      term_number: Count,
      mode: z.enum(['auto', 'manual']),
      basis: z.enum(RENEWAL_BASES).describe('The day from which the new term counts'),
      start_date: DateText,
      end_date: DateText.describe('The first day that the term does not cover'),
      gap_days: Count.describe('Days between the end of the old term and the start of the new one'),
      quota_added: Count,
      reference: z.string().nullable(),
      not_cotermed_with: Id.nullable().optional().describe('The contract with which the new term could not end'),
    },
    {
      ...CONTRACT_EXAMPLE,
      reason: 'auto',
      term_number: 2,
      mode: 'auto',
      basis: 'from_expiry',
      start_date: '2028-01-01',
      end_date: '2029-01-01',
      gap_days: 0,
      quota_added: 300,
      reference: null,
    },
  ),
  'contract.grace_started': plain('A term ends without a renewal, and the days of grace begin.', {
    state: 'EXPIRY_GRACE',
  }),
  'contract.expired': plain('A contract expires.', { state: 'EXPIRED' }),
  'contract.terminated': eventKind(
    'A contract is terminated, by an admin or because invoices stay unpaid.',
    { ...CONTRACT_FIELDS, revoke_issued: z.literal(true).optional().describe('Its issued licenses are revoked too') },
    { ...CONTRACT_EXAMPLE, state: 'TERMINATED', reason: 'billing' },
  ),
  'contract.amended': eventKind(
    'An amendment takes effect.',
    { ...CONTRACT_FIELDS, ...AMENDMENT_FIELDS },
    { ...CONTRACT_EXAMPLE, ...AMENDMENT_EXAMPLE },
  ),
  'contract.deleted': plain('A contract is deleted. This is its last event.', { state: 'DELETED' }),
  'amendment.scheduled': eventKind(
    'An amendment is created for a later day.',
    { ...CONTRACT_FIELDS, ...AMENDMENT_FIELDS, changes: z.record(z.string(), z.unknown()).describe('What it changes') },
    { ...CONTRACT_EXAMPLE, ...AMENDMENT_EXAMPLE, changes: { quota_add: 200 } },
  ),
  'amendment.cancelled': eventKind(
    'A pending amendment is withdrawn.',
    { ...CONTRACT_FIELDS, amendment_id: Id },
    { ...CONTRACT_EXAMPLE, amendment_id: EXAMPLE.amendment_id },
  ),
  'amendment.failed': eventKind(
    'An amendment cannot take effect on its day. Nothing is changed.',
    {
      ...CONTRACT_FIELDS,
      ...AMENDMENT_FIELDS,
      code: z.string().describe('The code of the refusal'),
      detail: z.string().describe('The same for people'),
    },
    {
      ...CONTRACT_EXAMPLE,
      ...AMENDMENT_EXAMPLE,
      reason: 'QUOTA_BELOW_USED',
      code: 'QUOTA_BELOW_USED',
      detail: 'The quota cannot be lower than the licenses that were claimed.',
    },
  ),
  'renewal.reminder_due': eventKind(
    'The end of a term comes nearer: 90, 60, 30 and 7 days before it.',
    {
      ...CONTRACT_FIELDS,
      ...TERM_FIELDS,
      days_before: Count,
      superseded: z
        .literal(true)
        .optional()
        .describe('A later reminder is due already: there is no need to send this one'),
    },
    { ...CONTRACT_EXAMPLE, ...TERM_EXAMPLE, reason: '30 days', days_before: 30 },
  ),
  'renewal.notice_due': eventKind(
    'The last day to opt out of the automatic renewal begins.',
    { ...CONTRACT_FIELDS, ...TERM_FIELDS },
    { ...CONTRACT_EXAMPLE, ...TERM_EXAMPLE },
  ),
  'renewal.opted_out': eventKind(
    'The customer opts out of the automatic renewal.',
    { ...CONTRACT_FIELDS, opt_out_term: Count.describe('The last term') },
    { ...CONTRACT_EXAMPLE, reason: 'in time', opt_out_term: 1 },
  ),
  'renewal.blocked': eventKind(
    'An automatic renewal is not possible. It is tried again on each day of grace.',
    { ...CONTRACT_FIELDS, ...TERM_FIELDS },
    { ...CONTRACT_EXAMPLE, ...TERM_EXAMPLE, state: 'EXPIRY_GRACE', reason: 'PAST_DUE' },
  ),
  'billing.past_due': plain('An invoice is unpaid after its due date.', { state: 'PAST_DUE' }),
  'billing.cleared': plain('No invoice is overdue any more.', {}),
};
