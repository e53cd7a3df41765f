/** Customers: create, list, read, edit. Customers belong to the installation, not to an environment. */
import { isRefusal, notFound, refuse } from '../../domain/base/refusal';
import { findCustomer, listCustomers } from '../../db/catalogue/customer';
import type { CustomerRow } from '../../db/catalogue/customer';
import { LANGUAGES } from '../../domain/notification/settings';
import { MERGE_MAX } from '../../domain/catalogue/customer-merge';
import type { Nudge } from '../../domain/contract/nudge';
import { createCustomer, editCustomer } from '../../transactions/catalogue/customer';
import { mergeCustomers } from '../../transactions/contract/merge-customers';
import { EmailShape } from '../http/email';
import { actOf, refuseIfTaken } from '../http/edit';
import { EXAMPLE_IDS } from '../http/example-ids';
import { listHandler } from '../http/list-handler';
import { PageOf, PageQuery, cursorsByCreation } from '../http/paging';
import { route } from '../http/route';
import type { Route } from '../http/route';
import { DryRunQuery, Id, IdParams, InstantShape, NameShape, SearchShape } from '../http/shapes';
import { z } from '../http/zod';

const ACCOUNT_MANAGER = 'The address of the person who looks after the customer';
const RESPONSIBLE_PERSON =
  'One address of the customer that hears of limits which are exceeded: a person or a group; null: none';

const ResponsiblePersonShape = z
  .string()
  .trim()
  .refine((text) => !/[,;\s]\S*@/.test(text), 'must be one address: use the address of a group to reach several people')
  .pipe(EmailShape)
  .nullable()
  .describe(RESPONSIBLE_PERSON);

const LanguageShape = z
  .enum(LANGUAGES)
  .nullable()
  .describe('The language of mail to the customer; null: that of the installation');

const CustomerCreate = z
  .strictObject({
    email: EmailShape.describe('Unique among customers, regardless of letter case'),
    name: NameShape.describe('A person or a company'),
    billing_contact: EmailShape.nullable()
      .default(null)
      .describe('The address for questions about invoices; null: email'),
    account_manager: EmailShape.nullable().default(null).describe(ACCOUNT_MANAGER),
    responsible_person: ResponsiblePersonShape.default(null),
    language: LanguageShape.default(null),
  })
  .openapi('CustomerCreate');

const CustomerEdit = z
  .strictObject({
    email: EmailShape.describe('Unique among customers, regardless of letter case'),
    name: NameShape.describe('A person or a company'),
    billing_contact: EmailShape.nullable().describe('The address for questions about invoices; null: email'),
    account_manager: EmailShape.nullable().describe(ACCOUNT_MANAGER),
    responsible_person: ResponsiblePersonShape,
    language: LanguageShape,
  })
  .partial()
  .openapi('CustomerEdit');

const CustomerMerge = z.strictObject({ into: Id.describe('The customer who stays') }).openapi('CustomerMerge');

const CustomerShape = z
  .object({
    id: Id,
    email: z.string().describe('Unique among customers, regardless of letter case'),
    name: z.string().describe('A person or a company'),
    billing_contact: z.string().nullable().describe('The address for questions about invoices; null: email'),
    account_manager: z.string().nullable().describe(ACCOUNT_MANAGER),
    responsible_person: z.string().nullable().describe(RESPONSIBLE_PERSON),
    language: LanguageShape,
    merged_into: Id.nullable().describe('The customer into whom this one was merged'),
    created_at: InstantShape,
    updated_at: InstantShape,
  })
  .openapi('Customer');

const CustomerQuery = PageQuery.extend({
  account_manager: EmailShape.optional().describe('The complete address, in any letter case'),
  search: SearchShape.optional().describe('Part of the address or the name in any letter case, or the complete id'),
  order: z.enum(['asc', 'desc']).default('desc'),
});

const CustomerMerged = CustomerShape.extend({
  moved: z
    .object({ contracts: z.int(), licenses: z.int(), orders: z.int() })
    .describe(
      'What the other customer got; all zero when the merge was done before. Deleted contracts are counted too',
    ),
  dry_run: z.literal(true).optional(),
}).openapi('CustomerMerged');

const CUSTOMER = { description: 'The customer', schema: CustomerShape };

const CUSTOMER_CURSORS = cursorsByCreation('customers');

