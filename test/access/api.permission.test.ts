/**
 * Calls every operation of the API as every caller, and expects what the table of permissions says. The resources of the calls do
 * not exist, so an authorized caller changes nothing.
 */
import { readFileSync } from 'node:fs';
import { createApp } from '../../api/http/app';
import { openApiDocument } from '../../api/http/openapi';
import { ROOT_OPERATIONS } from '../../api/http/root-operations';
import type { Route } from '../../api/http/route';
import { ROUTES } from '../../api/routes';
import { ANONYMOUS } from '../../domain/access/caller';
import { PERMISSIONS, mayCall, rolesOf } from '../../domain/access/permission';
import type { OperationId, Permission } from '../../domain/access/permission';
import { ROLES } from '../../domain/access/role';
import type { Role } from '../../domain/access/role';
import { PERMISSION_PAGE, permissionPage } from '../../project/permission-page';
import { sessionHeaders, startTestApi } from '../harness/api';
import { addCatalogue, addContract } from '../harness/catalogue';
import { addContractKey } from '../harness/contract-keys';
import type { ApiAnswer, TestApi } from '../harness/api';
import { signIn } from '../harness/sessions';
import { expectRefusal } from '../harness/expect-refusal';

const UNKNOWN_ID = '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f';
const UNKNOWN_KEY = `cov_admin_${'0'.repeat(12)}_${'0'.repeat(43)}`;

const OPERATIONS = Object.entries(PERMISSIONS) as [OperationId, Permission][];

let api: TestApi;
/** The API key of a contract. The paths of the calls name other contracts and jobs. */
let contract_key: string;
/** The token of a session of each admin. */
let sessions: Record<Role, string>;
/** A session of a super admin who has proved long ago who they are. */
let unconfirmed: string;

beforeAll(async () => {
  api = await startTestApi();
  const contract = await addContract(api, await addCatalogue(api));
  contract_key = await addContractKey(api, contract.id);
  const entries = await Promise.all(ROLES.map(async (role) => [role, await signIn(api, api.keys[role])] as const));
  sessions = Object.fromEntries(entries) as Record<Role, string>;
  const other = await api.addAdmin('super_admin');
  unconfirmed = await signIn(api, other.key);
  await api.sql`UPDATE sessions SET confirmed_at = confirmed_at - interval '10 minutes' WHERE admin_id = ${other.id}`;
});
afterAll(() => api.close());

function routeOf(operation_id: OperationId): Route | undefined {
  return ROUTES.find((known) => known.operation_id === operation_id);
}

/** The answer of an open operation to a call without a body, or for an unknown id. */
function openStatus(operation_id: OperationId): number {
  const route = routeOf(operation_id);
  if (route?.body) return 422;
  if (route?.params) return 404;
  return route !== undefined && 303 in route.answers ? 303 : 200;
}

function send(
  operation_id: OperationId,
  key: string | null,
  headers: Record<string, string> = {},
  query = '',
): Promise<ApiAnswer> {
  const root_operation = ROOT_OPERATIONS.find((operation) => operation.operation_id === operation_id);
  if (root_operation) return api.call('GET', `/${root_operation.path}`, { key, headers });
  const route = routeOf(operation_id);
  if (!route) throw new Error(`${operation_id} is not served`);
  const path = route.path.slice('/api/v1'.length).replace(':source', 'standard').replace(/:\w+/g, UNKNOWN_ID);
  return api.call(route.method.toUpperCase(), path + query, { key, headers });
}

