/**
 * A port that is taken is replaced by another one, and no port is chosen twice.
 */
import { createServer, type Server } from 'node:net';
import { assertPortFree, reservePort, PORTS_TRIED_MAX } from '../../dev/ports';
import { randomTestPort } from '../harness/test-ports';

function listenOn(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

test('when a port is taken, a later one is chosen', async () => {
  const taken = await reservePort(randomTestPort());
  const moved = await reservePort(taken.port);
  expect(moved.port).toBeGreaterThan(taken.port);
  await Promise.all([taken.release(), moved.release()]);
});

test('a port with a listener on all addresses counts as taken', async () => {
  const free = await reservePort(randomTestPort());
  await free.release();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(free.port, '0.0.0.0', resolve));
  const moved = await reservePort(free.port);
  expect(moved.port).not.toBe(free.port);
  await Promise.all([moved.release(), close(server)]);
});

test('concurrent searches from the same port find different ports', async () => {
  const wanted = randomTestPort();
  const reserved = await Promise.all(Array.from({ length: 8 }, () => reservePort(wanted)));
  expect(new Set(reserved.map(({ port }) => port)).size).toBe(8);
  await Promise.all(reserved.map((port) => port.release()));
});

test('a server can listen on a reserved port only after its release', async () => {
  const reserved = await reservePort(randomTestPort());
  await expect(listenOn(reserved.port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await reserved.release();
  await close(await listenOn(reserved.port));
});

test('the error names a port that another program uses', async () => {
  const { port, release } = await reservePort(randomTestPort());
  await expect(assertPortFree(port)).rejects.toThrow(`another program uses port ${port} on 127.0.0.1`);
  await release();
  await assertPortFree(port);
});

test('the search ends at the last port with an error that names the range', async () => {
  const last = await listenOn(65_535).catch(() => undefined);
  await expect(reservePort(65_535)).rejects.toThrow('No port from 65535 to 65535 is free on 127.0.0.1');
  if (last !== undefined) await close(last);
  expect(PORTS_TRIED_MAX).toBeGreaterThan(1);
});
