/** The shapes of contracts in requests and responses. */
import { LOW_WATER_DEFAULT, LOW_WATER_MAX } from '../../domain/contract/pool-fields';
import { ADDRESS_ENTRIES_MAX, ADDRESS_ENTRY_CHARS_MAX, parseAddressList } from '../../domain/access/address-list';
import { BILLING_LEVELS, DEFAULT_DUNNING, DUNNING_DAYS_MAX } from '../../domain/billing/dunning';
import { INVOICE_STATUSES } from '../../domain/billing/billing-event';
import { REPLENISH_TARGET_MAX } from '../../domain/contract/auto-replenish';
import { EXPIRY_GRACE_DAYS_MAX, CONTRACT_WARNINGS, CONTRACT_STATES, CONTRACT_TYPES } from '../../domain/contract/facts';
import { BOUNDARY_KINDS } from '../../domain/contract/boundary-kind';
import {
  RENEWAL_BASES,
  MAX_RENEWALS_MAX,
  LATE_RENEWAL_DAYS_MAX,
  NOTICE_DAYS_MAX,
  DEFAULT_RENEWAL,
  RENEWAL_MODES,
} from '../../domain/contract/renewal-policy';
import { QUOTA_MAX } from '../../domain/contract/quota';
import { RATE_LIMIT_MAX, RATE_LIMIT_PRESETS } from '../../domain/contract/rate-limits';
import {
  ACTIVATION_LIMIT_MAX,
  EnvironmentShape,
  Id,
  InstantInput,
  InstantShape,
  JsonObjectShape,
  LocalDateShape,
  NAME_NORMALIZED_CHARS_MAX,
  NameShape,
  PeriodShape,
  TimeZoneShape,
  immutable,
  plainText,
} from '../http/shapes';
import { EXPIRY_BASES } from '../../domain/contract/expiry';
import {
  DEFAULT_ON_SUSPEND,
  DEVICE_LEASE_MINUTES_MAX,
  ISSUED_LICENSES_POLICIES,
} from '../../domain/contract/issued-licenses';
import { ENDPOINT_STATUSES } from '../../domain/webhook/endpoint';
import { WebhookUrlShape } from '../webhook/webhook-endpoint-presenter';
import { CONTRACT_ACTIONS } from './contract-actions';
import { EmailShape } from '../http/email';
import { z } from '../http/zod';

/** Matches an expiry with both a duration and a date, only to refuse it with its own code (domain.md 3.3). */
const BothExpiryRules = z
  .strictObject({ duration: z.unknown(), basis: z.unknown().optional(), date: z.unknown() })
  .refine(() => false, { message: 'set a duration or a date, not both', params: { refusal: 'EXPIRY_CONFLICT' } })
  // The generator of the document treats a field of type unknown as optional.
  .openapi({
    description: 'Refused with EXPIRY_CONFLICT',
    required: ['duration', 'date'],
  }) as unknown as z.ZodType<never>;

// Without a message, zod reports only "Invalid input" for a union without a matching branch.
export const ExpiryShape = z
  .union(
    [
      z.strictObject({
        duration: PeriodShape.describe('Period of validity'),
        basis: z
          .enum(EXPIRY_BASES)
          .default('generation')
          .describe('The start of the period: the generation of the license, its assignment or its first activation'),
      }),
      z.strictObject({
        date: LocalDateShape.describe(
          'Last day of validity, in the time zone of the contract; without a contract, in UTC',
        ),
      }),
      BothExpiryRules,
      z.null(),
    ],
    'must be null, {"duration": "P1Y"}, {"duration": "P1Y", "basis": "assignment"} or {"date": "2027-02-01"}',
  )
  .describe('When licenses expire; null: never');

const CapExpiryShape = z
  .boolean()
  .describe(
    'true: new licenses expire at the end of the contract at the latest, as it is when their expiry is computed',
  );

const DeviceLeaseShape = z
  .int()
  .min(1)
  .max(DEVICE_LEASE_MINUTES_MAX)
  .nullable()
  .describe(
    'How long a device keeps its place without a heartbeat, for licenses generated from now on; null: until it is deactivated',
  );
const OnSuspendShape = z.strictObject({
  issued_licenses: z
    .enum(ISSUED_LICENSES_POLICIES)
    .describe(
      'What a suspension for unpaid invoices or compliance does to issued licenses. keep: nothing; no_new_activations: no further device is activated; suspend: they are not valid meanwhile',
    ),
});

