/** Deliveries by one workflow each, on the same Temporal server: each workflow has one activity, which sends the request. */
import { randomUUID } from 'node:crypto';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import pMap from 'p-map';
import { Agent, request } from 'undici';
import { deliverOne } from './delivery-workflow';
import type { SingleDeliveryActivities } from './delivery-workflow';
import type { MeasuredStack } from './measured-stack';

const STARTED_AT_ONCE = 32;

/** Delivers `deliveries` messages to a URL and returns how many in a second. */
export async function measureSingleDeliveries(
  { temporal, temporal_address }: MeasuredStack,
  { url, body, deliveries }: { url: string; body: string; deliveries: number },
): Promise<number> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const connection = await NativeConnection.connect({ address: temporal_address });
  const dispatcher = new Agent({ connections: STARTED_AT_ONCE });
  const activities: SingleDeliveryActivities = {
    async sendOne(id) {
      const headers = { 'content-type': 'application/json', 'webhook-id': id };
      await (await request(url, { dispatcher, method: 'POST', headers, body })).body.dump();
    },
  };
  const worker = await Worker.create({
    connection,
    namespace: temporal.options.namespace,
    taskQueue: `bench-deliveries-${randomUUID()}`,
    workflowsPath: require.resolve('./delivery-workflow'),
    activities,
  });
  const running = worker.run();
  const { taskQueue } = worker.options;
  const deliver = (): Promise<void> => {
    const id = randomUUID();
    return temporal.workflow.execute(deliverOne, { workflowId: `bench-delivery:${id}`, taskQueue, args: [id] });
  };
  try {
    // Once before, so that the worker polls and the connection is open.
    await deliver();
    const begun = performance.now();
    await pMap(Array.from({ length: deliveries }), deliver, { concurrency: STARTED_AT_ONCE });
    return deliveries / ((performance.now() - begun) / 1_000);
  } finally {
    worker.shutdown();
    await running;
    await connection.close();
    await dispatcher.close();
  }
}
