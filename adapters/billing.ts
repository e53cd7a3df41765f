/** The configured billing systems: their receivers for events, and their ports for queries. A secret configures a system. */
import type { BillingPort, BillingReceiver, BillingSource } from '../domain/billing/billing-event';
import { createStandardPort, createStandardReceiver } from './billing-standard';
import { createStripePort, createStripeReceiver } from './billing-stripe';

/** The billing settings of config.ts. */
export interface BillingSettings {
  billingStandardSecrets: readonly string[] | undefined;
  /** The base URL of invoices. */
  billingStandardUrl: string | undefined;
  stripeWebhookSecrets: readonly string[] | undefined;
  stripeApiKey: string | undefined;
  stripeApiUrl: string;
}

/** Creates a receiver for the messages of every configured source. */
export function createBillingReceivers(settings: BillingSettings): Map<BillingSource, BillingReceiver> {
  const { billingStandardSecrets, stripeWebhookSecrets, stripeApiKey } = settings;
  const receivers: BillingReceiver[] = [];
  if (billingStandardSecrets !== undefined) receivers.push(createStandardReceiver(billingStandardSecrets));
  // A message of Stripe is applied by fetching its invoice, which needs an API key.
  if (stripeWebhookSecrets !== undefined && stripeApiKey !== undefined)
    receivers.push(createStripeReceiver(stripeWebhookSecrets));
  return new Map(receivers.map((receiver) => [receiver.source, receiver]));
}

/** Creates a port to query every configured source. */
export function createBillingPorts(settings: BillingSettings): Map<BillingSource, BillingPort> {
  const { billingStandardSecrets, billingStandardUrl, stripeApiKey, stripeApiUrl } = settings;
  const ports: BillingPort[] = [];
  if (billingStandardSecrets !== undefined) ports.push(createStandardPort(billingStandardUrl));
  if (stripeApiKey !== undefined) ports.push(createStripePort({ api_key: stripeApiKey, url: stripeApiUrl }));
  return new Map(ports.map((port) => [port.source, port]));
}
