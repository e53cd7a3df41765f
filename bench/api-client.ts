/** An API client with a key, over connections that stay open. */
import { Agent, request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';

export interface ApiClient {
  /** Posts JSON and returns the JSON of the answer. Throws on every status except 2xx. */
  post<T>(path: string, body: object): Promise<T>;
  /** Reads JSON. Throws on every status except 2xx. */
  get<T>(path: string): Promise<T>;
  /** Resolves with the data of the first server-sent event named `name`. Throws when the stream ends earlier. */
  awaitServerSent<T>(path: string, name: string): Promise<T>;
  close(): void;
}

/** Creates a client for the API at an origin. */
export function createApiClient(origin: string, key: string): ApiClient {
  const agent = new Agent({ keepAlive: true });
  const { hostname, port } = new URL(origin);

  function send(method: string, path: string, body?: string): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${key}`,
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
      };
      const request = httpRequest({ agent, hostname, port, method, path, headers }, resolve);
      request.once('error', reject);
      request.end(body);
    });
  }

  return {
    async post<T>(path: string, body: object): Promise<T> {
      const response = await send('POST', path, JSON.stringify(body));
      return JSON.parse(await successText(path, response)) as T;
    },
    async get<T>(path: string): Promise<T> {
      return JSON.parse(await successText(path, await send('GET', path))) as T;
    },
    async awaitServerSent<T>(path: string, name: string): Promise<T> {
      const response = await send('GET', path);
      if (response.statusCode !== 200) await successText(path, response);
      response.setEncoding('utf8');
      let unread = '';
      for await (const piece of response as AsyncIterable<string>) {
        const messages = (unread + piece).split('\n\n');
        unread = messages.pop() ?? '';
        const wanted = messages.find((message) => message.startsWith(`event: ${name}\n`));
        if (wanted !== undefined) return JSON.parse(wanted.slice(wanted.indexOf('data: ') + 'data: '.length)) as T;
      }
      throw new Error(`${path} ended without "${name}"`);
    },
    close: () => agent.destroy(),
  };
}

async function successText(path: string, response: IncomingMessage): Promise<string> {
  let text = '';
  response.setEncoding('utf8');
  for await (const piece of response as AsyncIterable<string>) text += piece;
  const status = response.statusCode ?? 0;
  if (status < 200 || status > 299) throw new Error(`${path} answered ${status}: ${text}`);
  return text;
}
