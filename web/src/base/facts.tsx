/** Facts about something as a list of names and values. */
import type { ReactNode } from 'react';
import classes from './facts.module.css';

/** A fact without a value (`undefined`, `null`, `false`) is left out. */
export type Fact = readonly [label: string, value: ReactNode];

interface FactsProps {
  rows: readonly Fact[];
  /** Names the list where a heading does not do so. */
  label?: string;
}

export function Facts({ rows, label }: FactsProps) {
  return (
    <dl className={classes.facts} aria-label={label}>
      {rows.filter(([, value]) => value !== undefined && value !== null && value !== false).map(toRow)}
    </dl>
  );
}

function toRow([label, value]: Fact): ReactNode {
  return (
    <div key={label}>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}
