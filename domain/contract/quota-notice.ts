/** What is noticed about the quota of a contract: that it is nearly used, used up or soon will be, and that it was raised (domain.md C7). */
import type { LocalDate } from '../base/instant';
import type { QuotaWarning } from './facts';
import { thresholdOf } from './quota';
import type { QuotaCounters } from './quota';

/** The quota of a contract with what its warnings depend on. */
export interface NoticedQuota extends QuotaCounters {
  /** The local day on which it is used up by the last forecast, if that is soon. */
  runs_out_on: LocalDate | null;
}

/**
 * The warnings about the quota of a contract. There are none while the contract generates no licenses: it needs no quota then, such as
 * after a single large order. A quota that is used up is not nearly used.
 */
export function quotaWarnings(quota: NoticedQuota, may_generate: boolean): QuotaWarning[] {
  const threshold = thresholdOf(quota);
  if (!may_generate || threshold === null) return [];
  if (threshold === 100) return ['QUOTA_USED'];
  return quota.runs_out_on === null ? ['QUOTA_NEARLY_USED'] : ['QUOTA_NEARLY_USED', 'QUOTA_RUNS_OUT'];
}

/** Licenses that a change adds to a quota. */
export interface QuotaRaise {
  amount: number;
  total: number;
  /** What they are for: "Q2"; null when the change has no label. */
  period_label: string | null;
}

/** The sentence for people: "Q2 quota activated: 300 licenses available". */
export function raiseMessage({ amount, period_label }: QuotaRaise, { total, claimed }: QuotaCounters): string {
  const available = `${licenses(total - claimed)} available`;
  if (period_label === null) return `Quota increased by ${licenses(amount)}: ${available}`;
  return `${period_label.charAt(0).toUpperCase()}${period_label.slice(1)} quota activated: ${available}`;
}

function licenses(count: number): string {
  return `${count} ${count === 1 ? 'license' : 'licenses'}`;
}
