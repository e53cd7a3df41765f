/**
 * When the worker and the API are killed, or Temporal loses its state, while deliveries of webhooks are owed, each event arrives at every
 * receiver that answers, and each request has an attempt on record. The tests of a file that has a stack.
 */
import { waitFor, type TestStack } from '../harness/stack';
import { RECOVERY_TIMEOUT_MS, addStackContract, callStack } from '../harness/stack-client';
import { answerWith, startWebhookReceiver } from '../harness/webhook-receiver';
import type { Answer, WebhookReceiver } from '../harness/webhook-receiver';
import { deliveriesOf, writeEvents } from '../harness/webhooks';

interface StackReceiver {
  endpoint_id: string;
  receiver: WebhookReceiver;
}

/** Starts a receiver with an endpoint of the contract. */
async function addReceiver(stack: TestStack, contract_id: string, answer: Answer): Promise<StackReceiver> {
  const receiver = await startWebhookReceiver(answer);
  const body = { url: `http://127.0.0.1:${receiver.port}/`, contract_id, events: ['pool.low_water'] };
  const created = await callStack(stack, 'POST', '/webhook-endpoints', { body });
  expect(created).toMatchObject({ status: 201 });
  return { endpoint_id: created.body.id, receiver };
}

const idsOf = ({ receiver }: StackReceiver): string[] => receiver.requests.map(({ headers }) => headers['webhook-id']!);

/** Waits until everything that an endpoint is owed is delivered, and expects each event and an attempt for each request. */
async function expectDelivered({ sql }: TestStack, target: StackReceiver, events: number): Promise<void> {
  await waitFor(
    async () => (await deliveriesOf(sql, target.endpoint_id)).every(({ status }) => status === 'delivered'),
    { timeout_ms: RECOVERY_TIMEOUT_MS, what: `${events} events to be delivered` },
  );
  const deliveries = await deliveriesOf(sql, target.endpoint_id);
  expect([...new Set(idsOf(target))].sort()).toEqual(deliveries.map(({ event_id }) => event_id).sort());
  expect(deliveries).toHaveLength(events);
  await expectAttempts(sql, target);
}

/** Expects at least one attempt on record for each request that arrived. */
async function expectAttempts(sql: TestStack['sql'], target: StackReceiver): Promise<void> {
  const recorded = new Map(
    (await deliveriesOf(sql, target.endpoint_id)).map(({ event_id, met }) => [event_id, met.length]),
  );
  const seen = idsOf(target);
  for (const id of new Set(seen)) {
    const requests = seen.filter((other) => other === id).length;
    expect(recorded.get(id) ?? 0).toBeGreaterThanOrEqual(requests);
  }
}

/** Lets the minute pass after which attempts without a result count as lost. */
async function passTimeOfLostAttempts({ sql }: TestStack, targets: readonly StackReceiver[]): Promise<void> {
  await sql`
    UPDATE webhook_deliveries d SET due_at = due_at - interval '1 minute'
    FROM webhook_attempts a
    WHERE a.delivery_id = d.id AND a.number = d.attempts AND a.outcome IS NULL AND d.status = 'owed'
      AND d.endpoint_id IN ${sql(targets.map(({ endpoint_id }) => endpoint_id))}`;
}

/** An endpoint that is owed events until its receiver is back. The workflow waits for the next attempt, which is hours ahead. */
export async function oweWebhooks(stack: TestStack, events: number) {
  let is_down = true;
  const contract_id = await addStackContract(stack, 10);
  const target = await addReceiver(stack, contract_id, (socket, request) =>
    answerWith(is_down ? 503 : 200, ['retry-after: 36000'])(socket, request),
  );
  await writeEvents(stack.sql, contract_id, events);
  await waitFor(
    async () => (await deliveriesOf(stack.sql, target.endpoint_id)).every(({ met }) => met.join() === '503'),
    { timeout_ms: RECOVERY_TIMEOUT_MS, what: 'each event to be attempted once' },
  );
  return {
    /** Lets the receiver answer, and the time of the next attempts come. No process is woken for them. */
    async becomeDue(): Promise<void> {
      is_down = false;
      await stack.sql`
        UPDATE webhook_deliveries SET due_at = now() WHERE endpoint_id = ${target.endpoint_id} AND status = 'owed'`;
    },
    async expectDelivered(): Promise<void> {
      await expectDelivered(stack, target, events);
      await target.receiver.close();
    },
  };
}

/** Declares the tests. `start` returns the stack of their file. */
export function testWebhookFaults(start: () => TestStack): void {
  test('a worker and an API that are killed with -9 during 1,200 deliveries lose none, and a receiver that hangs delays no other', async () => {
    const EVENTS = 400;
    const stack = start();
    const contract_id = await addStackContract(stack, 10);
    let is_killed = false;
    /** Answers the first requests, and keeps the others waiting until the kill. */
    const answer = (): Answer => {
      let requests = 0;
      return (socket, request) => {
        requests += 1;
        if (requests <= 150 || is_killed) answerWith(200)(socket, request);
      };
    };
    const healthy = [await addReceiver(stack, contract_id, answer()), await addReceiver(stack, contract_id, answer())];
    const hanging = await addReceiver(stack, contract_id, () => undefined);
    await writeEvents(stack.sql, contract_id, EVENTS);
    await waitFor(() => healthy.every(({ receiver }) => receiver.requests.length > 150), {
      timeout_ms: RECOVERY_TIMEOUT_MS,
      what: 'both receivers to hold requests',
    });
    await Promise.all([stack.kill('worker'), stack.kill('api')]);
    is_killed = true;
    await passTimeOfLostAttempts(stack, healthy);

    for (const target of healthy) await expectDelivered(stack, target, EVENTS);
    // Some answers were not recorded before the kill, so their events arrived again.
    expect(healthy.some(({ receiver }) => receiver.requests.length > EVENTS)).toBe(true);
    expect(new Set(idsOf(hanging)).size).toBeLessThan(EVENTS);
    await stack.sql`UPDATE webhook_endpoints SET status = 'removed' WHERE id = ${hanging.endpoint_id}`;
    await expectAttempts(stack.sql, hanging);
    for (const { receiver } of [...healthy, hanging]) await receiver.close();
  });
}
