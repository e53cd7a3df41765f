/** The client's connection to Temporal. It is made when first used, so that the API starts and answers without a server. */
import { Client, Connection } from '@temporalio/client';

export interface TemporalOptions {
  temporalAddress: string;
  temporalNamespace: string;
  temporalTls: boolean;
  temporalApiKey: string | undefined;
}

/** A client whose calls connect on demand; close its `connection` when the process ends. */
export function openTemporal(options: TemporalOptions): Client {
  const connection = Connection.lazy({
    address: options.temporalAddress,
    ...(options.temporalApiKey === undefined ? {} : { apiKey: options.temporalApiKey }),
    tls: options.temporalTls,
  });
  return new Client({ connection, namespace: options.temporalNamespace });
}
