/** Holds code under test at one point, so that a race is decided by the test. */

/** A point where a test holds an activity: `reached` resolves when the activity arrives, `open` lets it continue. */
export function gate(): { open: () => void; opened: Promise<void>; reached: Promise<void>; arrive: () => void } {
  let open = (): void => undefined;
  let arrive = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const reached = new Promise<void>((resolve) => (arrive = resolve));
  return { open, opened, reached, arrive };
}
