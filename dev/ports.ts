/**
 * Chooses ports on 127.0.0.1: the wanted one when it is free, else the next free one.
 *
 * A chosen port stays held by a listening socket until its server is about to start, so that two stacks that start
 * together do not choose the same ports. `get-port` holds nothing: it remembers what it gave within one process, and stacks are
 * processes of their own.
 */
import { createServer, type Server } from 'node:net';

/** A port nobody else can take until `release` has resolved. */
export interface ReservedPort {
  port: number;
  release(): Promise<void>;
}

/** How far from the wanted port the search goes. */
export const PORTS_TRIED_MAX = 200;

const HOST = '127.0.0.1';
const PORT_MAX = 65_535;

/** Holds `wanted` or the first free port after it. Throws when PORTS_TRIED_MAX ports in a row are taken. */
export async function reservePort(wanted: number): Promise<ReservedPort> {
  const last = Math.min(wanted + PORTS_TRIED_MAX - 1, PORT_MAX);
  for (let port = wanted; port <= last; port += 1) {
    const server = await listen(port);
    if (server !== undefined) return { port, release: () => close(server) };
  }
  throw new Error(`No port from ${wanted} to ${last} is free on ${HOST}; end what listens there or give another port.`);
}

/** Throws a sentence with the remedy unless the port is free. */
export async function assertPortFree(port: number): Promise<void> {
  const server = await listen(port);
  if (server === undefined) throw new Error(`another program uses port ${port} on ${HOST}; end that program`);
  await close(server);
}

function listen(port: number): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.unref();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(undefined);
      else reject(error);
    });
    server.listen({ port, host: HOST, exclusive: true }, () => resolve(server));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
