/** The domain events about licenses. */
import { z } from 'zod';
import { Count, EXAMPLE, Id, InstantText, LicenseId, eventKind } from './event-kind';

/** What events about chosen licenses say. */
const CHOSEN_FIELDS = {
  count: Count.describe('The number of licenses'),
  license_ids: z.array(LicenseId).describe('The first 100 of them'),
  operation_id: Id.nullable().describe('The operation on many licenses that did it (`GET /license-operations/{id}`)'),
};
const CHOSEN_EXAMPLE = { count: 1, license_ids: [EXAMPLE.license_id], operation_id: EXAMPLE.operation_id };

const ASSIGNMENT_FIELDS = {
  ...CHOSEN_FIELDS,
  customer_id: Id.describe('The customer who has them now'),
  reassigned: Count.describe('How many of them another customer had before'),
  hold_id: Id.nullable().describe('The order of a pool that held them'),
  order_ref: z.string().nullable().describe('The reference of that order'),
};

function changed(when: string) {
  const fields = { ...CHOSEN_FIELDS, reason: z.string().nullable() };
  return eventKind(when, fields, { ...CHOSEN_EXAMPLE, operation_id: null, reason: 'Refund of order 2027-118' });
}

export const LICENSE_EVENTS = {
  'license.batch_generated': eventKind(
    'Licenses of a contract are generated: one event for each request or background job that generated any.',
    {
      contract_id: Id,
      job_id: Id,
      state: z.enum(['SUCCEEDED', 'PARTIAL', 'CANCELLED']).describe('How the job ended'),
      licenses_requested: Count,
      licenses_generated: Count,
      is_test: z.boolean().describe('Test licenses of a draft: they expire soon and use no quota'),
    },
    {
      contract_id: EXAMPLE.contract_id,
      job_id: EXAMPLE.job_id,
      state: 'SUCCEEDED',
      licenses_requested: 50,
      licenses_generated: 50,
      is_test: false,
    },
  ),
  'license.batch_imported': eventKind(
    'Existing licenses are imported into a contract: one event for each end of an import that imported any. An import that is resumed ends again: the counts of its next event are those since the event before, so that sums are right.',
    {
      contract_id: Id,
      job_id: Id.describe('The import'),
      state: z.enum(['SUCCEEDED', 'PARTIAL', 'CANCELLED']).describe('How the import ended this time'),
      imported: Count.describe('Licenses'),
      skipped: Count.describe('Rows whose key the file or the contract had already'),
      rejected: Count.describe('Rows that were not imported for the reason in the report'),
      pending: Count.describe('Rows that are not decided yet'),
    },
    {
      contract_id: EXAMPLE.contract_id,
      job_id: EXAMPLE.job_id,
      state: 'PARTIAL',
      imported: 990,
      skipped: 0,
      rejected: 10,
      pending: 0,
    },
  ),
  'license.created': eventKind(
    'Single licenses are created without a contract.',
    {
      product_id: Id,
      generator_id: Id,
      count: Count,
      customer_id: Id.nullable(),
      expires_at: InstantText.nullable(),
      license_ids: z.array(LicenseId),
    },
    {
      product_id: '0197a3c2-ad64-7e55-8c96-8fb03c4d5e7a',
      generator_id: '0197a3c2-be75-7f66-9da7-90c14d5e6f8b',
      count: 1,
      customer_id: EXAMPLE.customer_id,
      expires_at: '2028-07-01T00:00:00.000Z',
      license_ids: [EXAMPLE.license_id],
    },
  ),
  'license.assigned': eventKind('Licenses are assigned to a customer.', ASSIGNMENT_FIELDS, {
    ...CHOSEN_EXAMPLE,
    customer_id: EXAMPLE.customer_id,
    reassigned: 0,
    hold_id: null,
    order_ref: null,
  }),
  'license.reassigned': eventKind(
    'Licenses are assigned to a customer, some of them from another one.',
    ASSIGNMENT_FIELDS,
    {
      ...CHOSEN_EXAMPLE,
      customer_id: EXAMPLE.customer_id,
      reassigned: 1,
      hold_id: null,
      order_ref: null,
    },
  ),
  'license.returned': eventKind(
    'A license is taken back from its customer. A license of a pool is available again.',
    { license_id: LicenseId, job_id: Id, customer_id: Id.nullable(), reason: z.string().nullable() },
    {
      license_id: EXAMPLE.license_id,
      job_id: EXAMPLE.job_id,
      customer_id: EXAMPLE.customer_id,
      reason: 'Refund of order 2027-118',
    },
  ),
  'license.suspended': changed('Licenses are suspended.'),
  'license.reinstated': changed('Suspended licenses are reinstated.'),
  'license.revoked': changed('Licenses are revoked for good.'),
};