export const ActivationLimitShape = z
  .union(
    [z.int().min(1).max(ACTIVATION_LIMIT_MAX), z.literal('unlimited'), z.null()],
    `must be null, "unlimited" or a whole number from 1 to ${ACTIVATION_LIMIT_MAX}`,
  )
  .describe('Devices per license: a number, "unlimited", or null for the limit of the generator');

const QUOTA = 'The number of licenses that the contract can generate in total';
const QuotaShape = z.int().min(1).max(QUOTA_MAX).describe(QUOTA);
const GraceShape = z
  .int()
  .min(0)
  .max(EXPIRY_GRACE_DAYS_MAX)
  .describe('Days after the end in which the contract can still be renewed');
/** A JSON schema for: not both a term and an end date. */
const STRING_SCHEMA = { type: 'string' as const };
const NOT_BOTH_ENDS = {
  not: { required: ['term', 'end_date'], properties: { term: STRING_SCHEMA, end_date: STRING_SCHEMA } },
};

/** The part of `parseAddressList` that a JSON schema can express. */
const ADDRESS_ENTRY_PATTERN = '^[0-9A-Fa-f:.]{2,45}(/[0-9]{1,3})?$';
/** Converted to the form in which a list is stored. Each line that is not valid is an error of its own. */
const AddressListShape = z
  .array(z.string().max(ADDRESS_ENTRY_CHARS_MAX).openapi({ pattern: ADDRESS_ENTRY_PATTERN }))
  .max(ADDRESS_ENTRIES_MAX)
  .describe(
    "The addresses and networks (CIDR) from which the contract's API key is accepted, IPv4 or IPv6; empty: every address",
  )
  .openapi({ example: ['192.0.2.7', '2001:db8::/48'] })
  .transform((lines, context) => {
    const { entries, invalid } = parseAddressList(lines);
    for (const { line, message } of invalid)
      context.addIssue({ code: 'custom', path: [line - 1], message: `line ${line} ${message}` });
    return entries;
  });

const QUOTA_LABEL_CHARS_MAX = 100;
const NoteShape = plainText(z.string().max(2000));

const AddShape = z.int().min(1).max(QUOTA_MAX);
const RenewalFields = {
  mode: z.enum(RENEWAL_MODES).describe('auto: renews automatically at the end of each term; none: never'),
  term: PeriodShape.nullable().describe('Length of the next terms; null: the length of the previous term'),
  notice_days: z
    .int()
    .min(0)
    .max(NOTICE_DAYS_MAX)
    .describe('Days of notice: opting out is possible until that many days before the end'),
  opt_out_at: InstantInput.nullable().describe('The instant of opting out of renewal; null: no opt-out'),
  quota_effect: z.strictObject({ add: AddShape }).nullable().describe('What each renewal adds to the quota'),
  max_renewals: z.int().min(0).max(MAX_RENEWALS_MAX).nullable().describe('null: no limit'),
  coterm_with: Id.nullable().describe('The contract whose end date this contract adopts, now or at the next renewal'),
  late_renewal_days: z
    .int()
    .min(0)
    .max(LATE_RENEWAL_DAYS_MAX)
    .describe('Days after its end in which the contract can be renewed late'),
};
const RenewalCreate = z.strictObject({
  mode: RenewalFields.mode.default(DEFAULT_RENEWAL.mode),
  term: RenewalFields.term.default(DEFAULT_RENEWAL.term),
  notice_days: RenewalFields.notice_days.default(DEFAULT_RENEWAL.notice_days),
  opt_out_at: RenewalFields.opt_out_at.default(DEFAULT_RENEWAL.opt_out_at),
  quota_effect: RenewalFields.quota_effect.default(DEFAULT_RENEWAL.quota_effect),
  max_renewals: RenewalFields.max_renewals.default(DEFAULT_RENEWAL.max_renewals),
  coterm_with: RenewalFields.coterm_with.default(DEFAULT_RENEWAL.coterm_with),
  late_renewal_days: RenewalFields.late_renewal_days.default(DEFAULT_RENEWAL.late_renewal_days),
});
export const RenewalEdit = z.strictObject(RenewalFields).partial();

