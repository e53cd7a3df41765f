/** Refusals as HTTP responses: `application/problem+json` (RFC 9457) with a stable code and a status. */
import type { ZodError } from 'zod';
import { partnerRefusal } from '../../domain/base/partner-refusal';
import { REFUSAL_TITLES } from '../../domain/base/refusal';
import type { Refusal, RefusalCode } from '../../domain/base/refusal';
import type { Json, JsonObject } from '../../domain/base/json';
import type { CallerKind } from '../../domain/access/caller';
import { z } from './zod';

/** The HTTP status of each refusal of the domain. */
const REFUSAL_STATUS: Record<RefusalCode, number> = {
  NOT_FOUND: 404,
  VALIDATION_FAILED: 422,
  CONTRACT_DELETED: 410,
  CONTRACT_INACTIVE: 409,
  CONTRACT_EXPIRED: 409,
  CONTRACT_TERMINATED: 409,
  BILLING_SUSPENDED: 409,
  CHANGES_BLOCKED_PAST_DUE: 409,
  NOTICE_PERIOD_PASSED: 409,
  ALREADY_RENEWED: 409,
  RENEWAL_NOT_POSSIBLE: 409,
  COTERM_NOT_POSSIBLE: 409,
  AMENDMENT_NOT_POSSIBLE: 409,
  AMENDMENT_NOT_PENDING: 409,
  CONTRACT_ACTIVE: 409,
  CONTRACT_HAS_OPEN_JOB: 409,
  CONTRACT_HAS_OPEN_HOLD: 409,
  CONFIRMATION_MISMATCH: 422,
  INVALID_STATE_TRANSITION: 409,
  TERM_ALREADY_OVER: 409,
  IMMUTABLE_FIELD: 422,
  REVISION_CONFLICT: 412,
  RATE_LIMITED: 429,
  COUNT_ABOVE_RATE_LIMIT: 422,
  QUOTA_EXCEEDED: 409,
  QUOTA_BELOW_USED: 409,
  QUOTA_DECREASE_NOT_ALLOWED: 409,
  TEST_LICENSE_LIMIT: 409,
  PRODUCT_INACTIVE: 409,
  GENERATOR_NOT_AVAILABLE: 409,
  GENERATOR_KEYSPACE_TOO_SMALL: 409,
  GENERATOR_KEYSPACE_EXHAUSTED: 409,
  GENERATOR_IN_USE: 409,
  EXPIRY_IN_PAST: 409,
  VALIDITY_TOO_SHORT: 422,
  EXPIRY_CONFLICT: 422,
  FEATURE_TYPE_MISMATCH: 422,
  JOB_ALREADY_FINISHED: 409,
  JOB_NOT_RESUMABLE: 409,
  LICENSE_REVOKED: 409,
  NOT_ENOUGH_LICENSES: 409,
  DRY_RUN_TOO_SLOW: 503,
  NOT_A_POOL: 409,
  POOL_EMPTY: 409,
  POOL_INSUFFICIENT: 409,
  ORDER_REF_REUSED: 422,
  HOLD_EXPIRED: 409,
  ORDER_CLOSED: 409,
  HOLD_NOT_OPEN: 409,
  LICENSE_NOT_AVAILABLE: 409,
  LICENSE_NOT_ASSIGNED: 409,
  RETURN_PERIOD_OVER: 409,
  LICENSE_ALREADY_ACTIVATED: 409,
  WRONG_PRODUCT: 409,
  ENVIRONMENT_MISMATCH: 409,
  LICENSE_SUSPENDED: 409,
  LICENSE_EXPIRED: 409,
  TOO_MANY_DEVICES: 409,
  DEVICE_NOT_ACTIVATED: 409,
  TOO_MANY_SCHEDULES: 409,
  REPORT_SCHEDULE_EXISTS: 409,
  TOO_MANY_REPORT_SCHEDULES: 409,
  SCHEDULE_ENDED: 409,
  OPERATION_ALREADY_FINISHED: 409,
  OPERATION_NOT_RESUMABLE: 409,
  IMPORT_NOT_RESUMABLE: 409,
  IMPORT_RESUMABLE: 409,
  API_KEY_AS_IDEMPOTENCY_KEY: 422,
  IDEMPOTENCY_KEY_REUSED: 422,
  IDEMPOTENCY_IN_PROGRESS: 409,
  COMMAND_EXPIRED: 503,
  EMAIL_TAKEN: 409,
  CODE_TAKEN: 409,
  CLOCK_BACKWARDS: 409,
  CLOCK_ADVANCING: 409,
  API_ACCESS_OFF: 409,
  API_ACCESS_NOT_CONFIGURED: 409,
  API_KEY_MISSING: 409,
  API_KEY_UNREADABLE: 409,
  SEALING_KEY_MISSING: 409,
  SIGNING_NOT_CONFIGURED: 409,
  SIGNING_KEY_MISSING: 409,
  CERTIFICATE_TOO_LARGE: 409,
  EXPIRY_NOT_KNOWN: 409,
  SIGNING_KEY_UNREADABLE: 409,
  SIGNING_KEY_ACTIVE: 409,
  TOO_MANY_SIGNING_KEYS: 409,
  CUSTOMER_MERGED: 409,
  CUSTOMER_BUSY: 409,
  CUSTOMER_TOO_LARGE: 409,
  ADMIN_DISABLED: 409,
  LAST_SUPER_ADMIN: 409,
  LAST_SUPER_ADMIN_KEY: 409,
  WEBHOOK_ENDPOINT_DISABLED: 409,
  WEBHOOK_ENDPOINT_REMOVED: 409,
  WEBHOOK_ENDPOINT_OF_CONTRACT: 409,
  TOO_MANY_WEBHOOK_ENDPOINTS: 409,
  MAIL_ADDRESS_BOUNCED: 409,
  MAIL_ADDRESS_COMPLAINED: 409,
  MAIL_UNSUBSCRIBED: 409,
  WEBHOOKS_NOT_CONFIGURED: 409,
  PERSON_ERASED: 409,
};

