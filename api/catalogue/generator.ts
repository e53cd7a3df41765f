/** Generators: create, list, read, edit, delete. A generator defines the key format of its product and what its licenses grant. */
import { GENERATOR_KINDS } from '../../domain/catalogue/generator';
import { isRefusal, notFound } from '../../domain/base/refusal';
import { findGenerator, listGenerators } from '../../db/catalogue/generator';
import type { GeneratorRow } from '../../db/catalogue/generator';
import { createGenerator, deleteGenerator, editGenerator } from '../../transactions/catalogue/generator';
import { actOf } from '../http/edit';
import { EXAMPLE_IDS } from '../http/example-ids';
import { listHandler } from '../http/list-handler';
import { PageOf, PageQuery, cursorsByCreation } from '../http/paging';
import { route } from '../http/route';
import type { Route } from '../http/route';
import {
  ACTIVATION_LIMIT_MAX,
  EnvironmentShape,
  Id,
  IdParams,
  InstantShape,
  JsonObjectShape,
  NameShape,
  SearchShape,
  immutable,
} from '../http/shapes';
import { z } from '../http/zod';
import { FormatInput, FormatShape, KEYSPACE_SHAPES, presentKeyspace, keyFormatPreview } from './key-format';

const StatusShape = z.enum(['active', 'inactive']);
const KindShape = z
  .enum(GENERATOR_KINDS)
  .describe(
    'signed: answers and files show its licenses by their certificates (JWS) in place of their keys. Licenses that were generated or imported before stay as they were',
  );

const ActivationLimitShape = z.int().min(1).max(ACTIVATION_LIMIT_MAX).nullable();

const GeneratorCreate = z
  .strictObject({
    name: NameShape.describe('Display name'),
    product_id: Id.describe('The product. It determines the environment and cannot be changed'),
    kind: KindShape.default('plain'),
    format: FormatInput,
    features: JsonObjectShape.default({}).describe('What a license grants, unless the contract overrides it'),
    activation_limit: ActivationLimitShape.default(null).describe('Devices per license; null: unlimited'),
    status: StatusShape.default('active').describe('inactive: it generates no licenses'),
  })
  .openapi('GeneratorCreate');

const GeneratorEdit = z
  .strictObject({
    name: NameShape.describe('Display name'),
    kind: KindShape,
    format: FormatInput.describe('Replaces the whole format'),
    features: JsonObjectShape.describe('Replaces all features'),
    activation_limit: ActivationLimitShape.describe('Devices per license; null: unlimited'),
    status: StatusShape.describe('inactive: it generates no licenses'),
    product_id: immutable(Id),
    environment: immutable(EnvironmentShape),
  })
  .partial()
  .openapi('GeneratorEdit');

const GeneratorShape = z
  .object({
    id: Id,
    name: z.string().describe('Display name'),
    kind: KindShape,
    product_id: Id.describe('The product whose licenses it generates'),
    environment: EnvironmentShape.describe('The environment of its product'),
    format: FormatShape,
    ...KEYSPACE_SHAPES,
    features: z.record(z.string(), z.unknown()).describe('What a license grants, unless the contract overrides it'),
    activation_limit: z.int().nullable().describe('Devices per license; null: unlimited'),
    status: StatusShape.describe('inactive: it generates no licenses'),
    revision: z.int().describe('Increases when a change affects new licenses'),
    created_at: InstantShape,
    updated_at: InstantShape,
  })
  .openapi('Generator');

const GeneratorQuery = PageQuery.extend({
  environment: EnvironmentShape.default('production'),
  product_id: Id.optional(),
  status: StatusShape.optional(),
  search: SearchShape.optional().describe('Part of the name in any letter case, or the complete id'),
  order: z.enum(['asc', 'desc']).default('desc'),
});

const GENERATOR = { description: 'The generator', schema: GeneratorShape };

const GENERATOR_CURSORS = cursorsByCreation('generators');

