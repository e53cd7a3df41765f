/**
 * An HTTP server on which Express does not change the prototype of each request.
 *
 * Express sets the prototypes of `req` and `res` for every request, which costs more than everything else it does: 5,700 constant
 * responses a second instead of 23,000, on two cores. Here the server creates both objects from classes whose prototypes already
 * are those of the application, so the assignment changes nothing. This use is undocumented, so only this file does it,
 * `test/base/api.server.test.ts` tests what it could break, and mounted sub-applications must not be used with it.
 */
import { IncomingMessage, ServerResponse, createServer } from 'node:http';
import type { Server } from 'node:http';
import type { Express } from 'express';

/** Creates the server of an application. The caller listens and closes. */
export function createFastServer(app: Express): Server {
  class Request extends IncomingMessage {}
  class Response extends ServerResponse {}
  Object.setPrototypeOf(Request.prototype, app.request);
  Object.setPrototypeOf(Response.prototype, app.response);
  app.request = Request.prototype as unknown as Express['request'];
  app.response = Response.prototype as unknown as Express['response'];
  return createServer({ IncomingMessage: Request, ServerResponse: Response }, app);
}
