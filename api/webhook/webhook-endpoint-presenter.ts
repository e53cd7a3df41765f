/** How endpoints of webhooks are shown. */
import { seesWebhookKeys } from '../../domain/access/caller';
import type { Caller } from '../../domain/access/caller';
import { DISABLED_REASONS, ENDPOINT_STATUSES, endpointActions } from '../../domain/webhook/endpoint';
import type { EndpointActionName } from '../../domain/webhook/endpoint';
import type { ShownEndpoint } from '../../db/webhook/endpoint';
import { URL_CHARS_MAX } from '../../domain/webhook/destination';
import { maskedUrl } from '../../domain/webhook/masked-text';
import { ENVIRONMENTS } from '../../domain/base/environment';
import { actionTable } from '../http/allowed-actions';
import { Id, InstantShape } from '../http/shapes';
import { z } from '../http/zod';

const ENDPOINT_ACTIONS = actionTable<EndpointActionName>('WebhookEndpointActions', {
  update: { operation_id: 'updateWebhookEndpoint', description: 'Change the endpoint' },
  delete: { operation_id: 'deleteWebhookEndpoint', description: 'Remove the endpoint' },
  rotate_secret: { operation_id: 'rotateWebhookSecret', description: 'Replace the secret' },
  enable: { operation_id: 'enableWebhookEndpoint', description: 'Send events to it' },
  disable: { operation_id: 'disableWebhookEndpoint', description: 'Send nothing to it' },
  test: { operation_id: 'testWebhookEndpoint', description: 'Send a test event' },
});

/** The environment of an endpoint, or `all`. */
export const ScopeShape = z.enum([...ENVIRONMENTS, 'all']);

/** The URL of an endpoint in requests. Its meaning is checked by `refuseUrl`. */
export const WebhookUrlShape = z
  .string()
  .min(1)
  .max(URL_CHARS_MAX)
  .describe(
    'https: and a public address, unless the settings COVENANT_WEBHOOK_NETWORKS and COVENANT_WEBHOOK_HTTP allow more',
  )
  .openapi({ format: 'uri', example: 'https://example.com/webhooks' });

export const WebhookEndpointShape = z
  .object({
    id: Id,
    contract_id: Id.nullable().describe('It receives the events of this contract; null: those of all contracts'),
    environment: ScopeShape.describe('It receives the events of this environment; all: of every environment'),
    is_of_contract: z
      .boolean()
      .describe('Made by the field `webhook_url` of its contract, which also changes its URL and removes it'),
    url: z.string().describe('The values of its query are masked below Admin'),
    description: z.string().nullable(),
    events: z.array(z.string()),
    rate_per_second: z.int().nullable(),
    payload_version: z.int().describe('The form of its payloads, which stays as it was when the endpoint was created'),
    status: z
      .enum(ENDPOINT_STATUSES)
      .describe(
        'disabled: nothing is sent, what is owed waits, and new events are not owed; ending: its contract was deleted, and it receives what it is still owed; removed: it receives nothing',
      ),
    disabled_reason: z
      .enum(DISABLED_REASONS)
      .nullable()
      .describe('gone: it answered 410; failing: it answered nothing but failures for five days'),
    disabled_at: InstantShape.nullable(),
    failing_since: InstantShape.nullable().describe('Since when every attempt has failed; null after a success'),
    delivered_at: InstantShape.nullable().describe('The last success'),
    secrets: z
      .array(
        z.object({
          last_four: z.string().describe('The last four characters'),
          created_at: InstantShape,
          expires_at: InstantShape.nullable().describe('Until when it signs; null: the current one'),
        }),
      )
      .describe('The secrets that sign now, the current one first'),
    revision: z.int(),
    created_at: InstantShape,
    updated_at: InstantShape,
    allowed_actions: ENDPOINT_ACTIONS.shape,
  })
  .openapi('WebhookEndpoint');

/** The URL of an endpoint, as a caller may see it. */
export function shownUrl(url: string, caller: Caller): string {
  return seesWebhookKeys(caller) ? url : maskedUrl(url);
}

export function presentEndpoint(row: ShownEndpoint, caller: Caller): z.infer<typeof WebhookEndpointShape> {
  const { id, contract_id, is_of_contract, url, description, events, rate_per_second, payload_version } = row;
  const { status, disabled_reason, disabled_at, failing_since, delivered_at, secrets } = row;
  const { revision, created_at, updated_at } = row;
  return {
    id,
    contract_id,
    environment: row.environment ?? 'all',
    is_of_contract,
    url: shownUrl(url, caller),
    description,
    events,
    rate_per_second,
    payload_version,
    status,
    disabled_reason,
    disabled_at,
    failing_since,
    delivered_at,
    secrets,
    revision,
    created_at,
    updated_at,
    allowed_actions: ENDPOINT_ACTIONS.present(endpointActions(row), caller),
  };
}
