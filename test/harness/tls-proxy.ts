/**
 * A TLS proxy for a server without TLS. It accepts only clients with a certificate of its authority.
 */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:tls';
import type { TestCertificate } from './certificates';

export interface TlsProxy {
  /** host:port to connect to in place of the server. */
  address: string;
  /** The common names in the certificates of accepted clients. */
  clients: Set<string>;
  close(): Promise<void>;
}

/**
 * Listens on a free port of 127.0.0.1 with a certificate. `ca` is the authority that must have issued the clients'
 * certificates.
 */
export async function startTlsProxy(target: string, own: TestCertificate, ca: string): Promise<TlsProxy> {
  const [host, port] = target.split(':');
  const clients = new Set<string>();
  const sockets = new Set<Socket>();
  const identity = { cert: readFileSync(own.cert), key: readFileSync(own.key), ca: readFileSync(ca) };
  // gRPC uses only HTTP/2, and negotiates it in the handshake.
  const options = { requestCert: true, rejectUnauthorized: true, ALPNProtocols: ['h2'] };
  const server = createServer({ ...identity, ...options }, (client) => {
    clients.add(String(client.getPeerCertificate().subject.CN));
    const upstream = connect({ host: host as string, port: Number(port) });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      // An error also closes the connection, and `close` closes the other side.
      one.on('error', () => undefined);
    }
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    clients,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
