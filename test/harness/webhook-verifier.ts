/** What everything that verifies webhooks guarantees, whatever its language: it accepts requests as Covenant sends them, and nothing else. */
import { createWebhookSender } from '../../adapters/webhook';
import type { WebhookSender } from '../../adapters/webhook';
import { instantFromMillis } from '../../domain/base/instant';
import { answerWith, startWebhookReceiver } from './webhook-receiver';
import type { ReceivedRequest, WebhookReceiver } from './webhook-receiver';

/** 0 and a text with the body, or another code. */
type Outcome = { code: number | null; output: string };
/** Verifies a request with the secrets that a receiver has. */
export type WebhookVerifier = (request: ReceivedRequest, secrets: string[]) => Promise<Outcome>;

const secretOf = (byte: number): string => `whsec_${Buffer.alloc(32, byte).toString('base64')}`;
const [OLD, NEW, FOREIGN] = [secretOf(1), secretOf(2), secretOf(3)] as [string, string, string];
/** With characters that are more than one byte, and spaces that a parser would remove. */
const BODY = '{"id": "0197a3c2",  "type":"license.batch_generated","sequence":7,"data":{"name":"Größe 株式 😀"}}';
const OLD_MS = 6 * 60_000;

/** Declares the tests of a verifier. */
export function testWebhookVerifier(verify: WebhookVerifier): void {
  let receiver: WebhookReceiver;
  let sender: WebhookSender;
  beforeAll(async () => {
    receiver = await startWebhookReceiver(answerWith(200));
    sender = createWebhookSender({ policy: { private_networks: ['127.0.0.0/8'], allows_http: true } });
  });
  afterAll(() => Promise.all([receiver.close(), sender.close()]));

  /** A request as it arrives, signed by these secrets some time ago. */
  async function received(secrets: string[], ago_ms = 0): Promise<ReceivedRequest> {
    const at = instantFromMillis(Date.now() - ago_ms);
    const url = `http://127.0.0.1:${receiver.port}/hook`;
    const result = await sender.send({ url, id: '0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c', at, body: BODY, secrets });
    expect(result).toMatchObject({ answered: true, status: 200 });
    return receiver.requests.at(-1) as ReceivedRequest;
  }
  const accepts = async (request: ReceivedRequest, ...secrets: string[]): Promise<void> => {
    const { code, output } = await verify(request, secrets);
    expect([code, output]).toEqual([0, expect.stringContaining('license.batch_generated')]);
  };
  const refuses = async (request: ReceivedRequest, ...secrets: string[]): Promise<void> => {
    const { code, output } = await verify(request, secrets);
    expect([code, output]).not.toEqual([0, output]);
    expect(output).toMatch(/^refused: /m);
  };

  test('accepts what is signed with its secret, and during a rotation with the old and the new one', async () => {
    await accepts(await received([NEW]), NEW);
    const rotating = await received([NEW, OLD]);
    await accepts(rotating, OLD);
    await accepts(rotating, NEW);
    await accepts(await received([NEW]), OLD, NEW);
  });

  test('refuses a changed body, id or time, a foreign secret, and a request that is old', async () => {
    const request = await received([NEW]);
    const headers = (more: Record<string, string>) => ({ ...request, headers: { ...request.headers, ...more } });
    await refuses({ ...request, body: BODY.replace('7', '8') }, NEW);
    await refuses({ ...request, body: JSON.stringify(JSON.parse(BODY)) }, NEW);
    await refuses(headers({ 'webhook-id': '0197a3c2-cf86-7077-8eb8-a1d25e6f7a9d' }), NEW);
    await refuses(headers({ 'webhook-timestamp': String(Number(request.headers['webhook-timestamp']) + 1) }), NEW);
    await refuses(headers({ 'webhook-signature': 'v1,AAAA' }), NEW);
    await refuses(request, FOREIGN);
    await refuses(await received([NEW], OLD_MS), NEW);
  });
}
