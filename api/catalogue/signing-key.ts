/** The signing keys of a product: create and replace, list, retire; and the public keys for programs that verify licenses. */
import { findProduct } from '../../db/catalogue/product';
import { listPublishedKeys, listSigningKeys } from '../../db/catalogue/signing-key';
import type { SigningKeyRow } from '../../db/catalogue/signing-key';
import type { Caller } from '../../domain/access/caller';
import { isRefusal, notFound, refuse } from '../../domain/base/refusal';
import {
  PUBLISHED_KEYS_MAX,
  SIGNING_KEY_STATES,
  signingKeyActions,
  signingKeyState,
} from '../../domain/catalogue/signing-key';
import { createSigningKey, retireSigningKey } from '../../transactions/catalogue/signing-key';
import { actionTable } from '../http/allowed-actions';
import { actOf } from '../http/edit';
import { PageOf, PageQuery, cursorsByCreation, pageOf } from '../http/paging';
import { route } from '../http/route';
import type { Route } from '../http/route';
import { Id, IdParams, InstantShape } from '../http/shapes';
import { z } from '../http/zod';

/** How long programs may use the public keys without asking again. A program that meets an unknown key asks at once. */
const JWKS_CACHED_S = 300;

const SIGNING_KEY_ACTIONS = actionTable<'retire'>('SigningKeyActions', {
  retire: { operation_id: 'retireSigningKey', description: 'Stop publishing the key' },
});

const KidShape = z
  .string()
  .regex(/^[A-Za-z0-9_-]{43}$/, 'must be the name of a signing key')
  .describe('The name of the key in each signature: its thumbprint (RFC 7638)')
  .openapi({ example: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k' });

const JwkShape = z
  .object({
    kty: z.literal('OKP'),
    crv: z.literal('Ed25519'),
    x: z.string().describe('The public key'),
    kid: z.string(),
    alg: z.literal('EdDSA'),
    use: z.literal('sig'),
  })
  .openapi('PublicSigningKey');

const SigningKeyShape = z
  .object({
    kid: KidShape,
    product_id: Id,
    state: z
      .enum(SIGNING_KEY_STATES)
      .describe('active: it signs; verify_only: it is published, and signs nothing; retired: it is not published'),
    public_key: z.string().describe('The public key in base64url'),
    created_at: InstantShape,
    verify_only_since: InstantShape.nullable().describe('When another key replaced it'),
    retired_at: InstantShape.nullable(),
    allowed_actions: SIGNING_KEY_ACTIONS.shape,
  })
  .openapi('SigningKey');

const SigningKeyQuery = PageQuery.extend({ order: z.enum(['asc', 'desc']).default('desc') });
const SIGNING_KEY_CURSORS = cursorsByCreation('signing_keys');

export const signingKeyRoutes: Route[] = [
  route({
    operation_id: 'createSigningKey',
    method: 'post',
    path: '/api/v1/products/:id/signing-keys',
    tag: 'Signed licenses',
    summary: 'Create or replace the signing key of a product',
    description: [
      'The new key signs from now on. A former key verifies only: it stays published until it is retired, and its private part is deleted.',
      'The first certificate of a product also creates its key.',
    ].join(' '),
    params: IdParams,
    answers: { 201: { description: 'The new key', schema: SigningKeyShape } },
    refusals: ['SIGNING_NOT_CONFIGURED', 'TOO_MANY_SIGNING_KEYS'],
    audit: ['signing_key.created', 'signing_key.rotated'],
    async handle({ api, params, caller, write, ...request }) {
      const { signing } = api;
      if (signing === undefined) return refuse('SIGNING_NOT_CONFIGURED');
      return write(async (tx) => {
        const row = await createSigningKey(tx, params.id, actOf(request), signing.sealer);
        return isRefusal(row) ? row : { status: 201, body: presentSigningKey(row, caller) };
      });
    },
  }),
  route({
    operation_id: 'listSigningKeys',
    method: 'get',
    path: '/api/v1/products/:id/signing-keys',
    tag: 'Signed licenses',
    summary: 'List the signing keys of a product',
    description: 'Newest first by default; `order` reverses it. Retired keys are included.',
    params: IdParams,
    query: SigningKeyQuery,
    answers: { 200: { description: 'One page', schema: PageOf(SigningKeyShape) } },
    audit: [],
    async handle({ api, params, query, caller }) {
      const page = { order: query.order, after: SIGNING_KEY_CURSORS.read(query.cursor), limit: query.limit + 1 };
      if (!(await findProduct(api.db, params.id))) return notFound('product', params.id);
      const rows = await api.readList((sql) => listSigningKeys(sql, params.id, page));
      const body = pageOf(rows, query.limit, (row) => presentSigningKey(row, caller), SIGNING_KEY_CURSORS);
      return { status: 200, body };
    },
  }),
  route({
    operation_id: 'retireSigningKey',
    method: 'post',
    path: '/api/v1/products/:id/signing-keys/:kid/retire',
    tag: 'Signed licenses',
    summary: 'Retire a signing key of a product',
    description:
      'The key is no longer published, so programs refuse what it signed as soon as they read the keys again. An active key must be replaced first.',
    params: IdParams.extend({ kid: KidShape }),
    answers: { 200: { description: 'The key', schema: SigningKeyShape } },
    refusals: ['SIGNING_KEY_ACTIVE'],
    audit: ['signing_key.retired'],
    handle: ({ params, caller, write, ...request }) =>
      write(async (tx) => {
        const row = await retireSigningKey(tx, params.id, params.kid, actOf(request));
        return isRefusal(row) ? row : { status: 200, body: presentSigningKey(row, caller) };
      }),
  }),
  route({
    operation_id: 'getProductJwks',
    method: 'get',
    path: '/api/v1/products/:id/jwks.json',
    tag: 'Signed licenses',
    summary: 'Read the public keys of a product',
    description:
      'For programs that verify signed licenses: the active key and those that verify only, as a JWK set (RFC 7517). A product that never signed has none. Needs no API key. Programs and proxies can cache the answer.',
    cached_s: JWKS_CACHED_S,
    params: IdParams,
    answers: {
      200: {
        description: 'The keys',
        schema: z.object({ keys: z.array(JwkShape).max(PUBLISHED_KEYS_MAX) }).openapi('ProductJwks'),
      },
    },
    audit: [],
    async handle({ api, params }) {
      const keys = await listPublishedKeys(api.db, params.id);
      if (keys.length === 0 && !(await findProduct(api.db, params.id))) return notFound('product', params.id);
      return { status: 200, body: { keys: keys.map(presentJwk) } };
    },
  }),
];

/** Presents a key without its private part. */
function presentSigningKey(row: SigningKeyRow, caller: Caller) {
  const { kid, product_id, public_key, created_at, verify_only_since, retired_at } = row;
  return {
    kid,
    product_id,
    state: signingKeyState(row),
    public_key,
    created_at,
    verify_only_since,
    retired_at,
    allowed_actions: SIGNING_KEY_ACTIONS.present(signingKeyActions(row), caller),
  };
}

function presentJwk({ kid, public_key: x }: SigningKeyRow) {
  return { kty: 'OKP', crv: 'Ed25519', x, kid, alg: 'EdDSA', use: 'sig' };
}
