/** Settings of mail: which kinds are sent, to whom, and whether they may wait for a digest. */
import type { Caller } from '../../domain/access/caller';
import { isTimeZone } from '../../domain/base/calendar';
import { isRefusal } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { NOTIFICATION_KINDS, ROLES } from '../../domain/notification/kind';
import { addressKey } from '../../domain/notification/address';
import { listRecipientsNow } from '../../domain/notification/plan';
import { LANGUAGES, SETTABLE_KINDS, SETTING_SOURCES, effectiveKind } from '../../domain/notification/settings';
import { REASONS } from '../../domain/notification/role';
import type { SettableKind } from '../../domain/notification/settings';
import { editSettings, readSettings } from '../../transactions/notification/settings';
import type { SettingsEdit, SettingsSubject, ShownSettings } from '../../transactions/notification/settings';
import { hideDeletedContract } from '../contract/command';
import { actOf } from '../http/edit';
import { EmailShape } from '../http/email';
import { route } from '../http/route';
import type { Answer, HandlerRequest, Route } from '../http/route';
import { DryRunQuery, IdParams, InstantShape } from '../http/shapes';
import { z } from '../http/zod';

/** Further addresses of one kind, and addresses of operators. */
const ADDRESSES_MAX = 20;

const AddressesShape = z
  .array(EmailShape)
  .max(ADDRESSES_MAX)
  .refine(
    (addresses) => new Set(addresses.map(addressKey)).size === addresses.length,
    'must not contain an address twice',
  );

const RolesShape = z
  .array(z.enum(ROLES))
  .refine((roles) => new Set(roles).size === roles.length, 'must not contain a role twice')
  .openapi({ uniqueItems: true });

/** The choices about one kind in an edit. */
function kindEdit(kind: SettableKind) {
  const { when, may_wait } = NOTIFICATION_KINDS[kind];
  return z
    .strictObject({
      is_sent: z.boolean().nullable().describe('Whether it is sent at all'),
      roles: RolesShape.nullable().describe('Who gets it'),
      addresses: AddressesShape.nullable().describe('Further addresses that get it'),
      may_wait: z
        .boolean()
        .nullable()
        .refine((given) => given !== true || may_wait, 'must not be true: this kind is always sent at once')
        .describe('Whether it may wait for the digest of its day, for recipients who want one'),
    })
    .partial()
    .nullable()
    .describe(`${when} A field that is null is taken back; null for the kind takes back all`);
}

type KindEdits = { [Kind in SettableKind]: ReturnType<typeof kindEdit> };

const KindsEditShape = z
  .strictObject(Object.fromEntries(SETTABLE_KINDS.map((kind) => [kind, kindEdit(kind)])) as KindEdits)
  .partial()
  .openapi('NotificationKindsEdit');

const SettingsEditShape = z.strictObject({ kinds: KindsEditShape }).partial().openapi('NotificationSettingsEdit');

const InstallationFields = z.strictObject({
  operator_addresses: AddressesShape.describe('The addresses of those who operate the installation'),
  language: z.enum(LANGUAGES).describe('The language of mail, unless a recipient or a customer has another one'),
  time_zone: z
    .string()
    .refine(isTimeZone, 'must be an IANA time zone name')
    .describe('Digests are sent at eight in the morning of this zone')
    .openapi({ example: 'Europe/Berlin' }),
});

const InstallationEditShape = InstallationFields.extend({ kinds: KindsEditShape })
  .partial()
  .openapi('InstallationNotificationSettingsEdit');

const SourceShape = z.enum(SETTING_SOURCES);

const KindShape = z
  .object({
    when: z.string().describe('When it is sent'),
    is_sent: z.boolean(),
    roles: z.array(z.enum(ROLES)),
    addresses: z.array(z.string()).describe('Further addresses'),
    may_wait: z.boolean().describe('Whether it may wait for a digest'),
    from: z
      .object({ is_sent: SourceShape, roles: SourceShape, addresses: SourceShape, may_wait: SourceShape })
      .describe('Where each value is set'),
    recipients: z
      .array(z.object({ address: z.string(), role: z.enum(REASONS) }))
      .optional()
      .describe(
        'Who would get it now; empty: it is not sent, or there is no address. Not in the settings of the installation',
      ),
  })
  .openapi('NotificationKindSettings');

const SettingsShape = z
  .object({
    kinds: z.object(
      Object.fromEntries(SETTABLE_KINDS.map((kind) => [kind, KindShape])) as Record<SettableKind, typeof KindShape>,
    ),
    revision: z.int().describe('For `If-Match`; 0: nothing was set yet'),
    updated_at: InstantShape.nullable(),
    dry_run: z.literal(true).optional(),
  })
  .openapi('NotificationSettings');

const InstallationShape = SettingsShape.extend({
  operator_addresses: z.array(z.string()),
  language: z.enum(LANGUAGES),
  time_zone: z.string(),
}).openapi('InstallationNotificationSettings');

const HEADERS = { headers: ['ETag'] as const };
const SETTINGS = { description: 'What holds, and where it is set', schema: SettingsShape, ...HEADERS };
const OF_INSTALLATION = { ...SETTINGS, schema: InstallationShape };
const EDIT_RULE =
  'What is left out stays. A choice of a contract holds over that of its customer, that over the one of the installation, and that over the default.';

type SettingsRequest = Pick<
  HandlerRequest<unknown, { dry_run?: string | undefined }, unknown>,
  'query' | 'write' | 'dryRun' | 'caller' | 'actor' | 'now' | 'request_id' | 'expected_revision'
>;

