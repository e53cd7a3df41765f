/**
 * The header fields of answers, for the OpenAPI document: what each means, and which answers can have it. `X-Request-Id`, which all have,
 * is described once for all.
 */
interface Field {
  description: string;
  schema: { type: 'string' | 'integer'; pattern?: string; minimum?: number; const?: string };
  example: string | number;
}

export const ANSWER_FIELDS = {
  ETag: {
    description:
      'Of a contract its revision, for `If-Match`; of an answer that can be cached what `If-None-Match` compares',
    schema: { type: 'string', pattern: '^"[A-Za-z0-9_-]+"$' },
    example: '"3"',
  },
  Location: {
    description: 'The path of what was created, not in the answer of a dry run; of a redirection the path of the page',
    schema: { type: 'string', pattern: '^/(api/v1|admin)/' },
    example: '/api/v1/jobs/0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f',
  },
  'Content-Disposition': {
    description: 'The name of the file',
    schema: { type: 'string' },
    example: 'attachment; filename="licenses.csv"',
  },
  'Idempotent-Replayed': {
    description:
      'The answer is that of an earlier request with the same key, `order_ref` or file; else the field is absent',
    schema: { type: 'string', const: 'true' },
    example: 'true',
  },
  'RateLimit-Policy': {
    description:
      'Every limit of the contract: requests or licenses (`qu`), their number (`q`) in so many seconds (`w`). Only in answers to the API key of a contract with limits',
    schema: { type: 'string' },
    example: '"requests-per-minute";q=60;w=60, "licenses-per-day";q=10000;w=86400;qu="licenses"',
  },
  RateLimit: {
    description: 'What is left (`r`) of the limit that is nearest to its end, and the seconds until it is reset (`t`)',
    schema: { type: 'string' },
    example: '"requests-per-minute";r=12;t=31',
  },
  'Retry-After': {
    description: 'After so many seconds the same request can succeed; absent when waiting does not help',
    schema: { type: 'integer', minimum: 1 },
    example: 31,
  },
  'Set-Cookie': {
    description: 'The cookie of the session, an empty one that ends it, or the cookie of a sign-in that has begun',
    schema: { type: 'string', pattern: '^__Host-covenant_(session|oidc)=' },
    example: '__Host-covenant_session=…; Path=/; Secure; HttpOnly; SameSite=Lax',
  },
  'WWW-Authenticate': {
    description: 'The scheme in which an API key is sent',
    schema: { type: 'string', pattern: '^Bearer' },
    example: 'Bearer',
  },
} as const satisfies Record<string, Field>;

export type AnswerField = keyof typeof ANSWER_FIELDS;

/** Fields with the state of the limits: of granted requests, and of refusals that follow from their count. */
const RATE_FIELDS: readonly AnswerField[] = ['RateLimit-Policy', 'RateLimit'];
const RATED_REFUSALS: readonly number[] = [404, 409, 410, 412, 422, 429];

/** The parts of a route that say which fields its answers have. */
interface DescribedRoute {
  answers: Record<number, { headers?: readonly AnswerField[] }>;
  refusals?: readonly string[];
  raw_body?: object;
  cached_s?: number;
}

/** The fields that an answer of a route can have, by its status. */
export function fieldsOf(route: DescribedRoute, status: number, takes_idempotency_key: boolean): AnswerField[] {
  const is_rated = route.refusals?.includes('RATE_LIMITED') === true;
  if (status < 400)
    return [
      ...(route.answers[status]?.headers ?? []),
      ...(route.cached_s === undefined ? [] : (['ETag'] as const)),
      ...(takes_idempotency_key ? (['Idempotent-Replayed'] as const) : []),
      ...(is_rated ? RATE_FIELDS : []),
    ];
  return [
    ...(status === 401 && !route.raw_body ? (['WWW-Authenticate'] as const) : []),
    ...([409, 429, 503].includes(status) ? (['Retry-After'] as const) : []),
    ...(is_rated && RATED_REFUSALS.includes(status) ? RATE_FIELDS : []),
  ];
}