/** Refusals of the API itself, before any rule of the domain is checked: status and title. */
const PROTOCOL = {
  MALFORMED_JSON: [400, 'The body is not JSON'],
  MALFORMED_REQUEST: [400, 'The request is malformed'],
  IDEMPOTENCY_KEY_CONFLICT: [400, 'Two different idempotency keys'],
  UNAUTHENTICATED: [401, 'An API key or a session is required'],
  SESSION_ENDED: [401, 'The session has ended'],
  SIGN_IN_FAILED: [401, 'The sign-in failed'],
  LINK_NOT_VALID: [401, 'The link is not valid any more'],
  BAD_SIGNATURE: [401, 'The signature of the message is not valid'],
  INVALID_API_KEY: [401, 'The API key is not valid'],
  API_KEY_IN_URL: [401, 'The API key is in the URL'],
  API_KEY_IN_COOKIE: [401, 'The API key is in a cookie'],
  API_KEY_TOO_LONG: [401, 'The API key is too long'],
  API_KEY_HAS_SPACES: [401, 'The API key contains spaces'],
  API_KEY_REPEATED: [401, 'There is more than one API key'],
  API_KEY_TRUNCATED: [401, 'The API key is incomplete'],
  API_KEY_MISTYPED: [401, 'The API key is mistyped'],
  API_KEY_MALFORMED: [401, 'This is not an API key'],
  HTTPS_REQUIRED: [403, 'HTTPS is required'],
  ADDRESS_NOT_ALLOWED: [403, 'The address is not allowed'],
  CROSS_SITE_REQUEST: [403, 'The request comes from another site'],
  CONFIRMATION_FAILED: [403, 'The proof of identity is not valid'],
  REAUTHENTICATION_REQUIRED: [403, 'You have to confirm who you are'],
  FORBIDDEN_ROLE: [403, 'Your role does not allow this'],
  FORBIDDEN_CALLER: [403, 'This kind of API key does not allow this'],
  NOT_FOUND: [404, 'Not found'],
  OIDC_NOT_CONFIGURED: [404, 'No identity provider is configured'],
  METHOD_NOT_ALLOWED: [405, 'This path does not support the method'],
  BODY_TOO_LARGE: [413, 'The body is too large'],
  UNSUPPORTED_MEDIA_TYPE: [415, 'The body has another media type'],
  VALIDATION_FAILED: [422, 'The request is not valid'],
  FILTER_TOO_BROAD: [422, 'The filter is too broad'],
  TOO_MANY_FAILED_AUTHENTICATIONS: [429, 'Too many requests without a valid API key'],
  TOO_MANY_SIGN_INS: [429, 'Too many failed attempts to sign in'],
  TOO_MANY_WRONG_KEYS: [429, 'Too many wrong license keys from your address'],
  TOO_MANY_LIST_READS: [429, 'Too many reads of a list from your address'],
  TOO_MANY_STREAMS: [429, 'You have too many streams open'],
  INTERNAL_ERROR: [500, 'An unexpected error occurred'],
  COMMAND_FAILED: [500, 'The command failed'],
  TOO_MANY_COMMANDS: [503, 'Too many commands at once'],
  TEMPORAL_UNAVAILABLE: [503, 'Temporal cannot be reached'],
  DATABASE_UNAVAILABLE: [503, 'The database cannot be reached'],
  OUTCOME_UNKNOWN: [503, 'The outcome is unknown'],
  LIST_TOO_SLOW: [503, 'The list takes too long'],
  LISTS_BUSY: [503, 'Too many lists are being read'],
  STREAMS_BUSY: [503, 'Too many streams are open on this server'],
  IDENTITY_PROVIDER_UNAVAILABLE: [503, 'The identity provider cannot be reached'],
  CONTRACT_BUSY: [503, 'Other requests are changing this contract'],
  CHANGES_BUSY: [503, 'Other requests are changing the same row, or too many changes wait'],
} as const satisfies Record<string, readonly [number, string]>;

