/**
 * A proxy that behaves like a hosted Temporal namespace: it refuses the calls that clients are not permitted to make
 * and forwards all others.
 */
import { connect, constants, createServer } from 'node:http2';
import type { ClientHttp2Session, IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';

/** The gRPC status of refused calls: no permission, too much load, no such service, or credentials that are not valid. */
export const GRPC_STATUS_CODES = {
  PERMISSION_DENIED: '7',
  RESOURCE_EXHAUSTED: '8',
  UNIMPLEMENTED: '12',
  UNAUTHENTICATED: '16',
} as const;
export type RefusalStatus = keyof typeof GRPC_STATUS_CODES;

/** Matches all calls of the operator service. */
export const OPERATOR_SERVICE = /^\/temporal\.api\.operatorservice\./;

export interface RefusingProxy {
  /** host:port to connect to in place of the server. */
  address: string;
  /** The paths of the refused calls, in order. */
  refused: string[];
  close(): Promise<void>;
}

/**
 * Listens on a free port of 127.0.0.1 and forwards gRPC calls to `target` (host:port), except those whose path matches.
 */
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
    // When one side closes, the other side is closed too.
    session.on('error', () => upstream.destroy());
    upstream.on('error', () => session.destroy());
    session.on('stream', (call, headers) => {
      if (!path.test(String(headers[':path']))) return void forward(call, headers, upstream);
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

/** Forwards one call. The gRPC status follows the body, in the trailers. */
function forward(call: ServerHttp2Stream, headers: IncomingHttpHeaders, upstream: ClientHttp2Session): void {
  const { ':authority': _authority, ...rest } = headers;
  const forwarded = upstream.request(rest);
  let trailers: IncomingHttpHeaders = {};
  forwarded.on('trailers', (received) => (trailers = received));
  forwarded.on('response', ({ ':status': status, ...answer }, flags) => {
    if (call.destroyed) return;
    // An error can consist of headers only. Only the last headers of a call contain its status.
    const headersOnly = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    call.on('wantTrailers', () => call.sendTrailers(trailers));
    call.respond({ ':status': status, ...answer }, headersOnly ? { endStream: true } : { waitForTrailers: true });
    if (!headersOnly) forwarded.pipe(call);
  });
  call.on('close', () => forwarded.close());
  call.on('error', () => forwarded.close());
  forwarded.on('error', () => call.close());
  call.pipe(forwarded);
}