const DunningFields = {
  past_due_days: z
    .int()
    .min(1)
    .max(DUNNING_DAYS_MAX)
    .describe('Days after the due date until the contract is past due'),
  suspend_days: z.int().min(2).max(DUNNING_DAYS_MAX).describe('Days after the due date until it is suspended'),
  terminate_days: z
    .int()
    .min(3)
    .max(DUNNING_DAYS_MAX)
    .nullable()
    .describe('Days after the due date until it is terminated; null: never'),
};
const DunningCreate = z.strictObject({
  past_due_days: DunningFields.past_due_days.default(DEFAULT_DUNNING.past_due_days),
  suspend_days: DunningFields.suspend_days.default(DEFAULT_DUNNING.suspend_days),
  terminate_days: DunningFields.terminate_days.default(DEFAULT_DUNNING.terminate_days),
});

const LimitShape = z.int().min(1).max(RATE_LIMIT_MAX).nullable();
const WindowLimitFields = {
  per_minute: LimitShape.describe('In each minute of UTC; null: no limit'),
  per_hour: LimitShape.describe('In each hour of UTC; null: no limit'),
  per_day: LimitShape.describe('In each day of UTC; null: no limit'),
};
const RateLimitsShape = z.object({
  ...WindowLimitFields,
  licenses: z.object(WindowLimitFields).describe('Limits of the requested licenses instead of requests'),
});
const RateLimitsEdit = z
  .strictObject({
    ...WindowLimitFields,
    licenses: z.strictObject(WindowLimitFields).partial().nullable().describe('The same in licenses; null: no limits'),
  })
  .partial()
  .nullable()
  .describe(
    `Requests for licenses by the API key of the contract; null: no limits. ${recommendedLimits()} A change holds from the next request; what was counted stays counted`,
  );

/** Names the recommended limits, such as "small reseller: 10 a minute, 100 an hour, 500 a day". */
function recommendedLimits(): string {
  const sizes = Object.entries(RATE_LIMIT_PRESETS).map(
    ([name, { per_minute, per_hour, per_day }]) =>
      `${name.replaceAll('_', ' ')}: ${per_minute} a minute, ${per_hour} an hour, ${per_day} a day`,
  );
  return `Recommended: ${sizes.join('; ')}.`;
}

const LowWaterShape = z
  .int()
  .min(0)
  .max(LOW_WATER_MAX)
  .describe(
    'Of a pool: an event is written when fewer licenses are available, once until there are ten percent more; 0: never',
  );
const MinValidityShape = PeriodShape.nullable().describe(
  'Of a pool: for how long a license must still be valid to be given out; null: it must not have expired',
);

const AutoReplenishShape = z
  .strictObject({
    target: z
      .int()
      .min(1)
      .max(REPLENISH_TARGET_MAX)
      .describe('Up to how many available licenses the pool is filled; at least ten percent more than `low_water`'),
  })
  .nullable()
  .describe(
    'Of a pool: when fewer than `low_water` licenses are available, a job generates licenses up to the target, within the quota and while the contract is active; null: never',
  );

/** The licenses of a pool, each in one of the counts. */
export const PoolShape = z
  .object({
    available: z.int().describe('Licenses that an order can take now'),
    expiring: z
      .int()
      .describe('Available licenses that no order gets, because they expire within `min_remaining_validity`'),
    held: z.int().describe('Licenses that are held for orders'),
    assigned: z.int().describe('Licenses of customers, activated or not'),
    suspended: z.int().describe('Suspended licenses, of customers or not'),
    expired: z.int().describe('Expired licenses, of customers or not'),
    revoked: z.int().describe('Revoked licenses'),
  })
  .nullable()
  .describe(
    'The licenses of a contract of type pool, each in one of the counts, without test licenses; null for other types',
  );

/** What the URL of a contract's API access is for. */
export const ENDPOINT_URL_TEXT =
  'The URL at which licenses are generated with the key. The licenses of a pool are taken at …/contracts/{id}/pool/grab instead, and its holds read at …/contracts/{id}/holds';

const AccountManagerShape = EmailShape.nullable().describe('The address of the person who looks after the contract');

