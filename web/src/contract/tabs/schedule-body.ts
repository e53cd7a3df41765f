/** The form of a schedule as the interface takes it. */
import type { components } from '../../base/interface';

export type Schedule = components['schemas']['Schedule'];
type Body = components['schemas']['ScheduleCreate'];

export interface ScheduleValues {
  count: number | string;
  every: string | null;
  on_day: number | string;
  at: string;
  from: string;
  until: string;
  assign_to: string;
}

/** The values of a schedule, or those that a new one starts with. */
export function scheduleValues(schedule: Schedule | undefined, today: string): ScheduleValues {
  if (schedule === undefined) {
    return { count: 10, every: 'P1M', on_day: '', at: '00:00', from: today, until: '', assign_to: '' };
  }
  const { count, every, on_day, at, from, until, assign_to } = schedule;
  return { count, every, on_day: on_day ?? '', at, from, until: until ?? '', assign_to: assign_to ?? '' };
}

export function scheduleBody({ count, every, on_day, at, from, until, assign_to }: ScheduleValues): Body {
  return {
    count: Number(count),
    every: every ?? '',
    on_day: on_day === '' ? null : Number(on_day),
    at,
    from,
    until: until === '' ? null : until,
    assign_to: assign_to.trim() === '' ? null : assign_to.trim(),
  };
}
