/**
 * Keeps one Temporal Schedule for each schedule of a contract, so that operators see it and its runs in the Temporal UI.
 *
 * It has the exact instants of the next runs, in UTC, as Covenant's calendar computes them: a calendar of Temporal in the zone of the
 * contract would not run at times that a clock change skips, would run twice at times that occur twice, and knows no month ends (domain.md
 * 1.8.10). A regular tick would start workflows for nothing and make runs late. Each run adds an instant at the end.
 *
 * Postgres decides which runs are due, so nothing is lost with a Temporal Schedule, and nothing is made twice.
 */
import { ScheduleAlreadyRunning, ScheduleNotFoundError, ScheduleOverlapPolicy } from '@temporalio/client';
import type { CalendarSpec, Client, ScheduleOptions } from '@temporalio/client';
import type { ScheduleKeeper, SchedulePlan } from '../activities/ports';
import { scheduleName } from '../domain/schedule/name';
import { CATCH_UP_HOURS } from '../domain/schedule/run';
import { runSchedule } from '../workflows/run-schedule';
import { scheduleWorkflowId } from './ids';
import type { TaskQueues } from './task-queues';

/** Runs that Temporal missed are started for as long as Covenant makes up for them. */
const CATCHUP_WINDOW = `${CATCH_UP_HOURS} hours` as const;

const MONTHS = [
  'JANUARY',
  'FEBRUARY',
  'MARCH',
  'APRIL',
  'MAY',
  'JUNE',
  'JULY',
  'AUGUST',
  'SEPTEMBER',
  'OCTOBER',
  'NOVEMBER',
  'DECEMBER',
] as const;

export function createScheduleKeeper(client: Client, taskQueues: TaskQueues): ScheduleKeeper {
  return {
    async place(plan) {
      const definition = definitionOf(plan, taskQueues);
      const { schedule_id, contract_id, note } = plan;
      const scheduleId = scheduleName(schedule_id);
      const update = () =>
        client.schedule.getHandle(scheduleId).update(({ state }) => ({
          ...definition,
          // One that an operator paused stays paused; the sweep makes its runs all the same.
          state: { ...state, note: state.paused ? state.note : note },
        }));
      try {
        await update();
      } catch (error) {
        if (!(error instanceof ScheduleNotFoundError)) throw error;
        await client.schedule
          .create({ scheduleId, ...definition, state: { note }, memo: { schedule_id, contract_id } })
          .catch((failure: unknown) => {
            // Another process created it meanwhile.
            if (failure instanceof ScheduleAlreadyRunning) return update();
            throw failure;
          });
      }
    },
    async remove(schedule_id) {
      try {
        await client.schedule.getHandle(scheduleName(schedule_id)).delete();
      } catch (error) {
        if (!(error instanceof ScheduleNotFoundError)) throw error;
      }
    },
  };
}

function definitionOf({ schedule_id, runs, note }: SchedulePlan, { contracts }: TaskQueues) {
  return {
    spec: { calendars: runs.map(calendarOf) },
    policies: {
      // A run that is retried for long delays the next one and swallows none: the workflow after it makes what is due.
      overlap: ScheduleOverlapPolicy.BUFFER_ONE,
      catchupWindow: CATCHUP_WINDOW,
    },
    action: {
      type: 'startWorkflow',
      workflowType: runSchedule,
      workflowId: scheduleWorkflowId(schedule_id),
      taskQueue: contracts,
      args: [{ schedule_id }] as [{ schedule_id: string }],
      staticSummary: note,
      memo: { schedule_id },
    },
  } satisfies Omit<ScheduleOptions, 'scheduleId'>;
}

/** A calendar of Temporal that has exactly one instant. */
function calendarOf({ at, local }: SchedulePlan['runs'][number]): CalendarSpec {
  const instant = new Date(at);
  return {
    year: instant.getUTCFullYear(),
    month: MONTHS[instant.getUTCMonth()] as (typeof MONTHS)[number],
    dayOfMonth: instant.getUTCDate(),
    hour: instant.getUTCHours(),
    minute: instant.getUTCMinutes(),
    second: instant.getUTCSeconds(),
    comment: local,
  };
}
