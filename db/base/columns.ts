/**
 * Lists of columns. Statements name what they read: the result of `SELECT *` changes when a migration adds a column, and the
 * prepared statements of running processes then fail ("cached plan must not change result type").
 */

/**
 * The names of all columns of a row type. The type of the argument makes the compiler refuse a missing column and a column that
 * the row type does not have.
 */
export function columnNames<Row extends object>(columns: Record<keyof Row & string, true>): readonly string[] {
  return Object.keys(columns);
}

/** Puts the alias of a table before the names of its columns, for statements with more than one table. */
export function ofAlias(alias: string, columns: readonly string[]): readonly string[] {
  return columns.map((column) => `${alias}.${column}`);
}