/** Body of `POST /contracts`. */
export const ContractCreate = z
  .strictObject({
    name: NameShape.describe('Display name. It can be changed and does not have to be unique'),
    type: z.enum(CONTRACT_TYPES),
    status: z.enum(['active', 'inactive']).describe('active: created and activated in one step; inactive: a draft'),
    product_id: Id.describe('The product. It determines the environment and cannot be changed'),
    generator_id: Id.describe('An active generator of the product'),
    quota: QuotaShape,
    customer_id: Id.nullable().default(null),
    account_manager: AccountManagerShape.default(null),
    feature_overrides: JsonObjectShape.default({}).describe(
      'Merged over the features of the generator; null removes a feature',
    ),
    activation_limit: ActivationLimitShape.default(null),
    expiry: ExpiryShape.default(null),
    cap_expiry_at_contract_end: CapExpiryShape.default(false),
    device_lease_minutes: DeviceLeaseShape.default(null),
    on_suspend: OnSuspendShape.default(DEFAULT_ON_SUSPEND),
    timezone: TimeZoneShape.default('UTC').describe('The time zone of all dates of the contract; fixed at activation'),
    start_date: LocalDateShape.nullable().default(null).describe('First day; null: the day of activation'),
    end_date: LocalDateShape.nullable().default(null).describe('First day not covered; set either this or term'),
    term: PeriodShape.nullable().default(null).describe('Length of the term; null: no end'),
    expiry_grace_days: GraceShape.default(0),
    grace_allows_generation: z.boolean().default(false).describe('Whether licenses can be generated in these days'),
    renewal: RenewalCreate.default({ ...withoutOptOutTerm(DEFAULT_RENEWAL) }),
    dunning: DunningCreate.default(DEFAULT_DUNNING).describe(
      'Dunning steps, in days after the earliest unpaid due date',
    ),
    dunning_exempt: z.boolean().default(false).describe('true: unpaid invoices have no effect'),
    rate_limits: RateLimitsEdit.default(null),
    low_water: LowWaterShape.default(LOW_WATER_DEFAULT),
    min_remaining_validity: MinValidityShape.default(null),
    auto_replenish: AutoReplenishShape.default(null),
    test_clock_id: Id.nullable().default(null).describe('The test clock of the contract; outside production only'),
    api_access: z
      .boolean()
      .default(false)
      .describe('true: the contract gets an API key, which this response shows; partners generate licenses with it'),
    ip_allowlist: AddressListShape.default([]),
    webhook_url: WebhookUrlShape.nullable()
      .default(null)
      .describe(
        'Makes an endpoint that receives all events of the contract from then on; this response shows its secret',
      ),
    metadata: JsonObjectShape.default({}).describe('Your own data. Covenant stores it and does not read it'),
  })
  .refine((body) => body.term === null || body.end_date === null, {
    path: ['end_date'],
    message: 'set term or end_date, not both',
  })
  .openapi('ContractCreate', NOT_BOTH_ENDS);

/** Body of `PATCH /contracts/{id}`. Omitted fields stay as they are. */
export const ContractEdit = z
  .strictObject({
    name: NameShape,
    status: z.enum(['active', 'inactive']).describe('Activates, pauses or resumes'),
    quota: QuotaShape.describe(
      `${QUOTA}. A raise without \`quota_label\` is mailed as an emergency if the quota was used up and at most doubles`,
    ),
    quota_label: plainText(z.string().min(1).max(QUOTA_LABEL_CHARS_MAX)).describe(
      'What a raise of the quota is for: "Q2". The mail about the raise names it, and is then not worded as an emergency. Without a raise it has no effect',
    ),
    generator_id: Id,
    customer_id: Id.nullable(),
    account_manager: AccountManagerShape,
    feature_overrides: JsonObjectShape,
    activation_limit: ActivationLimitShape,
    expiry: ExpiryShape,
    cap_expiry_at_contract_end: CapExpiryShape,
    device_lease_minutes: DeviceLeaseShape,
    on_suspend: OnSuspendShape,
    api_access: z
      .boolean()
      .describe('true: the contract gets an API key, which this response shows; false: its keys are revoked'),
    ip_allowlist: AddressListShape,
    webhook_url: WebhookUrlShape.nullable().describe(
      'Makes the endpoint of the contract and shows its secret in this response, or changes its URL; null removes it. With a `status` that changes the state, it is set afterwards',
    ),
    metadata: JsonObjectShape,
    timezone: TimeZoneShape.describe('Drafts only'),
    start_date: LocalDateShape.nullable().describe('Drafts only'),
    end_date: LocalDateShape.nullable().describe('Drafts only'),
    term: PeriodShape.nullable().describe('Drafts only'),
    expiry_grace_days: GraceShape.describe('Drafts only'),
    grace_allows_generation: z.boolean(),
    renewal: RenewalEdit,
    dunning: z.strictObject(DunningFields).partial(),
    dunning_exempt: z.boolean(),
    rate_limits: RateLimitsEdit,
    low_water: LowWaterShape,
    min_remaining_validity: MinValidityShape,
    auto_replenish: AutoReplenishShape,
    test_clock_id: immutable(z.string().max(50).nullable()),
    type: immutable(z.string().max(50)),
    product_id: immutable(z.string().max(50)),
    environment: immutable(z.string().max(50)),
    id: immutable(z.string().max(50)),
  })
  .partial()
  .refine((body) => !body.term || !body.end_date, { path: ['end_date'], message: 'set term or end_date, not both' })
  .openapi('ContractEdit', NOT_BOTH_ENDS);

