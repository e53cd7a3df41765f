/**
 * The standard billing source: only signed messages are accepted. The status of an invoice comes from a message or from the billing
 * system; if neither has it, it is never assumed.
 */
import { randomBytes } from 'node:crypto';
import { createStandardPort, createStandardReceiver } from '../../adapters/billing-standard';
import { FakeBilling, signStandard } from '../../demo/fake-billing';
import type { FakeBehaviour, StandardEvent } from '../../demo/fake-billing';
import { BillingUnreachable } from '../../domain/billing/billing-event';
import type { ReceivedMessage } from '../../domain/billing/billing-event';
import { STANDARD_STATUS } from '../../domain/billing/billing-message';
import type { StandardType } from '../../domain/billing/billing-message';

/** Long enough for a server on this machine. The test waits for the silent one. */
const TIMEOUT_MS = 1_000;
const CONTRACT_ID = '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f';
const NOW = new Date().toISOString();
const MESSAGE: StandardEvent = {
  id: 'msg_1',
  type: 'invoice.paid',
  occurred_at: '2027-02-01T10:00:00.000Z',
  contract_id: CONTRACT_ID,
  invoice: { id: 'in_1', due_date: '2027-01-31', version: 7 },
};

const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;
const [secret, previous_secret, other_secret] = [newSecret(), newSecret(), newSecret()];
const receiver = createStandardReceiver([secret, previous_secret]);

function receive(body: string | Buffer, headers: Record<string, string | undefined>): ReceivedMessage {
  return receiver.receive(Buffer.from(body), headers, NOW);
}

function receiveSigned(message: unknown): ReceivedMessage {
  const body = typeof message === 'string' ? message : JSON.stringify(message);
  return receive(body, signStandard(body, secret));
}

const BAD_SIGNATURE = { accepted: false, why: 'BAD_SIGNATURE' };

describe('a message', () => {
  test('becomes an event, and its text is stored unchanged', () => {
    const body = `  ${JSON.stringify(MESSAGE, null, 1)}\n`;
    expect(receive(body, signStandard(body, secret))).toEqual({
      accepted: true,
      raw: body,
      event: {
        source: 'standard',
        event_id: 'msg_1',
        type: 'invoice.paid',
        occurred_at: '2027-02-01T10:00:00.000Z',
        contract_id: CONTRACT_ID,
        invoice_id: 'in_1',
        observation: { status: 'PAID', due: '2027-01-31', occurred_at: '2027-02-01T10:00:00.000Z', version: 7 },
        relevant: true,
      },
    });
  });

  test.each(Object.entries(STANDARD_STATUS))('%s means that its invoice is %s', (type, status) => {
    const message = { ...MESSAGE, type: type as StandardType };
    expect(receiveSigned(message)).toMatchObject({
      accepted: true,
      event: { relevant: true, observation: { status } },
    });
  });

  test('can have no version, an instant with an offset, and unknown fields', () => {
    const message = {
      ...MESSAGE,
      occurred_at: '2027-02-01T12:00:00.123456+02:00',
      invoice: { id: 'in_1', due_date: '2027-01-31', total: 4900, lines: [{ sku: 'a' }] },
      livemode: true,
    };
    expect(receiveSigned(message)).toMatchObject({
      accepted: true,
      event: {
        occurred_at: '2027-02-01T10:00:00.123Z',
        observation: { version: null, occurred_at: '2027-02-01T10:00:00.123Z' },
      },
    });
  });

  test.each([
    [CONTRACT_ID.toUpperCase(), CONTRACT_ID],
    ['contract-7', null],
    ['', null],
  ])('that names the contract %j concerns %j', (contract_id, expected) => {
    expect(receiveSigned({ ...MESSAGE, contract_id })).toMatchObject({
      accepted: true,
      event: { contract_id: expected },
    });
  });

  test('of a type that concerns no contract is accepted with any content', () => {
    const event = { type: 'customer.created', relevant: false, contract_id: null, invoice_id: null, observation: null };
    expect(receiveSigned({ id: 'msg_2', type: 'customer.created', customer: {} })).toMatchObject({
      accepted: true,
      event: { ...event, occurred_at: NOW },
    });
    // Not a known type, although every object has this property.
    expect(receiveSigned({ id: 'msg_3', type: 'constructor' })).toMatchObject({
      accepted: true,
      event: { relevant: false },
    });
  });

  test.each([
    ['no id', { id: undefined }, 'id'],
    ['an empty id', { id: '' }, 'id'],
    ['an id with U+0000', { id: 'a\u0000' }, 'id'],
    ['no type', { type: undefined }, 'type'],
    ['an invalid date', { occurred_at: '2027-02-30T00:00:00Z' }, 'occurred_at'],
    ['no contract', { contract_id: undefined }, 'contract_id'],
    ['no invoice', { invoice: undefined }, 'invoice'],
    ['an invalid due date', { invoice: { ...MESSAGE.invoice, due_date: '2027-02-30' } }, 'invoice.due_date'],
    ['a version that is not a number', { invoice: { ...MESSAGE.invoice, version: '7' } }, 'invoice.version'],
  ])('with %s is refused with the name of the field', (_what, changes, path) => {
    expect(receiveSigned({ ...MESSAGE, ...changes })).toMatchObject({
      accepted: false,
      why: 'VALIDATION_FAILED',
      errors: [{ path }],
    });
  });

  test.each(['', '{', 'null,', '[1,]'])('that is signed but not JSON (%j) is refused as such', (body) => {
    expect(receiveSigned(body)).toMatchObject({ accepted: false, why: 'MALFORMED_JSON' });
  });

  test.each(['null', '[]', '"text"', '7'])(
    'that is JSON but not an object (%s) is refused because of its shape',
    (body) => {
      expect(receiveSigned(body)).toMatchObject({ accepted: false, why: 'VALIDATION_FAILED' });
    },
  );
});

