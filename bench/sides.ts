/** Several sides of one comparison: each round measures all of them one directly after the other, every second round in reverse order. */
import type { Load } from './callers';
import { median, quantile } from './pairs';
import { count, tableOf, twoDecimals } from './report';

/** Measures one side, by its name. */
export type Sides<Name extends string> = Record<Name, () => Promise<Load>>;

/** The loads of each side, in the order of the rounds. */
export type Loads<Name extends string> = Record<Name, Load[]>;

export async function runSides<Name extends string>(rounds: number, sides: Sides<Name>): Promise<Loads<Name>> {
  const names = Object.keys(sides) as Name[];
  const loads = Object.fromEntries(names.map((name) => [name, [] as Load[]])) as Loads<Name>;
  for (let round = 0; round < rounds; round++)
    for (const name of round % 2 === 0 ? names : [...names].reverse()) loads[name].push(await sides[name]());
  return loads;
}

/** The median over the rounds of the calls per second of one side, divided by those of another. */
export function ratioOf<Name extends string>(loads: Loads<Name>, side: Name, ceiling: Name): number {
  return median(
    loads[side].map(({ calls_per_second }, round) =>
      twoDecimals(calls_per_second / (loads[ceiling][round]?.calls_per_second ?? NaN)),
    ),
  );
}

/** The figures of a side. */
export interface SideFigures {
  calls_per_second: number;
  p50_ms: number;
  p99_ms: number;
}

export function figuresOf<Name extends string>(loads: Loads<Name>): Record<Name, SideFigures> {
  const entries = (Object.keys(loads) as Name[]).map((name) => {
    const durations_ms = loads[name].flatMap((load) => load.durations_ms);
    const figures: SideFigures = {
      calls_per_second: Math.round(median(loads[name].map((load) => load.calls_per_second))),
      p50_ms: twoDecimals(quantile(durations_ms, 0.5)),
      p99_ms: twoDecimals(quantile(durations_ms, 0.99)),
    };
    return [name, figures] as const;
  });
  return Object.fromEntries(entries) as Record<Name, SideFigures>;
}

/** A table of the sides. */
export function sideTable(figures: Record<string, SideFigures>): string {
  return tableOf<[string, SideFigures]>(
    [
      { title: 'side', cell: ([name]) => name.replaceAll('_', ' ') },
      { title: 'calls/s', cell: ([, side]) => count(side.calls_per_second) },
      { title: 'p50, ms', cell: ([, side]) => side.p50_ms.toFixed(1) },
      { title: 'p99, ms', cell: ([, side]) => side.p99_ms.toFixed(1) },
    ],
    Object.entries(figures),
  );
}
