/** Products: create, list, read, edit. */
import { isRefusal, notFound, refuse } from '../../domain/base/refusal';
import { findProduct, listProducts } from '../../db/catalogue/product';
import type { ProductRow } from '../../db/catalogue/product';
import { createProduct, editProduct } from '../../transactions/catalogue/product';
import { actOf, refuseIfTaken } from '../http/edit';
import { listHandler } from '../http/list-handler';
import { PageOf, PageQuery, cursorsByCreation } from '../http/paging';
import { route } from '../http/route';
import type { Route } from '../http/route';
import { EnvironmentShape, Id, IdParams, InstantShape, NameShape, SearchShape, immutable } from '../http/shapes';
import { z } from '../http/zod';

/** The largest number of modules of a product. */
const MODULES_MAX = 200;

const CodeShape = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    'must be 1 to 64 letters, digits, dots, hyphens or underscores, and begin with a letter or digit',
  )
  .openapi({ example: 'cad-suite' });
const StatusShape = z.enum(['active', 'inactive']);
const ModulesShape = z
  .array(CodeShape)
  .max(MODULES_MAX)
  .refine((codes) => new Set(codes).size === codes.length, 'must not contain a module twice')
  .openapi({ uniqueItems: true });

const ProductCreate = z
  .strictObject({
    name: NameShape.describe('Display name; it can be changed'),
    code: CodeShape.describe('Identifier for programs; unique within the environment'),
    environment: EnvironmentShape.default('production').describe(
      'The environment of everything that is created from the product. It cannot be changed',
    ),
    status: StatusShape.default('active').describe('inactive: no licenses are generated for it'),
    modules: ModulesShape.default([]).describe('Codes of its modules'),
  })
  .openapi('ProductCreate');

const ProductEdit = z
  .strictObject({
    name: NameShape.describe('Display name'),
    code: CodeShape.describe('Identifier for programs; unique within the environment'),
    status: StatusShape.describe('inactive: no licenses are generated for it'),
    modules: ModulesShape.describe('Codes of its modules; replaces the list'),
    environment: immutable(EnvironmentShape),
  })
  .partial()
  .openapi('ProductEdit');

const ProductShape = z
  .object({
    id: Id,
    name: z.string().describe('Display name'),
    code: z.string().describe('Identifier for programs; unique within the environment'),
    environment: EnvironmentShape.describe('The environment of everything that is created from the product'),
    status: StatusShape.describe('inactive: no licenses are generated for it'),
    modules: z.array(z.string()).describe('Codes of its modules'),
    created_at: InstantShape,
    updated_at: InstantShape,
  })
  .openapi('Product');

const ProductQuery = PageQuery.extend({
  environment: EnvironmentShape.default('production'),
  status: StatusShape.optional(),
  search: SearchShape.optional().describe('Part of the name or the code in any letter case, or the complete id'),
  order: z.enum(['asc', 'desc']).default('desc'),
});

const PRODUCT = { description: 'The product', schema: ProductShape };

const PRODUCT_CURSORS = cursorsByCreation('products');

export const productRoutes: Route[] = [
  route({
    operation_id: 'createProduct',
    method: 'post',
    path: '/api/v1/products',
    tag: 'Catalogue',
    summary: 'Create a product',
    body: ProductCreate,
    examples: { 'A product for tests': { name: 'CAD', code: 'cad', environment: 'staging' } },
    answers: { 201: { ...PRODUCT, description: 'Created; `Location` has its URL', headers: ['Location'] } },
    refusals: ['CODE_TAKEN'],
    audit: ['product.created'],
    handle({ body, write, ...request }) {
      const { code, environment } = body;
      const created = write(async (tx) => {
        const row = await createProduct(tx, body, actOf(request));
        return { status: 201, body: presentProduct(row), headers: { Location: `/api/v1/products/${row.id}` } };
      });
      return refuseIfTaken(created, 'products_code_unique', () => refuse('CODE_TAKEN', { code, environment }));
    },
  }),
  route({
    operation_id: 'listProducts',
    method: 'get',
    path: '/api/v1/products',
    tag: 'Catalogue',
    summary: 'List products',
    description: 'Newest first by default; `order` reverses it.',
    query: ProductQuery,
    answers: { 200: { description: 'One page', schema: PageOf(ProductShape) } },
    audit: [],
    handle: listHandler(listProducts, presentProduct, PRODUCT_CURSORS),
  }),
  route({
    operation_id: 'getProduct',
    method: 'get',
    path: '/api/v1/products/:id',
    tag: 'Catalogue',
    summary: 'Read a product',
    params: IdParams,
    answers: { 200: PRODUCT },
    audit: [],
    async handle({ api, params }) {
      const row = await findProduct(api.db, params.id);
      return row ? { status: 200, body: presentProduct(row) } : notFound('product', params.id);
    },
  }),
  route({
    operation_id: 'updateProduct',
    method: 'patch',
    path: '/api/v1/products/:id',
    tag: 'Catalogue',
    summary: 'Edit a product',
    description:
      'Omitted fields stay as they are. An edit that changes nothing responds with 200 and writes no audit row.',
    params: IdParams,
    body: ProductEdit,
    examples: { 'Rename it': { name: 'CAD 2027' }, 'Replace its modules': { modules: ['drawing', 'rendering'] } },
    answers: { 200: PRODUCT },
    refusals: ['CODE_TAKEN', 'IMMUTABLE_FIELD'],
    audit: ['product.updated'],
    handle({ api, params, body, write, ...request }) {
      const edited = write(async (tx) => {
        const row = await editProduct(tx, params.id, body, actOf(request));
        return isRefusal(row) ? row : { status: 200, body: presentProduct(row) };
      });
      return refuseIfTaken(edited, 'products_code_unique', async () => {
        const row = await findProduct(api.db, params.id);
        return refuse('CODE_TAKEN', { code: body.code ?? null, environment: row?.environment ?? null });
      });
    },
  }),
];

/** Presents a product. */
export function presentProduct(row: ProductRow) {
  const { id, name, code, environment, status, modules, created_at, updated_at } = row;
  return { id, name, code, environment, status, modules, created_at, updated_at };
}
