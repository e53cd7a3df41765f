/**
 * A small pooler in transaction mode for Postgres: a client uses a session only from the first message of a transaction
 * to its end. The next transaction of any client gets the session that was released last, as in PgBouncer.
 *
 * Each client authenticates through a new session, which is then shared by all clients. The key data names a backend
 * that does not exist.
 */
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

export interface TransactionPooler {
  /** host:port to connect to instead of Postgres. */
  address: string;
  close(): Promise<void>;
}

export interface PoolerOptions {
  /** Refuses connections that send this startup parameter, as PgBouncer does unless it is configured to ignore it. */
  refuses?: string;
  /** A startup parameter that is not forwarded. */
  drops?: string;
  /**
   * `session` releases a session only when its client disconnects. `statement` closes a connection that begins a
   * transaction.
   */
  mode?: 'transaction' | 'session' | 'statement';
}

const READY_FOR_QUERY = 'Z'.charCodeAt(0);
const BACKEND_KEY = 'K'.charCodeAt(0);
const SYNC = 'S'.charCodeAt(0);
const QUERY = 'Q'.charCodeAt(0);
const IDLE = 'I'.charCodeAt(0);
const SSL_REQUEST = 80_877_103;

/** A session of Postgres and the client that currently uses it. */
interface Session {
  socket: Socket;
  client: Client | undefined;
}

interface Client {
  socket: Socket;
  session: Session | undefined;
  loggedIn: boolean;
  /** Messages for which Postgres has not yet sent ReadyForQuery. */
  unanswered: number;
}

/** Listens on a free port of 127.0.0.1 for the Postgres at `target` (host:port). */
export async function startTransactionPooler(target: string, options: PoolerOptions = {}): Promise<TransactionPooler> {
  const [host, port] = target.split(':') as [string, string];
  const idle: Session[] = [];
  const sockets = new Set<Socket>();

  function keep(socket: Socket): Socket {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    return socket;
  }

  function openSession(client: Client): Session {
    const session: Session = { socket: keep(connect({ host, port: Number(port) })), client };
    const take = messages((type, message) => {
      const holder = session.client;
      if (!holder) return;
      if (type === BACKEND_KEY) message.writeUInt32BE(1, 5);
      holder.socket.write(message);
      if (type !== READY_FOR_QUERY) return;
      holder.unanswered = Math.max(0, holder.unanswered - 1);
      holder.loggedIn = true;
      if (holder.unanswered === 0 && message[5] === IDLE && options.mode !== 'session') giveBack(holder);
    });
    session.socket.on('data', take);
    return session;
  }

  function giveBack(client: Client): void {
    const { session } = client;
    client.session = undefined;
    if (!session) return;
    session.client = undefined;
    idle.push(session);
  }

  const server = createServer((socket) => {
    const client: Client = { socket: keep(socket), session: undefined, loggedIn: false, unanswered: 0 };
    const take = messages((type, message) => {
      const begins = type === QUERY && message.includes('BEGIN');
      if (begins && options.mode === 'statement') return void socket.destroy();
      if (client.loggedIn && client.session === undefined) {
        client.session = idle.pop();
        if (client.session === undefined) return void socket.destroy();
        client.session.client = client;
      }
      if (type === SYNC || type === QUERY) client.unanswered += 1;
      client.session?.socket.write(message);
    });
    function start(chunk: Buffer): void {
      if (chunk.readUInt32BE(4) === SSL_REQUEST) {
        socket.write('N');
        socket.once('data', start);
        return;
      }
      const parameters = chunk.subarray(8).toString().split('\0');
      if (options.refuses !== undefined && parameters.includes(options.refuses)) {
        socket.end(errorMessage('08P01', `unsupported startup parameter: ${options.refuses}`));
        return;
      }
      client.session = openSession(client);
      client.session.socket.write(options.drops === undefined ? chunk : withoutParameter(chunk, options.drops));
      socket.on('data', take);
    }
    socket.once('data', start);
    // A session whose client disconnects in a transaction is closed. Other sessions are reused.
    socket.on('close', () => client.session?.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Splits a byte stream into messages: a type, a length that includes itself, and the body. */
function messages(take: (type: number, message: Buffer) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 5 && rest.length >= 1 + rest.readUInt32BE(1)) {
      const end = 1 + rest.readUInt32BE(1);
      take(rest[0] as number, Buffer.from(rest.subarray(0, end)));
      rest = rest.subarray(end);
    }
  };
}

function withoutParameter(startup: Buffer, name: string): Buffer {
  const texts = startup.subarray(8, -1).toString().split('\0').slice(0, -1);
  const at = texts.findIndex((text, index) => index % 2 === 0 && text === name);
  if (at >= 0) texts.splice(at, 2);
  const body = Buffer.from(`${texts.join('\0')}\0\0`);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + body.length, 0);
  startup.copy(head, 4, 4, 8);
  return Buffer.concat([head, body]);
}

function errorMessage(code: string, message: string): Buffer {
  const body = Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${message}\0\0`);
  const head = Buffer.alloc(5);
  head.write('E');
  head.writeUInt32BE(4 + body.length, 1);
  return Buffer.concat([head, body]);
}
