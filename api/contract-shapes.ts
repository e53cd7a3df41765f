/** The shapes of contracts: what creating and editing takes, what reading gives. */
import { CONTRACT_STATES, CONTRACT_TYPES, EXPIRY_GRACE_DAYS_MAX } from '../domain/contract';
import { BOUNDARY_KINDS } from '../domain/contract-boundary';
import { QUOTA_MAX } from '../domain/quota';
import {
  EnvironmentShape,
  Id,
  InstantInput,
  InstantShape,
  JsonObjectShape,
  LocalDateShape,
  NameShape,
  PeriodShape,
  TimeZoneShape,
  isPlainText,
} from './shapes';
import { z } from './zod';

/** Two rules at once have a refusal of their own (domain.md 3.3). The shape fits both and nothing comes of it. */
const BothExpiryRules = z
  .strictObject({ duration: z.unknown(), basis: z.unknown().optional(), date: z.unknown() })
  .refine(() => false, { message: 'give a duration or a date, not both', params: { refusal: 'EXPIRY_CONFLICT' } })
  .describe('Refused with EXPIRY_CONFLICT') as unknown as z.ZodType<never>;

const ExpiryShape = z
  .union([
    z.strictObject({
      duration: PeriodShape.describe('Period of validity'),
      basis: z.enum(['generation']).default('generation').describe('From when it counts'),
    }),
    z.strictObject({ date: LocalDateShape.describe('Last day of validity, in the zone of the contract') }),
    BothExpiryRules,
    z.null(),
  ])
  .describe('When licenses expire; null: never');

const ActivationLimitShape = z
  .union([z.int().min(1).max(1_000_000), z.literal('unlimited'), z.null()])
  .describe('Devices per license: a number, "unlimited", or null for the generator\'s own');

const QuotaShape = z.int().min(1).max(QUOTA_MAX).describe('Licenses the contract may generate in its life');
const GraceShape = z
  .int()
  .min(0)
  .max(EXPIRY_GRACE_DAYS_MAX)
  .describe('Days after the end in which the contract can still be renewed');
const NoteShape = z.string().max(2000).refine(isPlainText, 'must not contain control characters');

/** Body of `POST /contracts`. */
export const ContractCreate = z
  .strictObject({
    name: NameShape.describe('For people; it can be changed, and need not be unique'),
    type: z.enum(CONTRACT_TYPES),
    status: z.enum(['active', 'inactive']).describe('active: created and activated in one step; inactive: a draft'),
    product_id: Id.describe('The product; it decides the environment and never changes'),
    generator_id: Id.describe('An active generator of the product'),
    quota: QuotaShape,
    customer_id: Id.nullable().default(null),
    feature_overrides: JsonObjectShape.default({}).describe("Merged over the generator's features; null removes one"),
    activation_limit: ActivationLimitShape.default(null),
    expiry: ExpiryShape.default(null),
    timezone: TimeZoneShape.default('UTC').describe('The zone of all dates of the contract; fixed at activation'),
    start_date: LocalDateShape.nullable().default(null).describe('First day; null: the day of activation'),
    end_date: LocalDateShape.nullable().default(null).describe('First day not covered; give this or term, not both'),
    term: PeriodShape.nullable().default(null).describe('Length of the term; null: no end'),
    expiry_grace_days: GraceShape.default(0),
    metadata: JsonObjectShape.default({}).describe('Yours; never read by Covenant'),
  })
  .refine((body) => body.term === null || body.end_date === null, {
    path: ['end_date'],
    message: 'give term or end_date, not both',
  })
  .openapi('ContractCreate');

