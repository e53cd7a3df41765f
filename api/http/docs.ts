/** The interface's own documentation: the document at `/openapi.json`, a page to read and try it at `/docs`. */
import { Router } from 'express';
import type { RequestHandler } from 'express';
import swaggerUi from 'swagger-ui-express';
import { openApiDocument } from './openapi';

/** The page loads nothing from elsewhere, but its own styles are inline. */
const pagePolicy: RequestHandler = (_request, response, next) => {
  response.set(
    'Content-Security-Policy',
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self'; object-src 'none'; frame-ancestors 'self'",
  );
  next();
};

export function docsRouter(): Router {
  const router = Router();
  // Made once: it is large, the route is open, and making its text takes the event loop some milliseconds.
  let document: Buffer | undefined;
  router.get('/openapi.json', (_request, response) => {
    document ??= Buffer.from(JSON.stringify(openApiDocument()));
    response.type('application/json').send(document);
  });
  router.use(
    '/docs',
    pagePolicy,
    swaggerUi.serve,
    swaggerUi.setup(undefined, { customSiteTitle: 'Covenant', swaggerOptions: { url: '/openapi.json' } }),
  );
  return router;
}
