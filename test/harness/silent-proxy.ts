/**
 * A TCP proxy that can fall silent: it goes on accepting and nothing comes through, like a network that lost its route.
 */
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

export interface SilentProxy {
  /** host:port to connect to in place of the server. */
  address: string;
  /** From now on nothing passes, in either direction, on old connections and on new ones. */
  fallSilent(): void;
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1 and passes everything on to `target` (host:port) until told to fall silent. */
export async function startSilentProxy(target: string): Promise<SilentProxy> {
  const [host, port] = target.split(':');
  const sockets = new Set<Socket>();
  let silent = false;

  function pass(from: Socket, to: Socket): void {
    sockets.add(from);
    from.on('data', (bytes) => {
      if (!silent) to.write(bytes);
    });
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
    // A broken connection is closed on both sides; that is all there is to know.
    from.on('error', () => undefined);
  }

  const server = createServer((client) => {
    const upstream = connect({ host: host as string, port: Number(port) });
    pass(client, upstream);
    pass(upstream, client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    fallSilent() {
      silent = true;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
