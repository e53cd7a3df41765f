/** Generates licenses of a contract: inline below 100, in a background job from 100. */
import { BACKGROUND_FROM_LICENSES, REQUEST_LICENSES_MAX } from '../../domain/generation/generation-job';
import type { Instant } from '../../domain/base/instant';
import { containsApiKey } from '../../domain/access/api-key';
import { channelOf } from '../../domain/access/caller';
import { KEY_JOINER } from '../../domain/catalogue/license-key';
import { isRefusal } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { checkRequest } from '../../transactions/generation/check-license-request';
import type { Granted, LicenseRequest } from '../../transactions/generation/license-request';
import { listJobLicenses } from '../../db/license/license';
import { licenseIdOf, licenseIdText } from '../../domain/license/license';
import { hideDeletedContract } from '../contract/command';
import type { Api } from '../http/api';
import { fingerprintOf } from '../http/idempotency';
import { ProblemError, problemOf, protocolProblem } from '../http/problem';
import { route } from '../http/route';
import type { Answer, HandlerRequest, Route } from '../http/route';
import { DryRunQuery, Id, IdParams, InstantShape, plainText } from '../http/shapes';
import { z } from '../http/zod';
import { ShownKeyShape } from '../license/license-presenter';
import { rateFields } from './rate-fields';

const GenerateBody = z.strictObject({
  count: z
    .int()
    .min(1)
    .max(REQUEST_LICENSES_MAX)
    .describe('The number of licenses; from 100 on, a background job generates them'),
  idempotency_key: plainText(z.string().min(1).max(255))
    .refine((key) => !containsApiKey(key), { params: { refusal: 'API_KEY_AS_IDEMPOTENCY_KEY' } })
    .optional()
    .describe('Requests with the same key generate once. The header Idempotency-Key can be used instead'),
  test: z
    .boolean()
    .default(false)
    .describe('true: test licenses of a draft, at most 5, valid for a week, not counted in the quota'),
});

const GenerateShape = z
  .object({
    success: z.literal(true),
    licenses_generated: z.int(),
    licenses_requested: z.int(),
    quota_remaining: z.int().describe('The quota that is neither generated nor reserved by unfinished jobs'),
    job_id: Id.optional().describe('The generation job; inline requests also have one, a dry run has none'),
    licenses: z.array(z.object({ id: z.string(), key: ShownKeyShape, expires_at: InstantShape.nullable() })).optional(),
    dry_run: z.literal(true).optional(),
  })
  .openapi('GenerateResult');

type GenerateRequest = HandlerRequest<
  { id: string },
  { dry_run?: 'true' | 'false' | undefined },
  z.infer<typeof GenerateBody>
>;

/** Simultaneous requests with the same idempotency key and content share one execution (decisions 11). */
const inFlight = new Map<string, { fingerprint: string; answer: Promise<Generated> }>();

/** The outcome of a request, with the header fields of its rate. */
interface Generated {
  outcome: Answer | Refusal;
  fields: Record<string, string>;
}

export const generationRoutes: Route[] = [
  route({
    operation_id: 'generateLicenses',
    method: 'post',
    path: '/api/v1/contracts/:id/generate',
    tag: 'Generation',
    summary: 'Generate licenses',
    description:
      'Below 100 licenses, the response contains them. From 100 on, the response is 202 and a job generates them; `Location` has its URL. Requests by the API key of the contract are limited by its `rate_limits`: the answers to them, except to those that fail before, have the fields `RateLimit-Policy` and `RateLimit`, and a refusal (429 RATE_LIMITED) has `Retry-After`. A dry run counts as one request and no licenses, whatever it shows; only a refusal by the requests that are left counts nothing. It shows what a new request gets: it neither stores an idempotency key nor answers with the response that is stored for one.',
    checks_caller: true,
    params: IdParams,
    query: DryRunQuery,
    body: GenerateBody,
    examples: {
      'Two licenses, in the response': { count: 2 },
      '4,000 licenses, by a background job': { count: 4000, idempotency_key: 'order-1042' },
      'A test license of a draft': { count: 1, test: true },
    },
    answers: {
      201: { description: 'Generated', schema: GenerateShape },
      202: { description: 'Queued', schema: GenerateShape, headers: ['Location'] },
    },
    refusals: [
      'RATE_LIMITED',
      'COUNT_ABOVE_RATE_LIMIT',
      'QUOTA_EXCEEDED',
      'CONTRACT_INACTIVE',
      'CONTRACT_EXPIRED',
      'CONTRACT_TERMINATED',
      'BILLING_SUSPENDED',
      'PRODUCT_INACTIVE',
      'GENERATOR_NOT_AVAILABLE',
      'GENERATOR_KEYSPACE_EXHAUSTED',
      'EXPIRY_IN_PAST',
      'TEST_LICENSE_LIMIT',
      'INVALID_STATE_TRANSITION',
      'IDEMPOTENCY_KEY_REUSED',
      'IDEMPOTENCY_IN_PROGRESS',
      'IDEMPOTENCY_KEY_CONFLICT',
      'REVISION_CONFLICT',
    ],
    audit: ['generation.requested'],
    handle: (request) =>
      (request.query.dry_run === 'true' ? dryRunGenerate(request) : generateOnce(request)).then(answerOf),
  }),
];

