/** Sending webhooks: the signature, receivers that do anything, and the guard against addresses that are not public. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setInterval as every } from 'node:timers/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { createWebhookSender } from '../../adapters/webhook';
import type { OutgoingMessage, SenderOptions, WebhookSender } from '../../adapters/webhook';
import type { AttemptResult } from '../../domain/webhook/attempt';
import type { DestinationPolicy } from '../../domain/webhook/destination';
import { createTestAuthority } from '../harness/certificates';
import { startConnectProxy } from '../harness/connect-proxy';
import type { ConnectProxy } from '../harness/connect-proxy';
import { answerWith, startWebhookReceiver } from '../harness/webhook-receiver';
import type { Answer, WebhookReceiver } from '../harness/webhook-receiver';

const LOCAL: DestinationPolicy = { private_networks: ['127.0.0.0/8'], allows_http: true };
const SECRETS = ['new', 'old'].map((text) => `whsec_${Buffer.from(text.padEnd(32, '.')).toString('base64')}`);
const MESSAGE = { id: '0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c', body: '{"a": "é",\n "n": 1.0}', secrets: SECRETS };

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

function sender(options: SenderOptions = {}): WebhookSender {
  const created = createWebhookSender({ policy: LOCAL, ...options });
  opened.push(created);
  return created;
}

async function receiver(
  answer: Answer,
  options?: Parameters<typeof startWebhookReceiver>[1],
): Promise<WebhookReceiver> {
  const started = await startWebhookReceiver(answer, options);
  opened.push(started);
  return started;
}

/** The message to a receiver, at the real time: receivers compare the timestamp with their clock. */
function to({ port }: { port: number }, host = '127.0.0.1', scheme = 'http'): OutgoingMessage {
  return { ...MESSAGE, url: `${scheme}://${host}:${port}/hooks?a=1`, at: new Date().toISOString() };
}

const whyOf = (result: AttemptResult) => (result.answered ? result.status : result.why);

