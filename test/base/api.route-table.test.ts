/** The route table finds the same route for a request as the router of Express. */
import express from 'express';
import type { Method } from '../../api/http/route';
import { createRouteTable } from '../../api/http/route-table';
import { ROUTES } from '../../api/routes';

/** The result of a lookup, in a comparable form. */
interface Outcome {
  route?: string;
  other_methods_of?: string;
  params?: Record<string, string>;
  status?: number;
}

interface Declared {
  method: Method;
  path: string;
}

function findByExpress(declared: readonly Declared[]): (method: string, url: string) => Outcome {
  const router = express.Router({ caseSensitive: true });
  let outcome: Outcome = {};
  for (const { method, path } of declared)
    router[method](path, (request) => {
      outcome = { route: `${method} ${path}`, params: { ...request.params } as Record<string, string> };
    });
  for (const path of new Set(declared.map((route) => route.path)))
    router.all(path, () => {
      outcome = { other_methods_of: path };
    });
  return (method, url) => {
    outcome = {};
    const end = (error?: { status?: number }): void => {
      if (error?.status !== undefined) outcome = { status: error.status };
    };
    router({ method, url, baseUrl: '' } as express.Request, {} as express.Response, end as express.NextFunction);
    return outcome;
  };
}

function findByTable(declared: readonly Declared[]): (method: string, url: string) => Outcome {
  const findRoute = createRouteTable(declared);
  return (method, url) => {
    try {
      const found = findRoute(method, url);
      if (found === undefined) return {};
      if (!('entry' in found)) return { other_methods_of: found.path };
      return { route: `${found.entry.method} ${found.path}`, params: found.params };
    } catch (error) {
      return { status: (error as { problem: { status: number } }).problem.status };
    }
  };
}

/** Paths similar to a declared one: some match it, and some almost match it. */
function similarPaths(path: string): string[] {
  const given = path.replaceAll(/:\w+/g, 'a%20b');
  return [
    given,
    `${given}/`,
    `${given}//`,
    `${given}/more`,
    given.toUpperCase(),
    given.slice(0, -1),
    path.replace(/:\w+/, ''),
    path.replaceAll(/:\w+/g, '%zz'),
    path.replaceAll(/:\w+/g, '%2F'),
  ];
}

const METHODS = ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE', 'PUT', 'OPTIONS'];

const tables: [name: string, declared: readonly Declared[]][] = [
  ['the API', ROUTES],
  [
    'routes of which several match a path',
    [
      { method: 'get', path: '/api/v1/things/:id' },
      { method: 'post', path: '/api/v1/things/all' },
      { method: 'post', path: '/api/v1/things/:id' },
      { method: 'get', path: '/api/v1/things/all' },
    ],
  ],
];

test.each(tables)(
  'in the routes of %s, a request gets the same route, parameters and refusal as in Express',
  (_name, declared) => {
    const [expected, found] = [findByExpress(declared), findByTable(declared)];
    const urls = [...new Set([...declared.flatMap(({ path }) => similarPaths(path)), '/', '/api/v1', '/livez'])];
    const requests = urls.flatMap((url) => METHODS.map((method) => ({ method, url })));
    for (const { method, url } of requests)
      expect({ method, url, ...found(method, url) }).toEqual({ method, url, ...expected(method, url) });
  },
);

test('a path that supports other methods names them, with HEAD for GET', () => {
  const findRoute = createRouteTable(ROUTES);
  expect(findRoute('PUT', '/api/v1/products')).toMatchObject({ allow: 'POST, GET, HEAD' });
});