/** Shares one execution among equal requests of this process. Among processes, the unique key in Postgres prevents a second one. */
async function generateOnce(request: GenerateRequest): Promise<Generated> {
  const key = idempotencyKeyOf(request);
  if (key === null) return generate(request, null);
  const fingerprint = fingerprintOf('POST', `/contracts/${request.params.id}/generate`, {
    count: request.body.count,
    test: request.body.test,
  });
  // Requests for different revisions can have different outcomes.
  const inFlightKey = `${request.params.id} ${request.expected_revision ?? ''} ${key}`;
  const first = inFlight.get(inFlightKey);
  if (first && first.fingerprint === fingerprint) {
    await request.credential?.confirm();
    // An error of the first request, such as a revoked key, does not apply to this one.
    const answer = await first.answer.catch(() => generate(request, { key, fingerprint }));
    return isRefusal(answer.outcome)
      ? answer
      : { ...answer, fields: { ...answer.fields, 'Idempotent-Replayed': 'true' } };
  }
  const answer = generate(request, { key, fingerprint });
  if (first) return answer;
  inFlight.set(inFlightKey, { fingerprint, answer });
  try {
    return await answer;
  } finally {
    inFlight.delete(inFlightKey);
  }
}

async function generate(
  request: GenerateRequest,
  idempotency: { key: string; fingerprint: string } | null,
): Promise<Generated> {
  const { api, request_id } = request;
  const { result, nudge, rate } = await api.requestLicenses(licenseRequest(request, idempotency));
  const fields = rateFields(rate, request.body.count);
  await api.nudger.wake(nudge, request_id);
  if (isRefusal(result)) return { outcome: hideDeletedContract(request.caller, result), fields };
  const { job, replayed } = result;
  if (job.execution === 'background' && !replayed) await api.nudger.wakeJobs([job.id], { request_id });
  return { outcome: await presentGranted(api, result, request.now), fields };
}

/** The answer with the fields of its rate, which a refusal has too. */
function answerOf({ outcome, fields }: Generated): Answer {
  if (!isRefusal(outcome)) return { ...outcome, headers: { ...outcome.headers, ...fields } };
  const problem = problemOf(outcome);
  throw new ProblemError({ ...problem, headers: { ...problem.headers, ...fields } });
}

/** The request in the form that `transactions/generation` takes. */
function licenseRequest(request: GenerateRequest, idempotency: LicenseRequest['idempotency']): LicenseRequest {
  const { params, body, caller, actor, now, expected_revision, request_id, credential } = request;
  const { count, test } = body;
  return {
    contract_id: params.id,
    count,
    test,
    actor,
    channel: channelOf(caller),
    now,
    expected_revision,
    idempotency,
    request_id,
    rated: caller.kind === 'contract',
    credential,
  };
}

/** Presents a granted request and its replays: for a replay, the keys of an inline request are read from their rows. */
async function presentGranted(api: Api, granted: Granted, now: Instant): Promise<Answer> {
  const { job, replayed } = granted;
  const inline = job.execution === 'inline';
  const headers = {
    ...(replayed ? { 'Idempotent-Replayed': 'true' } : {}),
    ...(inline ? {} : { Location: `/api/v1/jobs/${job.id}` }),
  };
  const body = {
    success: true,
    licenses_generated: inline ? job.requested : 0,
    licenses_requested: job.requested,
    quota_remaining: job.quota_remaining,
    job_id: job.id,
    ...(inline ? { licenses: await licensesOf(api, granted, now) } : {}),
  };
  return { status: inline ? 201 : 202, body, headers };
}

async function licensesOf({ db, signedKeys }: Api, { job, keys }: Granted, now: Instant) {
  const licenses =
    keys === null
      ? await listJobLicenses(db, job.serial)
      : keys.split(KEY_JOINER).map((key, index) => ({ id: licenseIdOf(job.serial, index + 1), key }));
  const shown = job.is_signed ? await signedKeys.ofLicenses(db, licenses, now) : licenses;
  return shown.map(({ id, key }) => ({ id: licenseIdText(id), key, expires_at: job.expires_at }));
}

/** Shows the outcome of a request without generating licenses. */
async function dryRunGenerate(request: GenerateRequest): Promise<Generated> {
  const asked = licenseRequest(request, null);
  await request.credential?.confirm();
  const { refusal, rate } = await request.api.admitDryRun(asked);
  const outcome = refusal ?? (await checkAsDryRun(request, asked));
  return { outcome, fields: rateFields(rate, asked.count) };
}

function checkAsDryRun(request: GenerateRequest, asked: LicenseRequest): Promise<Answer | Refusal> {
  const { body } = request;
  return request.dryRun(async (tx) => {
    const judged = await checkRequest(tx, asked);
    if (isRefusal(judged)) return hideDeletedContract(request.caller, judged);
    if (judged.refusal) return judged.refusal;
    const { quota } = judged.facts;
    const inline = body.count < BACKGROUND_FROM_LICENSES;
    const quota_remaining = quota.total - quota.claimed - (body.test ? 0 : body.count);
    return {
      status: inline ? 201 : 202,
      body: {
        success: true,
        licenses_generated: inline ? body.count : 0,
        licenses_requested: body.count,
        quota_remaining,
        ...(inline ? { licenses: [] } : {}),
      },
    };
  });
}

/** The idempotency key in the body or the header. Two different keys are refused. */
function idempotencyKeyOf(request: GenerateRequest): string | null {
  const in_body = request.body.idempotency_key;
  const in_header = request.idempotency?.key;
  if (in_body !== undefined && in_header !== undefined && in_body !== in_header) {
    const detail =
      'The field idempotency_key and the header Idempotency-Key differ. Send one of them, or the same value in both.';
    throw new ProblemError(protocolProblem('IDEMPOTENCY_KEY_CONFLICT', detail));
  }
  return in_body ?? in_header ?? null;
}
