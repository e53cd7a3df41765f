/** What the revision in `If-Match` is of. */

const SETTINGS = '/notification-settings';

/** Names the resource whose ETag an operation compares, for texts. */
export function revisedResource(path: string): string {
  const root = /^\/api\/v1\/([^/]+)/.exec(path)?.[1];
  const noun = root === 'customers' ? 'customer' : root === 'webhook-endpoints' ? 'webhook endpoint' : 'contract';
  if (path === `/api/v1${SETTINGS}`) return 'the mail settings of the installation';
  return path.endsWith(SETTINGS) ? `the mail settings of the ${noun}` : `the ${noun}`;
}
