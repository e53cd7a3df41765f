/**
 * Lists of columns. Statements name what they read: the result of `SELECT *` changes when a migration adds a column, and the
 * prepared statements of running processes then fail ("cached plan must not change result type").
 */

/**
 * The names of all columns that a row type has. The type of the argument makes the compiler refuse a column that is
 * missing and one that the row does not have.
 */
export function columnNames<Row extends object>(columns: Record<keyof Row & string, true>): readonly string[] {
  return Object.keys(columns);
}

/** The same columns of a table under its alias, for statements with more than one table. */
export function ofAlias(alias: string, columns: readonly string[]): readonly string[] {
  return columns.map((column) => `${alias}.${column}`);
}
