/** A receiver of webhooks for tests: a TCP server that answers as written, so that it can also break HTTP. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { TLSSocketOptions } from 'node:tls';

/** A request that was received completely. */
export interface ReceivedRequest {
  line: string;
  headers: Record<string, string>;
  body: string;
}

export interface WebhookReceiver {
  port: number;
  requests: ReceivedRequest[];
  /** The connections that were accepted, and the bytes that arrived on all of them. */
  connections: number;
  bytes: number;
  close(): Promise<void>;
}

/** Answers one request on its connection. */
export type Answer = (socket: Socket, request: ReceivedRequest) => void;

/** An answer with a status, header lines and a body. */
export function answerWith(status: number, headers: readonly string[] = [], body = ''): Answer {
  const head = [`HTTP/1.1 ${status} Any`, `content-length: ${Buffer.byteLength(body)}`, ...headers];
  return (socket) => void socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** Listens on a free port of a local address. */
export async function startWebhookReceiver(
  answer: Answer,
  { host = '127.0.0.1', tls }: { host?: string; tls?: TLSSocketOptions } = {},
): Promise<WebhookReceiver> {
  const sockets = new Set<Socket>();
  const server = createServer((raw) => {
    receiver.connections += 1;
    raw.on('data', (chunk) => (receiver.bytes += chunk.byteLength));
    const socket = tls === undefined ? raw : new TLSSocket(raw, { isServer: true, ...tls });
    sockets.add(raw);
    let text = '';
    socket.on('error', () => raw.destroy());
    raw.on('error', () => raw.destroy());
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const request = parsed(text);
      if (request === null) return;
      text = '';
      receiver.requests.push(request);
      answer(socket, request);
    });
  });
  const receiver: WebhookReceiver = {
    ...{ port: 0, requests: [], connections: 0, bytes: 0 },
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
  server.listen(0, host);
  await once(server, 'listening');
  receiver.port = (server.address() as AddressInfo).port;
  return receiver;
}

/** The request in a text; null while it is incomplete. */
function parsed(text: string): ReceivedRequest | null {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const [line = '', ...fields] = text.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(
    fields.map((field) => [field.slice(0, field.indexOf(':')).toLowerCase(), field.slice(field.indexOf(':') + 2)]),
  );
  const body = text.slice(end + 4);
  return Buffer.byteLength(body) < Number(headers['content-length'] ?? 0) ? null : { line, headers, body };
}
