/** Which events an endpoint receives: all (`*`), those of one noun (`license.*`), or single types. */
import { EVENT_TYPES } from './event';

/** Filters of one endpoint. */
export const EVENT_FILTERS_MAX = 50;
/** Types that are named for one that does not exist. */
const NAMED_MAX = 3;

/** Every filter that matches events of the catalogue. */
export const EVENT_FILTERS: readonly string[] = [
  '*',
  ...new Set(EVENT_TYPES.map((type) => `${nounOf(type)}.*`)),
  ...EVENT_TYPES,
];

/** Why a text is no filter, as the end of a sentence; null when it is one. */
export function eventFilterProblem(text: string): string | null {
  if (EVENT_FILTERS.includes(text)) return null;
  return `${JSON.stringify(text)} matches no event: did you mean ${nearestFilters(text).join(', ')}? All types are in docs/events.md`;
}

/** The filters that need the fewest changes of a character to become this one. */
function nearestFilters(text: string): string[] {
  const wanted = text.toLowerCase();
  return EVENT_FILTERS.map((filter) => ({ filter, changes: changesBetween(wanted, filter) }))
    .sort((a, b) => a.changes - b.changes)
    .slice(0, NAMED_MAX)
    .map(({ filter }) => filter);
}

/** How many characters have to be inserted, removed or replaced to get from one text to another (Levenshtein distance). */
function changesBetween(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [line, character] of [...from].entries()) {
    const next = [line + 1];
    for (let column = 1; column <= to.length; column++) {
      const replaced = (row[column - 1] ?? 0) + (to[column - 1] === character ? 0 : 1);
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

function nounOf(type: string): string {
  return type.split('.')[0] ?? '';
}
