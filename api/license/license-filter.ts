/** Filters of licenses: the fields that lists, files and operations in bulk share, and their rules. */
import { CONTRACT_SOURCE } from '../../domain/license/license';
import { KEY_BYTES_MAX } from '../../domain/import/key';
import { LICENSE_STATUSES } from '../../domain/license/license-facts';
import type { LicenseStatus } from '../../domain/license/license-facts';
import type { Instant } from '../../domain/base/instant';
import type { InstantRange } from '../../db/license/license-conditions';
import type { LicenseFilter } from '../../db/license/license-page';
import { ProblemError, protocolProblem } from '../http/problem';
import { EnvironmentShape, Id, InstantInput, SearchShape, plainText } from '../http/shapes';
import { z } from '../http/zod';

/** The fields that select few enough licenses for those that no index of all licenses serves. */
const SELECTING = ['contract_id', 'job_id', 'customer_id', 'contract_customer_id', 'source'] as const;
const NEEDS_SELECTION = 'Needs one of contract_id, job_id, customer_id, contract_customer_id, or a source other than Contract';

/** The fields that a query and a body write in the same way. */
export const LICENSE_FILTER_FIELDS = {
  environment: EnvironmentShape.optional().describe('Default: production; with contract_id or job_id, its environment'),
  contract_id: Id.optional(),
  job_id: Id.optional(),
  customer_id: Id.optional().describe('The customer to whom the licenses are assigned'),
  contract_customer_id: Id.optional().describe('The customer of the contract'),
  source: SearchShape.optional().describe('Manual, Contract (of any contract), or the complete value: Contract: <name>'),
  product_id: Id.optional().describe(`The product when the licenses were generated. ${NEEDS_SELECTION}`),
  created_from: InstantInput.optional().describe(`Licenses that were generated at or after this instant. ${NEEDS_SELECTION}`),
  created_to: InstantInput.optional().describe(`Licenses that were generated before this instant. ${NEEDS_SELECTION}`),
  assigned_from: InstantInput.optional().describe(
    `Licenses that were assigned to their customer at or after this instant. ${NEEDS_SELECTION}`,
  ),
  assigned_to: InstantInput.optional().describe(
    `Licenses that were assigned to their customer before this instant. ${NEEDS_SELECTION}`,
  ),
  activated_from: InstantInput.optional().describe(
    `Licenses whose first activation was at or after this instant. ${NEEDS_SELECTION}`,
  ),
  activated_to: InstantInput.optional().describe(`Licenses whose first activation was before this instant. ${NEEDS_SELECTION}`),
  expires_from: InstantInput.optional().describe(`Licenses that expire at or after this instant. ${NEEDS_SELECTION}`),
  expires_to: InstantInput.optional().describe(`Licenses that expire before this instant. ${NEEDS_SELECTION}`),
  search: plainText(z.string().max(KEY_BYTES_MAX)).optional().describe(
    'A complete key, a complete id, or at least the first three characters of keys',
  ),
};

/** What a query or a body selects by these fields. */
export type GivenFilter = z.infer<z.ZodObject<typeof LICENSE_FILTER_FIELDS>> & {
  status?: LicenseStatus | readonly LicenseStatus[] | undefined;
  has_devices?: boolean | undefined;
  is_test?: boolean | undefined;
};

/** One status or several in a query: separated by commas, or by repeating the parameter. */
export const StatusesOfQuery = z
  .union([z.string(), z.array(z.string())])
  .transform((given) => [...new Set([given].flat().flatMap((text) => text.split(',')))])
  .pipe(z.array(z.enum(LICENSE_STATUSES)))
  .describe('One status, or several: repeated, or separated by commas')
  .openapi({ type: 'array', items: { type: 'string', enum: [...LICENSE_STATUSES] }, minItems: 1 });

/** One status or several in a body. */
export const StatusesOfBody = z
  .union([z.enum(LICENSE_STATUSES), z.array(z.enum(LICENSE_STATUSES)).min(1).max(LICENSE_STATUSES.length)])
  .transform((given) => [...new Set([given].flat())])
  .describe('One status, or several');

/** The filter in the form that the statements take. A contract or a job implies its environment. Throws 422 `FILTER_TOO_BROAD`. */
export function licenseFilterOf(given: GivenFilter): LicenseFilter {
  refuseBroadFilter(given);
  const { environment, contract_id, job_id, customer_id, contract_customer_id, source, status, product_id } = given;
  const { is_test, has_devices, search } = given;
  const named = contract_id !== undefined || job_id !== undefined;
  return {
    ...{ contract_id, job_id, customer_id, contract_customer_id, source, status, product_id, is_test, has_devices },
    environment: environment ?? (named ? undefined : 'production'),
    created: rangeOf(given.created_from, given.created_to),
    assigned: rangeOf(given.assigned_from, given.assigned_to),
    activated: rangeOf(given.activated_from, given.activated_to),
    expires: rangeOf(given.expires_from, given.expires_to),
    search: search?.trim() || undefined,
  };
}

function rangeOf(from: Instant | undefined, to: Instant | undefined): InstantRange | undefined {
  return from === undefined && to === undefined ? undefined : { from, to };
}

/** Refuses filters for which the licenses of the whole installation would be read. */
function refuseBroadFilter(given: GivenFilter): void {
  if (SELECTING.some((name) => given[name] !== undefined && given[name] !== CONTRACT_SOURCE)) return;
  const named = Object.keys(given) as (keyof GivenFilter)[];
  const broad = named.find((name) => given[name] !== undefined && (name === 'product_id' || /_(from|to)$/.test(name)));
  if (broad === undefined) return;
  const detail = `The filter ${broad} is too broad for all licenses. Add one of ${SELECTING.join(', ')} (other than ${CONTRACT_SOURCE}).`;
  throw new ProblemError(protocolProblem('FILTER_TOO_BROAD', detail, { metadata: { filter: broad, needs: [...SELECTING] } }));
}
