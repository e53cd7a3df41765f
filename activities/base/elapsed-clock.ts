/** The time within an activity that takes a while. */
import { millisLater } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';

/** The time now, counted from the instant at which the activity began by the time of its workflow. */
export function clockFrom(began_at: Instant): () => Instant {
  const begun_ms = performance.now();
  return () => millisLater(began_at, Math.round(performance.now() - begun_ms));
}
