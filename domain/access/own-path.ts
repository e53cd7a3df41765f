/** Where a sign-in leads: a page of this installation, never another host. */

/** Only the parts of an address are used. Its host never counts. */
const BASE = 'https://covenant.invalid';
/** One slash in front, and nothing that browsers read as a slash or drop. */
// eslint-disable-next-line no-control-regex
const PATH = /^\/(?!\/)[^\\\u0000-\u0020\u007f]*$/;

/** The path and query below `/admin` that a text names, with `/admin` or without; the first page for anything else. */
export function ownPath(text: string | undefined): string {
  if (text === undefined || !PATH.test(text) || !URL.canParse(text, BASE)) return '/';
  const { origin, pathname, search } = new URL(text, BASE);
  if (origin !== BASE) return '/';
  const path = pathname.replace(/^\/admin(?=\/|$)/, '');
  return `/${path.replace(/^\/+/, '')}${search}`;
}
