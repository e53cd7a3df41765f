/**
 * Generates docs/permissions.md: every operation with the permitted callers, as the authorization code decides.
 * `--check` writes nothing and fails when the page on disk is not up to date.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT_OPERATIONS } from '../api/http/root-operations';
import { ROUTES } from '../api/routes';
import { commandLine } from '../command-line';
import { ANONYMOUS } from '../domain/access/caller';
import type { CallerKind, CallerRights } from '../domain/access/caller';
import { mayCall, needsConfirmation, permissionOf } from '../domain/access/permission';
import type { OperationId } from '../domain/access/permission';
import { ROLES } from '../domain/access/role';

/** The path of the page. */
export const PERMISSION_PAGE = join(__dirname, '../docs/permissions.md');

const HEAD = `# Permissions

<!-- Written by \`npm run generate\` from domain/access/permission.ts. -->

The callers who may call each operation of the API. An admin authenticates with an API key, or signs in, and has one role. The column _without a
key_ is for requests without an API key; where it is empty, they get 401 \`UNAUTHENTICATED\`. A key that is unknown or revoked, or
whose admin is disabled, gets 401 \`INVALID_API_KEY\`; one that is not complete or in the wrong place gets 401 with a code of its own
(\`API_KEY_TRUNCATED\`, \`API_KEY_IN_URL\`, …). A key whose role does not allow the operation gets 403 \`FORBIDDEN_ROLE\`.

The column _session_ is for an admin who is signed in to the admin pages. Where it is _role_, the session can do what the role of its admin
allows. Where it is _confirmed_, the admin must also have proved in the last 10 minutes who they are (403 \`REAUTHENTICATION_REQUIRED\`); API
keys are not asked, and a dry run (\`?dry_run=true\`) needs no proof. A session that has ended gets 401 \`SESSION_ENDED\`, and a change that
another site sends 403 \`CROSS_SITE_REQUEST\`.

The column _contract_ is for the API key of a contract. It gets 403 \`FORBIDDEN_CALLER\` where it is empty. Where it is _own_, the
contract or the job must be its own; others do not exist for it (404 \`NOT_FOUND\`).

_signed_ operations ignore API keys: the message of a billing system has a signature (if it is invalid: 401 \`BAD_SIGNATURE\`).

Whether the state of a contract or a job allows an operation is a separate check, whose result \`allowed_actions\` shows.
`;

interface Column {
  title: string;
  caller: CallerRights;
}

/** Every kind of caller. Admins have one column for each role. */
const COLUMNS: Record<CallerKind, readonly Column[]> = {
  admin: ROLES.map((role) => ({ title: role, caller: { kind: 'admin', role } })),
  session: [{ title: 'session', caller: { kind: 'session', role: 'super_admin' } }],
  contract: [{ title: 'contract', caller: { kind: 'contract' } }],
  anonymous: [{ title: 'without a key', caller: ANONYMOUS }],
};

interface Operation {
  operation_id: OperationId;
  call: string;
}

/** Returns the page as Markdown, with one table for each tag of the API. */
export function permissionPage(): string {
  const tags = [...new Set(ROUTES.map(({ tag }) => tag))];
  const sections = tags.map((tag) => section(tag, operationsOf(tag)));
  const root = ROOT_OPERATIONS.map(({ operation_id, path }) => ({ operation_id, call: `GET ${path}` }));
  return [HEAD, ...sections, section('Health, metrics and documentation', root)].join('\n');
}

function operationsOf(tag: string): Operation[] {
  return ROUTES.filter((route) => route.tag === tag).map(({ operation_id, method, path }) => ({
    operation_id,
    call: `${method.toUpperCase()} ${path.replace(/:(\w+)/g, '{$1}')}`,
  }));
}

function section(title: string, operations: readonly Operation[]): string {
  const columns = Object.values(COLUMNS).flat();
  const head = ['operation', 'call', ...columns.map((column) => column.title)];
  const rows = operations.map(({ operation_id, call }) => [
    `\`${operation_id}\``,
    `\`${call}\``,
    ...columns.map(({ caller }) => cell(caller, operation_id)),
  ]);
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return [`## ${title}\n`, ...lines, ''].join('\n');
}

function cell(caller: CallerRights, operation_id: OperationId): string {
  if (!mayCall(caller, operation_id)) return '';
  const permission = permissionOf(operation_id);
  if (caller.kind === 'contract' && 'contract' in permission) return 'own';
  if (caller.kind === 'session' && 'admin' in permission) return needsConfirmation(operation_id) ? 'confirmed' : 'role';
  return 'anonymous' in permission && permission.anonymous === 'signed' ? 'signed' : 'yes';
}

function main(): void {
  const { check } = commandLine('permission-page', 'Write docs/permissions.md from domain/access/permission.ts.')
    .option('--check', 'write nothing, and fail when the page differs')
    .parse()
    .opts<{ check?: true }>();
  const page = permissionPage();
  if (!check) {
    writeFileSync(PERMISSION_PAGE, page);
    return;
  }
  if (readFileSync(PERMISSION_PAGE, 'utf8') === page) return;
  console.error('docs/permissions.md does not match domain/access/permission.ts: run `npm run generate`.');
  process.exitCode = 1;
}

if (require.main === module) main();