describe.each(OPERATIONS)('%s', (operation_id, permission) => {
  // The order of the roles defines the rule: every role above the lowest permitted role is permitted too.
  const mayRole = (role: Role): boolean =>
    !('admin' in permission) || ROLES.indexOf(role) <= ROLES.indexOf(permission.admin);

  test('authorizes the callers of its entry, and refuses all others with 401 or 403', async () => {
    const answers = new Map<Role | 'anonymous' | 'unknown' | 'contract', ApiAnswer>();
    answers.set('anonymous', await send(operation_id, null));
    answers.set('unknown', await send(operation_id, UNKNOWN_KEY));
    answers.set('contract', await send(operation_id, contract_key));
    for (const role of ROLES) answers.set(role, await send(operation_id, api.keys[role]));

    for (const [caller, answer] of answers) {
      if ('anonymous' in permission) {
        if (permission.anonymous === 'signed') expectRefusal(answer, 401, 'BAD_SIGNATURE');
        else expect([caller, answer.status]).toEqual([caller, openStatus(operation_id)]);
      } else if (caller === 'anonymous') expectRefusal(answer, 401, 'UNAUTHENTICATED');
      else if (caller === 'unknown') expectRefusal(answer, 401, 'INVALID_API_KEY');
      else if (caller === 'contract') expectContractAnswer(answer);
      else if (!('admin' in permission)) expectRefusal(answer, 403, 'FORBIDDEN_CALLER');
      else if (mayRole(caller)) expect([200, 404, 422]).toContain(answer.status);
      else expectRefusal(answer, 403, 'FORBIDDEN_ROLE');
    }
  });

  test('authorizes the sessions of the same admins, and refuses others, and what another site sends', async () => {
    if ('anonymous' in permission) return;
    for (const role of ROLES) {
      const answer = await send(operation_id, null, sessionHeaders(sessions[role]));
      if (mayRole(role)) expect([role, [200, 204, 404, 422].includes(answer.status)]).toEqual([role, true]);
      else expectRefusal(answer, 403, 'FORBIDDEN_ROLE');
    }
    // They have signed out.
    if (operation_id === 'deleteSession') for (const role of ROLES) sessions[role] = await signIn(api, api.keys[role]);
    expectRefusal(await send(operation_id, null, sessionHeaders('0'.repeat(43))), 401, 'SESSION_ENDED');
    const { method = 'get' } = routeOf(operation_id) ?? {};
    if (method === 'get') return;
    for (const origin of [{}, { Origin: 'https://evil.test' }, { Origin: 'null' }, { 'Sec-Fetch-Site': 'same-site' }]) {
      const { Cookie = '' } = sessionHeaders(sessions.super_admin);
      expectRefusal(await send(operation_id, null, { Cookie, ...origin }), 403, 'CROSS_SITE_REQUEST');
    }
  });

  test('asks a session for a recent proof of identity exactly if its entry says so', async () => {
    if (!('admin' in permission)) return;
    const answer = await send(operation_id, null, sessionHeaders(unconfirmed));
    if (permission.session !== 'confirmed') return expect([200, 404, 422]).toContain(answer.status);
    expectRefusal(answer, 403, 'REAUTHENTICATION_REQUIRED');
    const dry_run = await send(operation_id, null, sessionHeaders(unconfirmed), '?dry_run=true');
    if (routeOf(operation_id)?.query?.shape['dry_run']) expect([404, 422]).toContain(dry_run.status);
    else expectRefusal(dry_run, 403, 'REAUTHENTICATION_REQUIRED');
  });

  /** Without an id in the path, the key of a contract gets its own resources; any other contract or job does not exist. */
  function expectContractAnswer(answer: ApiAnswer): void {
    if (!('admin' in permission) || permission.contract === undefined)
      return expectRefusal(answer, 403, 'FORBIDDEN_CALLER');
    const route = routeOf(operation_id);
    if (route?.path.includes('/:')) expectRefusal(answer, 404, 'NOT_FOUND');
    else expect(answer.status).toBe(200);
  }

  test('has the same result in mayCall', () => {
    const is_open = 'anonymous' in permission;
    const is_own = 'admin' in permission && permission.contract === 'own';
    expect(mayCall({ kind: 'contract' }, operation_id)).toBe(is_open || is_own);
    expect(mayCall(ANONYMOUS, operation_id)).toBe('anonymous' in permission);
    for (const role of ROLES)
      expect([role, mayCall({ kind: 'session', role }, operation_id)]).toEqual([role, mayRole(role)]);
    const is_admin = is_open || 'admin' in permission;
    for (const role of ROLES)
      expect([role, mayCall({ kind: 'admin', role }, operation_id)]).toEqual([role, is_admin && mayRole(role)]);
    expect(rolesOf(operation_id)).toEqual(ROLES.filter(mayRole));
  });
});

