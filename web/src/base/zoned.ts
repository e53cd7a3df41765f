/** Local times of a zone as instants. Fields for a time are in the zone of the contract, the interface takes instants. */

/** The local time of an instant in a zone, as a field shows it: `2027-02-01T08:30`. */
export function localTime(instant: string, zone: string): string {
  const parts = new Intl.DateTimeFormat('en-GB', {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZone: zone,
  }).formatToParts(new Date(instant));
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((given) => given.type === type)?.value ?? '';
  return `${part('year').padStart(4, '0')}-${part('month')}-${part('day')}T${part('hour')}:${part('minute')}`;
}

/**
 * The instant of a local time in a zone. A time that a change to summer time skips is taken as after it; of a time that occurs twice,
 * the first is taken.
 */
export function instantOf(local: string, zone: string): string {
  const wanted_ms = Date.parse(`${local}Z`);
  const offset = (at_ms: number) => Date.parse(`${localTime(new Date(at_ms).toISOString(), zone)}Z`) - at_ms;
  const candidates = [wanted_ms - DAY_MS, wanted_ms + DAY_MS].map(
    (near_ms) => wanted_ms - offset(floorMinute(near_ms)),
  );
  const exact = candidates.filter((at_ms) => at_ms + offset(at_ms) === wanted_ms);
  const found_ms = exact.length > 0 ? Math.min(...exact) : Math.max(...candidates);
  return new Date(found_ms).toISOString();
}

const DAY_MS = 86_400_000;

function floorMinute(at_ms: number): number {
  return Math.floor(at_ms / 60_000) * 60_000;
}