export const notificationSettingsRoutes: Route[] = [
  route({
    operation_id: 'getNotificationSettings',
    method: 'get',
    path: '/api/v1/notification-settings',
    tag: 'Notifications',
    summary: 'Read the mail settings of the installation',
    answers: { 200: OF_INSTALLATION },
    audit: [],
    handle: ({ api, caller }) => read(api.db, caller, { scope: 'installation' }),
  }),
  route({
    operation_id: 'updateNotificationSettings',
    method: 'patch',
    path: '/api/v1/notification-settings',
    tag: 'Notifications',
    summary: 'Edit the mail settings of the installation',
    description: EDIT_RULE,
    query: DryRunQuery,
    body: InstallationEditShape,
    examples: {
      'Who operates it': { operator_addresses: ['operations@vendor.example'], time_zone: 'Europe/Berlin' },
      'No mail at 80 percent': { kinds: { quota_80: { is_sent: false } } },
    },
    answers: { 200: OF_INSTALLATION },
    refusals: ['REVISION_CONFLICT'],
    audit: ['notification_settings.updated'],
    handle: ({ body, ...request }) => edit(request, { scope: 'installation' }, body as SettingsEdit),
  }),
  route({
    operation_id: 'getCustomerNotificationSettings',
    method: 'get',
    path: '/api/v1/customers/:id/notification-settings',
    tag: 'Notifications',
    summary: 'Read the mail settings of a customer',
    description:
      'They hold for its contracts. `recipients` of a contract can differ from those shown here. When customers are merged, the settings of the one who stays hold.',
    params: IdParams,
    answers: { 200: SETTINGS },
    refusals: ['CUSTOMER_MERGED'],
    audit: [],
    handle: ({ api, params, caller }) => read(api.db, caller, { scope: 'customer', id: params.id }),
  }),
  route({
    operation_id: 'updateCustomerNotificationSettings',
    method: 'patch',
    path: '/api/v1/customers/:id/notification-settings',
    tag: 'Notifications',
    summary: 'Edit the mail settings of a customer',
    description: EDIT_RULE,
    params: IdParams,
    query: DryRunQuery,
    body: SettingsEditShape,
    examples: {
      'Reminders to accounting too': { kinds: { renewal_reminder: { roles: ['customer', 'billing_contact'] } } },
    },
    answers: { 200: SETTINGS },
    refusals: ['REVISION_CONFLICT', 'PERSON_ERASED', 'CUSTOMER_MERGED'],
    audit: ['customer.notification_settings_updated'],
    handle: ({ body, params, ...request }) => edit(request, { scope: 'customer', id: params.id }, body as SettingsEdit),
  }),
  route({
    operation_id: 'getContractNotificationSettings',
    method: 'get',
    path: '/api/v1/contracts/:id/notification-settings',
    tag: 'Notifications',
    summary: 'Read the mail settings of a contract',
    params: IdParams,
    answers: { 200: SETTINGS },
    refusals: ['CONTRACT_DELETED'],
    audit: [],
    handle: ({ api, params, caller }) => read(api.db, caller, { scope: 'contract', id: params.id }),
  }),
  route({
    operation_id: 'updateContractNotificationSettings',
    method: 'patch',
    path: '/api/v1/contracts/:id/notification-settings',
    tag: 'Notifications',
    summary: 'Edit the mail settings of a contract',
    description: EDIT_RULE,
    params: IdParams,
    query: DryRunQuery,
    body: SettingsEditShape,
    examples: {
      'Limits to one more address': { kinds: { limit_exceeded: { addresses: ['it@nordwind.example'] } } },
      'As the customer says again': { kinds: { limit_exceeded: null } },
    },
    answers: { 200: SETTINGS },
    refusals: ['REVISION_CONFLICT', 'CONTRACT_DELETED'],
    audit: ['contract.notification_settings_updated'],
    handle: ({ body, params, ...request }) => edit(request, { scope: 'contract', id: params.id }, body as SettingsEdit),
  }),
];

async function read(
  sql: Parameters<typeof readSettings>[0],
  caller: Caller,
  subject: SettingsSubject,
): Promise<Answer | Refusal> {
  const settings = await readSettings(sql, subject);
  if (isRefusal(settings)) return hideDeletedContract(caller, settings);
  return { status: 200, body: present(settings, subject), headers: { ETag: `"${settings.revision}"` } };
}

function edit(request: SettingsRequest, subject: SettingsSubject, given: SettingsEdit): Promise<Answer | Refusal> {
  const run = request.query.dry_run === 'true' ? request.dryRun : request.write;
  const rows = subject.scope === 'contract' ? [{ table: 'contracts', id: subject.id }] : [];
  return run(async (tx) => {
    const act = { ...actOf(request), expected_revision: request.expected_revision };
    const edited = await editSettings(tx, subject, given, act);
    if (isRefusal(edited)) return hideDeletedContract(request.caller, edited);
    const answer = await read(tx, request.caller, subject);
    return isRefusal(answer) ? answer : { ...answer, nudge: edited.nudge };
  }, rows);
}

function present({ scopes, installation, holders, revision, updated_at }: ShownSettings, { scope }: SettingsSubject) {
  const kinds = SETTABLE_KINDS.map((kind) => {
    const effective = effectiveKind(kind, scopes);
    const recipients = scope === 'installation' ? {} : { recipients: listRecipientsNow(effective, holders) };
    return [kind, { when: NOTIFICATION_KINDS[kind].when, ...effective, ...recipients }];
  });
  const { operator_addresses, language, time_zone } = installation;
  const of_installation = scope === 'installation' ? { operator_addresses, language, time_zone } : {};
  return { ...of_installation, kinds: Object.fromEntries(kinds) as object, revision, updated_at };
}