/** A lookup that gives out lists of addresses, one after another. */
function lookupOf(...lists: string[][]): { lookup: NonNullable<SenderOptions['lookup']>; names: string[] } {
  const names: string[] = [];
  const lookup = ((name: string, _options: object, done: (error: null, found: object[]) => void) => {
    names.push(name);
    const list = lists.length > 1 ? lists.shift() : lists[0];
    done(
      null,
      (list ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  }) as unknown as NonNullable<SenderOptions['lookup']>;
  return { lookup, names };
}

test('exactly the stored text is sent, and the new and the old secret verify it', async () => {
  const target = await receiver(answerWith(204));
  const message = to(target);
  expect(await sender().send(message)).toMatchObject({ answered: true, status: 204, excerpt: '' });
  const [request] = target.requests;
  expect(request).toMatchObject({ line: 'POST /hooks?a=1 HTTP/1.1', body: MESSAGE.body });
  expect(request?.headers).toMatchObject({
    'content-type': 'application/json',
    'webhook-id': MESSAGE.id,
    'webhook-timestamp': String(Math.floor(Date.parse(message.at) / 1_000)),
    'user-agent': expect.stringMatching(/^Covenant\//),
  });
  const { body = '', headers = {} } = request ?? {};
  for (const secret of SECRETS) expect(new Webhook(secret).verify(body, headers)).toEqual({ a: 'é', n: 1 });
  const other = `whsec_${Buffer.from('other'.padEnd(32, '.')).toString('base64')}`;
  expect(() => new Webhook(other).verify(body, headers)).toThrow('No matching signature');
});

test('a connection is used again', async () => {
  const target = await receiver(answerWith(200, [], 'ok'));
  const { send } = sender();
  for (let n = 0; n < 5; n++) expect(whyOf(await send(to(target)))).toBe(200);
  expect(target.requests).toHaveLength(5);
  // A second one is opened when the end of the first answer was not read yet.
  expect(target.connections).toBeLessThanOrEqual(2);
});

describe('the result of a receiver that', () => {
  const drip: Answer = (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
    void (async () => {
      for await (const _tick of every(20)) {
        if (socket.destroyed) return;
        socket.write('1\r\na\r\n');
      }
    })();
  };
  const flood: Answer = (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${2 ** 30}\r\n\r\n`);
    const fill = () => {
      while (!socket.destroyed && socket.write('x'.repeat(65_536)));
    };
    socket.on('drain', fill);
    fill();
  };
  // The limit is short only where it is reached: a busy machine needs more for the others.
  test.each<[string, Answer, number | string]>([
    ['answers 200', answerWith(200), 200],
    ['answers 204', answerWith(204), 204],
    ['redirects to this machine', answerWith(302, ['location: http://127.0.0.1/']), 302],
    ['answers 400', answerWith(400), 400],
    ['answers 410', answerWith(410), 410],
    ['answers 500', answerWith(500), 500],
    ['speaks HTTP/1.0', (socket) => socket.end('HTTP/1.0 200 OK\r\n\r\nfine'), 200],
    ['closes at once', (socket) => socket.destroy(), 'connection'],
    ['closes in the middle', (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf'), 'connection'],
    ['does not speak HTTP', (socket) => socket.write('SSH-2.0-OpenSSH_9.6\r\n\r\n'), 'answer'],
    ['sends endless header fields', (socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${'a'.repeat(99_999)}`), 'answer'],
    ['answers with a status that does not exist', (socket) => socket.write('HTTP/1.1 000 No\r\n\r\n'), 'answer'],
    ['hangs', () => undefined, 'timeout'],
    ['drips', drip, 'timeout'],
    ['sends 1 GiB', flood, 200],
  ])('%s', async (_what, answer, expected) => {
    const target = await receiver(answer);
    const result = await sender(expected === 'timeout' ? { timeout_ms: 400 } : {}).send(to(target));
    expect(whyOf(result)).toBe(expected);
    expect(target.requests).toHaveLength(1);
    if (!result.answered) expect(result.detail).not.toBe('');
  });

  test('does not speak HTTPS is one with which TLS fails, in words', async () => {
    const server = createServer((socket) =>
      socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const result = await sender().send(to(server.address() as AddressInfo, '127.0.0.1', 'https'));
    server.close();
    expect(result).toMatchObject({ answered: false, why: 'tls', detail: expect.stringMatching(/^[\w ]{5,60}$/) });
  });

  test('asks for a wait keeps its wish and 2 KiB of its body, as text that can be stored', async () => {
    const body = `\u0000\u001b[31m${'é'.repeat(5_000)}`;
    const target = await receiver(answerWith(429, ['retry-after: 120', 'retry-after: 9'], body));
    const result = await sender().send(to(target));
    expect(result).toMatchObject({ answered: true, status: 429, retry_after: '120' });
    const { excerpt } = result as { excerpt: string };
    expect(excerpt.startsWith('\uFFFD\uFFFD[31méé')).toBe(true);
    expect(Buffer.byteLength(excerpt)).toBeLessThanOrEqual(2_048 + 8);
  });

  test.each(['120', 'Tue, 15 Jun 2027 12:10:00 GMT', 'soon'])('asks for a wait until %p keeps it', async (text) => {
    const target = await receiver(answerWith(429, [`Retry-After: ${text}`]));
    expect(await sender().send(to(target))).toMatchObject({ answered: true, status: 429, retry_after: text });
  });

  test('is not there, or has no name', async () => {
    const gone = await startWebhookReceiver(answerWith(200));
    await gone.close();
    const { send } = sender();
    expect(whyOf(await send(to(gone)))).toBe('connection');
    expect(whyOf(await send(to(gone, 'nowhere.invalid')))).toBe('dns');
  });
});

describe('over TLS', () => {
  let directory: string;
  let ca: string;
  let identity: { cert: string; key: string };
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'covenant-webhook-'));
    const authority = createTestAuthority(directory);
    const issued = authority.issue('receiver', ['DNS:receiver.test']);
    ca = readFileSync(authority.ca, 'utf8');
    identity = { cert: readFileSync(issued.cert, 'utf8'), key: readFileSync(issued.key, 'utf8') };
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  test('a receiver is trusted only with a valid certificate for its name', async () => {
    const target = await receiver(answerWith(200), { tls: identity });
    const { lookup } = lookupOf(['127.0.0.1']);
    const sent = async (name: string, options: SenderOptions) =>
      whyOf(await sender({ lookup, ...options }).send(to(target, name, 'https')));
    expect(await sent('receiver.test', { ca })).toBe(200);
    expect(await sent('receiver.test', {})).toBe('certificate');
    expect(await sent('other.test', { ca })).toBe('certificate');
    expect(target.requests).toHaveLength(1);
  });

  test('the certificate of a receiver is checked also behind a proxy, which reads nothing', async () => {
    const target = await receiver(answerWith(200), { tls: identity });
    const proxy = await startConnectProxy();
    opened.push(proxy);
    const { lookup } = lookupOf(['127.0.0.1']);
    const sent = async (name: string, options: SenderOptions) =>
      whyOf(
        await sender({ lookup, proxy: `http://127.0.0.1:${proxy.port}`, ...options }).send(to(target, name, 'https')),
      );
    expect(await sent('receiver.test', { ca })).toBe(200);
    expect(await sent('receiver.test', {})).toBe('certificate');
    expect(await sent('other.test', { ca })).toBe('certificate');
    expect(target.requests).toHaveLength(1);
  });

  test('an address is judged before the first byte', async () => {
    const target = await receiver(answerWith(200), { tls: identity });
    // The network is allowed when the name is looked up, and not when the connection is open.
    let asked = 0;
    const policy = {
      allows_http: false,
      get private_networks() {
        return asked++ === 0 ? ['127.0.0.0/8'] : [];
      },
    };
    const { lookup } = lookupOf(['127.0.0.1']);
    const result = await sender({ policy, lookup, ca }).send(to(target, 'receiver.test', 'https'));
    expect(whyOf(result)).toBe('address_not_allowed');
    expect(asked).toBe(2);
    expect(target.bytes).toBe(0);
  });
});

