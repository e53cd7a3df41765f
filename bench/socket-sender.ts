/**
 * Sends messages over connections that stay open.
 *
 * The sender shares the cores with the product. `node:http` takes 180 µs of CPU for each request, this 50 µs: it writes the same
 * bytes, and reads of each answer only the status and the length.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { runCallers } from './callers';
import type { Load } from './callers';

export interface Message {
  body: string;
  headers: Readonly<Record<string, string>>;
}

export interface SocketSender {
  /** Posts a message. Throws on every status except 2xx, and when no connection is free. */
  post(message: Message): Promise<void>;
  close(): void;
}

/** Posts one request after the other on one connection. */
type Post = (request: string) => Promise<void>;

const HEAD_END = '\r\n\r\n';
/** The digits of the status in `HTTP/1.1 202 Accepted`. */
const STATUS = { from: 9, to: 12 };

/** Opens connections to a path of an API. */
export async function openSocketSender(origin: string, path: string, connections: number): Promise<SocketSender> {
  const { hostname, port, host } = new URL(origin);
  const sockets = Array.from({ length: connections }, () => connect({ host: hostname, port: Number(port) }));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  const free = sockets.map(postsOn);

  return {
    async post({ body, headers }) {
      const post = free.pop();
      if (post === undefined) throw new Error('There are more callers than connections.');
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      await post(
        `POST ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\ncontent-type: application/json\r\n` +
          `content-length: ${Buffer.byteLength(body)}\r\n${lines.join('')}\r\n${body}`,
      );
      free.push(post);
    },
    close: () => sockets.forEach((socket) => socket.destroy()),
  };
}

function postsOn(socket: Socket): Post {
  let answer = '';
  let waiting: { resolve: () => void; reject: (error: Error) => void } | undefined;
  // One character is one byte, so lengths are in bytes.
  socket.setNoDelay(true).setEncoding('latin1');
  socket.on('data', (piece: string) => {
    answer += piece;
    if (!isComplete(answer)) return;
    const status = Number(answer.slice(STATUS.from, STATUS.to));
    if (status >= 200 && status <= 299) waiting?.resolve();
    else waiting?.reject(new Error(`The API answered: ${answer}`));
    answer = '';
  });
  socket.on('error', (error) => waiting?.reject(error));
  socket.on('close', () => waiting?.reject(new Error('The API closed a connection.')));
  return (request) =>
    new Promise((resolve, reject) => {
      waiting = { resolve, reject };
      socket.write(request);
    });
}

/** Whether an answer has its head and as many bytes as its head says. The API always says how many. */
function isComplete(answer: string): boolean {
  const head_end = answer.indexOf(HEAD_END);
  if (head_end === -1) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(answer)?.[1];
  if (length === undefined) throw new Error(`The API sent an answer without a length: ${answer}`);
  return answer.length >= head_end + HEAD_END.length + Number(length);
}

/** Runs callers that post to a path, each on a connection of its own, which is opened for this load: servers close idle ones. */
export async function runSenders(
  { origin, path, seconds, callers }: { origin: string; path: string; seconds: number; callers: number },
  messageOf: () => Message,
): Promise<Load> {
  const sender = await openSocketSender(origin, path, callers);
  try {
    return await runCallers(seconds, callers, () => sender.post(messageOf()));
  } finally {
    sender.close();
  }
}
