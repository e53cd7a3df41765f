/** Records the refused calls of contracts' API keys, for `GET /api/v1/api-calls`. */
import type { Request, Response } from 'express';
import type { ContractCaller, KnownCaller } from '../../domain/access/caller';
import type { RefusedCall } from '../../db/access/refused-call';
import type { Logger } from '../../log';
import { requestIdOf } from './answer-head';
import { ProblemError } from './problem';

/** What stores a refused call. */
interface RefusedCallStore {
  countRefusedCall: (call: RefusedCall) => Promise<void>;
  log: Logger;
}

/** Remembers who sent a request, as soon as it is known: also a call that is refused next is one of that caller. */
export function rememberCaller(request: Request, caller: KnownCaller): void {
  const { locals } = request.res as Response;
  locals.caller = caller;
}

/** The caller of a request; undefined before it is known. */
export function callerOf({ locals }: Response): KnownCaller | undefined {
  return locals.caller as KnownCaller | undefined;
}

/**
 * Records a refusal if the key of a contract sent the request. Errors of the server are no refusals: the log has them. A count that
 * cannot be stored does not change the answer.
 */
export async function recordRefusedCall(
  store: RefusedCallStore,
  request: Request,
  response: Response,
  error: unknown,
): Promise<void> {
  const caller = callerOf(response);
  if (caller === undefined || !(error instanceof ProblemError) || error.problem.status >= 500) return;
  switch (caller.kind) {
    case 'admin':
    case 'session':
      return;
    case 'contract':
      return count(store, request, requestIdOf(response), caller, error.problem.code);
  }
}

async function count(
  { countRefusedCall, log }: RefusedCallStore,
  { ip }: Request,
  request_id: string,
  { contract_id, last_four }: ContractCaller,
  code: string,
): Promise<void> {
  try {
    await countRefusedCall({ contract_id, code, address: ip ?? null, key_last_four: last_four, request_id });
  } catch (error) {
    log.warn({ err: error, request_id, contract_id, code }, 'cannot count a refused call');
  }
}
