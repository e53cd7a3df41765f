/**
 * What the API serves at the root, beside the routes of the interface: for operators, orchestrators and readers of the
 * documentation. All of it is open, because it tells nothing of customers; the OpenAPI document does not describe it.
 */
import type { OperationId } from '../../domain/access/permission';

export const ROOT_OPERATIONS = [
  { operation_id: 'getLiveness', path: '/livez', summary: 'Whether the process runs' },
  { operation_id: 'getReadiness', path: '/readyz', summary: 'Whether it can serve: Postgres, Temporal, migrations' },
  { operation_id: 'getMetrics', path: '/metrics', summary: 'Metrics for Prometheus' },
  { operation_id: 'getOpenApiDocument', path: '/openapi.json', summary: 'The description of the interface' },
  { operation_id: 'getDocumentation', path: '/docs', summary: 'The same as a page' },
] as const satisfies readonly { operation_id: OperationId; path: string; summary: string }[];
