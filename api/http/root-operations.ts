/**
 * What the API serves at the root, beside the routes of the interface: for operators, orchestrators and readers of the
 * documentation. All of it is open, because it tells nothing of customers; the OpenAPI document does not describe it.
 */
import type { OperationId } from '../../domain/access/permission';

export const ROOT_OPERATIONS = [
  { operation_id: 'getLiveness', path: '/livez' },
  { operation_id: 'getReadiness', path: '/readyz' },
  { operation_id: 'getMetrics', path: '/metrics' },
  { operation_id: 'getOpenApiDocument', path: '/openapi.json' },
  { operation_id: 'getDocumentation', path: '/docs' },
] as const satisfies readonly { operation_id: OperationId; path: string }[];
