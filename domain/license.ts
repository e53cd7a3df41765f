/** An issued license: its opaque id, and the status that its facts give at an instant. */

/** The id as clients see it. */
export function licenseIdText(id: string): string {
  return `lic_${id}`;
}
