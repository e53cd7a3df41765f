/**
 * Ports move when they are taken and are not chosen twice.
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

test('a taken port moves to a later one', async () => {
  const taken = await reservePort(randomTestPort());
  const moved = await reservePort(taken.port);
  expect(moved.port).toBeGreaterThan(taken.port);
  await Promise.all([taken.release(), moved.release()]);
});

test('a port that listens on every address counts as taken', async () => {
  const free = await reservePort(randomTestPort());
  await free.release();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(free.port, '0.0.0.0', resolve));
  const moved = await reservePort(free.port);
  expect(moved.port).not.toBe(free.port);
  await Promise.all([moved.release(), close(server)]);
});

test('searches that begin at the same port at the same time end at different ones', async () => {
  const wanted = randomTestPort();
  const held = await Promise.all(Array.from({ length: 8 }, () => reservePort(wanted)));
  expect(new Set(held.map(({ port }) => port)).size).toBe(8);
  await Promise.all(held.map((port) => port.release()));
});

test('a held port can be listened on only after its release', async () => {
  const held = await reservePort(randomTestPort());
  await expect(listenOn(held.port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await held.release();
  await close(await listenOn(held.port));
});

test('a port that another program uses is named', async () => {
  const { port, release } = await reservePort(randomTestPort());
  await expect(assertPortFree(port)).rejects.toThrow(`another program uses port ${port} on 127.0.0.1`);
  await release();
  await assertPortFree(port);
});

test('the search ends at the last port there is, with a sentence', async () => {
  const last = await listenOn(65_535).catch(() => undefined);
  await expect(reservePort(65_535)).rejects.toThrow('No port from 65535 to 65535 is free on 127.0.0.1');
  if (last !== undefined) await close(last);
  expect(PORTS_TRIED_MAX).toBeGreaterThan(1);
});