export const PauseBody = z.strictObject({
  reason: z.enum(['paused', 'completed']).default('paused'),
  resume_at: InstantInput.nullable()
    .default(null)
    .describe('When the contract resumes automatically; null: when an admin resumes it'),
  note: NoteShape.nullable().default(null),
});
export const ResumeBody = z.strictObject({
  extend_term_on_resume: z.boolean().default(false).describe('true: moves the end date by the number of paused days'),
});
export const RenewBody = z.strictObject({
  term: PeriodShape.optional().describe('Length of the new term; default: renewal.term'),
  quota_add: z.int().min(0).max(QUOTA_MAX).optional().describe('Licenses to add; default: renewal.quota_effect'),
  from: z
    .enum(RENEWAL_BASES)
    .optional()
    .describe('The first day of the term; default: the old end, or today when the contract has ended'),
  reference: plainText(z.string().max(200)).optional().describe('Your own reference'),
  term_number: z
    .int()
    .min(2)
    .max(100_000)
    .optional()
    .describe('The number of the new term. The request is refused when it is another one'),
});
export const OptOutBody = z.strictObject({
  accept_late: z
    .boolean()
    .default(false)
    .describe('true: when the notice date has passed, the contract ends one term later'),
});
const ReasonShape = NoteShape.min(1);
export const TerminateBody = z.strictObject({
  reason: ReasonShape,
  revoke_issued: z
    .boolean()
    .default(false)
    .describe('true: a job revokes all issued licenses; its id is `termination.revocation_id`. false: they stay valid'),
});
export const ComplianceHoldBody = z.strictObject({ note: ReasonShape.describe('The reason, for the audit') });
export const EmptyBody = z.strictObject({});

/** Body of `POST /contracts/{id}/amendments`. */
export const AmendmentCreate = z
  .strictObject({
    effective_date: LocalDateShape.describe('The local day on which it takes effect; today or earlier: at once'),
    changes: z
      .strictObject({
        quota_add: AddShape,
        generator_id: Id,
        feature_overrides: JsonObjectShape,
        activation_limit: ActivationLimitShape,
        expiry: ExpiryShape,
        end_date: LocalDateShape.describe('First day not covered; the next terms start there'),
        renewal: RenewalEdit,
        customer_id: Id.nullable(),
      })
      .partial()
      .refine((changes) => Object.keys(changes).length > 0, 'must change something')
      .openapi({ minProperties: 1 }),
    note: NoteShape.nullable().default(null).describe('Also the label of the quota that it grants: "Q2"'),
  })
  .openapi('AmendmentCreate');
export const DeleteBody = z.strictObject({
  confirm_name: z
    .string()
    .max(NAME_NORMALIZED_CHARS_MAX)
    .describe('The exact name of the contract, in any Unicode normal form'),
});

const BoundaryShape = z.object({ at: InstantShape, kind: z.enum(BOUNDARY_KINDS) });

