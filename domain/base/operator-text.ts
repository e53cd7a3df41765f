/**
 * Names in what operators read in Temporal: summaries, details and the search attribute `ContractName`.
 *
 * Names come from people, and the UI of Temporal renders Markdown: without an escape a name could show an image from
 * elsewhere or a link. Each place also has a limit, above which Temporal refuses the whole call.
 */
import type { Environment } from './environment';

/**
 * A column for keywords is `VARCHAR(255)` in the SQL stores of Temporal, and a longer value keeps the workflow out of all
 * lists. A text attribute would not do: up to schema 1.14 a store in Postgres casts it to `tsvector`, which fails at a colon.
 */
const KEYWORD_CHARS_MAX = 255;
/** Of the 400 bytes that Temporal allows a summary with its encoding; the rest is for the words around the name. */
const NAME_BYTES_MAX = 260;

/** What operators know a contract by. */
export interface ContractTitle {
  name: string;
  type: string;
  environment: Environment;
}

/** A contract on one line of Markdown: "TechReseller Inc - Q1 2026 (reseller, production)". */
export function contractTitle({ name, type, environment }: ContractTitle): string {
  return `${shownName(name)} (${type}, ${environment})`;
}

/** A name in Markdown, cut where it is too long for a summary. */
export function shownName(name: string): string {
  return cutToBytes(name, NAME_BYTES_MAX, escapedMarkdown);
}

/** A text of at most `bytes_max` bytes in a payload, as `shown` writes it. A text that is too long ends in an ellipsis. */
export function cutToBytes(text: string, bytes_max: number, shown = (part: string): string => part): string {
  const whole = shown(text);
  if (jsonBytes(whole) <= bytes_max) return whole;
  let cut = '';
  for (const char of text) {
    if (jsonBytes(`${shown(cut + char)}…`) > bytes_max) break;
    cut += char;
  }
  return `${shown(cut)}…`;
}

/** A name as the value of a keyword. */
export function keywordOf(name: string): string {
  return [...name].slice(0, KEYWORD_CHARS_MAX).join('');
}

/** Markdown that shows one line of text as it is written. */
export function escapedMarkdown(text: string): string {
  return (
    text
      .replace(/[\\`*_[\]<>~|&!]/g, '\\$&')
      // A bare address becomes a link.
      .replace(/:(?=\/\/)/g, '\\:')
      // Headings and lists begin a line.
      .replace(/^[#+=-]/, '\\$&')
      .replace(/^(\d+)(?=[.)])/, '$1\\')
  );
}

/** Bytes of a text as JSON, which is the form in which Temporal counts it. */
function jsonBytes(text: string): number {
  let bytes = 0;
  for (const char of JSON.stringify(text)) {
    const code = char.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}
