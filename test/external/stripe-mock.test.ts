/**
 * stripe-mock refuses parameters that Stripe does not know, and answers according to Stripe's OpenAPI description.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createStripePort } from '../../adapters/billing-stripe';
import { reservePort } from '../../dev/ports';
import { waitFor } from '../../dev/waiting';
import { describeWithTool, startTool } from '../harness/external-tool';
import type { ToolProcess } from '../harness/external-tool';
import { STRIPE_REQUESTS } from '../harness/stripe-requests';
import { randomTestPort } from '../harness/test-ports';

const FIXTURES = join(__dirname, '..', 'fixtures', 'stripe');
/** The id of the invoice in the recorded answers. */
const RECORDED_ID = 'in_1';
const API_KEY = 'sk_test_123';
const START_TIMEOUT_MS = 30_000;

/** The recorded answer for this request: with the requested id, and with payments only if the request expands them. */
function recordedAnswer(requestPath: string, file: string): Record<string, unknown> {
  const id = /^\/v1\/invoices\/(\w+)/.exec(requestPath)?.[1] ?? RECORDED_ID;
  const text = readFileSync(join(FIXTURES, file), 'utf8').replaceAll(RECORDED_ID, id);
  const { payments, ...rest } = JSON.parse(text) as Record<string, unknown>;
  return requestPath.includes('expand[0]=payments') ? { ...rest, payments } : rest;
}

describeWithTool('stripe-mock', (path) => {
  let mock: ToolProcess;
  let url: string;

  beforeAll(async () => {
    const port = await reservePort(randomTestPort());
    await port.release();
    url = `http://127.0.0.1:${port.port}`;
    mock = startTool(path, ['-http-addr', `127.0.0.1:${port.port}`]);
    await waitFor(
      () =>
        ask('/v1/invoices/in_1').then(
          ({ status }) => status === 200,
          () => undefined,
        ),
      {
        timeout_ms: START_TIMEOUT_MS,
        what: 'stripe-mock to answer',
      },
    );
  }, START_TIMEOUT_MS * 2);
  afterAll(() => mock.stop());

  async function ask(requestPath: string): Promise<{ status: number; body: unknown }> {
    const answer = await fetch(url + requestPath, { headers: { Authorization: `Bearer ${API_KEY}` } });
    return { status: answer.status, body: await answer.json() };
  }

  test.each(Object.entries(STRIPE_REQUESTS))(
    '%s has the same answer as the recording in %s',
    async (requestPath, file) => {
      const { status, body } = await ask(requestPath);
      expect(status).toBe(200);
      expect(body).toEqual(recordedAnswer(requestPath, file));
    },
  );

  test('a parameter that Stripe does not know is refused', async () => {
    expect((await ask('/v1/disputes?payment_intents=pi_1')).status).toBe(400);
  });

  test('the adapter reads an invoice of stripe-mock, and a draft owes nothing', async () => {
    const port = createStripePort({ api_key: API_KEY, url });
    expect(await port.fetchInvoice({ invoice_id: 'in_1' })).toEqual({
      found: true,
      contract_id: null,
      observation: null,
    });
  });
});
