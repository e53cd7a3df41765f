/** Finds contracts by the warnings about their endpoints of webhooks: a list, the metrics and the contract itself agree. */
import { WEBHOOK_WARNINGS } from '../../domain/contract/facts';
import type { ContractWarning, WebhookWarning } from '../../domain/contract/facts';
import type { Fragment, Sql } from '../base/database';

export function isWebhookWarning(warning: ContractWarning): warning is WebhookWarning {
  return (WEBHOOK_WARNINGS as readonly ContractWarning[]).includes(warning);
}

/** The condition that the contract `c` has the warning: one of its endpoints is disabled. */
export function hasWebhookWarning(sql: Sql): Fragment {
  return sql`c.id IN (SELECT contract_id FROM webhook_endpoints WHERE status = 'disabled')`;
}

/** An expression for the warnings about the endpoints of the contract `c`. */
export function webhookWarnings(sql: Sql): Fragment {
  return sql`
    CASE WHEN EXISTS (SELECT FROM webhook_endpoints WHERE contract_id = c.id AND status = 'disabled')
         THEN ARRAY['WEBHOOK_DISABLED'] ELSE '{}' END`;
}

/** How many contracts have the warning. */
export async function countWebhookWarnings(sql: Sql): Promise<{ warning: WebhookWarning; contracts: number }[]> {
  const [{ contracts }] = await sql<[{ contracts: number }]>`
    SELECT count(DISTINCT contract_id)::int AS contracts FROM webhook_endpoints WHERE status = 'disabled'`;
  return [{ warning: 'WEBHOOK_DISABLED', contracts }];
}
