/** Fields for days as filters of instants, in the zone of the reader. */

/** The instant at which a local day begins, `days` later. An empty field is no filter. */
export function dayStart(day: string, days = 0): string {
  if (day === '') return '';
  const start = new Date(`${day}T00:00`);
  start.setDate(start.getDate() + days);
  return start.toISOString();
}

/** The local day of an instant, `days` earlier, as a field for days shows it. */
export function dayOf(instant: string | undefined, days = 0): string {
  if (!instant) return '';
  const at = new Date(instant);
  if (Number.isNaN(at.getTime())) return '';
  at.setDate(at.getDate() - days);
  const pad = (part: number) => String(part).padStart(2, '0');
  return `${String(at.getFullYear()).padStart(4, '0')}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
}
