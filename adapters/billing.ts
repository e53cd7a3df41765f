/** The configured billing systems: their receivers for events, and their ports for queries. A secret configures a system. */
import type { BillingPort, BillingReceiver, BillingSource } from '../domain/billing/billing-event';
import { createStandardPort, createStandardReceiver } from './billing-standard';

/** The billing settings of config.ts. */
export interface BillingSettings {
  billingStandardSecrets: readonly string[] | undefined;
  /** The base URL of invoices. */
  billingStandardUrl: string | undefined;
  stripeWebhookSecrets: readonly string[] | undefined;
  stripeApiKey: string | undefined;
  stripeApiUrl: string;
}

/** Returns the adapter of Stripe. Only a process with Stripe loads it, because its package takes 0.1 s of CPU to load. */
function stripeAdapter(): typeof import('./billing-stripe') {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it always, and `import()` is asynchronous
  return require('./billing-stripe') as typeof import('./billing-stripe');
}

/** Creates a receiver for the messages of every configured source. */
export function createBillingReceivers(settings: BillingSettings): Map<BillingSource, BillingReceiver> {
  const { billingStandardSecrets, stripeWebhookSecrets, stripeApiKey } = settings;
  const receivers: BillingReceiver[] = [];
  if (billingStandardSecrets !== undefined) receivers.push(createStandardReceiver(billingStandardSecrets));
  // A message of Stripe is applied by fetching its invoice, which needs an API key.
  if (stripeWebhookSecrets !== undefined && stripeApiKey !== undefined)
    receivers.push(stripeAdapter().createStripeReceiver(stripeWebhookSecrets));
  return new Map(receivers.map((receiver) => [receiver.source, receiver]));
}

/** Creates a port to query every configured source. */
export function createBillingPorts(settings: BillingSettings): Map<BillingSource, BillingPort> {
  const { billingStandardSecrets, billingStandardUrl, stripeApiKey, stripeApiUrl } = settings;
  const ports: BillingPort[] = [];
  if (billingStandardSecrets !== undefined) ports.push(createStandardPort(billingStandardUrl));
  if (stripeApiKey !== undefined) {
    const { createStripePort } = stripeAdapter();
    ports.push(createStripePort({ api_key: stripeApiKey, url: stripeApiUrl }));
  }
  return new Map(ports.map((port) => [port.source, port]));
}
