/** Operations on many licenses as requests. Assignments and changes answer in different words; the pages show them in one form. */
import { api, read } from '../base/client';
import type { components } from '../base/interface';
import type { ListSearch } from '../base/list-search';
import { operationFilter } from './license-query';
import type { Selection } from './selection';

type Schemas = components['schemas'];
export type Outcome = Schemas['DecidedLicense'];
export type Counts = Schemas['LicenseOperationCounts'];

export const BULK_KINDS = ['assign', 'suspend', 'reinstate', 'revoke'] as const;
export type BulkKind = (typeof BULK_KINDS)[number];

/** What the form asks for: the customer of an assignment, the reason of a change. */
export interface BulkInput {
  customer_email: string;
  customer_name: string;
  reassign: boolean;
  reason: string;
}

export interface BulkResult {
  /** The operation; null in a preview, and when nothing was changed. */
  id: string | null;
  /** A job carries it out. Its outcomes are read from the operation. */
  background: boolean;
  /** How many licenses it is about. */
  requested: number;
  counts: Counts;
  outcomes: Outcome[];
}

/** Which licenses: by their ids, or by the filter of the list. */
export type Which = { ids: string[] } | { filter: ReturnType<typeof operationFilter> };

export function whichOf(selection: Selection, search: ListSearch): Which {
  return selection.kind === 'ids' ? { ids: [...selection.ids] } : { filter: operationFilter(search) };
}

/** Without an idempotency key, a preview. */
export function requestBulk(kind: BulkKind, which: Which, input: BulkInput, key?: string): Promise<BulkResult> {
  const params = key ? { header: { 'Idempotency-Key': key } } : { query: { dry_run: 'true' as const } };
  return kind === 'assign' ? requestAssign(which, input, params) : requestChange(kind, which, input, params);
}

type Params = { header: { 'Idempotency-Key': string } } | { query: { dry_run: 'true' } };

async function requestAssign(which: Which, input: BulkInput, params: Params): Promise<BulkResult> {
  const { customer_email, customer_name, reassign } = input;
  const name = customer_name.trim();
  const body = { ...which, customer_email: customer_email.trim(), reassign, ...(name && { customer_name: name }) };
  const answer = await read(api.POST('/api/v1/licenses/assign', { params, body }));
  return resultOf({
    ...answer,
    counts: countsOf(answer.counts),
    licenses: 'licenses' in answer ? answer.licenses.map(outcomeOf) : [],
  });
}

async function requestChange(kind: Exclude<BulkKind, 'assign'>, which: Which, input: BulkInput, params: Params) {
  const body = { ...which, reason: input.reason.trim() || null };
  return resultOf(await read(api.POST(`/api/v1/licenses/${kind}`, { params, body })));
}

interface Answer {
  id?: string | null | undefined;
  execution?: string;
  requested?: number;
  counts: Counts;
  licenses?: Outcome[];
}

function resultOf({ id = null, execution, requested, counts, licenses = [] }: Answer): BulkResult {
  return {
    id,
    background: execution === 'background',
    requested: requested ?? licenses.length,
    counts,
    outcomes: licenses,
  };
}

export function countsOf(counts: Schemas['AssignmentCounts']): Counts {
  const { assigned, reassigned, already_assigned_same, conflict, not_available } = counts;
  return { done: assigned, moved: reassigned, unchanged: already_assigned_same, conflict, not_available };
}

const OUTCOMES = { assigned: 'done', already_assigned_same: 'unchanged' } as const;

export function outcomeOf({ outcome, ...license }: Schemas['AssignedLicense']): Outcome {
  const same = outcome === 'assigned' || outcome === 'already_assigned_same' ? OUTCOMES[outcome] : outcome;
  return { ...license, outcome: same };
}
