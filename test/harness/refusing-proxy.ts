/**
 * A Temporal as hosted namespaces show it: everything passes but the calls that its clients may not make.
 */
import { connect, constants, createServer } from 'node:http2';
import type { ClientHttp2Session, IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';

/** How a server says no: to a role that may not, or to everybody because it has no such service. */
export const GRPC_STATUS_CODES = { PERMISSION_DENIED: '7', UNIMPLEMENTED: '12' } as const;
export type RefusalStatus = keyof typeof GRPC_STATUS_CODES;

/** The service of administrators, whole. */
export const OPERATOR_SERVICE = /^\/temporal\.api\.operatorservice\./;

export interface RefusingProxy {
  /** host:port to connect to in place of the server. */
  address: string;
  /** The paths of the calls that were refused, in their order. */
  refused: string[];
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1 and passes all gRPC calls on to `target` (host:port) but those whose path matches. */
export async function startRefusingProxy(
  target: string,
  refusal: RefusalStatus,
  path: RegExp = OPERATOR_SERVICE,
): Promise<RefusingProxy> {
  const refused: string[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer();
  server.on('session', (session) => {
    const upstream = connect(`http://${target}`);
    sessions.add(session);
    session.on('close', () => {
      sessions.delete(session);
      upstream.destroy();
    });
    // Either side may go away at any time; the other one follows.
    session.on('error', () => upstream.destroy());
    upstream.on('error', () => session.destroy());
    session.on('stream', (call, headers) => {
      if (!path.test(String(headers[':path']))) return void pass(call, headers, upstream);
      refused.push(String(headers[':path']));
      const answer = { 'grpc-status': GRPC_STATUS_CODES[refusal], 'grpc-message': 'Request unauthorized.' };
      call.respond({ ':status': 200, 'content-type': 'application/grpc', ...answer }, { endStream: true });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    refused,
    async close() {
      for (const session of sessions) session.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Passes one call on; the status of gRPC comes after the body, in the trailers. */
function pass(call: ServerHttp2Stream, headers: IncomingHttpHeaders, upstream: ClientHttp2Session): void {
  const { ':authority': _authority, ...rest } = headers;
  const onwards = upstream.request(rest);
  let trailers: IncomingHttpHeaders = {};
  onwards.on('trailers', (received) => (trailers = received));
  onwards.on('response', ({ ':status': status, ...answer }, flags) => {
    if (call.destroyed) return;
    // An error may come as headers alone, and only the last headers of a call tell its status.
    const alone = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    call.on('wantTrailers', () => call.sendTrailers(trailers));
    call.respond({ ':status': status, ...answer }, alone ? { endStream: true } : { waitForTrailers: true });
    if (!alone) onwards.pipe(call);
  });
  call.on('close', () => onwards.close());
  call.on('error', () => onwards.close());
  onwards.on('error', () => call.close());
  call.pipe(onwards);
}
