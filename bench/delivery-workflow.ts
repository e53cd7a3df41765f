/** The workflow of `webhooks` that delivers one message: what the product avoids by one workflow for each endpoint. */
import { proxyActivities } from '@temporalio/workflow';

export interface SingleDeliveryActivities {
  /** Sends one message. */
  sendOne(id: string): Promise<void>;
}

const { sendOne } = proxyActivities<SingleDeliveryActivities>({ startToCloseTimeout: '15s' });

export async function deliverOne(id: string): Promise<void> {
  await sendOne(id);
}
