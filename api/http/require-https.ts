/** Refuses requests that did not come over HTTPS, for the setting `REQUIRE_HTTPS`. */
import { TLSSocket } from 'node:tls';
import type { Request, RequestHandler } from 'express';
import { ProblemError, protocolProblem } from './problem';

/** What an orchestrator and Prometheus ask inside the network of the installation, where no proxy is between. It needs no API key. */
const PROBES: ReadonlySet<string> = new Set(['/livez', '/readyz', '/metrics']);

type IsTrusted = (address: string | undefined, hop: number) => boolean;

/** Refuses before anything but the path and these two facts is read: a key that was sent in the open is not even looked up. */
export function requireHttps(): RequestHandler {
  return (request, _response, next) => {
    if (PROBES.has(request.path) || cameOverHttps(request)) return next();
    throw new ProblemError(
      protocolProblem(
        'HTTPS_REQUIRED',
        'The request did not come over HTTPS. Repeat it with https:// in the address, and replace the API key that it may have contained: others could read it. ' +
          'If it did come over HTTPS, the proxy before Covenant must be named in TRUST_PROXY and set X-Forwarded-Proto to https.',
      ),
    );
  };
}

/**
 * Whether the connection is encrypted, or a trusted proxy says that its own was. Every value of the header must be `https`: some proxies
 * append theirs to what the client sent.
 */
function cameOverHttps(request: Request): boolean {
  if (request.socket instanceof TLSSocket) return true;
  const isTrusted = request.app.get('trust proxy fn') as IsTrusted;
  if (!isTrusted(request.socket.remoteAddress, 0)) return false;
  const values = (request.get('x-forwarded-proto') ?? '').split(',');
  return values.every((value) => value.trim().toLowerCase() === 'https');
}
