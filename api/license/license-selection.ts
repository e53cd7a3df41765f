/** How a request selects the licenses of an operation: by their ids, or by the filter of their list. */
import { parseLicenseId } from '../../domain/license/license';
import { OPERATION_LICENSES_MAX } from '../../domain/license/license-operation';
import type { LicenseSelection } from '../../transactions/license/operate-on-licenses';
import { plainText } from '../http/shapes';
import { z } from '../http/zod';
import { LICENSE_FILTER_FIELDS, StatusesOfBody, licenseFilterOf } from './license-filter';

/** Ids of one request; more do not fit into the largest body. */
const IDS_MAX = 25_000;

/** Ids are shorter. Any other text is an unknown id, which is returned and stored. */
const ID_CHARS_MAX = 100;

export const LicenseIds = z
  .array(plainText(z.string().max(ID_CHARS_MAX)).openapi({ example: 'lic_167772161' }))
  .min(1)
  .max(IDS_MAX)
  .describe('Ids of licenses');

/** What a filter must name at least one of. */
const NARROWING = [
  'contract_id',
  'job_id',
  'customer_id',
  'contract_customer_id',
  'source',
  'search',
  'limit',
] as const;

export const LicenseFilterShape = z
  .strictObject({
    ...LICENSE_FILTER_FIELDS,
    status: StatusesOfBody.optional(),
    has_devices: z.boolean().optional().describe('Whether a license is active on a device when it is selected'),
    limit: z
      .int()
      .min(1)
      .max(OPERATION_LICENSES_MAX)
      .optional()
      .describe(
        'Exactly so many licenses are changed, the earliest that match and can be changed. With fewer, nothing is',
      ),
  })
  .refine((filter) => NARROWING.some((field) => filter[field] !== undefined), {
    error: `Choose at least one of ${NARROWING.join(', ')}: without one, the licenses of all contracts match`,
  })
  .describe(
    `Filters as of the list of licenses. Test licenses never match. At least one of ${NARROWING.join(', ')} is needed, so that a mistake does not change the licenses of all contracts`,
  );

type SelectionBody = { ids: string[] } | { filter: z.infer<typeof LicenseFilterShape> };

/** The licenses of a request. Each id is decided once, in the order of ids. Throws 422 `FILTER_TOO_BROAD`. */
export function selectionOf(body: SelectionBody): LicenseSelection {
  if ('filter' in body) {
    const { limit = null, ...given } = body.filter;
    return { filter: licenseFilterOf({ ...given, is_test: false }), limit };
  }
  const given = [...new Set(body.ids)].map((text) => ({ text, id: parseLicenseId(text) }));
  const ids = given.flatMap(({ id }) => (id === null ? [] : [id]));
  const unknown_ids = given.flatMap(({ text, id }) => (id === null ? [text] : []));
  return { ids: ids.sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1)), unknown_ids };
}
