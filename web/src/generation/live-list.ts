/** Lists of work are read again while they are visible: often while some of it goes on, seldom otherwise. */
import { isUnfinished } from '../base/use-progress';

const LIVE_MS = 2_000;
const QUIET_MS = 15_000;

export function readAgainAfter(rows: readonly { state: string }[] | undefined): number {
  return rows?.some(({ state }) => isUnfinished(state)) ? LIVE_MS : QUIET_MS;
}
