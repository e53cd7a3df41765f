/**
 * Holds code under test at one point, so that a race is decided by the test.
 *
 * Every gate opens at the end of its test, also when the test fails: code that is held would keep a worker, and with it jest, from
 * ending.
 */

/** A point where a test holds code: `reached` resolves when the code arrives, `open` lets it continue. */
export interface Gate {
  open: () => void;
  opened: Promise<void>;
  reached: Promise<void>;
  arrive: () => void;
}

/** The gates of the current test. */
const gates: Gate[] = [];

afterEach(() => {
  for (const { open } of gates.splice(0)) open();
});

export function gate(): Gate {
  let open = (): void => undefined;
  let arrive = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const reached = new Promise<void>((resolve) => (arrive = resolve));
  const made = { open, opened, reached, arrive };
  gates.push(made);
  return made;
}