/** Sorted once: the OpenAPI document asks for it more than a thousand times. */
const CATALOGUE = Object.entries({
  ...Object.fromEntries(
    Object.entries(REFUSAL_TITLES).map(([code, title]) => [
      code,
      [REFUSAL_STATUS[code as RefusalCode], title] as const,
    ]),
  ),
  ...PROTOCOL,
})
  .map(([code, [status, title]]) => ({ code, status, title }))
  .sort((a, b) => a.code.localeCompare(b.code));

/** Invalid fields that one refusal names. The others are only counted. */
export const FIELD_ERRORS_MAX = 20;
/** Characters of a path and of a message in a refusal. */
const FIELD_TEXT_CHARS_MAX = 500;

export type ProtocolCode = keyof typeof PROTOCOL;

/** The codes after which the same request can succeed. Their responses have `Retry-After`. */
const RETRY_AFTER_S: Partial<Record<string, number>> = {
  TEMPORAL_UNAVAILABLE: 5,
  DATABASE_UNAVAILABLE: 5,
  OUTCOME_UNKNOWN: 2,
  COMMAND_EXPIRED: 2,
  TOO_MANY_COMMANDS: 2,
  IDEMPOTENCY_IN_PROGRESS: 1,
  LISTS_BUSY: 2,
  TOO_MANY_STREAMS: 5,
  STREAMS_BUSY: 5,
  IDENTITY_PROVIDER_UNAVAILABLE: 5,
  CONTRACT_BUSY: 2,
  CHANGES_BUSY: 2,
};

/** A refusal as it is sent. */
export interface Problem {
  status: number;
  code: string;
  title: string;
  detail: string;
  reasons: string[];
  metadata: JsonObject;
  errors?: FieldError[];
  headers: Record<string, string>;
  /** The refusal of the domain, whose remedy depends on the reader. */
  refusal?: Refusal;
}

/** One invalid field. */
export interface FieldError {
  /** The dotted path of the field: `expiry.duration`. Empty for the body as a whole. */
  path: string;
  message: string;
}

/** A refusal that is thrown while a request is handled. The last handler presents it. */
export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

/** The problem for a refusal of the domain. */
export function problemOf(refusal: Refusal): Problem {
  const { path, message } = refusal.metadata;
  const field =
    refusal.code === 'VALIDATION_FAILED' && typeof path === 'string' && typeof message === 'string'
      ? [{ path, message: withoutPath(path, message) }]
      : undefined;
  return {
    status: REFUSAL_STATUS[refusal.code],
    code: refusal.code,
    title: refusal.title,
    detail: refusal.detail,
    reasons: refusal.reasons,
    metadata: refusal.metadata,
    ...(field ? { errors: field } : {}),
    headers: retryAfter(refusal.code, refusal.metadata['retry_after_s']),
    refusal,
  };
}

/** The message of a field without the path that it begins with, because it is shown beside the path. */
function withoutPath(path: string, message: string): string {
  return message.startsWith(`${path}: `) ? message.slice(path.length + 2) : message;
}

/** The problem for a refusal of the API itself. */
export function protocolProblem(
  code: ProtocolCode,
  detail: string,
  more: { metadata?: JsonObject; errors?: FieldError[]; headers?: Record<string, string> } = {},
): Problem {
  const [status, title] = PROTOCOL[code];
  return {
    status,
    code,
    title,
    detail,
    reasons: [code],
    metadata: more.metadata ?? {},
    ...(more.errors ? { errors: more.errors } : {}),
    headers: { ...retryAfter(code), ...more.headers },
  };
}

