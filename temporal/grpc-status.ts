/** The gRPC statuses with which calls to Temporal end, and the retries of a call within its deadline. */
import { defaultGrpcRetryOptions, isGrpcServiceError, makeGrpcRetryInterceptor } from '@temporalio/client';
import type { ConnectionOptions, GrpcRetryOptions } from '@temporalio/client';

export const GRPC = {
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  UNIMPLEMENTED: 12,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

/** How a call ended, as read from its error. */
export interface GrpcFailure {
  /** One of {@link GRPC}, or another gRPC code. */
  code: number;
  details: string;
  /** Whether an earlier attempt of the same call may have reached the server and been carried out. */
  earlier_attempt_unknown: boolean;
}

type Interceptor = NonNullable<ConnectionOptions['interceptors']>[number];
type Status = Parameters<GrpcRetryOptions['retryableDecider']>[1];

/**
 * Metadata key on the last status of a call whose earlier attempts may have been carried out. An attempt that ends with UNAVAILABLE
 * "workflow update was aborted" is one of them: the server (read at v1.29.1) answers so for updates in almost any state when it removes
 * a workflow from its memory, which it does whenever it refuses an update. When the next attempt is refused, the earlier one may still
 * have been carried out: the run may have continued as new after the update was completed, or a worker that received the update may
 * still accept it, and the server then restores it (`Registry.TryResurrect`).
 */
const EARLIER_ATTEMPT_UNKNOWN = 'covenant-earlier-attempt-unknown';

/** Whether this client may not make the call: its role forbids it, or the server does not have the service. */
export function isRefusal(error: unknown): boolean {
  const code = grpcFailureOf(error)?.code;
  return code === GRPC.PERMISSION_DENIED || code === GRPC.UNIMPLEMENTED;
}

/** The first gRPC status in the chain of an error's causes; undefined when there is none. */
export function grpcFailureOf(error: unknown): GrpcFailure | undefined {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (!isGrpcServiceError(cause)) continue;
    const { code, details, metadata } = cause;
    return { code: Number(code), details, earlier_attempt_unknown: metadata.get(EARLIER_ATTEMPT_UNKNOWN).length > 0 };
  }
  return undefined;
}

/**
 * The client's own retries, without a retry that would start after the call's deadline: so the caller gets the status of the last
 * attempt. The client alone would start that retry and report DEADLINE_EXCEEDED, which does not say what happened.
 */
export const retryWithinDeadline: Interceptor = (options, nextCall) => {
  const { delayFunction, retryableDecider } = defaultGrpcRetryOptions();
  const deadline_ms = options.deadline === undefined ? Infinity : Number(options.deadline);
  let may_have_arrived = false;
  let delay_ms = 0;
  const retries: GrpcRetryOptions = {
    delayFunction: () => delay_ms,
    retryableDecider(attempt: number, status: Status): boolean {
      if (may_have_arrived) status.metadata.set(EARLIER_ATTEMPT_UNKNOWN, 'true');
      // The server carries out nothing that it refuses because of load. After every other status it may have done so.
      may_have_arrived ||= Number(status.code) !== GRPC.RESOURCE_EXHAUSTED;
      delay_ms = delayFunction(attempt, status);
      return retryableDecider(attempt, status) && Date.now() + delay_ms < deadline_ms;
    },
  };
  return makeGrpcRetryInterceptor(retries)(options, nextCall);
};
