/** Reads what the receiver of webhooks has received and verified. */
import { z } from 'zod';
import { parseMessages } from '../cli/event-stream';
import { ScenarioError } from './client';

/** A verified event. */
export type ReceivedEvent = z.infer<typeof Event>;
const Event = z.object({
  id: z.string(),
  type: z.string(),
  contract_id: z.string().nullable(),
  data: z.record(z.string(), z.unknown()),
});
const Received = z.object({ verified: z.boolean(), why: z.string().nullable(), body: z.string() });

const EVENT_TIMEOUT_MS = 60_000;
const CALL_TIMEOUT_MS = 10_000;

/** Gives the receiver the secret of an endpoint, so that it verifies what the endpoint gets. */
export async function trustEndpoint(receiver_url: string, secret: string): Promise<void> {
  const response = await fetch(`${receiver_url}/secrets`, {
    method: 'POST',
    body: JSON.stringify({ secret }),
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
  });
  if (response.status !== 200) throw new ScenarioError(`the receiver of webhooks answered ${response.status}`);
}

/** Waits for an event of a contract. Throws ScenarioError when the signature of one that arrives is wrong. */
export async function waitForEvent(
  receiver_url: string,
  { contract_id, type }: { contract_id: string; type: string },
): Promise<ReceivedEvent> {
  const response = await fetch(`${receiver_url}/events`, { signal: AbortSignal.timeout(EVENT_TIMEOUT_MS) });
  if (response.body === null) throw new ScenarioError('the receiver of webhooks shows no stream');
  for await (const { data } of parseMessages(response.body.pipeThrough(new TextDecoderStream()))) {
    // A comment that keeps the stream open.
    if (data === '') continue;
    const { verified, why, body } = Received.parse(JSON.parse(data));
    const event = Event.parse(JSON.parse(body));
    if (event.contract_id !== contract_id) continue;
    if (!verified) throw new ScenarioError(`the signature of ${event.type} is wrong: ${why}`);
    if (event.type === type) return event;
  }
  throw new ScenarioError(`the receiver of webhooks closed its stream before ${type}`);
}
