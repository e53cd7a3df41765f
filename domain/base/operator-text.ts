/**
 * Names in texts that operators read in Temporal: summaries, details and the search attribute `ContractName`.
 *
 * Names come from people, and Temporal's UI renders Markdown: an unescaped name could show a link or an image from another
 * site. Each field also has a limit, and Temporal refuses a call that exceeds it.
 */
import type { Environment } from './environment';

/**
 * A keyword is `VARCHAR(255)` in Temporal's SQL stores, and a longer value keeps the workflow out of all lists. A text
 * attribute does not work: up to schema 1.14 a Postgres store casts it to `tsvector`, which fails at a colon.
 */
const KEYWORD_CHARS_MAX = 255;
/** Bytes of a name, of the 400 bytes that Temporal allows for an encoded summary. The rest is for the text around the name. */
const NAME_BYTES_MAX = 260;

/** What identifies a contract for operators. */
export interface ContractTitle {
  name: string;
  type: string;
  environment: Environment;
}

/** A contract in one line of Markdown: "TechReseller Inc - Q1 2026 (reseller, production)". */
export function contractTitle({ name, type, environment }: ContractTitle): string {
  return `${shownName(name)} (${type}, ${environment})`;
}

/** A name in Markdown, truncated to the limit of a summary. */
export function shownName(name: string): string {
  return cutToBytes(name, NAME_BYTES_MAX, escapedMarkdown);
}

/**
 * Truncates a text so that `render` of it needs at most `bytes_max` bytes in a payload, and returns that rendered text. A
 * truncated text ends with an ellipsis.
 */
export function cutToBytes(text: string, bytes_max: number, render = (part: string): string => part): string {
  const whole = render(text);
  if (jsonBytes(whole) <= bytes_max) return whole;
  let cut = '';
  for (const char of text) {
    if (jsonBytes(`${render(cut + char)}…`) > bytes_max) break;
    cut += char;
  }
  return `${render(cut)}…`;
}

/** A name as the value of a keyword. */
export function keywordOf(name: string): string {
  return [...name].slice(0, KEYWORD_CHARS_MAX).join('');
}

/** Escapes a line of text so that Markdown shows it as it is. */
export function escapedMarkdown(text: string): string {
  return (
    text
      .replace(/[\\`*_[\]<>~|&!]/g, '\\$&')
      // Markdown turns a URL into a link.
      .replace(/:(?=\/\/)/g, '\\:')
      // These characters start a heading or a list.
      .replace(/^[#+=-]/, '\\$&')
      .replace(/^(\d+)(?=[.)])/, '$1\\')
  );
}

/** Bytes of a text as JSON, which is what Temporal counts. */
function jsonBytes(text: string): number {
  let bytes = 0;
  for (const char of JSON.stringify(text)) {
    const code = char.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}
