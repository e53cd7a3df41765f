/** Admins and their API keys, for super admins. */
import { randomFillSync } from 'node:crypto';
import { adminActions, adminApiKeyActions } from '../../domain/access/admin';
import type { AdminActionName, SuperAdminKey } from '../../domain/access/admin';
import type { Caller } from '../../domain/access/caller';
import { maskedApiKey, newApiKey } from '../../domain/access/api-key';
import { isRefusal, notFound, refuse } from '../../domain/base/refusal';
import { ROLES } from '../../domain/access/role';
import { findAdmin, listAdmins } from '../../db/access/admin';
import type { AdminRow } from '../../db/access/admin';
import { listAdminApiKeys, listSuperAdminKeys } from '../../db/access/admin-api-key';
import type { AdminApiKeyRow } from '../../db/access/admin-api-key';
import type { LockedRow } from '../../db/base/errors';
import { createAdmin, editAdmin } from '../../transactions/access/admin';
import { createAdminApiKey, revokeAdminApiKey } from '../../transactions/access/admin-api-key';
import { EmailShape } from '../http/email';
import { actionTable } from '../http/allowed-actions';
import { actOf, refuseIfTaken } from '../http/edit';
import { PageOf, PageQuery, cursorsByCreation, cursorsById, pageOf } from '../http/paging';
import { route } from '../http/route';
import type { Route } from '../http/route';
import { Id, IdParams, InstantShape, NameShape, SearchShape } from '../http/shapes';
import { z } from '../http/zod';

export const RoleShape = z.enum(ROLES).describe('super_admin can do everything; viewer can only read');
const StatusShape = z.enum(['active', 'disabled']).describe('disabled: all keys of the admin are rejected');

const AdminCreate = z
  .strictObject({
    email: EmailShape.describe('Unique among admins, regardless of letter case'),
    name: NameShape.describe('The name that the audit shows'),
    role: RoleShape,
  })
  .openapi('AdminCreate');

const AdminEdit = z
  .strictObject({ name: NameShape.describe('The name that the audit shows'), role: RoleShape, status: StatusShape })
  .partial()
  .openapi('AdminEdit');

const ADMIN_ACTIONS = actionTable<AdminActionName>('AdminActions', {
  edit: { operation_id: 'updateAdmin', description: 'Change the name' },
  change_role: { operation_id: 'updateAdmin', description: 'Change the role' },
  disable: { operation_id: 'updateAdmin', description: 'Disable the admin' },
  enable: { operation_id: 'updateAdmin', description: 'Enable the admin' },
  create_api_key: { operation_id: 'createAdminApiKey', description: 'Create an API key' },
});

const API_KEY_ACTIONS = actionTable<'revoke'>('AdminApiKeyActions', {
  revoke: { operation_id: 'revokeAdminApiKey', description: 'Revoke the key' },
});

const AdminShape = z
  .object({
    id: Id,
    email: z.string().describe('Unique among admins, regardless of letter case'),
    name: z.string().describe('The name that the audit shows'),
    role: RoleShape,
    status: StatusShape,
    allowed_actions: ADMIN_ACTIONS.shape,
    created_at: InstantShape,
    updated_at: InstantShape,
  })
  .openapi('Admin');

const ApiKeyCreate = z
  .strictObject({ label: NameShape.nullable().default(null).describe('What the key is for') })
  .openapi('ApiKeyCreate');

const ApiKeyShape = z
  .object({
    id: Id,
    admin_id: Id,
    key_id: z.string().describe('The public part of the key'),
    masked_key: z.string().describe('The parts of the key that are stored: key_id and the last four characters'),
    label: z.string().nullable().describe('What the key is for'),
    created_at: InstantShape,
    last_used_at: InstantShape.nullable().describe('With a precision of one minute'),
    revoked_at: InstantShape.nullable().describe('From this instant on the key is rejected; null: the key is valid'),
    allowed_actions: API_KEY_ACTIONS.shape,
  })
  .openapi('AdminApiKey');

const NewApiKeyShape = ApiKeyShape.extend({
  key: z
    .string()
    .nullable()
    .describe('The complete key. Only this response shows it; it is null in replays for the same Idempotency-Key'),
}).openapi('NewAdminApiKey');

