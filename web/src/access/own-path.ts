/** The path below `/admin` that an address of a sign-in names. Anything that could lead to another host becomes the first page. */
export function ownPath(address: string | undefined): string {
  const origin = location.origin;
  if (address === undefined || !address.startsWith('/')) return '/';
  let url: URL;
  try {
    url = new URL(address, origin);
  } catch {
    return '/';
  }
  if (url.origin !== origin) return '/';
  const path = url.pathname.replace(/^\/admin(?=\/|$)/, '');
  // Two slashes in front would name a host.
  return `/${path.replace(/^\/+/, '')}${url.search}`;
}
