/** The domain event about a limit for which there is more demand than it allows (domain.md 4.5). */
import { z } from 'zod';
import { Count, EXAMPLE, Id, InstantText, eventKind } from './event-kind';

/** Limits that can be exceeded. */
export const LIMITS = ['quota'] as const;
export type Limit = (typeof LIMITS)[number];

/** Why a limit is noticed: it begins to be exceeded, the demand grows, or it is still exceeded a week later. */
export const LIMIT_OCCASIONS = ['opened', 'grown', 'reminder'] as const;
export type LimitOccasion = (typeof LIMIT_OCCASIONS)[number];

export const LIMIT_EVENTS = {
  'limit.exceeded': eventKind(
    'More is asked for than a limit allows: once when that begins, again at most once in 24 hours when the demand grows, and at most four weekly reminders. A limit that is only reached has no such event.',
    {
      contract_id: Id,
      limit: z.enum(LIMITS),
      episode_id: Id.describe('The time in which the limit is exceeded (`GET /contracts/{id}/limit-episodes`)'),
      number: z.int().min(1).describe('The number of the notice within its episode, from 1'),
      occasion: z
        .enum(LIMIT_OCCASIONS)
        .describe(
          '`opened`: the first notice. `grown`: more is asked for than before. `reminder`: it is still exceeded',
        ),
      demand: Count.describe('What the limit would have to be: `used` and the largest request that was refused'),
      limit_value: Count.describe('What the limit is'),
      used: Count.describe('How much of it is used or reserved'),
      largest_request: Count.describe('The largest single request that was refused in this episode'),
      opened_at: InstantText.describe('When the first request was refused'),
    },
    {
      contract_id: EXAMPLE.contract_id,
      limit: 'quota',
      episode_id: '0197a3c2-f2c9-7d3a-8aeb-d4058293acbf',
      number: 1,
      occasion: 'opened',
      demand: 550,
      limit_value: 500,
      used: 500,
      largest_request: 50,
      opened_at: '2027-06-07T09:30:00.000Z',
    },
  ),
};
