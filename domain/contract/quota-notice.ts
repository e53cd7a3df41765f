/** What is noticed about the quota of a contract: that it was raised (domain.md C7). */
import type { QuotaCounters } from './quota';

/** Licenses that a change adds to a quota. */
export interface QuotaRaise {
  amount: number;
  total: number;
  /** What they are for: "Q2"; null when nobody said it. */
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
