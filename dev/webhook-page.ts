/**
 * A small receiver of webhooks for development: it verifies what arrives at `/hook` and shows it on a page at once. The page is for this
 * machine only.
 *
 * `POST /secrets {"secret": "whsec_…"}` gives it the secret of an endpoint; the page has a field for it. `/hook?status=500` answers with that
 * status, to see what Covenant does about failures.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { writePrivateFile } from './private-file';

export interface WebhookPage {
  /** The address of the page. */
  url: string;
  close(): Promise<void>;
}

export interface WebhookPageOptions {
  port: number;
  /** Where the secrets are stored, so that they survive a restart. */
  file: string;
}

/** What arrived, as the page shows it. */
interface Received {
  at: string;
  id: string;
  verified: boolean;
  /** Why it was not verified. */
  why: string | null;
  status: number;
  body: string;
}

/** Shown requests; older ones are dropped. */
const SHOWN_MAX = 200;
const SECRETS_MAX = 50;
const BODY_BYTES_MAX = 1_024 * 1_024;
const SECRET = /^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/;
const PAGE_FILE = join(__dirname, 'webhook-page.html');

/** Listens on 127.0.0.1. */
export async function startWebhookPage({ port, file }: WebhookPageOptions): Promise<WebhookPage> {
  const secrets = readSecrets(file);
  const received: Received[] = [];
  const followers = new Set<ServerResponse>();

  const server = createServer((request, response) => {
    void answer(request, response).catch((error: unknown) => send(response, 400, { error: String(error) }));
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://receiver');
    switch (`${request.method} ${pathname}`) {
      case 'GET /':
        // The page shows what strangers sent: only its own script runs.
        response.setHeader(
          'Content-Security-Policy',
          "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'",
        );
        response.setHeader('Content-Type', 'text/html; charset=utf-8');
        return void response.end(readFileSync(PAGE_FILE));
      case 'GET /events':
        return follow(request, response);
      case 'POST /secrets':
        return addSecret(await bodyOf(request), response);
      case 'POST /hook': {
        const asked = Number(searchParams.get('status') ?? 0);
        return receive(await bodyOf(request), request, response, asked >= 200 && asked <= 599 ? asked : undefined);
      }
      default:
        return send(response, 404, { error: 'GET /, POST /hook, POST /secrets and GET /events exist' });
    }
  }

  function receive(
    body: string,
    { headers }: IncomingMessage,
    response: ServerResponse,
    asked: number | undefined,
  ): void {
    const why = refusalOf(body, headers as Record<string, string>, secrets);
    const status = asked ?? (why === null ? 204 : 401);
    const one = {
      at: new Date().toISOString(),
      id: String(headers['webhook-id'] ?? ''),
      verified: why === null,
      why,
      status,
      body,
    };
    received.push(one);
    if (received.length > SHOWN_MAX) received.shift();
    for (const follower of followers) follower.write(eventText(one));
    if (why === null || asked !== undefined) response.writeHead(status).end();
    else send(response, status, { error: why });
  }

  function follow(request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    response.write(received.map(eventText).join('') || ': nothing yet\n\n');
    followers.add(response);
    request.on('close', () => followers.delete(response));
  }

  function addSecret(body: string, response: ServerResponse): void {
    const { secret } = JSON.parse(body) as { secret?: unknown };
    if (typeof secret !== 'string' || !SECRET.test(secret))
      return send(response, 422, { error: 'secret must be whsec_ and base64, as the endpoint showed it' });
    if (!secrets.includes(secret)) secrets.push(secret);
    secrets.splice(0, secrets.length - SECRETS_MAX);
    writePrivateFile(file, JSON.stringify(secrets));
    send(response, 200, { secrets: secrets.length });
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Why a request is refused; null if one of the secrets has signed it. */
function refusalOf(body: string, headers: Record<string, string>, secrets: readonly string[]): string | null {
  let why = 'no secret is known yet: paste that of the endpoint into the page';
  for (const secret of secrets) {
    try {
      new Webhook(secret).verify(body, headers);
      return null;
    } catch (error) {
      why = (error as Error).message;
    }
  }
  return why;
}

function readSecrets(file: string): string[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as string[];
  } catch {
    return [];
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new Error('the body is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function eventText(received: Received): string {
  return `data: ${JSON.stringify(received)}\n\n`;
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}
