/**
 * Chooses ports on 127.0.0.1: the wanted port when it is free, else the next free port.
 *
 * A listening socket reserves a chosen port until its server is about to start, so two stacks that start together do
 * not choose the same ports. `get-port` reserves nothing: it remembers ports only within one process, and each stack is
 * a process of its own.
 */
import { createServer, type Server } from 'node:net';

/** A port that no other process can take until `release` has resolved. */
export interface ReservedPort {
  port: number;
  release(): Promise<void>;
}

/** The number of ports that are tried, from the wanted port on. */
export const PORTS_TRIED_MAX = 200;

const HOST = '127.0.0.1';
const PORT_MAX = 65_535;

/** Reserves `wanted` or the first free port after it. Throws when PORTS_TRIED_MAX consecutive ports are taken. */
export async function reservePort(wanted: number): Promise<ReservedPort> {
  const last = Math.min(wanted + PORTS_TRIED_MAX - 1, PORT_MAX);
  for (let port = wanted; port <= last; port += 1) {
    const server = await listen(port);
    if (server !== undefined) return { port, release: () => close(server) };
  }
  throw new Error(
    `No port from ${wanted} to ${last} is free on ${HOST}; stop the program that listens there or set another port.`,
  );
}

/** Throws an error that says what to do when the port is not free. */
export async function assertPortFree(port: number): Promise<void> {
  const server = await listen(port);
  if (server === undefined) throw new Error(`another program uses port ${port} on ${HOST}; stop that program`);
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
