/** The fields of the forms of an endpoint, and the requests that they become. */
import type { components } from '../base/interface';
import { EVERY_EVENT } from './events';
import type { Endpoint } from './states';

export interface EndpointValues {
  url: string;
  description: string;
  every_event: boolean;
  events: string[];
  /** The empty text: no limit. */
  rate_per_second: number | '';
  contract_id: string | null;
  environment: NonNullable<components['schemas']['WebhookEndpointCreate']['environment']>;
}

/** What an edit can change: the scope of an endpoint stays as it was created. */
export type EndpointTerms = Pick<Endpoint, 'url' | 'description' | 'events' | 'rate_per_second'>;

export const NEW_ENDPOINT: EndpointValues = {
  url: '',
  description: '',
  every_event: true,
  events: [],
  rate_per_second: '',
  contract_id: null,
  environment: 'production',
};

export function valuesOf(endpoint: EndpointTerms & Pick<Endpoint, 'contract_id' | 'environment'>): EndpointValues {
  const every_event = endpoint.events.includes(EVERY_EVENT);
  return {
    url: endpoint.url,
    description: endpoint.description ?? '',
    every_event,
    events: every_event ? [] : endpoint.events,
    rate_per_second: endpoint.rate_per_second ?? '',
    contract_id: endpoint.contract_id,
    environment: endpoint.environment,
  };
}

export function termsOf(values: EndpointValues): EndpointTerms {
  return {
    url: values.url.trim(),
    description: values.description.trim() === '' ? null : values.description.trim(),
    events: values.every_event ? [EVERY_EVENT] : values.events,
    rate_per_second: values.rate_per_second === '' ? null : values.rate_per_second,
  };
}

/** A contract decides the environment of its endpoints, so it is sent only without one. */
export function createBody(values: EndpointValues): components['schemas']['WebhookEndpointCreate'] {
  const { contract_id, environment } = values;
  return { ...termsOf(values), ...(contract_id === null ? { environment } : { contract_id }) };
}
