/** A refusal of the interface, as the pages handle it. Its sentences come from the server; the pages add none. */
import type { components } from './interface';

export type Problem = components['schemas']['Problem'];

/** A request that the server refused, or that it did not answer. `problem` is undefined when there was no answer. */
export class RequestFailed extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem | undefined,
    /** Seconds after which a repetition can succeed, from `Retry-After`. */
    readonly retry_after_s?: number | undefined,
  ) {
    super(problem?.detail ?? `status ${status}`);
    this.name = 'RequestFailed';
  }

  get code(): string | undefined {
    return this.problem?.code;
  }
}

/** Whether the error is a refusal with this code. */
export function isRefusal(error: unknown, code: string): boolean {
  return error instanceof RequestFailed && error.code === code;
}

/** The messages of a shape error by the path of their field: `renewal.notice_days`. */
export function fieldErrors(error: unknown): Record<string, string> {
  if (!(error instanceof RequestFailed)) return {};
  return Object.fromEntries((error.problem?.errors ?? []).map(({ path, message }) => [path, message]));
}
