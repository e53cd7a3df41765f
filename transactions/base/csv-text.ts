/** The text of rows of a CSV file. A cell that a spreadsheet would treat as a formula gets a leading apostrophe (domain.md 4.7). */
import { stringify } from 'csv-stringify/sync';
import type { JsonObject } from '../../domain/base/json';

/** The text of some rows; with `header`, the line of the columns comes first. */
export function csvText(columns: readonly string[], rows: readonly JsonObject[], header: boolean): string {
  return stringify([...rows], { header, columns: [...columns], escape_formulas: true, cast: { boolean: String } });
}
