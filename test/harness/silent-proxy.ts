/**
 * A TCP proxy that can stop forwarding: it still accepts connections but forwards nothing, like a network without a
 * route.
 */
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

export interface SilentProxy {
  /** host:port to connect to in place of the server. */
  address: string;
  /** Stops forwarding in both directions, on existing and new connections. */
  silence(): void;
  /**
   * Stops forwarding on the existing connections; new ones work. This happens when a firewall drops its state or a
   * server fails over.
   */
  silenceOpenConnections(): void;
  /** Returns the number of connections that were opened so far. */
  opened(): number;
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1 and forwards everything to `target` (host:port) until it is silenced. */
export async function startSilentProxy(target: string): Promise<SilentProxy> {
  const [host, port] = target.split(':');
  const sockets = new Set<Socket>();
  let silent = false;
  let opened = 0;
  /** Incremented by `silenceOpenConnections`: connections of an earlier generation are silent. */
  let generation = 0;

  function forward(from: Socket, to: Socket): void {
    const own_generation = generation;
    sockets.add(from);
    from.on('data', (bytes) => {
      if (!silent && own_generation === generation) to.write(bytes);
    });
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
    // An error also closes the connection, and `close` closes the other side.
    from.on('error', () => undefined);
  }

  const server = createServer((client) => {
    opened += 1;
    const upstream = connect({ host: host as string, port: Number(port) });
    forward(client, upstream);
    forward(upstream, client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    silence() {
      silent = true;
    },
    silenceOpenConnections() {
      generation += 1;
    },
    opened: () => opened,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
