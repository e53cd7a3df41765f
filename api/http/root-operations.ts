/**
 * What the API process serves at the root, outside `/api/v1`: health, metrics and documentation. None of it needs an API key,
 * because it contains no customer data. The OpenAPI document does not describe it.
 */
import type { OperationId } from '../../domain/access/permission';

export const ROOT_OPERATIONS = [
  { operation_id: 'getLiveness', path: '/livez' },
  { operation_id: 'getReadiness', path: '/readyz' },
  { operation_id: 'getMetrics', path: '/metrics' },
  { operation_id: 'getOpenApiDocument', path: '/openapi.json' },
  { operation_id: 'getDocumentation', path: '/docs' },
] as const satisfies readonly { operation_id: OperationId; path: string }[];
