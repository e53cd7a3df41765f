/**
 * Sessions of admins in a browser: how long they last, and how long an admin counts as present.
 *
 * A session ends after a time without requests, and at the latest after a fixed time. Some operations also need an admin who has proved
 * recently who they are: a screen that is left alone for a moment does not show secrets (decisions 42).
 */
import { earlierOf, millisLater } from '../base/instant';
import type { Instant } from '../base/instant';

/** How an admin signs in. `link`: a link that works once, which the command line prints. */
export const SESSION_METHODS = ['password', 'api_key', 'link', 'oidc'] as const;
export type SessionMethod = (typeof SESSION_METHODS)[number];

export const SESSION_IDLE_MINUTES = 30;
export const SESSION_HOURS = 12;
/** How long a proof of identity counts. */
export const CONFIRMED_MINUTES = 10;
/** How long a link to sign in works. */
export const SIGN_IN_LINK_MINUTES = 15;

/** How long an invitation works. */
export const INVITATION_HOURS = 72;

/** The time-outs of sessions, which are settings. */
export interface SessionTimeouts {
  /** Without a request. */
  idle_minutes: number;
  /** In all. */
  hours: number;
}

/** What decides how long a session lasts. */
export interface Session {
  id: string;
  method: SessionMethod;
  created_at: Instant;
  /** To the minute. */
  last_used_at: Instant;
  /** When the admin last proved who they are. */
  confirmed_at: Instant;
}

/** When a session ends if it is used, and if it is not; and until when the admin need not prove again who they are. */
export function sessionEnds(
  { created_at, last_used_at, confirmed_at }: Session,
  { idle_minutes, hours }: SessionTimeouts,
): { expires_at: Instant; idle_expires_at: Instant; confirmed_until: Instant } {
  const expires_at = millisLater(created_at, hours * 3_600_000);
  return {
    expires_at,
    idle_expires_at: earlierOf(expires_at, millisLater(last_used_at, idle_minutes * 60_000)),
    confirmed_until: earlierOf(expires_at, millisLater(confirmed_at, CONFIRMED_MINUTES * 60_000)),
  };
}

/** Whether a proof of identity still counts. */
export function isConfirmed({ confirmed_at }: Pick<Session, 'confirmed_at'>, now: Instant): boolean {
  return now < millisLater(confirmed_at, CONFIRMED_MINUTES * 60_000);
}
