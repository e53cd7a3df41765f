/** Shows rows that the sweep has woken again and again in vain. */
import type { SweepKind } from '../db/system/sweep';
import { STUCK_FROM_ATTEMPTS } from '../db/system/sweep-attempt';
import type { StuckRows } from '../db/system/sweep-attempt';
import { CATCH_UP_HOURS } from '../domain/schedule/run';
import { warning, type Finding } from './finding';

/**
 * What the rows of each kind are, and where their failure is found: the workflow of a row, or the log of the worker. The id of a workflow
 * ends with that of its row, unless it says `<id>`.
 */
const STUCK_KINDS: Record<SweepKind, { what: string; workflow: string | null; more?: string }> = {
  boundary: { what: 'contracts with an overdue boundary', workflow: 'contract' },
  late_timer: { what: 'contracts whose workflow waits too long', workflow: 'contract' },
  verification: { what: 'contracts with an overdue question to billing', workflow: 'contract' },
  behind_test_clock: { what: 'contracts that are behind their test clock', workflow: 'contract' },
  billing_events: { what: 'contracts with an overdue billing event', workflow: 'contract' },
  contract_workflow: { what: 'contracts whose workflow cannot be started', workflow: null },
  time_zone_rules: { what: 'contracts that cannot be computed by newer time zone rules', workflow: null },
  silent_job: { what: 'jobs that generate nothing', workflow: 'generation-job' },
  paused_job: { what: 'jobs that do not continue after a pause', workflow: 'generation-job' },
  job_workflow: { what: 'jobs whose workflow cannot be started', workflow: null },
  silent_operation: { what: 'operations on licenses that do nothing', workflow: null },
  operation_workflow: { what: 'operations on licenses whose workflow cannot be started', workflow: null },
  low_pool: { what: 'contracts whose pool is not replenished', workflow: 'replenish' },
  schedule_run: {
    what: 'schedules whose overdue run is not made',
    workflow: 'run-schedule',
    more: ` A run that is late by more than ${CATCH_UP_HOURS} hours is skipped.`,
  },
  schedule_workflow: {
    what: 'schedules that Temporal does not have as they are',
    workflow: 'run-schedule',
    more: ' Their runs are made by the sweep, a minute late.',
  },
  exceeded_limit: { what: 'contracts whose exceeded quota is not noticed', workflow: 'limit-exceeded:<id>:quota' },
  owed_delivery: { what: 'endpoints of webhooks to which nothing is delivered', workflow: 'webhook-endpoint' },
  endpoint_workflow: { what: 'endpoints of webhooks whose workflow cannot be started', workflow: null },
  owed_notice: { what: 'events whose mails are not planned', workflow: null },
  due_digest: { what: 'recipients whose digest is not composed', workflow: null },
  owed_notification: { what: 'mails that are not sent', workflow: 'notification' },
  notification_workflow: { what: 'mails whose workflow cannot be started', workflow: null },
  test_clock: { what: 'test clocks that do not advance', workflow: 'test-clock' },
  due_report: { what: 'schedules of reports whose due report is not sent', workflow: null },
  overdue_hold: { what: 'holds of pools that cannot be ended', workflow: null },
};

/** The finding about the stuck rows of one kind. */
export function stuckFinding({ kind, rows, ids }: StuckRows): Finding {
  const { what, workflow, more: consequence = '' } = STUCK_KINDS[kind];
  const more = rows > ids.length ? ` and ${rows - ids.length} more` : '';
  const workflow_id = workflow?.includes('<id>') ? workflow : `${workflow}:<id>`;
  const look =
    workflow === null
      ? 'Look for the reason in the log of the worker.'
      : `Look for the failure with \`temporal workflow describe --workflow-id ${workflow_id}\`.`;
  return warning(
    `stuck (${kind})`,
    `${rows} ${what}, woken at least ${STUCK_FROM_ATTEMPTS} times: ${ids.join(', ')}${more}.${consequence}`,
    `${look} See docs/operations.md, "Rows that stay due". The sweep retries them, at most every 6 hours.`,
  );
}
