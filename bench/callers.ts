/** Several callers at once, each of whom takes the next item when its last one is done. */

/** Resolves when `call` has been awaited for every item; the first error ends it. */
export async function callInTurn<Item>(
  callers: number,
  items: readonly Item[],
  call: (item: Item) => Promise<unknown>,
): Promise<void> {
  const waiting = items.values();
  async function caller(): Promise<void> {
    for (const item of waiting) await call(item);
  }
  await Promise.all(Array.from({ length: callers }, caller));
}
