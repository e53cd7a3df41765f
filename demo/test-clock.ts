/**
 * Advances a test clock for a scenario. Before each advance it reads the forecast of the contract, and afterwards it
 * checks that exactly these entries were applied.
 */
import { z } from 'zod';
import { ScenarioError, type ScenarioClient } from './client';
import { waitFor } from '../dev/waiting';

/** A test clock and the one contract on it. */
export interface ScenarioClock {
  clock_id: string;
  contract_id: string;
}

/** A boundary of the contract at an instant of the clock, past or forecast. */
export type TimelineEntry = z.infer<typeof TimelineEntry>;
const TimelineEntry = z.object({
  at: z.string(),
  action: z.string(),
  state: z.string(),
  reason: z.string().nullable(),
  past: z.boolean(),
});
const Timeline = z.object({ data: z.array(TimelineEntry), cut: z.literal(false) });

const Clock = z.object({
  now: z.string(),
  status: z.enum(['ready', 'advancing', 'failed']),
  advancing_to: z.string().nullable(),
  error: z.string().nullable(),
});

/** Time limit for an advance over months on a busy machine. */
const ADVANCE_TIMEOUT_MS = 60_000;

/** Returns the clock's `now`, also during an advance. */
export async function readClockNow(api: ScenarioClient, clock: ScenarioClock): Promise<string> {
  return (await readClock(api, clock)).now;
}

/** Returns the forecast up to an instant. It assumes that no command and no payment changes the contract. */
export async function readForecast(api: ScenarioClient, clock: ScenarioClock, until: string): Promise<TimelineEntry[]> {
  return (await readTimeline(api, clock, until)).filter(({ past }) => !past);
}

/**
 * Advances the clock and returns the boundaries that were applied, in order, when the contract has settled. Throws
 * ScenarioError when they differ from the forecast. Continues an advance that an interrupted scenario started.
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
  const applied = (await readTimeline(api, clock, to)).filter(({ at, past }) => past && at > before.now && at <= to);
  if (forecast !== null && formatTimeline(forecast) !== formatTimeline(applied)) {
    const sentence = `Between ${before.now} and ${to} the contract applied [${formatTimeline(applied)}]`;
    throw new ScenarioError(`${sentence}, but the forecast was [${formatTimeline(forecast)}].`);
  }
  return applied;
}

/** Formats an entry as one line: instant, action, reason, and the state afterwards. */
export function formatTimelineEntry({ at, action, state, reason }: TimelineEntry): string {
  return `${at}  ${action}${reason === null ? '' : ` (${reason})`}, ${state}`;
}

/** Returns the clock when it is advancing or ready. Waits while contracts settle after an advance. */
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
    { timeout_ms: ADVANCE_TIMEOUT_MS, what: `the test clock to reach ${to}`, giveUpReason: () => failure },
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

function formatTimeline(entries: TimelineEntry[]): string {
  return entries.map(formatTimelineEntry).join('; ');
}
