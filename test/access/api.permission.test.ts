/**
 * Calls every operation that the interface serves as every caller, and demands of the running API what the table of permissions
 * says. Nothing that is called exists, so a caller who is admitted changes nothing.
 */
import { readFileSync } from 'node:fs';
import { createApp } from '../../api/http/app';
import { openApiDocument } from '../../api/http/openapi';
import { ROOT_OPERATIONS } from '../../api/http/root-operations';
import { ROUTES } from '../../api/routes';
import { ANONYMOUS } from '../../domain/access/caller';
import { PERMISSIONS, mayCall, rolesOf } from '../../domain/access/permission';
import type { OperationId, Permission } from '../../domain/access/permission';
import { ROLES } from '../../domain/access/role';
import type { Role } from '../../domain/access/role';
import { PERMISSION_PAGE, permissionPage } from '../../project/permission-page';
import { startTestApi } from '../harness/api';
import type { ApiAnswer, TestApi } from '../harness/api';
import { expectRefusal } from '../harness/expect-refusal';

const UNKNOWN_ID = '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f';
const UNKNOWN_KEY = `cov_admin_${'0'.repeat(12)}_${'0'.repeat(43)}`;

const OPERATIONS = Object.entries(PERMISSIONS) as [OperationId, Permission][];

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

function send(operation_id: OperationId, key: string | null): Promise<ApiAnswer> {
  const beside = ROOT_OPERATIONS.find((operation) => operation.operation_id === operation_id);
  if (beside) return api.call('GET', `/${beside.path}`, { key });
  const route = ROUTES.find((known) => known.operation_id === operation_id);
  if (!route) throw new Error(`${operation_id} is not served`);
  const path = route.path.slice('/api/v1'.length).replace(':source', 'standard').replace(/:\w+/g, UNKNOWN_ID);
  return api.call(route.method.toUpperCase(), path, { key });
}

describe.each(OPERATIONS)('%s', (operation_id, permission) => {
  // The order of the roles is the rule, written a second time: whoever stands before the least role may do at least the same.
  const mayRole = (role: Role): boolean =>
    'anonymous' in permission || ROLES.indexOf(role) <= ROLES.indexOf(permission.admin);

  test('admits the callers of its entry, and refuses all others by 401 or 403', async () => {
    const answers = new Map<Role | 'anonymous' | 'unknown', ApiAnswer>();
    answers.set('anonymous', await send(operation_id, null));
    answers.set('unknown', await send(operation_id, UNKNOWN_KEY));
    for (const role of ROLES) answers.set(role, await send(operation_id, api.keys[role]));

    for (const [caller, answer] of answers) {
      if ('anonymous' in permission) {
        if (permission.anonymous === 'signed') expectRefusal(answer, 401, 'BAD_SIGNATURE');
        else expect([caller, answer.status]).toEqual([caller, operation_id === 'getDocumentation' ? 301 : 200]);
      } else if (caller === 'anonymous') expectRefusal(answer, 401, 'UNAUTHENTICATED');
      else if (caller === 'unknown') expectRefusal(answer, 401, 'INVALID_API_KEY');
      else if (mayRole(caller)) expect([200, 404, 422]).toContain(answer.status);
      else expectRefusal(answer, 403, 'FORBIDDEN_ROLE');
    }
  });

  test('is answered alike by mayCall, for those who ask beforehand', () => {
    expect(mayCall(ANONYMOUS, operation_id)).toBe('anonymous' in permission);
    for (const role of ROLES)
      expect([role, mayCall({ kind: 'admin', role }, operation_id)]).toEqual([role, mayRole(role)]);
    expect(rolesOf(operation_id)).toEqual(ROLES.filter(mayRole));
  });
});

describe('the table', () => {
  const served = [...ROUTES, ...ROOT_OPERATIONS].map(({ operation_id }) => operation_id);

  test('has an entry for every operation that is served, and each is served once', () => {
    expect([...served].sort()).toEqual(OPERATIONS.map(([operation_id]) => operation_id).sort());
  });

  test('knows everything that Express serves beside the routes of the interface', () => {
    const app = createApp(api.api, { trustProxy: false });
    const layers = layersOf(app.router as unknown as Router).filter(({ slash }) => !slash);
    expect(layers.length).toBeGreaterThan(0);
    const paths = ROOT_OPERATIONS.map(({ path }) => path);
    expect(layers.filter((layer) => !paths.some((path) => layer.match(path)))).toEqual([]);
    expect(paths.filter((path) => !layers.some((layer) => layer.match(path)))).toEqual([]);
  });

  test('is what the OpenAPI document asks of each operation', () => {
    const { paths = {} } = openApiDocument();
    for (const { operation_id, method, path } of ROUTES) {
      const documented = paths[path.replace(/:(\w+)/g, '{$1}')]?.[method];
      const security = 'anonymous' in PERMISSIONS[operation_id] ? [] : [{ adminKey: [] }];
      expect([documented?.operationId, documented?.security]).toEqual([operation_id, security]);
    }
  });

  test('is what docs/permissions.md shows', () => {
    expect(readFileSync(PERMISSION_PAGE, 'utf8')).toBe(permissionPage());
  });
});

describe('the name of an operation', () => {
  /** How the name begins, by the method; the other verbs are those of the business. */
  const VERBS = {
    get: ['get', 'list', 'follow', 'export'],
    patch: ['update'],
    delete: ['delete', 'withdraw', 'revoke'],
    post: [
      'activate',
      'advance',
      'cancel',
      'create',
      'generate',
      'hold',
      'opt',
      'pause',
      'receive',
      'reinstate',
      'release',
      'renew',
      'replay',
      'resume',
      'terminate',
    ],
  };

  test.each([...ROUTES, ...ROOT_OPERATIONS.map((operation) => ({ ...operation, method: 'get' as const }))])(
    '$operation_id reads as a function: a verb that says what the method does, and what it acts on',
    ({ operation_id, method }) => {
      const [verb = '', ...noun] = operation_id.split(/(?=[A-Z])/);
      expect(operation_id).toMatch(/^[a-zA-Z]+$/);
      expect(VERBS[method]).toContain(verb);
      expect(noun.length).toBeGreaterThan(0);
    },
  );

  test('is that of a list exactly where a page of one is answered', () => {
    for (const { operation_id, query } of ROUTES)
      expect([operation_id, query?.shape['cursor'] !== undefined]).toEqual([
        operation_id,
        operation_id.startsWith('list'),
      ]);
  });
});

/** A router of Express, as far as it is looked at here. */
interface Router {
  stack: Layer[];
}

interface Layer {
  /** Whether it takes every path. */
  slash: boolean;
  match(path: string): unknown;
  handle: Partial<Router>;
}

/** The layers of a router and of those that it uses. */
function layersOf({ stack }: Router): Layer[] {
  return stack.flatMap((layer) => [layer, ...(layer.handle.stack ? layersOf({ stack: layer.handle.stack }) : [])]);
}