export const generatorRoutes: Route[] = [
  route({
    operation_id: 'createGenerator',
    method: 'post',
    path: '/api/v1/generators',
    tag: 'Catalogue',
    summary: 'Create a generator',
    description:
      'License keys are unique in the installation, across all generators. Choose a format with a large keyspace.',
    body: GeneratorCreate,
    examples: {
      'Keys such as CAD-XXXXX-XXXXX-XXXXX-XXXXX': {
        name: 'CAD keys',
        product_id: EXAMPLE_IDS.product,
        format: { prefix: 'CAD', groups: 4, group_length: 5 },
        features: { seats: 5 },
      },
    },
    answers: { 201: { ...GENERATOR, description: 'Created; `Location` has its URL', headers: ['Location'] } },
    refusals: ['SIGNING_NOT_CONFIGURED'],
    audit: ['generator.created', 'signing_key.created'],
    handle({ api, body, write, ...request }) {
      return write(async (tx) => {
        const row = await createGenerator(tx, body, actOf(request), api.signing?.sealer);
        if (isRefusal(row)) return row;
        return { status: 201, body: presentGenerator(row), headers: { Location: `/api/v1/generators/${row.id}` } };
      });
    },
  }),
  route({
    operation_id: 'listGenerators',
    method: 'get',
    path: '/api/v1/generators',
    tag: 'Catalogue',
    summary: 'List generators',
    description: 'Newest first by default; `order` reverses it. Deleted generators are not listed.',
    query: GeneratorQuery,
    answers: { 200: { description: 'One page', schema: PageOf(GeneratorShape) } },
    audit: [],
    handle: listHandler(listGenerators, presentGenerator, GENERATOR_CURSORS),
  }),
  // Before `/generators/:id`, which matches its path too.
  keyFormatPreview,
  route({
    operation_id: 'getGenerator',
    method: 'get',
    path: '/api/v1/generators/:id',
    tag: 'Catalogue',
    summary: 'Read a generator',
    params: IdParams,
    answers: { 200: GENERATOR },
    audit: [],
    async handle({ api, params }) {
      const row = await findGenerator(api.db, params.id);
      return row ? { status: 200, body: presentGenerator(row) } : notFound('generator', params.id);
    },
  }),
  route({
    operation_id: 'updateGenerator',
    method: 'patch',
    path: '/api/v1/generators/:id',
    tag: 'Catalogue',
    summary: 'Edit a generator',
    description: 'Omitted fields stay as they are. Existing licenses do not change; new licenses get the new values.',
    params: IdParams,
    body: GeneratorEdit,
    examples: {
      'Replace its features': { features: { seats: 10, rendering: true } },
      'Limit the devices of each license': { activation_limit: 3 },
      'Show new licenses by their certificates': { kind: 'signed' },
    },
    answers: { 200: GENERATOR },
    refusals: ['GENERATOR_KEYSPACE_TOO_SMALL', 'IMMUTABLE_FIELD', 'SIGNING_NOT_CONFIGURED'],
    audit: ['generator.updated', 'signing_key.created'],
    handle({ api, params, body, write, ...request }) {
      return write(async (tx) => {
        const row = await editGenerator(tx, params.id, body, actOf(request), api.signing?.sealer);
        return isRefusal(row) ? row : { status: 200, body: presentGenerator(row) };
      });
    },
  }),
  route({
    operation_id: 'deleteGenerator',
    method: 'delete',
    path: '/api/v1/generators/:id',
    tag: 'Catalogue',
    summary: 'Delete a generator',
    description: 'Possible when no contract uses the generator. Its licenses stay as they are.',
    params: IdParams,
    answers: { 204: { description: 'Deleted' } },
    refusals: ['GENERATOR_IN_USE'],
    audit: ['generator.deleted'],
    handle({ params, write, ...request }) {
      return write(async (tx) => {
        const outcome = await deleteGenerator(tx, params.id, actOf(request));
        return isRefusal(outcome) ? outcome : { status: 204 };
      });
    },
  }),
];

/** Presents a generator, with the limits that follow from its format. */
export function presentGenerator(row: GeneratorRow) {
  const {
    id,
    name,
    kind,
    product_id,
    environment,
    format,
    features,
    activation_limit,
    status,
    revision,
    created_at,
    updated_at,
  } = row;
  const { keyspace, largest_quota } = presentKeyspace(format);
  return {
    id,
    name,
    kind,
    product_id,
    environment,
    format,
    keyspace,
    largest_quota,
    features,
    activation_limit,
    status,
    revision,
    created_at,
    updated_at,
  };
}
