/** Creates licenses without a contract. */
import { listJobLicenses } from '../../db/license/license';
import type { Sql } from '../../db/base/database';
import { isRefusal } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { DIRECT_LICENSES_MAX } from '../../domain/license/direct-creation';
import { MANUAL_SOURCE, jobSerialOf, licenseIdOf, licenseIdText, parseLicenseId } from '../../domain/license/license';
import { createLicenses, sourceRowsOfLicenses } from '../../transactions/license/create-licenses';
import type { CreationRequest } from '../../transactions/license/create-licenses';
import { ActivationLimitShape, ExpiryShape } from '../contract/contract-shapes';
import { actOf } from '../http/edit';
import { EmailShape } from '../http/email';
import { EXAMPLE_IDS } from '../http/example-ids';
import { ProblemError, problemOf } from '../http/problem';
import { route } from '../http/route';
import type { Answer, HandlerRequest, Route } from '../http/route';
import { DryRunQuery, Id, InstantShape, JsonObjectShape, NameShape, plainText } from '../http/shapes';
import { z } from '../http/zod';
import { ShownKeyShape } from './license-presenter';

const LicenseCreate = z
  .strictObject({
    product_id: Id,
    generator_id: Id.describe('An active generator of the product'),
    count: z.int().min(1).max(DIRECT_LICENSES_MAX).default(1),
    customer_email: EmailShape.nullable()
      .default(null)
      .describe('The licenses are assigned to the customer with this address, in any letter case; created if there is none'),
    customer_name: NameShape.optional().describe('The name of a customer who is created; default: the address'),
    expiry: ExpiryShape.default(null),
    feature_overrides: JsonObjectShape.default({}).describe(
      'Merged into the features of the generator; null removes a feature',
    ),
    activation_limit: ActivationLimitShape.default(null),
    note: plainText(z.string().min(1).max(2000)).nullable().default(null).describe('For the audit'),
  })
  .openapi('LicenseCreate');

const CreatedShape = z
  .object({
    source: z.literal(MANUAL_SOURCE),
    count: z.int(),
    product_id: Id,
    generator_id: Id,
    customer_id: Id.nullable().describe('null: available; also in a dry run, if the customer would be created'),
    customer_created: z.boolean(),
    licenses: z
      .array(z.object({ id: z.string(), key: ShownKeyShape, expires_at: InstantShape.nullable() }))
      .describe('Empty in a dry run'),
    dry_run: z.literal(true).optional(),
  })
  .openapi('CreatedLicenses');

type CreationCall = HandlerRequest<
  unknown,
  { dry_run?: 'true' | 'false' | undefined },
  z.infer<typeof LicenseCreate>
>;

/** What is stored for repetitions of a request. The licenses are read from their rows, so that no further table has their keys. */
interface StoredBody {
  first_license_id: string;
  expires_at: string | null;
}

export const licenseCreationRoutes: Route[] = [
  route({
    operation_id: 'createLicenses',
    method: 'post',
    path: '/api/v1/licenses',
    tag: 'Licenses',
    summary: 'Create licenses without a contract',
    description: `For single licenses: up to ${DIRECT_LICENSES_MAX}, without a quota. Their source is ${MANUAL_SOURCE}, and no contract counts them. Their dates are those of UTC.`,
    query: DryRunQuery,
    body: LicenseCreate,
    examples: {
      'One license for a customer': {
        product_id: EXAMPLE_IDS.product,
        generator_id: EXAMPLE_IDS.generator,
        customer_email: 'ada@example.com',
        expiry: { duration: 'P1Y' },
      },
    },
    answers: { 201: { description: 'The licenses', schema: CreatedShape } },
    refusals: [
      'PRODUCT_INACTIVE',
      'GENERATOR_NOT_AVAILABLE',
      'GENERATOR_KEYSPACE_TOO_SMALL',
      'GENERATOR_KEYSPACE_EXHAUSTED',
      'FEATURE_TYPE_MISMATCH',
      'EXPIRY_IN_PAST',
      'EXPIRY_CONFLICT',
      'PERSON_ERASED',
    ],
    audit: ['license.created', 'customer.created'],
    handle: (request) => create(request),
  }),
];

async function create(request: CreationCall): Promise<Answer | Refusal> {
  const { customer_email: email, customer_name: name = null, ...input } = request.body;
  const creation: CreationRequest = { ...input, customer: email === null ? null : { email, name } };
  const rows = sourceRowsOfLicenses(creation);
  const run = (tx: Sql) => createAndPresent(tx, creation, request);
  if (request.query.dry_run !== 'true') return withLicenses(request, await request.write(run, rows));
  const shown = await request.dryRun(run, rows);
  return isRefusal(shown) ? shown : presentDryRun(shown);
}

async function createAndPresent(tx: Sql, creation: CreationRequest, request: CreationCall): Promise<Answer> {
  const created = await createLicenses(tx, creation, actOf(request));
  // Thrown, so that the transaction is rolled back: neither a customer nor a job of a refused request must stay.
  if (isRefusal(created)) throw new ProblemError(problemOf(created));
  const { job_serial, customer_id, customer_created, expires_at } = created;
  const { product_id, generator_id, count } = creation;
  const stored: StoredBody = { first_license_id: licenseIdText(licenseIdOf(job_serial, 1)), expires_at };
  const body = { source: MANUAL_SOURCE, count, product_id, generator_id, customer_id, customer_created, ...stored };
  return { status: 201, body };
}

/** Adds the licenses to the answer of a request or of its repetition. */
async function withLicenses({ api, now }: CreationCall, answer: Answer | Refusal): Promise<Answer | Refusal> {
  if (isRefusal(answer)) return answer;
  const { first_license_id, expires_at, ...body } = answer.body as StoredBody;
  const rows = await listJobLicenses(api.db, jobSerialOf(parseLicenseId(first_license_id) ?? '0'));
  const shown = await api.signedKeys.ofLicenses(api.db, rows, now);
  const licenses = shown.map(({ id, key }) => ({ id: licenseIdText(id), key, expires_at }));
  return { ...answer, body: { ...body, licenses } };
}

/** What a dry run would create; ids that were rolled back are not shown. */
function presentDryRun(answer: Answer): Answer {
  const { first_license_id: _id, expires_at: _expires_at, ...body } = answer.body as StoredBody & {
    customer_id: string | null;
    customer_created: boolean;
  };
  return { ...answer, body: { ...body, customer_id: body.customer_created ? null : body.customer_id, licenses: [] } };
}
