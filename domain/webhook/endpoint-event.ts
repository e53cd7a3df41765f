/** The domain events about endpoints of webhooks. */
import { z } from 'zod';
import { Id, InstantText, eventKind } from './event-kind';

export const ENDPOINT_EVENTS = {
  'webhook.disabled': eventKind(
    'Covenant disables an endpoint of webhooks: it answered 410, or nothing but failures for five days. What it is owed waits until it is enabled.',
    {
      endpoint_id: Id,
      reason: z
        .enum(['gone', 'failing'])
        .describe('`gone`: it answered 410. `failing`: five days of nothing but failures'),
      failing_since: InstantText.nullable().describe(
        'Since when every attempt has failed; null if the one before succeeded',
      ),
    },
    {
      endpoint_id: '0197a3c2-cf86-7077-8eb8-a1d25e6f7a9e',
      reason: 'failing',
      failing_since: '2027-06-02T09:30:00.000Z',
    },
  ),
};
