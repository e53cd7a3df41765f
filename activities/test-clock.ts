/** What the advance of a test clock has done: moving the clock, and having its contracts settle where it stands. */
import { ApplicationFailure, Context } from '@temporalio/activity';
import type { Instant } from '../domain/instant';
import { failAdvance, listDueContracts, nextStep } from '../db/test-clock';
import type { ClockStep } from '../db/test-clock';
import type { Database } from '../db/index';
import type { ClockTeller } from '../temporal/test-clock';

/** Contracts told at the same time. */
const TOLD_IN_FLIGHT_MAX = 20;
/** Contracts read at a time. */
const DUE_PAGE_ROWS = 500;
/** How often a contract is told before it counts as one that does not settle. */
export const TELLINGS_MAX = 2;

export interface TestClockInput {
  clock_id: string;
}

/** The clock after a step, as the workflow sees it. */
export interface SteppedClock extends ClockStep {
  /** Where its contracts are told. */
  task_queue: string;
}

export interface SettleAtClockInput extends TestClockInput {
  /** Where the clock stands. */
  now: Instant;
}

export interface SettledAtClock {
  /** Contracts that were told, each once or twice. */
  told: number;
  /** A sentence that names the first contract that did not settle; null when all did. */
  unsettled: string | null;
}

export type TestClockActivities = ReturnType<typeof createTestClockActivities>;

/**
 * `settleTaskQueue` is not that of the contracts' own activities: telling waits for those, and must hold none of their slots.
 */
export function createTestClockActivities({
  db,
  clocks,
  settleTaskQueue,
}: {
  db: Database;
  clocks: ClockTeller;
  settleTaskQueue: string;
}) {
  return {
    /** Moves the clock to the next instant at which something is due, or to its end. Safe to run twice. */
    async stepTestClock({ clock_id }: TestClockInput): Promise<SteppedClock> {
      const step = await db.begin((tx) => nextStep(tx, clock_id));
      if (!step) throw ApplicationFailure.nonRetryable(`test clock ${clock_id} does not exist`, 'NotFound');
      return { ...step, task_queue: settleTaskQueue };
    },

    /**
     * Tells every contract with something due, and tells those again that still have. A heartbeat comes with each. Safe to
     * run twice: who has settled is not told again.
     */
    async settleAtClock({ clock_id, now }: SettleAtClockInput): Promise<SettledAtClock> {
      const failures = new Map<string, unknown>();
      let told = 0;
      for (let telling = 1; telling <= TELLINGS_MAX; telling++) {
        failures.clear();
        told += await tellDue(clock_id, now, failures);
      }
      const [first] = await listDueContracts(db, clock_id, null, 1);
      return { told, unsettled: first === undefined ? null : unsettledSentence(first, now, failures.get(first)) };
    },

    /** Ends an advance that cannot go on. Safe to run twice. */
    async failTestClock({ clock_id, error }: TestClockInput & { error: string }): Promise<void> {
      await failAdvance(db, clock_id, error);
    },
  };

  /** Tells each contract that is due once, a bounded number at a time; answers how many there were. */
  async function tellDue(clock_id: string, now: Instant, failures: Map<string, unknown>): Promise<number> {
    const context = Context.current();
    const { cancellationSignal } = context;
    let told = 0;
    for (let after: string | null = null; ;) {
      const page: string[] = await listDueContracts(db, clock_id, after, DUE_PAGE_ROWS);
      after = page.at(-1) ?? null;
      const waiting = [...page];
      async function teller(): Promise<void> {
        for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
          cancellationSignal.throwIfAborted();
          await clocks.tell(id, cancellationSignal, now).catch((error: unknown) => failures.set(id, error));
          told += 1;
          context.heartbeat(told);
        }
      }
      await Promise.all(Array.from({ length: Math.min(TOLD_IN_FLIGHT_MAX, page.length) }, teller));
      if (page.length < DUE_PAGE_ROWS) return told;
    }
  }
}

function unsettledSentence(contract_id: string, now: Instant, failure: unknown): string {
  const why =
    failure instanceof Error ? `its workflow did not answer (${failure.message})` : 'something is still due there';
  return `The contract ${contract_id} did not settle at ${now}: ${why}. See the workflow contract:${contract_id}, then advance the clock again.`;
}