/** The errors of zod, by field. Each unknown field is an error of its own. */
export function fieldErrorsOf(error: ZodError): FieldError[] {
  const issues = error.issues.flatMap(withoutUnions);
  return issues.filter(isNarrowest).flatMap((issue) => {
    const { message } = issue;
    const paths = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
    return paths.map((path) => ({ path: path.map(String).join('.'), message }));
  });
}

/** Whether no other issue names a narrower limit of the same value. zod also names the limits of exact whole numbers. */
function isNarrowest(issue: z.core.$ZodIssue, _: number, issues: readonly z.core.$ZodIssue[]): boolean {
  const path = issue.path.join('.');
  return !issues.some((other) => isNarrower(other, issue) && other.path.join('.') === path);
}

function isNarrower(one: z.core.$ZodIssue, other: z.core.$ZodIssue): boolean {
  if (one.code === 'too_big' && other.code === 'too_big') return one.maximum < other.maximum;
  return one.code === 'too_small' && other.code === 'too_small' && one.minimum > other.minimum;
}

/**
 * The issues of the alternative that fits best, when a whole body is a union: the one with the fewest issues. A union at a field stays one
 * issue, which names all forms of the field.
 */
function withoutUnions(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union' || issue.path.length > 0) return [issue];
  const [best] = [...issue.errors].sort((a, b) => a.length - b.length);
  return best ?? [issue];
}

/**
 * The refusal of a request because of its shape. Its size is bounded for any input: it names the first fields and counts the
 * others. `count` is the number of all errors when `errors` holds only the first ones.
 */
export function shapeProblem(errors: readonly FieldError[], count = errors.length): Problem {
  const shown = errors
    .slice(0, FIELD_ERRORS_MAX)
    .map(({ path, message }) => ({ path: truncated(path), message: truncated(message) }));
  const further_errors = count - shown.length;
  const sentences = shown.map(({ path, message }) => (path ? `${path}: ${message}` : message));
  if (further_errors === 0) return protocolProblem('VALIDATION_FAILED', sentences.join('; '), { errors: shown });
  const detail = [...sentences, `and ${further_errors} more`].join('; ');
  return protocolProblem('VALIDATION_FAILED', detail, { errors: shown, metadata: { further_errors } });
}

/** Cuts a text that can contain input of a client. */
function truncated(text: string): string {
  if (text.length <= FIELD_TEXT_CHARS_MAX) return text;
  // The cut must not leave an unpaired surrogate.
  return `${text.slice(0, FIELD_TEXT_CHARS_MAX).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** The response body of a problem. `reader` is who gets it, if that is known. */
export function presentProblem(problem: Problem, request_id: string, reader: CallerKind | undefined) {
  const { status, code, title, reasons, errors } = problem;
  const { detail, metadata } = addressedTo(reader, problem);
  return {
    type: `urn:covenant:problem:${code}`,
    title,
    status,
    detail,
    code,
    reasons,
    metadata,
    ...(errors ? { errors } : {}),
    request_id,
  };
}

/** The details with the remedies of the reader: the holder of a contract's key cannot do what an admin can. */
function addressedTo(reader: CallerKind | undefined, problem: Problem): Pick<Problem, 'detail' | 'metadata'> {
  switch (reader) {
    case 'contract':
      return problem.refusal === undefined ? problem : partnerRefusal(problem.refusal);
    case 'admin':
    case 'session':
    case 'anonymous':
    case undefined:
      return problem;
  }
}

/** The shape of every refusal, for the OpenAPI document. */
export const ProblemShape = z
  .object({
    type: z.string().describe('A URN that names the code'),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('What happened in this case, and what to do about it'),
    code: z.string().describe('A stable code; use it to distinguish errors'),
    reasons: z.array(z.string()).describe('Every code that applies. The first one is `code`'),
    metadata: z.record(z.string(), z.unknown()).describe('Every value that `detail` mentions'),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
    request_id: z.string(),
  })
  .openapi('Problem');

/** Every code with which the API can respond, with its status and title, in the order of the codes. */
export function problemCatalogue(): readonly { code: string; status: number; title: string }[] {
  return CATALOGUE;
}

/** `given_s` are the seconds that the refusal itself names. */
function retryAfter(code: string, given_s?: Json): Record<string, string> {
  const seconds = given_s ?? RETRY_AFTER_S[code];
  return typeof seconds !== 'number' ? {} : { 'Retry-After': String(seconds) };
}

/** Throws the problem `VALIDATION_FAILED` with these errors. */
export function throwShapeProblem(errors: FieldError[]): never {
  throw new ProblemError(shapeProblem(errors));
}
