/** The page of the mail catcher uses another port when another program takes its port between two starts; mails arrive at the same port. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isHttpReady } from '../../dev/http-ready';
import { planMailCatcher } from '../../dev/mail-catcher';
import { reservePort } from '../../dev/ports';
import { supervise } from '../../dev/supervisor';
import { randomTestPort } from '../harness/test-ports';

const directory = mkdtempSync(join(tmpdir(), 'mail-'));
const running: (() => unknown)[] = [];

afterAll(async () => {
  for (const end of running) await end();
  rmSync(directory, { recursive: true, force: true });
});

function listenOn(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

test('a mail catcher the port of whose page is taken while it is stopped shows its page on another port', async () => {
  const ports = [await reservePort(randomTestPort()), await reservePort(randomTestPort())] as const;
  const [pagePort, smtpPort] = [ports[0].port, ports[1].port];
  await Promise.all(ports.map((port) => port.release()));
  const plan = planMailCatcher({ pagePort, smtpPort, directory, logFile: join(directory, 'mail.log') });
  const server = supervise(plan, { restart: true });
  running.push(() => server.stop());
  await server.start();
  expect(plan.pageUrl).toBe(`http://127.0.0.1:${pagePort}`);
  await server.stop();

  const other = await listenOn(pagePort);
  running.push(() => other.close());
  await server.start();
  expect(plan.pageUrl).not.toBe(`http://127.0.0.1:${pagePort}`);
  expect(await isHttpReady(`${plan.pageUrl}/healthz`)).toBe(true);
  expect(plan.smtpUrl).toBe(`smtp://127.0.0.1:${smtpPort}`);
  await expect(listenOn(smtpPort)).rejects.toThrow('EADDRINUSE');
});
