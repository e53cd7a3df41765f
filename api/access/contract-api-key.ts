/** The API key of a contract: what is known of it, the key itself, and its rotation. */
import { contractKeyKind, maskedApiKey } from '../../domain/access/api-key';
import type { Environment } from '../../domain/base/environment';
import { isRefusal, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { daysBetween, localDateAt } from '../../domain/base/calendar';
import type { Instant } from '../../domain/base/instant';
import { KEY_AGE_DAYS_MAX, OVERLAP_MINUTES_MAX } from '../../domain/contract/api-access';
import { findCurrentKey, findOverlappingKey } from '../../db/access/contract-api-key';
import type { ContractApiKeyRow } from '../../db/access/contract-api-key';
import type { Sql } from '../../db/base/database';
import { revealKey, rotateKey } from '../../transactions/access/contract-api-key';
import type { KeySecrets, ShownKey } from '../../transactions/access/contract-api-key';
import { contractActOf, hideDeletedContract, readContract, readStoredContract } from '../contract/command';
import { generateUrl } from '../contract/contract-presenter';
import { ENDPOINT_URL_TEXT } from '../contract/contract-shapes';
import { route } from '../http/route';
import type { Answer, HandlerRequest, Route } from '../http/route';
import { DryRunQuery, IdParams, InstantShape } from '../http/shapes';
import { z } from '../http/zod';

const KeyFields = {
  key_id: z.string().describe('The public part of the key'),
  masked_key: z.string().describe('The key without its secret'),
  created_at: InstantShape,
  last_used_at: InstantShape.nullable().describe('To the minute'),
};

const ContractApiKeyShape = z
  .object({
    enabled: z.boolean().describe('Whether the contract has API access'),
    endpoint_url: z.string().describe(ENDPOINT_URL_TEXT),
    key: z
      .object({
        ...KeyFields,
        age_days: z.int(),
        rotation_recommended: z.boolean().describe(`Whether the key is older than ${KEY_AGE_DAYS_MAX} days`),
      })
      .nullable()
      .describe('The current key'),
    former_key: z
      .object({ ...KeyFields, accepted_until: InstantShape })
      .nullable()
      .describe('A rotation is in progress: the replaced key is still accepted'),
  })
  .openapi('ContractApiKey');

const ShownKeyShape = z
  .object({
    key: z
      .string()
      .nullable()
      .describe('The complete key; null in a dry run, and in replays for the same Idempotency-Key'),
    key_id: KeyFields.key_id,
    masked_key: KeyFields.masked_key,
    dry_run: z.literal(true).optional(),
  })
  .openapi('ShownContractApiKey');

const RotateBody = z.strictObject({
  overlap_minutes: z
    .int()
    .min(0)
    .max(OVERLAP_MINUTES_MAX)
    .default(0)
    .describe('How long the former key is still accepted; 0: it is rejected at once'),
});

type KeyRequest = HandlerRequest<{ id: string }, { dry_run?: 'true' | 'false' | undefined }, unknown>;

export const contractApiKeyRoutes: Route[] = [
  route({
    operation_id: 'getContractApiKey',
    method: 'get',
    path: '/api/v1/contracts/:id/api-key',
    tag: 'Contracts',
    summary: 'Read what is known of the API key of a contract',
    description: 'Without the key itself, which `reveal` shows.',
    params: IdParams,
    answers: { 200: { description: 'The key without its secret', schema: ContractApiKeyShape } },
    audit: [],
    async handle({ params, ...request }) {
      const contract = await readContract(request, params.id);
      if (isRefusal(contract)) return contract;
      const { db, publicUrl } = request.api;
      const [key, former] = await Promise.all([findCurrentKey(db, contract.id), findOverlappingKey(db, contract.id)]);
      const body = {
        enabled: contract.api_access,
        endpoint_url: generateUrl(publicUrl, contract.id),
        key: key ? { ...presentKey(key, contract.environment), ...ageOf(key, request.now) } : null,
        former_key: former ? { ...presentKey(former, contract.environment), accepted_until: former.expires_at } : null,
      };
      return { status: 200, body };
    },
  }),
  route({
    operation_id: 'revealContractApiKey',
    method: 'post',
    path: '/api/v1/contracts/:id/api-key/reveal',
    tag: 'Contracts',
    summary: 'Show the API key of a contract',
    description:
      'Each call is recorded in the audit. Send the key to the partner over an encrypted channel, not by mail.',
    params: IdParams,
    query: DryRunQuery,
    answers: { 200: { description: 'The key', schema: ShownKeyShape } },
    refusals: [
      'API_ACCESS_OFF',
      'API_KEY_MISSING',
      'API_KEY_UNREADABLE',
      'SEALING_KEY_MISSING',
      'API_ACCESS_NOT_CONFIGURED',
      'CONTRACT_INACTIVE',
      'CONTRACT_EXPIRED',
      'CONTRACT_TERMINATED',
      'BILLING_SUSPENDED',
    ],
    audit: ['apikey.revealed'],
    handle: (request) =>
      showKey(request, (tx, secrets) => revealKey(tx, contractActOf(request, request.params.id), secrets)),
  }),
  route({
    operation_id: 'rotateContractApiKey',
    method: 'post',
    path: '/api/v1/contracts/:id/api-key/rotate',
    tag: 'Contracts',
    summary: 'Replace the API key of a contract',
    description:
      'The response shows the new key. Without an overlap, no call with the former key succeeds after this response.',
    params: IdParams,
    query: DryRunQuery,
    body: RotateBody,
    body_optional: true,
    examples: {
      'At once, because the key was disclosed': {},
      'With a day in which both keys are accepted': { overlap_minutes: 1440 },
    },
    answers: { 200: { description: 'The new key', schema: ShownKeyShape } },
    refusals: ['API_ACCESS_OFF', 'API_ACCESS_NOT_CONFIGURED', 'CONTRACT_TERMINATED'],
    audit: ['apikey.rotated'],
    handle: (request) =>
      showKey(request, (tx, secrets) =>
        rotateKey(tx, contractActOf(request, request.params.id), request.body, secrets),
      ),
  }),
];

/** Runs a transaction that shows a key. The stored response for repetitions has none. */
async function showKey(
  request: KeyRequest,
  run: (tx: Sql, secrets: KeySecrets) => Promise<ShownKey | Refusal>,
): Promise<Answer | Refusal> {
  const { keySecrets } = request.api;
  if (keySecrets === undefined) return refuse('API_ACCESS_NOT_CONFIGURED');
  const dry_run = request.query.dry_run === 'true';
  const answer = async (tx: Sql): Promise<Answer | Refusal> => {
    const shown = await run(tx, keySecrets);
    if (isRefusal(shown)) return hideDeletedContract(request.caller, shown);
    const { environment } = await readStoredContract(tx, request.params.id);
    const { key_id, masked_key } = presentKey(shown.row, environment);
    const without_key = { key: null, key_id, masked_key };
    // A key that a dry run creates will not exist, and one that it shows would have no audit row.
    const body = dry_run ? without_key : { ...without_key, key: shown.text };
    return { status: 200, body, replay_body: without_key, nudge: shown.nudge };
  };
  return dry_run ? request.dryRun(answer) : request.write(answer);
}

function presentKey({ key_id, last_four, created_at, last_used_at }: ContractApiKeyRow, environment: Environment) {
  const masked_key = maskedApiKey(contractKeyKind(environment), key_id, last_four);
  return { key_id, masked_key, created_at, last_used_at };
}

function ageOf({ created_at }: ContractApiKeyRow, now: Instant) {
  const age_days = Math.max(0, daysBetween(localDateAt(created_at, 'UTC'), localDateAt(now, 'UTC')));
  return { age_days, rotation_recommended: age_days > KEY_AGE_DAYS_MAX };
}