describe('a signature', () => {
  const body = JSON.stringify(MESSAGE);
  const headers = signStandard(body, secret);

  test('of either secret is valid during a rotation', () => {
    for (const valid_secret of [secret, previous_secret])
      expect(receive(body, signStandard(body, valid_secret))).toMatchObject({ accepted: true });
    const both = `${signStandard(body, other_secret)['webhook-signature']} ${headers['webhook-signature']}`;
    expect(receive(body, { ...headers, 'webhook-signature': both })).toMatchObject({ accepted: true });
  });

  test.each([
    ['of another secret', body, signStandard(body, other_secret)],
    ['over another body', `${body} `, headers],
    ['over another id', body, { ...headers, 'webhook-id': 'msg_2' }],
    ['with a header missing', body, { ...headers, 'webhook-timestamp': undefined }],
    ['of another version', body, { ...headers, 'webhook-signature': `v2,${headers['webhook-signature']?.slice(3)}` }],
    [
      'with a timestamp that is not the signed text',
      body,
      { ...headers, 'webhook-timestamp': `${headers['webhook-timestamp']}x` },
    ],
    ['that is empty', body, { ...headers, 'webhook-signature': 'v1,' }],
    ['that is malformed', body, { ...headers, 'webhook-signature': 'v1' }],
    ['of long ago', body, signStandard(body, secret, { at: new Date(Date.now() - 600_000) })],
    ['of the future', body, signStandard(body, secret, { at: new Date(Date.now() + 330_000) })],
  ])('%s is not valid', (_what, text, sent_headers) => {
    const received = receive(text, sent_headers);
    expect(received).toMatchObject(BAD_SIGNATURE);
    expect(JSON.stringify(received)).not.toContain(secret.slice('whsec_'.length));
  });

  test('is verified at the given time, not at the time of the process', () => {
    const at = new Date(Date.now() + 86_400_000);
    const signed_headers = signStandard(body, secret, { at });
    const receivedAt = (offset_s: number) =>
      receiver.receive(Buffer.from(body), signed_headers, new Date(at.getTime() + offset_s * 1_000).toISOString());
    for (const offset_s of [-300, 0, 300]) expect(receivedAt(offset_s)).toMatchObject({ accepted: true });
    for (const offset_s of [-301, 301])
      expect(receivedAt(offset_s)).toEqual({ ...BAD_SIGNATURE, detail: expect.stringContaining('Check the clock') });
  });

  test('covers the bytes: a body that is not text cannot be signed, and a byte order mark counts', () => {
    // A lenient decoder would turn these bytes into the signed text.
    const replaced = '{"a":"\ufffd"}';
    const bytes = Buffer.from(replaced.replace('\ufffd', '\u00ff'), 'latin1');
    const refused = { accepted: false, why: 'MALFORMED_JSON' };
    expect(receive(bytes, signStandard(replaced, secret))).toMatchObject(refused);
    expect(receive(`\ufeff${body}`, headers)).toMatchObject(BAD_SIGNATURE);
  });

  test('is never valid without a secret', () => {
    expect(createStandardReceiver([]).receive(Buffer.from(body), headers, NOW)).toMatchObject(BAD_SIGNATURE);
  });
});

describe('an invoice', () => {
  let billing: FakeBilling;
  beforeEach(async () => (billing = await FakeBilling.start()));
  afterEach(() => billing.stop());

  const port = () => createStandardPort(billing.url, TIMEOUT_MS);

  test('is fetched in its current state', async () => {
    billing.put({
      id: 'in/1 ü',
      contract_id: CONTRACT_ID,
      status: 'WRITTEN_OFF',
      due_date: '2027-01-31',
      occurred_at: '2027-04-01T00:00:00Z',
      version: 9,
    });
    expect(port().fetches).toBe(true);
    expect(await port().fetchInvoice({ invoice_id: 'in/1 ü' })).toEqual({
      found: true,
      contract_id: CONTRACT_ID,
      observation: { status: 'WRITTEN_OFF', due: '2027-01-31', occurred_at: '2027-04-01T00:00:00.000Z', version: 9 },
    });
  });

  test('that the billing system does not know is not found', async () => {
    expect(await port().fetchInvoice({ invoice_id: 'in_unknown' })).toEqual({ found: false });
  });

  test.each<FakeBehaviour>(['unreachable', 'silent', 'failing', 'refusing the key', 'sending an invalid body'])(
    'is not assumed when the billing system is %s',
    async (behaviour) => {
      billing.put({ id: 'in_1', contract_id: CONTRACT_ID, status: 'PAID', due_date: '2027-01-31', occurred_at: NOW });
      billing.behaviour = behaviour;
      await expect(port().fetchInvoice({ invoice_id: 'in_1' })).rejects.toThrow(BillingUnreachable);
    },
  );

  test('of a stopped billing system is not assumed', async () => {
    const stopped = await FakeBilling.start();
    const { url } = stopped;
    await stopped.stop();
    await expect(createStandardPort(url).fetchInvoice({ invoice_id: 'in_1' })).rejects.toThrow(BillingUnreachable);
  });

  test('cannot be fetched without a URL, and a message is not identified any further', async () => {
    expect(createStandardPort(undefined).fetches).toBe(false);
    expect(await port().identify(JSON.stringify(MESSAGE))).toBeNull();
  });
});
