/**
 * When people get mail about a limit that is exceeded (domain.md 4.5), for any subject and limit.
 *
 * A limit is exceeded when something was refused because of it. Its demand is what the limit would have to be: what is used, and the largest
 * single request that was refused. So a program that repeats a refused request ten thousand times has the demand of one, and many refused
 * requests of different sizes have that of the largest.
 *
 * An episode opens with the first refusal and its notice. Another notice follows when the demand has grown and the last one is 24 hours old,
 * and a reminder every week, at most four times. It closes when the demand fits, or when nothing was refused for 24 hours.
 */
import { earlierOf, laterOf, millisLater } from '../base/instant';
import type { Instant } from '../base/instant';
import type { LimitOccasion } from '../webhook/limit-event';

const HOUR_MS = 3_600_000;
/** The least time between a notice and the next one that says that the demand has grown. */
export const GROWN_AFTER_MS = 24 * HOUR_MS;
/** The time after which an episode without a refusal is over. */
export const QUIET_AFTER_MS = 24 * HOUR_MS;
/** The time between the last notice and a reminder, and between two reminders. */
export const REMINDER_MS = 7 * 24 * HOUR_MS;
/** Reminders of one episode. */
export const REMINDERS_MAX = 4;
/** An open episode is looked at this often, so that what it shows is not much older. */
export const LOOK_MS = HOUR_MS;

export const CLOSE_REASONS = ['limit_raised', 'released', 'quiet', 'contract_ended'] as const;

/**
 * limit_raised: the limit rose to the demand. released: so much is used no longer. quiet: nothing was refused for 24 hours. contract_ended:
 * the contract was terminated or deleted.
 */
export type CloseReason = (typeof CLOSE_REASONS)[number];

/** An open episode as the last look at it left it. */
export interface LimitEpisode {
  /** When the first request was refused. */
  opened_at: Instant;
  /** The limit, and what is used of it. */
  limit_value: number;
  used: number;
  /** The highest demand of the episode. */
  demand: number;
  /** The largest single request that was refused. */
  largest_request: number;
  last_refused_at: Instant;
  /** How many notices there are, and the demand and the time of the last one. */
  notices: number;
  noticed_demand: number;
  noticed_at: Instant;
  reminders: number;
  /** When the next reminder is due, if one is left. */
  remind_at: Instant;
}

/** What a look at a limit sees. All times are those of the contract. */
export interface LimitLook {
  now: Instant;
  limit_value: number;
  /** When the limit last rose; null: never. */
  raised_at: Instant | null;
  used: number;
  /** Requests that were refused since the last look: the times of the first and of the last, and the licenses of the largest. */
  refused: { first_at: Instant; at: Instant; largest: number } | null;
  /** Whether the subject is over, so that its limit means nothing any more. */
  is_over: boolean;
}

/** A notice that is due, with its number within the episode. */
export interface LimitNotice {
  number: number;
  occasion: LimitOccasion;
}

/** What a look finds: the episode that it closes, and the one that is open afterwards with its notice. */
export interface LimitJudgement {
  closed: { episode: LimitEpisode; reason: CloseReason } | null;
  open: LimitEpisode | null;
  notice: LimitNotice | null;
}

/** Decides what follows from a look at a limit. `before` is the open episode; null: there is none. */
export function judgeLimit(before: LimitEpisode | null, look: LimitLook): LimitJudgement {
  if (before === null) return openEpisode(look);
  // What was refused after the rise of a limit does not keep the episode before it open.
  const is_new_demand =
    look.refused !== null && hasRisen(before, look) && look.refused.at > (look.raised_at ?? look.now);
  const refused = is_new_demand ? null : look.refused;
  const seen = withLook(before, { ...look, refused });
  const reason = closeReason(before, seen, look);
  if (reason !== null) {
    const next = is_new_demand ? openEpisode(look) : { open: null, notice: null };
    const { limit_value, used } = before;
    // It shows what exceeded the limit, and not what is used since it fits.
    return { ...next, closed: { episode: withLook(before, { limit_value, used, refused }), reason } };
  }
  return { closed: null, ...withNotice(is_new_demand ? withLook(seen, look) : seen, look.now) };
}

