/** Checks Postgres: reachable, new enough, migrated, its clock, free connections, and work that is overdue. */
import type { Config, SealingKey } from '../config';
import { findClockSkewMs, skewSentence } from '../db/base/clock';
import { assertDriverPatched, openDatabase } from '../db/base/database';
import { listSealingVersions } from '../db/catalogue/signing-key';
import {
  findDatabaseHealth,
  findOverdueWork,
  OVERDUE_AFTER,
  POSTGRES_VERSION_MIN,
  SLOW_ADVANCE_AFTER,
} from '../db/system/health';
import type { DatabaseHealth, OverdueWork } from '../db/system/health';
import { findMailTrouble } from '../db/notification/counts';
import { findInstallationId } from '../db/system/installation';
import { listSecretVersions } from '../db/webhook/secret';
import { countMissingMigrations } from '../db/system/migration';
import { assertOwnSessions, poolerRefusal } from '../db/base/pooler';
import { CLI_LIMITS } from '../db/base/session';
import { findStuckRows } from '../db/system/sweep-attempt';
import { mailFindings } from './doctor-mail';
import { stuckFinding } from './doctor-stuck';
import { checkTimeZones } from './doctor-time-zones';
import { errorMessage, errorSentence } from './failure';
import { runCheck, ok, warning, withTimeout, wrong, type Finding } from './finding';

const TIMEOUT_MS = 8_000;
/** The timeout of each query of `findReference`. */
const REFERENCE_TIMEOUT_MS = 4_000;
/** With fewer free connections, a process that restarts may not get its own. */
const FREE_CONNECTIONS_MIN = 5;
const MEBIBYTE = 1024 * 1024;

/** Checks the patch of the driver, which needs no server. */
export function checkDriver(): Finding {
  try {
    assertDriverPatched();
    return ok('driver', 'the patch of the Postgres driver is applied');
  } catch (error) {
    return wrong('driver', errorMessage(error), 'Run `npx patch-package`. Install without --ignore-scripts.');
  }
}

/** The values of Postgres with which the doctor compares other processes and servers. */
export interface Reference {
  /**
   * By how many milliseconds the clock of this machine is ahead of that of Postgres (negative: behind). Zero when Postgres
   * cannot be queried: then the clock of this machine is the best one available, and the finding of `checkPostgres` has the reason.
   */
  ahead_ms: number;
  /** The installation to which the database of DATABASE_URL belongs; null when it cannot be read. */
  installation: string | null;
}

export async function findReference({ databaseUrl }: Config): Promise<Reference> {
  const db = openDatabase(databaseUrl, { max: 1, application_name: 'covenant doctor', limits: CLI_LIMITS });
  try {
    const [ahead_ms, installation] = await Promise.all([
      withTimeout(REFERENCE_TIMEOUT_MS, findClockSkewMs(db)).catch(() => 0),
      withTimeout(REFERENCE_TIMEOUT_MS, findInstallationId(db)).catch(() => null),
    ]);
    return { ahead_ms, installation };
  } finally {
    await db.end({ timeout: 1 });
  }
}

/** Checks the server and the contents of its tables. `epoch` is the epoch of the Temporal server; null when unknown. */
export async function checkPostgres(config: Config, epoch: string | null): Promise<Finding[]> {
  const db = openDatabase(config.databaseUrl, { max: 1, application_name: 'covenant doctor', limits: CLI_LIMITS });
  try {
    return await runCheck(
      'Postgres',
      TIMEOUT_MS,
      async () => {
        await assertOwnSessions(db);
        const health = await findDatabaseHealth(db);
        const server = serverFindings(health, await findClockSkewMs(db));
        const missing = await countMissingMigrations(db);
        if (missing > 0) {
          return [...server, wrong('migrations', `${missing} missing`, 'Run `covenant migrate`.')];
        }
        const overdue = await findOverdueWork(db, health.now, epoch);
        const stuck = await findStuckRows(db);
        return [
          ...server,
          ok('migrations', 'all are applied'),
          ...(await checkTimeZones(db, health.now)),
          ...overdueFindings(overdue),
          ...signingFindings(await listSealingVersions(db), config.sealingKeys ?? []),
          ...webhookSecretFindings(await listSecretVersions(db), config.sealingKeys ?? []),
          ...mailFindings(await findMailTrouble(db)),
          ...stuck.map(stuckFinding),
        ];
      },
      (error) => {
        const pooler = poolerRefusal(error);
        if (pooler !== null) return wrong('Postgres', pooler.what, pooler.remedy);
        return wrong(
          'Postgres',
          errorSentence(error).split('\n')[0] ?? '',
          'Check DATABASE_URL, and check that the server runs.',
        );
      },
    );
  } finally {
    await db.end({ timeout: 1 });
  }
}