/** A contract in responses. */
export const ContractShape = z
  .object({
    id: Id,
    name: z.string(),
    type: z.enum(CONTRACT_TYPES),
    environment: EnvironmentShape,
    product_id: Id,
    generator_id: Id,
    customer_id: Id.nullable(),
    account_manager: z.string().nullable().describe('The address of the person who looks after the contract'),
    state: z.enum(CONTRACT_STATES).describe('Computed from the facts of the contract and the time'),
    status: z.enum(['active', 'inactive']).describe('active: licenses can be generated now'),
    inactive_reason: z.string().nullable(),
    warnings: z.array(z.enum(CONTRACT_WARNINGS)).describe('What needs a person'),
    allowed_actions: CONTRACT_ACTIONS.shape,
    quota: z.object({
      total: z.int(),
      generated: z.int(),
      reserved: z.int().describe('Not yet generated by unfinished jobs'),
      remaining: z.int(),
      utilization: z.number().describe('Percentage generated, with one decimal'),
      runs_out_on: LocalDateShape.nullable().describe(
        'The local day on which it is used up at the velocity of the metrics; null without the warning QUOTA_RUNS_OUT',
      ),
    }),
    pool: PoolShape,
    start_date: z.string().nullable().describe('First day of the first term'),
    term: z.object({
      number: z.int(),
      length: z.string().nullable(),
      start_date: z.string().nullable(),
      end_date: z.string().nullable().describe('First day not covered'),
      last_day: z.string().nullable(),
    }),
    expiry_grace_days: z.int(),
    timezone: z.string(),
    grace_allows_generation: z.boolean(),
    renewal: z.object({
      ...RenewalFields,
      opt_out_at: InstantShape.nullable(),
      opt_out_term: z.int().nullable().describe('The number of the last term after opting out'),
      notice_date: z.string().nullable().describe('The last local day on which opting out is possible'),
      blocked: z.string().nullable().describe('Why the contract was not renewed at its end'),
    }),
    dunning: z.object(DunningFields),
    dunning_exempt: z.boolean(),
    rate_limits: RateLimitsShape,
    low_water: z.int(),
    min_remaining_validity: z.string().nullable(),
    auto_replenish: z.object({ target: z.int() }).nullable(),
    billing: z.object({
      level: z
        .enum(BILLING_LEVELS)
        .describe(
          'The dunning level that is due. Suspension and termination are verified with the billing system first',
        ),
      earliest_due: z.string().nullable(),
      age_days: z.int().nullable(),
      suspends_on: z.string().nullable(),
      terminates_on: z.string().nullable(),
      unpaid_invoices: z.array(
        z.object({
          source: z.string(),
          invoice_id: z.string(),
          status: z.enum(INVOICE_STATUSES),
          due_date: z.string(),
          disputed_on: z.string().nullable(),
        }),
      ),
    }),
    termination: z
      .object({
        at: InstantShape,
        by: z.enum(['admin', 'billing']),
        reason: z.string(),
        revocation_id: Id.nullable().describe(
          'The operation that revokes the issued licenses: `GET /license-operations/{id}`; null: none was requested',
        ),
      })
      .nullable(),
    pending_amendments: z.int(),
    test_clock_id: Id.nullable(),
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
    cap_expiry_at_contract_end: z.boolean(),
    device_lease_minutes: z.int().nullable(),
    on_suspend: OnSuspendShape,
    api_access: z.object({
      enabled: z.boolean(),
      masked_key: z.string().nullable().describe('The current key without its secret; null: there is none'),
      endpoint_url: z.string().describe(ENDPOINT_URL_TEXT),
      last_used_at: InstantShape.nullable().describe('The last call with a key of the contract, to the minute'),
      key: z
        .string()
        .nullable()
        .optional()
        .describe('The complete key. Only the response of the request that created it has it; null in its replays'),
    }),
    ip_allowlist: z.array(z.string()).describe('Each network once and in one notation; IPv4-mapped addresses as IPv4'),
    webhook_url: z
      .string()
      .nullable()
      .describe('The URL of its endpoint `webhook_endpoint`. The values of its query are masked below Admin'),
    webhook_endpoint: z
      .object({
        id: Id.describe('More about it: `GET /webhook-endpoints/{id}`'),
        status: z.enum(ENDPOINT_STATUSES),
        secret: z
          .string()
          .nullable()
          .optional()
          .describe(
            'What verifies the signatures. Only the response of the request that made the endpoint has it; null in responses to other requests that set `webhook_url`, and in replays',
          ),
      })
      .nullable()
      .describe('The endpoint that `webhook_url` has made'),
    metadata: z.record(z.string(), z.unknown()),
    activated_at: InstantShape.nullable(),
    workflow_id: z.string().describe('The id of its workflow in Temporal'),
    revision: z.int().describe('Increases with every change of contract terms or holds; also the ETag'),
    created_at: InstantShape,
    created_by: z.string(),
    updated_at: InstantShape,
    dry_run: z.literal(true).optional(),
  })
  .openapi('Contract');

/** A contract in lists. */
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
  warnings: true,
  quota: true,
  revision: true,
  created_at: true,
  created_by: true,
  updated_at: true,
}).openapi('ContractListItem');

/** The policy without `opt_out_term`, which requests do not set: it follows from `opt_out_at`. */
function withoutOptOutTerm({ opt_out_term: _term, ...given }: typeof DEFAULT_RENEWAL) {
  return given;
}