/** Body of `PATCH /contracts/{id}`: what is left out stays. */
export const ContractEdit = z
  .strictObject({
    name: NameShape,
    status: z.enum(['active', 'inactive']).describe('Activates, pauses or resumes'),
    quota: QuotaShape,
    generator_id: Id,
    customer_id: Id.nullable(),
    feature_overrides: JsonObjectShape,
    activation_limit: ActivationLimitShape,
    expiry: ExpiryShape,
    metadata: JsonObjectShape,
    timezone: TimeZoneShape.describe('Drafts only'),
    start_date: LocalDateShape.nullable().describe('Drafts only'),
    end_date: LocalDateShape.nullable().describe('Drafts only'),
    term: PeriodShape.nullable().describe('Drafts only'),
    expiry_grace_days: GraceShape.describe('Drafts only'),
    type: z.string().max(50).describe('Cannot be changed'),
    product_id: z.string().max(50).describe('Cannot be changed'),
    environment: z.string().max(50).describe('Cannot be changed'),
    id: z.string().max(50).describe('Cannot be changed'),
  })
  .partial()
  .refine((body) => !body.term || !body.end_date, { path: ['end_date'], message: 'give term or end_date, not both' })
  .openapi('ContractEdit');

export const PauseBody = z.strictObject({
  reason: z.enum(['paused', 'completed']).default('paused'),
  resume_at: InstantInput.nullable()
    .default(null)
    .describe('When it resumes by itself; null: when somebody resumes it'),
  note: NoteShape.nullable().default(null),
});
export const ResumeBody = z.strictObject({
  extend_term_on_resume: z.boolean().default(false).describe('Adds the paused days to the end'),
});
export const EmptyBody = z.strictObject({});
export const DeleteBody = z.strictObject({
  confirm_name: z.string().max(400).describe('The name of the contract, exactly'),
});

const BoundaryShape = z.object({ at: InstantShape, kind: z.enum(BOUNDARY_KINDS) });

/** A contract as it is read. */
export const ContractShape = z
  .object({
    id: Id,
    name: z.string(),
    type: z.enum(CONTRACT_TYPES),
    environment: EnvironmentShape,
    product_id: Id,
    generator_id: Id,
    customer_id: Id.nullable(),
    state: z.enum(CONTRACT_STATES).describe('Derived from facts and the clock'),
    status: z.enum(['active', 'inactive']).describe('active: generates licenses now'),
    inactive_reason: z.string().nullable(),
    warnings: z.array(z.string()),
    quota: z.object({
      total: z.int(),
      generated: z.int(),
      reserved: z.int().describe('Owed by unfinished jobs'),
      remaining: z.int(),
      utilization: z.number().describe('Percent generated, one decimal'),
    }),
    term: z.object({
      number: z.int(),
      length: z.string().nullable(),
      start_date: z.string().nullable(),
      end_date: z.string().nullable().describe('First day not covered'),
      last_day: z.string().nullable(),
    }),
    expiry_grace_days: z.int(),
    timezone: z.string(),
    next_boundary: BoundaryShape.nullable(),
    holds: z.array(
      z.object({
        source: z.string(),
        code: z.string(),
        placed_at: InstantShape,
        resume_at: InstantShape.nullable(),
        placed_by: z.string(),
        note: z.string().nullable(),
      }),
    ),
    feature_overrides: z.record(z.string(), z.unknown()),
    activation_limit: z.union([z.int(), z.literal('unlimited'), z.null()]),
    expiry: z.unknown(),
    metadata: z.record(z.string(), z.unknown()),
    activated_at: InstantShape.nullable(),
    workflow_id: z.string().describe('In the Temporal UI'),
    revision: z.int().describe('Counts changes of terms and holds; the ETag'),
    created_at: InstantShape,
    created_by: z.string(),
    updated_at: InstantShape,
    dry_run: z.literal(true).optional(),
  })
  .openapi('Contract');

/** A contract as a list shows it. */
export const ContractListShape = ContractShape.pick({
  id: true,
  name: true,
  type: true,
  environment: true,
  product_id: true,
  generator_id: true,
  customer_id: true,
  state: true,
  status: true,
  inactive_reason: true,
  quota: true,
  revision: true,
  created_at: true,
  created_by: true,
  updated_at: true,
}).openapi('ContractListItem');
