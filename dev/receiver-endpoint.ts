/** Makes the endpoint of the page that shows webhooks (webhook-page.ts), so that it shows the first events without any set-up. */
import { z } from 'zod';
import type { DevFile } from './dev-file';

const DESCRIPTION = 'The page of npm run dev';
const Endpoints = z.object({
  data: z.array(z.object({ id: z.string(), url: z.string(), description: z.string().nullable() })),
});
const Created = z.object({ secret: z.string() });

/** Creates the endpoint once, for all events, and gives its secret to the page. Later it only follows the port of the page. */
export async function ensureReceiverEndpoint({ api_url, super_admin_key, receiver_url }: DevFile): Promise<void> {
  if (receiver_url === null) return;
  const url = `${receiver_url}/hook`;
  const endpoints = `${api_url}/api/v1/webhook-endpoints`;
  const headers = { Authorization: `Bearer ${super_admin_key}`, 'Content-Type': 'application/json' };
  const call = async (method: string, address: string, body?: object): Promise<unknown> => {
    const answer = await fetch(address, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    if (!answer.ok) throw new Error(`${method} ${address} answered ${answer.status}: ${await answer.text()}`);
    return answer.json();
  };
  const { data } = Endpoints.parse(await call('GET', `${endpoints}?environment=all`));
  const own = data.find(({ description }) => description === DESCRIPTION);
  if (own?.url === url) return;
  if (own !== undefined) return void (await call('PATCH', `${endpoints}/${own.id}`, { url }));
  const made = await call('POST', endpoints, { url, environment: 'all', description: DESCRIPTION });
  await call('POST', `${receiver_url}/secrets`, { secret: Created.parse(made).secret });
}
