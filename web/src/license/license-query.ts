/** The filters of licenses, as they stand in the URL and as the interface takes them. */
import { pick } from '../base/list-search';
import type { ListSearch } from '../base/list-search';
import type { components, paths } from '../base/interface';

export type License = components['schemas']['License'];
export type LicenseStatus = License['status'];
export type LicenseQuery = NonNullable<paths['/api/v1/licenses']['get']['parameters']['query']>;
type Filter = components['schemas']['AssignLicensesByFilter']['filter'];

export const DATE_KINDS = ['created', 'assigned', 'activated', 'expires'] as const;
export type DateKind = (typeof DATE_KINDS)[number];

const DATES = DATE_KINDS.flatMap((kind) => [`${kind}_from`, `${kind}_to`] as const);

/** The parameters that choose licenses. */
export const FILTERS = [
  ...['environment', 'contract_id', 'job_id', 'customer_id', 'contract_customer_id', 'source', 'product_id'],
  ...['search', 'status', 'has_devices', 'is_test', ...DATES],
] as const;

/** The filters that stand in the panel of further ones. */
export const FURTHER_FILTERS = FILTERS.filter((name) => !['search', 'status', 'source', 'contract_id'].includes(name));

/** The parameters of the list. */
export function listQuery(search: ListSearch): LicenseQuery {
  return pick(search, [...FILTERS, 'order', 'cursor']) as LicenseQuery;
}

/** The parameters of the file: those of the list without its page. */
export function fileQuery(search: ListSearch): Record<string, string | undefined> {
  return pick(search, FILTERS);
}

/** The filter of an operation in bulk. Test licenses never match it. */
export function operationFilter(search: ListSearch): Filter {
  const { status, has_devices, is_test: _, ...same } = pick(search, FILTERS) as Record<string, string | undefined>;
  return {
    ...same,
    ...(status && { status: status.split(',') as LicenseStatus[] }),
    ...(has_devices && { has_devices: has_devices === 'true' }),
  };
}
