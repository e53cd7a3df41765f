/** Handles items with a limited number at a time. A lane that is free begins the next item, however long the others take. */

export interface Lanes<Item> {
  /** How many are handled at the same time. */
  lanes: number;
  /** Whether more may be taken before the last ones are begun, so that no lane waits for them. */
  mayTakeAhead: () => boolean;
  /** Takes more; an empty list ends. */
  take: () => Promise<Item[]>;
  handle: (item: Item) => Promise<void>;
  /** Whether another item may be begun. */
  mayBegin: () => boolean;
}

/** Returns the items that were taken and not begun. Throws the first error after everything that was begun has ended. */
export async function runLanes<Item>({ lanes, mayTakeAhead, take, handle, mayBegin }: Lanes<Item>): Promise<Item[]> {
  const taken: Item[] = [];
  const failures: unknown[] = [];
  let is_drained = false;
  let taking: Promise<void> | undefined;

  async function takeMore(): Promise<void> {
    try {
      const more = await take();
      is_drained = more.length === 0;
      taken.push(...more);
    } catch (error) {
      failures.push(error);
    } finally {
      taking = undefined;
    }
  }

  async function next(): Promise<Item | undefined> {
    while (failures.length === 0 && mayBegin()) {
      if (taken.length < (mayTakeAhead() ? lanes : 1) && !is_drained) taking ??= takeMore();
      const item = taken.shift();
      if (item !== undefined) return item;
      if (taking === undefined) return undefined;
      await taking;
    }
    return undefined;
  }

  async function runLane(): Promise<void> {
    try {
      for (let item = await next(); item !== undefined; item = await next()) await handle(item);
    } catch (error) {
      failures.push(error);
    }
  }

  await Promise.all(Array.from({ length: lanes }, runLane));
  await taking;
  if (failures.length > 0) throw failures[0];
  return taken;
}
