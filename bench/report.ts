/** Formats figures: a table for people, one line of JSON for programs. */

export interface Column<Row> {
  title: string;
  cell: (row: Row) => string;
}

export interface Report {
  /** Reports progress. */
  progress(sentence: string): void;
  /** Reports the result of a benchmark: its table, and its figures in one object. */
  finish(table: string, figures: { bench: string; ratio: number } & Record<string, unknown>): void;
}

/** With `json`, one line of JSON goes to standard output and all other text to standard error. */
export function createReport(json: boolean): Report {
  const forPeople = json ? process.stderr : process.stdout;
  return {
    progress: (sentence) => void forPeople.write(`${sentence}\n`),
    finish(table, figures) {
      forPeople.write(`\n${table}\n`);
      if (json) process.stdout.write(`${JSON.stringify(figures)}\n`);
    },
  };
}

/** Formats a table. The first column is aligned left, the others right. */
export function tableOf<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const lines = [
    columns.map((column) => column.title),
    ...rows.map((row) => columns.map((column) => column.cell(row))),
  ];
  const widths = columns.map((_column, index) => Math.max(...lines.map((line) => (line[index] ?? '').length)));
  return lines
    .map((line) =>
      line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
    )
    .join('\n');
}

/** Formats a whole number with separators. */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

export function twoDecimals(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Formats small ratios. */
export function threeDecimals(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