/** When the next look at an open episode is due: nothing changes before, except by requests and edits. */
export function nextLookAt(episode: LimitEpisode, now: Instant): Instant {
  const instants = [millisLater(now, LOOK_MS), millisLater(episode.last_refused_at, QUIET_AFTER_MS)];
  if (hasGrown(episode)) instants.push(millisLater(episode.noticed_at, GROWN_AFTER_MS));
  if (episode.reminders < REMINDERS_MAX) instants.push(episode.remind_at);
  return instants.reduce(earlierOf);
}

function openEpisode({ now, limit_value, raised_at, used, refused, is_over }: LimitLook): LimitJudgement {
  if (is_over || refused === null || used + refused.largest <= limit_value)
    return { closed: null, open: null, notice: null };
  const demand = used + refused.largest;
  const opened_at = raised_at === null ? refused.first_at : laterOf(refused.first_at, earlierOf(raised_at, refused.at));
  const open: LimitEpisode = {
    ...{ opened_at, limit_value, used, demand, largest_request: refused.largest, last_refused_at: refused.at },
    ...{ notices: 1, noticed_demand: demand, noticed_at: now, reminders: 0, remind_at: millisLater(now, REMINDER_MS) },
  };
  return { closed: null, open, notice: { number: 1, occasion: 'opened' } };
}

/** An open episode as a look sees it. */
export function withLook<Episode extends LimitEpisode>(
  before: Episode,
  { limit_value, used, refused }: Pick<LimitLook, 'limit_value' | 'used' | 'refused'>,
): Episode {
  const largest_request = Math.max(before.largest_request, refused?.largest ?? 0);
  const last_refused_at = refused === null ? before.last_refused_at : laterOf(before.last_refused_at, refused.at);
  const demand = Math.max(before.demand, used + largest_request);
  return { ...before, limit_value, used, demand, largest_request, last_refused_at };
}

function closeReason(before: LimitEpisode, seen: LimitEpisode, look: LimitLook): CloseReason | null {
  const fits = seen.used + seen.largest_request <= look.limit_value;
  if (look.is_over) return 'contract_ended';
  if (hasRisen(before, look) && (fits || before.demand <= look.limit_value)) return 'limit_raised';
  if (fits) return 'released';
  return millisLater(seen.last_refused_at, QUIET_AFTER_MS) <= look.now ? 'quiet' : null;
}

function withNotice(episode: LimitEpisode, now: Instant): Pick<LimitJudgement, 'open' | 'notice'> {
  const number = episode.notices + 1;
  const noticed = { ...episode, notices: number, noticed_demand: episode.demand, noticed_at: now };
  if (hasGrown(episode) && millisLater(episode.noticed_at, GROWN_AFTER_MS) <= now)
    return { open: { ...noticed, remind_at: millisLater(now, REMINDER_MS) }, notice: { number, occasion: 'grown' } };
  if (episode.reminders < REMINDERS_MAX && episode.remind_at <= now) {
    const reminded = { reminders: episode.reminders + 1, remind_at: reminderAfter(episode.remind_at, now) };
    return { open: { ...noticed, ...reminded }, notice: { number, occasion: 'reminder' } };
  }
  return { open: episode, notice: null };
}

/** Reminders are counted from when they were due, so that late looks do not delay the next ones; those that were missed are left out. */
function reminderAfter(due_at: Instant, now: Instant): Instant {
  const next = millisLater(due_at, REMINDER_MS);
  return next > now ? next : reminderAfter(next, now);
}

function hasRisen(before: LimitEpisode, look: LimitLook): boolean {
  return look.limit_value > before.limit_value;
}

function hasGrown({ demand, noticed_demand }: LimitEpisode): boolean {
  return demand > noticed_demand;
}