describe('nothing is sent to', () => {
  const HOSTILE = [
    '127.0.0.1',
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '127.1',
    '0',
    '[::ffff:127.0.0.1]',
    '[::1]',
    '169.254.169.254',
  ];
  test.each(HOSTILE)('%s', async (host) => {
    const target = await receiver(answerWith(200));
    const { lookup, names } = lookupOf(['127.0.0.1']);
    const result = await sender({ policy: { private_networks: [], allows_http: true }, lookup }).send(to(target, host));
    expect(whyOf(result)).toBe('address_not_allowed');
    expect(names).toEqual([]);
    expect(target.connections).toBe(0);
  });

  test('the private address among twenty of a name', async () => {
    const allowed = await receiver(answerWith(200), { host: '127.0.0.2' });
    const policy = { private_networks: ['127.0.0.2/32'], allows_http: true };
    const addresses = Array.from({ length: 20 }, (_, n) => (n === 7 ? '127.0.0.2' : `10.0.0.${n}`));
    const { lookup } = lookupOf(addresses);
    expect(whyOf(await sender({ policy, lookup }).send(to(allowed, 'many.test')))).toBe(200);
    const { lookup: none } = lookupOf(addresses.filter((address) => address.startsWith('10.')));
    expect(whyOf(await sender({ policy, lookup: none }).send(to(allowed, 'many.test')))).toBe('address_not_allowed');
  });

  test('a name that is bound to a private address later', async () => {
    const first = await receiver(
      (socket) => socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'),
      {
        host: '127.0.0.2',
      },
    );
    const policy = { private_networks: ['127.0.0.2/32'], allows_http: true };
    const { lookup, names } = lookupOf(['127.0.0.2'], ['127.0.0.1']);
    const { send } = sender({ policy, lookup });
    expect(whyOf(await send(to(first, 'rebound.test')))).toBe(200);
    expect(whyOf(await send(to(first, 'rebound.test')))).toBe('address_not_allowed');
    expect(names).toEqual(['rebound.test', 'rebound.test']);
    expect(first.requests).toHaveLength(1);
  });
});