const AdminQuery = PageQuery.extend({
  role: z.enum(ROLES).optional(),
  status: z.enum(['active', 'disabled']).optional(),
  search: SearchShape.optional().describe('Part of the address or the name in any letter case, or the complete id'),
  order: z.enum(['asc', 'desc']).default('desc'),
});

const KeyParams = z.object({
  id: Id,
  key_id: z
    .string()
    .regex(/^[0-9A-Za-z-]{1,36}$/)
    .describe('The id or the key_id of the key'),
});

const ADMIN = { description: 'The admin', schema: AdminShape };

const ADMIN_CURSORS = cursorsByCreation('admins');
const API_KEY_CURSORS = cursorsById('api_keys');

/** An edit of an admin locks all super admins, so that at least one remains. */
const SUPER_ADMINS: readonly LockedRow[] = [{ table: 'admins', id: 'super' }];

export const adminRoutes: Route[] = [
  route({
    operation_id: 'createAdmin',
    method: 'post',
    path: '/api/v1/admins',
    tag: 'People',
    summary: 'Create an admin',
    description: 'The admin has no key yet; create one with `POST /api/v1/admins/{id}/api-keys`.',
    body: AdminCreate,
    examples: { 'An admin who can only read': { email: 'ada@example.com', name: 'Ada Lovelace', role: 'viewer' } },
    answers: { 201: { ...ADMIN, description: 'Created; `Location` has its URL', headers: ['Location'] } },
    refusals: ['EMAIL_TAKEN'],
    audit: ['admin.created'],
    handle({ body, write, ...request }) {
      const created = write(async (tx) => {
        const row = await createAdmin(tx, body, actOf(request));
        const shown = presentAdmin(row, await listSuperAdminKeys(tx), request.caller);
        return { status: 201, body: shown, headers: { Location: `/api/v1/admins/${row.id}` } };
      });
      return refuseIfTaken(created, 'admins_email_unique', () => refuse('EMAIL_TAKEN', { email: body.email }));
    },
  }),
  route({
    operation_id: 'listAdmins',
    method: 'get',
    path: '/api/v1/admins',
    tag: 'People',
    summary: 'List admins',
    description: 'Newest first by default; `order` reverses it.',
    query: AdminQuery,
    answers: { 200: { description: 'One page', schema: PageOf(AdminShape) } },
    audit: [],
    async handle({ api, query, caller }) {
      const after = ADMIN_CURSORS.read(query.cursor);
      const [rows, keys] = await api.readList(async (sql) => [
        await listAdmins(sql, query, { order: query.order, after, limit: query.limit + 1 }),
        await listSuperAdminKeys(sql),
      ]);
      const body = pageOf(rows, query.limit, (row) => presentAdmin(row, keys, caller), ADMIN_CURSORS);
      return { status: 200, body };
    },
  }),
  route({
    operation_id: 'getAdmin',
    method: 'get',
    path: '/api/v1/admins/:id',
    tag: 'People',
    summary: 'Read an admin',
    params: IdParams,
    answers: { 200: ADMIN },
    audit: [],
    async handle({ api, params, caller }) {
      const row = await findAdmin(api.db, params.id);
      if (!row) return notFound('admin', params.id);
      return { status: 200, body: presentAdmin(row, await listSuperAdminKeys(api.db), caller) };
    },
  }),
  route({
    operation_id: 'updateAdmin',
    method: 'patch',
    path: '/api/v1/admins/:id',
    tag: 'People',
    summary: 'Edit an admin',
    description:
      'Omitted fields stay as they are. The last active super admin with a valid key can neither be disabled nor get a lower role.',
    params: IdParams,
    body: AdminEdit,
    examples: { 'Change the role': { role: 'operator' }, 'Disable the admin': { status: 'disabled' } },
    answers: { 200: ADMIN },
    refusals: ['LAST_SUPER_ADMIN', 'PERSON_ERASED'],
    audit: ['admin.updated'],
    handle({ params, body, write, ...request }) {
      return write(async (tx) => {
        const row = await editAdmin(tx, params.id, body, actOf(request));
        if (isRefusal(row)) return row;
        return { status: 200, body: presentAdmin(row, await listSuperAdminKeys(tx), request.caller) };
      }, SUPER_ADMINS);
    },
  }),
  route({
    operation_id: 'createAdminApiKey',
    method: 'post',
    path: '/api/v1/admins/:id/api-keys',
    tag: 'People',
    summary: 'Create an API key for an admin',
    description: 'Only this response shows the key; only a hash of it is stored.',
    params: IdParams,
    body: ApiKeyCreate,
    examples: { 'A key with a label': { label: 'Build server' } },
    body_optional: true,
    answers: { 201: { description: 'The key', schema: NewApiKeyShape } },
    refusals: ['PERSON_ERASED'],
    audit: ['admin.key_created'],
    handle({ api, params, body, write, ...request }) {
      return write(async (tx) => {
        const key = newApiKey('admin', randomFillSync);
        const row = await createAdminApiKey(
          tx,
          params.id,
          key,
          { pepper: api.keyPepper, label: body.label },
          actOf(request),
        );
        if (isRefusal(row)) return row;
        const shown = presentApiKey(row, await listSuperAdminKeys(tx), request.caller);
        return { status: 201, body: { ...shown, key: key.text }, replay_body: { ...shown, key: null } };
      });
    },
  }),
  route({
    operation_id: 'listAdminApiKeys',
    method: 'get',
    path: '/api/v1/admins/:id/api-keys',
    tag: 'People',
    summary: "List an admin's API keys",
    description: 'Newest first, including revoked keys. The keys themselves are not stored.',
    params: IdParams,
    query: PageQuery,
    answers: { 200: { description: 'One page', schema: PageOf(ApiKeyShape) } },
    audit: [],
    async handle({ api, params, query, caller }) {
      const after = API_KEY_CURSORS.read(query.cursor);
      if (!(await findAdmin(api.db, params.id))) return notFound('admin', params.id);
      const [rows, keys] = await api.readList(async (sql) => [
        await listAdminApiKeys(sql, params.id, after?.id ?? null, query.limit + 1),
        await listSuperAdminKeys(sql),
      ]);
      const body = pageOf(rows, query.limit, (row) => presentApiKey(row, keys, caller), API_KEY_CURSORS);
      return { status: 200, body };
    },
  }),
  route({
    operation_id: 'revokeAdminApiKey',
    method: 'delete',
    path: '/api/v1/admins/:id/api-keys/:key_id',
    tag: 'People',
    summary: "Revoke an admin's API key",
    description:
      'The key is rejected from the next request on. Revoking it again changes nothing. The last valid key of the super admins cannot be revoked.',
    params: KeyParams,
    answers: { 204: { description: 'Revoked' } },
    refusals: ['LAST_SUPER_ADMIN_KEY'],
    audit: ['admin.key_revoked'],
    handle({ params, write, ...request }) {
      return write(async (tx) => {
        const outcome = await revokeAdminApiKey(tx, params.id, params.key_id, actOf(request));
        return isRefusal(outcome) ? outcome : { status: 204 };
      });
    },
  }),
];

/** Presents an admin. */
function presentAdmin(row: AdminRow, keys: readonly SuperAdminKey[], caller: Caller) {
  const { id, email, name, role, status, created_at, updated_at } = row;
  const allowed_actions = ADMIN_ACTIONS.present(adminActions(row, keys), caller);
  return { id, email, name, role, status, allowed_actions, created_at, updated_at };
}

/** Presents the stored parts of a key. */
function presentApiKey(row: AdminApiKeyRow, keys: readonly SuperAdminKey[], caller: Caller) {
  const { id, admin_id, key_id, last_four, label, created_at, last_used_at, revoked_at } = row;
  return {
    id,
    admin_id,
    key_id,
    masked_key: maskedApiKey('admin', key_id, last_four),
    label,
    created_at,
    last_used_at,
    revoked_at,
    allowed_actions: API_KEY_ACTIONS.present(adminApiKeyActions(row, keys), caller),
  };
}
