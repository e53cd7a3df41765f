/** Instants as the fields of browsers for date and time have them: `2027-02-01T09:30` in the zone of the reader. */

/** The text of the field for an instant. What is no instant gives an empty field. */
export function toLocalText(instant: string): string {
  const at = new Date(instant);
  if (Number.isNaN(at.getTime())) return '';
  const two = (value: number) => String(value).padStart(2, '0');
  const date = [String(at.getFullYear()).padStart(4, '0'), two(at.getMonth() + 1), two(at.getDate())].join('-');
  return `${date}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** The instant of a text of the field in UTC, or the empty text. */
export function toInstant(text: string): string {
  const at = new Date(text);
  return text === '' || Number.isNaN(at.getTime()) ? '' : at.toISOString();
}
