/** An HTTP proxy for tests: it opens tunnels (CONNECT) and does nothing else. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

export interface ConnectProxy {
  port: number;
  /** The destination of each tunnel that was asked for, and who asked: `host:port`, or `name:password@host:port`. */
  asked: string[];
  close(): Promise<void>;
}

/**
 * Listens on a free port of 127.0.0.1. Every tunnel leads to this machine, whatever its host is. With a status, each is refused with it;
 * with null, none is answered.
 */
export async function startConnectProxy(refusal?: number | null): Promise<ConnectProxy> {
  const sockets = new Set<Duplex>();
  const asked: string[] = [];
  const server = createServer((_request, response) => response.writeHead(405).end());
  server.on('connection', (socket) => sockets.add(socket));
  server.on('connect', ({ url = '', headers }, socket: Duplex) => {
    const [, basic] = /^Basic (.+)$/.exec(headers['proxy-authorization'] ?? '') ?? [];
    asked.push(basic === undefined ? url : `${Buffer.from(basic, 'base64').toString()}@${url}`);
    socket.on('error', () => socket.destroy());
    if (refusal === null) return;
    if (refusal !== undefined) return void socket.end(`HTTP/1.1 ${refusal} Refused\r\ncontent-length: 0\r\n\r\n`);
    const upstream = connect(Number(url.slice(url.lastIndexOf(':') + 1)), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connected\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    sockets.add(upstream);
    upstream.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