export const customerRoutes: Route[] = [
  route({
    operation_id: 'createCustomer',
    method: 'post',
    path: '/api/v1/customers',
    tag: 'Customers',
    summary: 'Create a customer',
    body: CustomerCreate,
    examples: {
      'A company': {
        name: 'Nordwind',
        email: 'licenses@nordwind.example',
        billing_contact: 'invoices@nordwind.example',
      },
    },
    answers: { 201: { ...CUSTOMER, description: 'Created; `Location` has its URL', headers: ['Location'] } },
    refusals: ['EMAIL_TAKEN'],
    audit: ['customer.created'],
    handle({ body, write, ...request }) {
      const created = write(async (tx) => {
        const row = await createCustomer(tx, body, actOf(request));
        return { status: 201, body: presentCustomer(row), headers: { Location: `/api/v1/customers/${row.id}` } };
      });
      return refuseIfTaken(created, 'customers_email_unique', () => refuse('EMAIL_TAKEN', { email: body.email }));
    },
  }),
  route({
    operation_id: 'listCustomers',
    method: 'get',
    path: '/api/v1/customers',
    tag: 'Customers',
    summary: 'List customers',
    description: 'Newest first by default; `order` reverses it.',
    query: CustomerQuery,
    answers: { 200: { description: 'One page', schema: PageOf(CustomerShape) } },
    audit: [],
    handle: listHandler(listCustomers, presentCustomer, CUSTOMER_CURSORS),
  }),
  route({
    operation_id: 'getCustomer',
    method: 'get',
    path: '/api/v1/customers/:id',
    tag: 'Customers',
    summary: 'Read a customer',
    params: IdParams,
    answers: { 200: CUSTOMER },
    audit: [],
    async handle({ api, params }) {
      const row = await findCustomer(api.db, params.id);
      return row ? { status: 200, body: presentCustomer(row) } : notFound('customer', params.id);
    },
  }),
  route({
    operation_id: 'updateCustomer',
    method: 'patch',
    path: '/api/v1/customers/:id',
    tag: 'Customers',
    summary: 'Edit a customer',
    description:
      'Omitted fields stay as they are. An edit that changes nothing responds with 200 and writes no audit row.',
    params: IdParams,
    body: CustomerEdit,
    examples: { 'Change its billing contact': { billing_contact: 'accounting@nordwind.example' } },
    answers: { 200: CUSTOMER },
    refusals: ['EMAIL_TAKEN', 'PERSON_ERASED', 'CUSTOMER_MERGED'],
    audit: ['customer.updated'],
    handle({ params, body, write, ...request }) {
      const edited = write(async (tx) => {
        const row = await editCustomer(tx, params.id, body, actOf(request));
        return isRefusal(row) ? row : { status: 200, body: presentCustomer(row) };
      });
      return refuseIfTaken(edited, 'customers_email_unique', () =>
        refuse('EMAIL_TAKEN', { email: body.email ?? null }),
      );
    },
  }),
  route({
    operation_id: 'mergeCustomers',
    method: 'post',
    path: '/api/v1/customers/:id/merge',
    tag: 'Customers',
    summary: 'Merge a customer into another one',
    description: `Everything of the customer moves to the one in \`into\`: contracts, licenses, orders, and jobs that assign licenses. The response is the customer who was merged, whose \`merged_into\` names the other one. It stays readable, its address finds the other one, and the merge cannot be undone. At most ${MERGE_MAX.contracts} contracts, ${MERGE_MAX.licenses} licenses and ${MERGE_MAX.holds} orders are moved.`,
    params: IdParams,
    query: DryRunQuery,
    body: CustomerMerge,
    examples: { 'Into another customer': { into: EXAMPLE_IDS.customer } },
    answers: { 200: { description: 'The customer who was merged, and what was moved', schema: CustomerMerged } },
    refusals: ['CUSTOMER_MERGED', 'CUSTOMER_BUSY', 'CUSTOMER_TOO_LARGE', 'PERSON_ERASED'],
    audit: ['customer.merged', 'contract.updated'],
    async handle({ api, params: { id }, query, body: { into }, write, dryRun, ...request }) {
      let nudges: Nudge[] = [];
      const rows = [...new Set([id, into])].sort().map((one) => ({ table: 'customers', id: one }));
      const dry_run = query.dry_run === 'true';
      const answer = await (dry_run ? dryRun : write)(async (tx) => {
        const merged = await mergeCustomers(tx, { id, into }, actOf(request));
        if (isRefusal(merged)) return merged;
        if (!dry_run) ({ nudges } = merged);
        const { contracts, licenses, holds: orders } = merged.moved;
        return { status: 200, body: { ...presentCustomer(merged.customer), moved: { contracts, licenses, orders } } };
      }, rows);
      for (const nudge of nudges) await api.nudger.wake(nudge, request.request_id);
      return answer;
    },
  }),
];

/** Presents a customer. */
export function presentCustomer(row: CustomerRow) {
  const { id, email, name, billing_contact, account_manager, responsible_person, language } = row;
  const { merged_into, created_at, updated_at } = row;
  return {
    ...{ id, email, name, billing_contact, account_manager, responsible_person, language },
    ...{ merged_into, created_at, updated_at },
  };
}