describe('through a proxy', () => {
  async function proxied(
    refusal: number | null | undefined,
    options: SenderOptions,
    credentials = '',
  ): Promise<{ proxy: ConnectProxy; send: WebhookSender['send'] }> {
    const proxy = await startConnectProxy(refusal);
    opened.push(proxy);
    return { proxy, send: sender({ proxy: `http://${credentials}127.0.0.1:${proxy.port}`, ...options }).send };
  }

  test('a request is sent in a tunnel that the proxy opens, with its user name and password', async () => {
    const target = await receiver(answerWith(204));
    const { lookup, names } = lookupOf(['127.0.0.1']);
    const { proxy, send } = await proxied(undefined, { lookup }, 'covenant:p%40ss@');
    expect(whyOf(await send(to(target, 'receiver.test')))).toBe(204);
    expect(whyOf(await send(to(target, 'receiver.test')))).toBe(204);
    expect(target.requests).toHaveLength(2);
    expect(target.requests[0]).toMatchObject({ line: 'POST /hooks?a=1 HTTP/1.1', body: MESSAGE.body });
    expect(JSON.stringify(target.requests)).not.toContain('proxy-');
    expect([names, new Set(proxy.asked)]).toEqual([
      ['receiver.test', 'receiver.test'],
      new Set([`covenant:p@ss@receiver.test:${target.port}`]),
    ]);
  });

  test.each<[string, string, string[]]>([
    ['a private address', '10.0.0.1', []],
    ['this machine', '[::1]', []],
    ['a name of a private address', 'private.test', ['10.0.0.1']],
    ['a name with twenty addresses of which one is private', 'many.test', [...Array(19).fill('8.8.8.8'), '10.0.0.1']],
  ])('no tunnel is asked for to %s', async (_what, host, addresses) => {
    const { lookup } = lookupOf(addresses);
    const { proxy, send } = await proxied(undefined, { lookup, policy: { private_networks: [], allows_http: true } });
    expect(whyOf(await send(to({ port: 80 }, host)))).toBe('address_not_allowed');
    expect(proxy.asked).toEqual([]);
  });

  test('a name is judged before each request, also when a tunnel is open', async () => {
    const target = await receiver(answerWith(200));
    const { lookup } = lookupOf(['127.0.0.1'], ['10.0.0.1']);
    const { send } = await proxied(undefined, { lookup });
    expect(whyOf(await send(to(target, 'rebound.test')))).toBe(200);
    expect(whyOf(await send(to(target, 'rebound.test')))).toBe('address_not_allowed');
    expect(target.requests).toHaveLength(1);
  });

  test.each<[string, number | null, string]>([
    ['refuses', 403, 'connection'],
    ['wants a password', 407, 'connection'],
    ['does not answer', null, 'timeout'],
  ])('a proxy that %s is a failure that does not show its password', async (_what, refusal, why) => {
    const target = await receiver(answerWith(200));
    const { send } = await proxied(refusal, { connect_timeout_ms: 300 }, 'covenant:hidden@');
    const result = await send(to(target));
    expect(whyOf(result)).toBe(why);
    expect(JSON.stringify(result)).not.toContain('hidden');
    expect(target.connections).toBe(0);
  });

  test('a proxy that is not there, and a look-up that does not end, are failures', async () => {
    const { proxy, send } = await proxied(undefined, {});
    await proxy.close();
    opened.splice(opened.indexOf(proxy), 1);
    expect(whyOf(await send(to({ port: 80 })))).toBe('connection');
    const lookup = (() => undefined) as unknown as NonNullable<SenderOptions['lookup']>;
    const slow = await proxied(undefined, { lookup, timeout_ms: 200 });
    expect(whyOf(await slow.send(to({ port: 80 }, 'slow.test')))).toBe('timeout');
    expect(slow.proxy.asked).toEqual([]);
  });
});
