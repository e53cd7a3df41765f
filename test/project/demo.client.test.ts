/**
 * How the scenario client parses the progress stream and checks answers.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { parseMessages } from '../../cli/event-stream';
import type { StreamMessage } from '../../cli/event-stream';
import { createScenarioClient, ScenarioError } from '../../demo/client';

const STREAM = 'event: progress\ndata: {"completed":1}\n\nevent: end\ndata: {"completed":2}\n\n';
const MESSAGES = [
  { event: 'progress', data: '{"completed":1}' },
  { event: 'end', data: '{"completed":2}' },
];

async function read(chunks: string[]): Promise<StreamMessage[]> {
  const messages: StreamMessage[] = [];
  for await (const message of parseMessages(fromChunks(chunks))) messages.push(message);
  return messages;
}

async function* fromChunks(chunks: string[]): AsyncGenerator<string> {
  yield* chunks;
}

test('a stream is parsed the same way however it is split into chunks', async () => {
  for (let cut = 0; cut <= STREAM.length; cut++) {
    expect(await read([STREAM.slice(0, cut), STREAM.slice(cut)])).toEqual(MESSAGES);
  }
  expect(await read([...STREAM])).toEqual(MESSAGES);
});

test('an incomplete message is ignored', async () => {
  expect(await read([STREAM, 'event: end\ndata: {'])).toEqual(MESSAGES);
});

describe('an answer', () => {
  let server: Server;
  let url: string;
  beforeAll(async () => {
    server = createServer((request, response) => {
      response.writeHead(request.url === '/refused' ? 409 : 200).end('{"state":"DRAFT"}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  test.each([
    ['with another status', '/refused', z.object({ state: z.enum(['DRAFT']) })],
    ['of another content', '/ok', z.object({ state: z.enum(['ACTIVE']) })],
  ])('%s throws ScenarioError', async (_case, path, shape: z.ZodType<unknown>) => {
    const api = createScenarioClient(url, 'key');
    await expect(api.call('GET', path, { status: 200, shape })).rejects.toThrow(ScenarioError);
  });

  test('may have one of several statuses', async () => {
    const call = { status: [200, 202], shape: z.object({ state: z.string() }) };
    await expect(createScenarioClient(url, 'key').call('GET', '/ok', call)).resolves.toEqual({ state: 'DRAFT' });
    await expect(createScenarioClient(url, 'key').call('GET', '/refused', call)).rejects.toThrow('200 or 202');
  });

  test('with the expected status and shape is returned', async () => {
    const shape = z.object({ state: z.literal('DRAFT') });
    await expect(createScenarioClient(url, 'key').call('GET', '/ok', { status: 200, shape })).resolves.toEqual({
      state: 'DRAFT',
    });
  });
});
