/** Which requests are dry runs: those that the handlers run and roll back. */
import type { Request } from 'express';
import type { Route } from './route';

/** Whether an operation can be called as a dry run. */
export function hasDryRun({ query }: Pick<Route, 'query'>): boolean {
  return query?.shape['dry_run'] !== undefined;
}

/** Whether a request asks for a dry run, by the same value that the handler reads. A repeated parameter is an array, which is refused later. */
export function isDryRun(route: Pick<Route, 'query'>, request: Pick<Request, 'query'>): boolean {
  return hasDryRun(route) && request.query['dry_run'] === 'true';
}
