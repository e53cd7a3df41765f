/** What a command or an edit changes in a contract, as people look at it. Both sides come from the interface; nothing is computed here. */
import { sameValue } from '../base/conflict-fields';
import type { Contract } from './states';

/** How a value is shown. */
type Kind = 'code' | 'codes' | 'day' | 'instant' | 'number' | 'text' | 'flag';

interface Shown {
  kind: Kind;
  value: (contract: Contract) => unknown;
}

export const DIFFERENCES = {
  state: { kind: 'code', value: ({ state }) => state },
  status: { kind: 'code', value: ({ status }) => status },
  quota_total: { kind: 'number', value: ({ quota }) => quota.total },
  quota_remaining: { kind: 'number', value: ({ quota }) => quota.remaining },
  start_date: { kind: 'day', value: ({ start_date }) => start_date },
  term_number: { kind: 'number', value: ({ term }) => term.number },
  end_date: { kind: 'day', value: ({ term }) => term.end_date },
  last_day: { kind: 'day', value: ({ term }) => term.last_day },
  resume_at: { kind: 'instant', value: ({ holds }) => holds.find(({ resume_at }) => resume_at !== null)?.resume_at },
  holds: { kind: 'codes', value: ({ holds }) => holds.map(({ code }) => code) },
  opt_out_at: { kind: 'instant', value: ({ renewal }) => renewal.opt_out_at },
  termination: { kind: 'text', value: ({ termination }) => termination?.reason },
  pending_amendments: { kind: 'number', value: ({ pending_amendments }) => pending_amendments },
  api_access: { kind: 'flag', value: ({ api_access }) => api_access.enabled },
  next_boundary: { kind: 'code', value: ({ next_boundary }) => next_boundary?.kind },
  next_boundary_at: { kind: 'instant', value: ({ next_boundary }) => next_boundary?.at },
  warnings: { kind: 'codes', value: ({ warnings }) => warnings },
} as const satisfies Record<string, Shown>;

export type DifferenceName = keyof typeof DIFFERENCES;

export interface Difference {
  name: DifferenceName;
  kind: Kind;
  before: unknown;
  after: unknown;
}

/** The shown values that differ. Without a contract before, all that the new one has. */
export function contractDifferences(before: Contract | undefined, after: Contract): Difference[] {
  return (Object.keys(DIFFERENCES) as DifferenceName[]).flatMap((name) => {
    const { kind, value } = DIFFERENCES[name];
    const was = before && valueOf(value(before));
    const is = valueOf(value(after));
    return sameValue(was, is) ? [] : [{ name, kind, before: was, after: is }];
  });
}

/** An empty list is shown like no value. */
function valueOf(value: unknown): unknown {
  return Array.isArray(value) && value.length === 0 ? null : value;
}
