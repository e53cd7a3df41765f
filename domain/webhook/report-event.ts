/** The domain event about reports of contracts that are due by their schedules. */
import { z } from 'zod';
import { DateText, EXAMPLE, Id, InstantText, eventKind } from './event-kind';

/** How often a report is due. */
export const REPORT_FREQUENCIES = ['weekly', 'monthly', 'quarterly'] as const;
export type ReportFrequency = (typeof REPORT_FREQUENCIES)[number];

export const REPORT_EVENTS = {
  'report.due': eventKind(
    'The report of a contract is due by its schedule (`/contracts/{id}/report-schedules`): one event for each schedule and day. Of several that were missed, only the newest is written.',
    {
      contract_id: Id,
      schedule_id: Id,
      frequency: z.enum(REPORT_FREQUENCIES),
      date: DateText.describe('The local day on which it is due'),
      due_at: InstantText.describe('The instant at which it is due'),
    },
    {
      contract_id: EXAMPLE.contract_id,
      schedule_id: '0197a3c2-03da-7e4b-9bfc-e5169304bdc0',
      frequency: 'monthly',
      date: '2027-06-01',
      due_at: '2027-06-01T06:00:00.000Z',
    },
  ),
};
