/**
 * An HTTP server on which Express does not change the prototype of each request.
 *
 * Express sets the prototypes of `req` and `res` for every request, and that costs more than everything else it does:
 * 5.7 k against 23.0 k constant answers a second on two cores. Here the server makes both from classes whose prototypes
 * already are the application's, so that the assignment changes nothing. It is undocumented use: it stands in this file
 * alone, `test/base/api.server.test.ts` holds what it could break, and mounted sub-applications must not be used with it.
 */
import { IncomingMessage, ServerResponse, createServer } from 'node:http';
import type { Server } from 'node:http';
import type { Express } from 'express';

/** The server of an application; its caller listens and closes. */
export function createFastServer(app: Express): Server {
  class Request extends IncomingMessage {}
  class Response extends ServerResponse {}
  Object.setPrototypeOf(Request.prototype, app.request);
  Object.setPrototypeOf(Response.prototype, app.response);
  app.request = Request.prototype as unknown as Express['request'];
  app.response = Response.prototype as unknown as Express['response'];
  return createServer({ IncomingMessage: Request, ServerResponse: Response }, app);
}
