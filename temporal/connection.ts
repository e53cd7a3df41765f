/** The client's connection to Temporal. The first call connects, so that the API starts and answers without a server. */
import { Client } from '@temporalio/client';
import type { ConnectionOptions } from '@temporalio/client';
import { ClientConnection } from './client-connection';
import { retryWithinDeadline } from './grpc-status';

export interface TemporalOptions extends ServerOptions {
  temporalNamespace: string;
}

/** The address of a server and the credentials, for the client's connection and for the worker's own. */
export interface ServerOptions {
  temporalAddress: string;
  temporalTls: boolean;
  /** Contents of PEM files; certificate and key are set together. */
  temporalTlsCert?: Pem | undefined;
  temporalTlsKey?: Pem | undefined;
  /** Replaces the authorities that the system trusts. */
  temporalTlsCa?: Pem | undefined;
  /** The name in the server's certificate, if it is not the host of the address. */
  temporalTlsServerName?: string | undefined;
  temporalApiKey: string | undefined;
}

interface Pem {
  pem: Buffer;
}

/** How long a call waits for the first connection. */
const CONNECT_TIMEOUT_MS = 3_000;

/** A client that connects with its first call; close its `connection` when the process ends. */
export function openTemporal(options: TemporalOptions): Client {
  const connection = ClientConnection.lazy({
    ...serverOptions(options),
    connectTimeout: CONNECT_TIMEOUT_MS,
    interceptors: [retryWithinDeadline],
  });
  return new Client({ connection, namespace: options.temporalNamespace });
}

/** Address, TLS and credentials in the form of both SDK connections: `Connection` and the worker's `NativeConnection`. */
export function serverOptions(
  options: ServerOptions,
): Pick<ConnectionOptions, 'address' | 'tls'> & { apiKey?: string } {
  const { temporalTlsCert: certificate, temporalTlsKey: key, temporalTlsCa: ca, temporalTlsServerName: name } = options;
  const tls = {
    ...(certificate && key ? { clientCertPair: { crt: certificate.pem, key: key.pem } } : {}),
    ...(ca === undefined ? {} : { serverRootCACertificate: ca.pem }),
    ...(name === undefined ? {} : { serverNameOverride: name }),
  };
  return {
    address: options.temporalAddress,
    tls: options.temporalTls && tls,
    ...(options.temporalApiKey === undefined ? {} : { apiKey: options.temporalApiKey }),
  };
}