describe('the table', () => {
  /** The files of the page at `/docs`, which need no API key either. */
  const PAGE_FILES = ['page.css', 'page.js', 'icon.svg', 'api-reference.js', 'openapi.json'].map(
    (file) => `/docs/${file}`,
  );
  /** The admin pages, which anyone may load: they show nothing without a session. */
  const ADMIN_PAGES = ['/admin'];
  const served = [...ROUTES, ...ROOT_OPERATIONS].map(({ operation_id }) => operation_id);

  test('has an entry for every served operation, and each operation is served once', () => {
    expect([...served].sort()).toEqual(OPERATIONS.map(([operation_id]) => operation_id).sort());
  });

  test('has everything that Express serves outside the routes of the API', () => {
    const app = createApp(api.api, { trustProxy: false });
    const layers = layersOf(app.router as unknown as Router).filter(({ slash }) => !slash);
    expect(layers.length).toBeGreaterThan(0);
    const paths = [...ROOT_OPERATIONS.map(({ path }) => path), ...PAGE_FILES, ...ADMIN_PAGES];
    expect(layers.filter((layer) => !paths.some((path) => layer.match(path)))).toEqual([]);
    expect(paths.filter((path) => !layers.some((layer) => layer.match(path)))).toEqual([]);
  });

  test('matches the security requirements in the OpenAPI document', () => {
    const { paths = {} } = openApiDocument();
    for (const { operation_id, method, path } of ROUTES) {
      const documented = paths[path.replace(/:(\w+)/g, '{$1}')]?.[method];
      const permission: Permission = PERMISSIONS[operation_id];
      const contract = 'contract' in permission ? [{ contractKey: [] }] : [];
      const keys = 'admin' in permission ? [{ adminKey: [] }, ...contract] : [];
      const security = 'anonymous' in permission ? [] : [...keys, { session: [] }];
      expect([documented?.operationId, documented?.security]).toEqual([operation_id, security]);
    }
  });

  test('matches docs/permissions.md', () => {
    expect(readFileSync(PERMISSION_PAGE, 'utf8')).toBe(permissionPage());
  });
});

describe('the name of an operation', () => {
  /** The verbs for each method; other verbs belong to the business domain. */
  const VERBS = {
    // `finish` ends a sign-in: the browser comes back from another site, which can send it here only by GET.
    get: ['get', 'list', 'follow', 'export', 'finish'],
    patch: ['update'],
    delete: ['delete', 'withdraw', 'revoke'],
    post: [
      'accept',
      'activate',
      'advance',
      'assign',
      'begin',
      'cancel',
      'confirm',
      'create',
      'deactivate',
      'disable',
      'enable',
      'generate',
      'grab',
      'hold',
      'import',
      'merge',
      'opt',
      'pause',
      'receive',
      'recover',
      'redeliver',
      'reinstate',
      'release',
      'renew',
      'replay',
      'report',
      'resend',
      'resume',
      'retire',
      'return',
      'reveal',
      'revoke',
      'rotate',
      'suspend',
      'terminate',
      'test',
      'unsubscribe',
      'validate',
    ],
  };

  test.each([...ROUTES, ...ROOT_OPERATIONS.map((operation) => ({ ...operation, method: 'get' as const }))])(
    '$operation_id is a function name: a verb for the method, and its object',
    ({ operation_id, method }) => {
      const [verb = '', ...noun] = operation_id.split(/(?=[A-Z])/);
      expect(operation_id).toMatch(/^[a-zA-Z]+$/);
      expect(VERBS[method]).toContain(verb);
      expect(noun.length).toBeGreaterThan(0);
    },
  );

  test('begins with `list` exactly when the response is a page', () => {
    for (const { operation_id, query } of ROUTES)
      expect([operation_id, query?.shape['cursor'] !== undefined]).toEqual([
        operation_id,
        operation_id.startsWith('list'),
      ]);
  });
});

/** The parts of an Express router that this test reads. */
interface Router {
  stack: Layer[];
}

interface Layer {
  /** Whether it matches every path. */
  slash: boolean;
  match(path: string): unknown;
  handle: Partial<Router>;
}

/** The layers of a router and of its nested routers. */
function layersOf({ stack }: Router): Layer[] {
  return stack.flatMap((layer) => [layer, ...(layer.handle.stack ? layersOf({ stack: layer.handle.stack }) : [])]);
}
