/** Searching by a part of a text. */

/** A LIKE pattern for texts that contain `text`, in which every character of it means itself. */
export function containing(text: string): string {
  return `%${text.trim().replace(/[\\%_]/g, '\\$&')}%`;
}
