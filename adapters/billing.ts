/** The billing systems that are configured: who may send events, and whom to ask. One is configured by its secret. */
import type { BillingPort, BillingReceiver, BillingSource } from '../domain/billing/billing-event';
import { createStandardPort, createStandardReceiver } from './billing-standard';
import { createStripePort, createStripeReceiver } from './billing-stripe';

/** The settings of billing, as config.ts reads them. */
export interface BillingSettings {
  billingStandardSecrets: readonly string[] | undefined;
  /** The base URL at which invoices can be asked for. */
  billingStandardUrl: string | undefined;
  stripeWebhookSecrets: readonly string[] | undefined;
  stripeApiKey: string | undefined;
  stripeApiUrl: string;
}

/** Receives the messages of every configured source. */
export function createBillingReceivers(settings: BillingSettings): Map<BillingSource, BillingReceiver> {
  const { billingStandardSecrets, stripeWebhookSecrets, stripeApiKey } = settings;
  const receivers: BillingReceiver[] = [];
  if (billingStandardSecrets !== undefined) receivers.push(createStandardReceiver(billingStandardSecrets));
  // Stripe's messages say nothing without its invoices, so without an API key nobody could apply them.
  if (stripeWebhookSecrets !== undefined && stripeApiKey !== undefined)
    receivers.push(createStripeReceiver(stripeWebhookSecrets));
  return new Map(receivers.map((receiver) => [receiver.source, receiver]));
}

/** Asks every configured source. */
export function createBillingPorts(settings: BillingSettings): Map<BillingSource, BillingPort> {
  const { billingStandardSecrets, billingStandardUrl, stripeApiKey, stripeApiUrl } = settings;
  const ports: BillingPort[] = [];
  if (billingStandardSecrets !== undefined) ports.push(createStandardPort(billingStandardUrl));
  if (stripeApiKey !== undefined) ports.push(createStripePort({ api_key: stripeApiKey, url: stripeApiUrl }));
  return new Map(ports.map((port) => [port.source, port]));
}
