/** Checks Temporal: reachable, the namespace, the search attributes, the sweep, and workers. */
import type { Client } from '@temporalio/client';
import type { Config } from '../config';
import { findNamespaceRetentionDays, findServerVersion, findSweep } from '../temporal/health';
import type { SweepHealth } from '../temporal/health';
import { remedySentence, remedyOf } from '../temporal/search-attribute-problem';
import { findSearchAttributes } from '../temporal/search-attributes';
import type { SearchAttributeHealth } from '../temporal/search-attributes';
import type { Reference } from './doctor-postgres';
import { checkWorkers, START_WORKER } from './doctor-workers';
import { errorMessage, errorSentence, temporalRejection } from './failure';
import { runCheck, ok, warning, wrong, type Finding } from './finding';

const TIMEOUT_MS = 8_000;
/** Longer than the timeout of the client: a call in flight while the connection is closed crashes the SDK. */
const CONNECT_TIMEOUT_MS = 12_000;
/** The sweep runs each minute. After this time without a run, something is wrong. */
const SWEEP_SILENCE_MS_MAX = 3 * 60_000;
const SET_UP = 'Run `covenant search-attributes`. A running API or worker does this automatically.';

/**
 * Checks the server, and returns its epoch, which shows whether contracts have their workflows on another server. Times of Temporal
 * are compared with the clock of Postgres.
 */
export async function checkTemporal(
  client: Client,
  config: Config,
  reference: Reference,
): Promise<{ findings: Finding[]; epoch: string | null }> {
  let sweep: SweepHealth | undefined;
  const ageMs = (at: Date): number => Math.max(0, Date.now() - reference.ahead_ms - at.getTime());
  const connection_findings = await runCheck(
    'Temporal',
    CONNECT_TIMEOUT_MS,
    async () => [ok('Temporal', `server ${await findServerVersion(client)} at ${config.temporalAddress}`)],
    (error) => {
      const rejection = temporalRejection(error);
      if (rejection !== null) return wrong('Temporal', rejection.what, rejection.remedy);
      return wrong(
        'Temporal',
        `${config.temporalAddress} does not respond (${errorMessage(error)})`,
        'Check TEMPORAL_ADDRESS and TEMPORAL_TLS…, and check that the server runs.',
      );
    },
  );
  if (connection_findings.some((finding) => finding.verdict === 'wrong'))
    return { findings: connection_findings, epoch: null };

  const namespace = await runCheck(
    'namespace',
    TIMEOUT_MS,
    async () => {
      const days = await findNamespaceRetentionDays(client);
      const retention = `${days} ${days === 1 ? 'day' : 'days'}`;
      return [ok('namespace', `${config.temporalNamespace}, keeps closed workflows for ${retention}`)];
    },
    (error) =>
      wrong(
        'namespace',
        `${config.temporalNamespace} cannot be used (${errorMessage(error)})`,
        `Create it: \`temporal operator namespace create ${config.temporalNamespace}\`, or set TEMPORAL_NAMESPACE.`,
      ),
  );
  if (namespace.some((finding) => finding.verdict === 'wrong'))
    return { findings: [...connection_findings, ...namespace], epoch: null };

  const setUp = await runCheck(
    'set-up',
    TIMEOUT_MS,
    async () => {
      sweep = await findSweep(client);
      const attributes = await findSearchAttributes(client);
      return [attributesFinding(config.temporalNamespace, attributes), sweepFinding(sweep, ageMs)];
    },
    (error) => wrong('set-up', errorSentence(error).split('\n')[0] ?? '', SET_UP),
  );
  const workers = await checkWorkers(client, config, {
    ageMs,
    installation: reference.installation,
    sweep_workflow_id: sweep?.last?.workflow_id,
  });
  return { findings: [...connection_findings, ...namespace, ...setUp, ...workers], epoch: sweep?.epoch ?? null };
}

function attributesFinding(namespace: string, attributes: SearchAttributeHealth[]): Finding {
  const [missing, mistyped, unknown] = (['missing', 'mistyped', 'unknown'] as const).map((state) =>
    attributes.filter((attribute) => attribute.state === state),
  ) as [SearchAttributeHealth[], SearchAttributeHealth[], SearchAttributeHealth[]];
  const names = (listed: SearchAttributeHealth[]): string => listed.map(({ name }) => name).join(', ');
  if (mistyped.length > 0) {
    const types = mistyped.map(({ name, found, wanted }) => `${name} is ${found}, not ${wanted}`).join(', ');
    return wrong('search attributes', types, remedySentence(remedyOf(namespace, mistyped)));
  }
  if (missing.length > 0) {
    const remedy = `${SET_UP} If these processes have no permission to add them: ${remedySentence(remedyOf(namespace, missing))}`;
    return wrong('search attributes', `missing: ${names(missing)}`, remedy);
  }
  if (unknown.length > 0) {
    const remedy = `Check that an administrator of the namespace has added them. ${remedySentence(remedyOf(namespace, unknown))}`;
    return warning('search attributes', `this client has no permission to check ${names(unknown)}`, remedy);
  }
  return ok('search attributes', `${attributes.length} are registered with their types`);
}

function sweepFinding(sweep: SweepHealth | undefined, ageMs: (at: Date) => number): Finding {
  if (sweep === undefined) return wrong('sweep', 'its schedule does not exist', SET_UP);
  if (sweep.paused)
    return wrong('sweep', 'its schedule is paused', 'Run `temporal schedule toggle --schedule-id sweep --unpause`.');
  if (sweep.last === null)
    return warning('sweep', 'scheduled, but has not run yet', 'Run this command again in a minute.');
  const { at, status, workflow_id } = sweep.last;
  const age_ms = ageMs(at);
  const last = `the last run started ${Math.round(age_ms / 1_000)} s ago: ${status}`;
  if (age_ms > SWEEP_SILENCE_MS_MAX && status === 'RUNNING') return wrong('sweep', last, START_WORKER);
  if (age_ms > SWEEP_SILENCE_MS_MAX) {
    return wrong('sweep', last, 'Run `temporal schedule describe --schedule-id sweep`.');
  }
  if (status !== 'COMPLETED' && status !== 'RUNNING') {
    return wrong(
      'sweep',
      last,
      `Run \`temporal workflow show --workflow-id ${workflow_id}\`, and read the log of the worker.`,
    );
  }
  return ok('sweep', `runs each minute; ${last}`);
}