function serverFindings(health: DatabaseHealth, ahead_ms: number): Finding[] {
  const size = `${Math.round(health.size_bytes / MEBIBYTE).toLocaleString('en-US')} MiB`;
  const skew = skewSentence(ahead_ms);
  const free = health.connections_max - health.connections;
  return [
    health.version >= POSTGRES_VERSION_MIN
      ? ok('Postgres', `version ${health.version}, size of the database ${size}`)
      : wrong(
          'Postgres',
          `version ${health.version}; Covenant needs ${POSTGRES_VERSION_MIN} or newer`,
          'Upgrade the server (pg_upgrade).',
        ),
    skew === null
      ? ok('clock', 'this machine and Postgres agree about the time')
      : warning(
          'clock',
          skew,
          'Synchronize the clocks (NTP). Covenant decides by the clock of Postgres. An API or a worker on this machine is not ready.',
        ),
    free >= FREE_CONNECTIONS_MIN
      ? ok('connections', `${health.connections} of ${health.connections_max} in use`)
      : warning(
          'connections',
          `only ${free} of ${health.connections_max} are free`,
          'Raise max_connections of Postgres, or lower DATABASE_POOL_SIZE.',
        ),
  ];
}

/** Whether this machine can open the signing keys of products; nothing for an installation that signs nothing. */
function signingFindings(
  sealed: readonly { version: string; products: number }[],
  keys: readonly Pick<SealingKey, 'version'>[],
): Finding[] {
  if (sealed.length === 0) return [];
  const missing = sealed.filter(({ version }) => !keys.some((key) => key.version === version));
  if (missing.length === 0) return [ok('signing keys', 'COVENANT_SEALING_KEYS can open those of all products')];
  const products = missing.reduce((sum, one) => sum + one.products, 0);
  const versions = missing.map(({ version }) => version).join(', ');
  return [
    wrong(
      'signing keys',
      `those of ${products} ${products === 1 ? 'product are' : 'products are'} encrypted with ${versions}, which COVENANT_SEALING_KEYS does not contain`,
      'An API without that key cannot sign, and shows licenses of signed generators by their plain keys. Add it to COVENANT_SEALING_KEYS here and of every API, or create new signing keys.',
    ),
  ];
}

/** Whether this machine can open the secrets of webhook endpoints; nothing for an installation without endpoints. */
function webhookSecretFindings(
  sealed: readonly { version: string; endpoints: number }[],
  keys: readonly Pick<SealingKey, 'version'>[],
): Finding[] {
  if (sealed.length === 0) return [];
  const missing = sealed.filter(({ version }) => !keys.some((key) => key.version === version));
  if (missing.length === 0) return [ok('webhook secrets', 'COVENANT_SEALING_KEYS can open those of all endpoints')];
  const endpoints = missing.reduce((sum, one) => sum + one.endpoints, 0);
  const versions = missing.map(({ version }) => version).join(', ');
  return [
    wrong(
      'webhook secrets',
      `those of ${endpoints} ${endpoints === 1 ? 'endpoint are' : 'endpoints are'} encrypted with ${versions}, which COVENANT_SEALING_KEYS does not contain`,
      'A worker without that key delivers nothing to them. Add it to COVENANT_SEALING_KEYS here and of every API and worker, or rotate these secrets.',
    ),
  ];
}

function overdueFindings(overdue: OverdueWork): Finding[] {
  const findings: Finding[] = [];
  if (overdue.super_admins_with_key === 0) {
    findings.push(
      wrong('admins', 'no super admin has a valid key', 'Run `covenant admin create … --role super_admin`.'),
    );
  } else findings.push(ok('admins', `super admins with a valid key: ${overdue.super_admins_with_key}`));

  const counts = [
    [overdue.overdue_contracts, 'contracts have an overdue boundary'],
    [overdue.silent_jobs, 'generation jobs have generated nothing'],
    [overdue.overdue_billing_events, 'billing events wait to be applied'],
  ] as const;
  const details = counts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  findings.push(
    details.length === 0
      ? ok('overdue work', `nothing is overdue for longer than ${OVERDUE_AFTER}`)
      : wrong(
          'overdue work',
          `${details.join(', ')} for longer than ${OVERDUE_AFTER}`,
          'Check that a worker runs and that the sweep succeeds (below). See docs/operations.md, "Rows that stay due".',
        ),
  );
  if (overdue.unstarted_contracts > 0) {
    findings.push(
      warning(
        'workflows',
        `${overdue.unstarted_contracts} open contracts have no workflow on this Temporal server yet`,
        'The sweep starts 500 each minute. Wait, then run this command again.',
      ),
    );
  }
  if (overdue.parked_billing_events > 0) {
    findings.push(
      warning(
        'billing',
        `${overdue.parked_billing_events} billing events have been parked for more than a day: their contract or invoice is unknown`,
        'Read them with GET /api/v1/billing/events?outcome=parked (those without an invoice_id: ?outcome=pending). Replay them with POST …/replay when the contract or invoice exists.',
      ),
    );
  }
  if (overdue.stuck_test_clocks > 0) {
    findings.push(
      warning(
        'test clocks',
        `${overdue.stuck_test_clocks} failed, or have been advancing for longer than ${SLOW_ADVANCE_AFTER}`,
        'Read them with GET /api/v1/test-clocks; `error` names the contract that did not settle. Then advance them again.',
      ),
    );
  }
  return findings;
}
