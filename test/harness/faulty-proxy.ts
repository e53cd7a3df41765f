/** An HTTP proxy in front of the API that answers in its place, or loses its answers after the API has committed. */
import { createServer, request } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An answer in place of the API, which does not receive the request. */
export interface FalseAnswer {
  status: number;
  headers?: Record<string, string>;
  /** Sent as JSON. A string is sent unchanged, as text. */
  body: unknown;
}

/**
 * What happens to the answer of the API: the connection is closed before it, or in the middle of it, or stays silent until the
 * client closes it.
 */
export type LostAnswer = 'dropped' | 'cut' | 'silent';

/** A request that the proxy received. */
export interface ProxiedRequest {
  method: string;
  path: string;
  /** In the header or in the body. */
  idempotency_key: string | undefined;
}

export interface FaultyProxy {
  url: string;
  /** Every request, in order. */
  requests: ProxiedRequest[];
  /** Faults for the next requests whose path matches, one each. Later requests are forwarded. */
  fail(path: RegExp, ...faults: (FalseAnswer | LostAnswer)[]): void;
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1 and forwards requests to `target`, an origin. */
export async function startFaultyProxy(target: string): Promise<FaultyProxy> {
  const requests: ProxiedRequest[] = [];
  const faults: { path: RegExp; fault: FalseAnswer | LostAnswer }[] = [];

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = '', url: path = '' } = incoming;
    const sent = await readAll(incoming);
    requests.push({ method, path, idempotency_key: idempotencyKeyOf(incoming, sent) });
    const next = faults.findIndex((planned) => planned.path.test(path));
    const fault = next < 0 ? undefined : faults.splice(next, 1)[0]?.fault;
    if (typeof fault === 'object') return void answerFalsely(outgoing, fault);
    const { status, headers, bytes } = await forward(target, incoming, sent);
    if (fault === 'silent') return;
    if (fault === 'dropped') return void outgoing.destroy();
    outgoing.writeHead(status, { ...headers, 'content-length': bytes.length });
    if (fault === undefined) return void outgoing.end(bytes);
    outgoing.write(bytes.subarray(0, bytes.length / 2), () => outgoing.destroy());
  }

  const server = createServer((incoming, outgoing) => void serve(incoming, outgoing).catch(() => outgoing.destroy()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    fail: (path, ...planned) => void faults.push(...planned.map((fault) => ({ path, fault }))),
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function answerFalsely(outgoing: ServerResponse, { status, headers = {}, body }: FalseAnswer): void {
  const is_text = typeof body === 'string';
  outgoing.writeHead(status, { 'content-type': is_text ? 'text/plain' : 'application/problem+json', ...headers });
  outgoing.end(is_text ? body : JSON.stringify(body));
}

/** Sends a request to the API and reads its whole answer, so that the API has committed. */
function forward(
  target: string,
  { method, url, headers }: IncomingMessage,
  sent: Buffer,
): Promise<{ status: number; headers: Record<string, string | string[] | undefined>; bytes: Buffer }> {
  return new Promise((resolve, reject) => {
    const forwarded = request(target + url, { method, headers, agent: false }, (answer) => {
      const { 'transfer-encoding': _chunked, connection: _own, ...kept } = answer.headers;
      readAll(answer).then((bytes) => resolve({ status: answer.statusCode ?? 0, headers: kept, bytes }), reject);
    });
    forwarded.once('error', reject);
    forwarded.end(sent);
  });
}

async function readAll(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function idempotencyKeyOf({ headers }: IncomingMessage, sent: Buffer): string | undefined {
  const in_header = headers['idempotency-key'];
  if (typeof in_header === 'string') return in_header;
  return sent.length === 0 ? undefined : (JSON.parse(sent.toString()) as { idempotency_key?: string }).idempotency_key;
}
