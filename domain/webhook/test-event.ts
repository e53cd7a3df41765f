/** The domain event that a person sends to one endpoint, to see whether it arrives. */
import { Id, eventKind } from './event-kind';

export const TEST_EVENTS = {
  'webhook.test': eventKind(
    'An admin tests an endpoint (`POST /webhook-endpoints/{id}/test`). Only this endpoint receives it, whatever its filter is.',
    { endpoint_id: Id },
    { endpoint_id: '0197a3c2-cf86-7077-8eb8-a1d25e6f7a9e' },
  ),
};
