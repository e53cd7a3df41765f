/** CSV responses over a real connection: escaping, and how many rows are read for slow or disconnected clients. */
import { createServer, get } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Response } from 'express';
import fc from 'fast-check';
import { ClientStream } from '../../api/http/client-stream';
import { csvAnswer } from '../../api/http/csv';
import { CLIENT_STALL_MS } from '../../api/http/open-streams';
import type { JsonObject } from '../../domain/base/json';

const BATCH_ROWS = 1_000;
/** More than all buffers between a server and a client on this machine can hold. */
const BUFFERED_BYTES_MAX = 64 * 1024 * 1024;

let server: Server | undefined;

afterEach(async () => {
  server?.closeAllConnections();
  await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  server = undefined;
});

/** Serves a file of these rows for every request. Resolves with the URL. */
async function serve(
  batches: () => AsyncGenerator<JsonObject[]>,
  done: (error?: unknown) => void = () => undefined,
  stall_ms = CLIENT_STALL_MS,
): Promise<string> {
  server = createServer((request, response) => {
    if (request.url === '/alive') return void response.end('yes');
    void csvAnswer('rows.csv', ['text', 'number'], batches())
      .then((answer) => answer.stream?.(new ClientStream(response as unknown as Response, stall_ms)))
      .then(() => done(), done);
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Resolves when the first bytes arrive, and reads nothing more. */
function readFirstBytes(url: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, (response) => response.once('readable', () => resolve(response))).once('error', reject);
  });
}

/** Endless batches that count how many were read and report when reading ends. */
function endlessBatches(): {
  batches: () => AsyncGenerator<JsonObject[]>;
  read_count: () => number;
  ended: Promise<void>;
} {
  let read_count = 0;
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  async function* batches(): AsyncGenerator<JsonObject[]> {
    try {
      for (;;) {
        read_count += 1;
        yield Array.from({ length: BATCH_ROWS }, (_, number) => ({ text: 'x'.repeat(100), number }));
      }
    } finally {
      end();
    }
  }
  return { batches, read_count: () => read_count, ended };
}

test('a client that disconnects ends the reading without an error', async () => {
  const rows = endlessBatches();
  let over: (error?: unknown) => void = () => undefined;
  const outcome = new Promise<unknown>((resolve) => (over = resolve));
  const response = await readFirstBytes(await serve(rows.batches, over));
  response.destroy();
  await rows.ended;
  expect(await outcome).toBeUndefined();
});

test('no more rows are read than the client takes', async () => {
  const rows = endlessBatches();
  const url = await serve(rows.batches);
  const response = await readFirstBytes(url);
  // During this time the client reads nothing.
  for (let request = 0; request < 300; request++) await (await fetch(`${url}/alive`)).text();
  expect(rows.read_count() * BATCH_ROWS * 100).toBeLessThan(BUFFERED_BYTES_MAX);
  response.destroy();
  await rows.ended;
});

test('a client that reads nothing for too long is disconnected, and the reading ends', async () => {
  const rows = endlessBatches();
  let over: (error?: unknown) => void = () => undefined;
  const outcome = new Promise<unknown>((resolve) => (over = resolve));
  const response = await readFirstBytes(await serve(rows.batches, over, 1));
  await rows.ended;
  expect(await outcome).toBeUndefined();
  await expect(response.toArray()).rejects.toThrow('aborted');
});

test('a file of several batches has one header and every row in order', async () => {
  async function* batches(): AsyncGenerator<JsonObject[]> {
    yield [{ text: 'first', number: 1 }];
    yield [
      { text: 'second', number: 2 },
      { text: null, number: 3 },
    ];
  }
  expect(await (await fetch(await serve(batches))).text()).toBe('text,number\nfirst,1\nsecond,2\n,3\n');
});

test('a failure of the first batch comes before anything is sent', async () => {
  // eslint-disable-next-line require-yield -- it fails before it yields
  async function* failing(): AsyncGenerator<JsonObject[]> {
    throw new Error('the database is gone');
  }
  await expect(csvAnswer('rows.csv', ['text'], failing())).rejects.toThrow('the database is gone');
});

test('a failure in the middle of the file closes the connection, so that the client detects an incomplete file', async () => {
  async function* breaking(): AsyncGenerator<JsonObject[]> {
    yield [{ text: 'first', number: 1 }];
    throw new Error('the database is gone');
  }
  let over: (error?: unknown) => void = () => undefined;
  const outcome = new Promise<unknown>((resolve) => (over = resolve));
  const url = await serve(breaking, over);
  await expect(fetch(url).then((response) => response.text())).rejects.toThrow();
  expect(await outcome).toMatchObject({ message: 'the database is gone' });
});

test('every text is unchanged, except for an apostrophe before text that a spreadsheet would execute', async () => {
  const cell = fc.oneof(
    fc.string(),
    fc
      .tuple(fc.constantFrom('=', '+', '-', '@', '\t', '\r', ',', '"', '\n'), fc.string())
      .map((parts) => parts.join('')),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(cell, { minLength: 1, maxLength: 20 }), async (texts) => {
      async function* batches(): AsyncGenerator<JsonObject[]> {
        yield texts.map((text, number) => ({ text, number: -number }));
      }
      const body = await (await fetch(await serve(batches))).text();
      server?.close();
      const rows = parseCsv(body).slice(1);
      expect(rows).toEqual(
        texts.map((text, number) => [/^[=+\-@\t\r]/.test(text) ? `'${text}` : text, String(-number)]),
      );
    }),
    { numRuns: 100 },
  );
});

/** A separate parser of RFC 4180, so that writer and parser do not share a bug. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i] as string;
    if (quoted && character === '"' && text[i + 1] === '"') cell += text[i++];
    else if (character === '"') quoted = !quoted;
    else if (!quoted && character === ',') {
      row.push(cell);
      cell = '';
    } else if (!quoted && character === '\n') {
      rows.push([...row, cell]);
      row = [];
      cell = '';
    } else cell += character;
  }
  return rows;
}
