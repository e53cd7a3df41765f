/**
 * A door with TLS in front of a server without: it lets in only who shows a certificate of its authority.
 */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:tls';
import type { TestCertificate } from './certificates';

export interface TlsProxy {
  /** host:port to connect to in place of the server. */
  address: string;
  /** The common names in the certificates of those who came in. */
  clients: Set<string>;
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1 with this certificate; `ca` is the authority whose certificates clients must show. */
export async function startTlsProxy(target: string, own: TestCertificate, ca: string): Promise<TlsProxy> {
  const [host, port] = target.split(':');
  const clients = new Set<string>();
  const sockets = new Set<Socket>();
  const identity = { cert: readFileSync(own.cert), key: readFileSync(own.key), ca: readFileSync(ca) };
  // gRPC speaks HTTP/2 alone, and asks for it in the handshake.
  const door = { requestCert: true, rejectUnauthorized: true, ALPNProtocols: ['h2'] };
  const server = createServer({ ...identity, ...door }, (client) => {
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
      // A broken connection is closed on both sides; that is all there is to know.
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
