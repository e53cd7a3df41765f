/** When a digest is sent: at eight in the morning of the installation's time zone. */
import { addDays, firstInstantAt, localDateAt } from '../base/calendar';
import type { Instant, LocalTime } from '../base/instant';

const DIGEST_AT: LocalTime = '08:00';

/** The next instant at which digests are sent. One that is due at this moment is taken as sent. */
export function nextDigestAt(now: Instant, zone: string): Instant {
  for (let date = localDateAt(now, zone); ; date = addDays(date, 1)) {
    const at = firstInstantAt(date, DIGEST_AT, zone);
    // A day that the zone skips, as Samoa did on 30 December 2011, has no digest.
    if (at > now && localDateAt(at, zone) === date) return at;
  }
}
