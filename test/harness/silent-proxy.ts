/**
 * A TCP proxy that can fall silent: it goes on accepting and nothing comes through, like a network that lost its route.
 */
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

export interface SilentProxy {
  /** host:port to connect to in place of the server. */
  address: string;
  /** From now on nothing passes, in either direction, on old connections and on new ones. */
  silence(): void;
  /** From now on nothing passes on the connections there are; new ones work. So it is when a firewall forgets, or a server fails over. */
  silenceOpenConnections(): void;
  /** Connections that were opened to it so far. */
  opened(): number;
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1 and passes everything on to `target` (host:port) until told to fall silent. */
export async function startSilentProxy(target: string): Promise<SilentProxy> {
  const [host, port] = target.split(':');
  const sockets = new Set<Socket>();
  let silent = false;
  let opened = 0;
  /** Counts the losses: a connection of an earlier count is lost. */
  let losses = 0;

  function pass(from: Socket, to: Socket): void {
    const made_at = losses;
    sockets.add(from);
    from.on('data', (bytes) => {
      if (!silent && made_at === losses) to.write(bytes);
    });
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
    // A broken connection is closed on both sides; that is all there is to know.
    from.on('error', () => undefined);
  }

  const server = createServer((client) => {
    opened += 1;
    const upstream = connect({ host: host as string, port: Number(port) });
    pass(client, upstream);
    pass(upstream, client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    silence() {
      silent = true;
    },
    silenceOpenConnections() {
      losses += 1;
    },
    opened: () => opened,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
