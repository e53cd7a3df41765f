/** The client's connection to Temporal. It is made when first used, so that the API starts and answers without a server. */
import { Client, Connection } from '@temporalio/client';
import { retryWithinDeadline } from './grpc-status';

export interface TemporalOptions {
  temporalAddress: string;
  temporalNamespace: string;
  temporalTls: boolean;
  temporalApiKey: string | undefined;
}

/** How long a call waits for the first connection. */
const CONNECT_TIMEOUT_MS = 3_000;

/** A client whose calls connect on demand; close its `connection` when the process ends. */
export function openTemporal(options: TemporalOptions): Client {
  const connection = Connection.lazy({
    address: options.temporalAddress,
    ...(options.temporalApiKey === undefined ? {} : { apiKey: options.temporalApiKey }),
    tls: options.temporalTls,
    connectTimeout: CONNECT_TIMEOUT_MS,
    interceptors: [retryWithinDeadline],
  });
  return new Client({ connection, namespace: options.temporalNamespace });
}
