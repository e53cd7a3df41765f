/**
 * A contract's test clock as a story lives by it: before each journey it asks what is foretold, and afterwards it demands
 * that this, and nothing else, has come.
 */
import { z } from 'zod';
import { ScenarioError, type ScenarioClient } from './client';
import { waitFor } from '../dev/waiting';

/** A test clock with the one contract that the story puts on it. */
export interface ScenarioClock {
  clock_id: string;
  contract_id: string;
}

/** What came, or is to come, at an instant of the clock. */
export type TimelineEntry = z.infer<typeof Crossing>;
const Crossing = z.object({
  at: z.string(),
  action: z.string(),
  state: z.string(),
  reason: z.string().nullable(),
  past: z.boolean(),
});
const Timeline = z.object({ data: z.array(Crossing), cut: z.literal(false) });

const Clock = z.object({
  now: z.string(),
  status: z.enum(['ready', 'advancing', 'failed']),
  advancing_to: z.string().nullable(),
  error: z.string().nullable(),
});

/** How long an advance over months may take on a busy machine. */
const ADVANCE_TIMEOUT_MS = 60_000;

/** Where the clock stands, also while it is on its way. */
export async function readClockNow(api: ScenarioClient, clock: ScenarioClock): Promise<string> {
  return (await readClock(api, clock)).now;
}

/** What is foretold up to an instant, if nothing is done or paid meanwhile. */
export async function readForecast(api: ScenarioClient, clock: ScenarioClock, until: string): Promise<TimelineEntry[]> {
  return (await readTimeline(api, clock, until)).filter(({ past }) => !past);
}

/**
 * Advances the clock and answers what was crossed, in order, once everything has settled. Throws StoryError when
 * something else had been foretold. A clock that is there already, or on its way from an interrupted story, goes on.
 */
export async function advanceClock(api: ScenarioClient, clock: ScenarioClock, to: string): Promise<TimelineEntry[]> {
  const before = await readSettledClock(api, clock);
  const forecast = before.status === 'ready' ? await readForecast(api, clock, to) : null;
  if (before.status !== 'advancing')
    await api.call('POST', `/api/v1/test-clocks/${clock.clock_id}/advance`, {
      body: { to },
      status: [200, 202],
      shape: Clock,
    });
  await waitForClock(api, clock, to);
  const crossed = (await readTimeline(api, clock, to)).filter(({ at, past }) => past && at > before.now && at <= to);
  if (forecast !== null && formatTimeline(forecast) !== formatTimeline(crossed)) {
    const sentence = `Between ${before.now} and ${to} came [${formatTimeline(crossed)}]`;
    throw new ScenarioError(`${sentence}, but [${formatTimeline(forecast)}] was foretold.`);
  }
  return crossed;
}

/** One crossing in a line: when, what, why, and the state afterwards. */
export function formatTimelineEntry({ at, action, state, reason }: TimelineEntry): string {
  return `${at}  ${action}${reason === null ? '' : ` (${reason})`}, ${state}`;
}

/** The clock when it is on its way or at rest, with nothing pending. */
async function readSettledClock(api: ScenarioClient, clock: ScenarioClock): Promise<z.infer<typeof Clock>> {
  const read = await readClock(api, clock);
  if (read.status !== 'advancing' || read.advancing_to !== null) return read;
  await waitForClock(api, clock, read.now);
  return readClock(api, clock);
}

async function waitForClock(api: ScenarioClient, clock: ScenarioClock, to: string): Promise<void> {
  let failure: string | undefined;
  await waitFor(
    async () => {
      const { now, status, error } = await readClock(api, clock);
      if (status === 'failed') failure = error ?? 'The advance failed.';
      return status === 'ready' && now >= to;
    },
    { timeout_ms: ADVANCE_TIMEOUT_MS, what: `the test clock to arrive at ${to}`, giveUpReason: () => failure },
  );
}

function readClock(api: ScenarioClient, { clock_id }: ScenarioClock): Promise<z.infer<typeof Clock>> {
  return api.call('GET', `/api/v1/test-clocks/${clock_id}`, { status: 200, shape: Clock });
}

async function readTimeline(
  api: ScenarioClient,
  { contract_id }: ScenarioClock,
  until: string,
): Promise<TimelineEntry[]> {
  const path = `/api/v1/contracts/${contract_id}/timeline?until=${until}`;
  return (await api.call('GET', path, { status: 200, shape: Timeline })).data;
}

function formatTimeline(crossings: TimelineEntry[]): string {
  return crossings.map(formatTimelineEntry).join('; ');
}
