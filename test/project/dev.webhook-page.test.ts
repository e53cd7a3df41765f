/** The receiver of the development stack shows what arrives, and whether one of its secrets has signed it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createWebhookSender } from '../../adapters/webhook';
import { reservePort } from '../../dev/ports';
import { startWebhookPage } from '../../dev/webhook-page';
import { instantFromMillis } from '../../domain/base/instant';
import { randomTestPort } from '../harness/test-ports';

const SECRETS = [1, 2].map((byte) => `whsec_${Buffer.alloc(32, byte).toString('base64')}`) as [string, string];
const directory = mkdtempSync(join(tmpdir(), 'webhook-page-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('what arrives is shown at once, verified by the secrets that it has, also after a restart', async () => {
  const reserved = await reservePort(randomTestPort());
  await reserved.release();
  const options = { port: reserved.port, file: join(directory, 'secrets.json') };
  let page = await startWebhookPage(options);
  const send = async (secret: string, query = ''): Promise<unknown> => {
    const at = instantFromMillis(Date.now());
    const url = `${page.url}/hook${query}`;
    const sender = createWebhookSender({ policy: { private_networks: ['127.0.0.1/32'], allows_http: true } });
    const result = await sender.send({ url, id: 'evt_1', at, body: '{"type":"pool.low_water"}', secrets: [secret] });
    await sender.close();
    return result.answered && result.status;
  };
  const add = async (secret: unknown): Promise<number> =>
    (await fetch(`${page.url}/secrets`, { method: 'POST', body: JSON.stringify({ secret }) })).status;

  const stream = await fetch(`${page.url}/events`);
  const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
  await reader.read();
  expect(await send(SECRETS[0])).toBe(401);
  expect((await reader.read()).value).toContain('"verified":false');
  expect([await add('secret'), await add(SECRETS[0])]).toEqual([422, 200]);
  expect(await send(SECRETS[0])).toBe(204);
  expect((await reader.read()).value).toMatch(/"verified":true.*pool\.low_water/);
  expect(await send(SECRETS[0], '?status=503')).toBe(503);
  expect(await send(SECRETS[1])).toBe(401);
  await reader.cancel();
  await page.close();

  page = await startWebhookPage(options);
  expect(await send(SECRETS[0])).toBe(204);
  expect(await (await fetch(page.url)).text()).toContain('Received webhooks');
  await page.close();
});
