/** The shapes of metrics. */
import { CHANNELS } from '../../domain/base/channel';
import { WINDOW_DAYS_DEFAULT, WINDOW_DAYS_MAX } from '../../domain/metric/window';
import { EnvironmentShape, Id, InstantShape, LocalDateShape } from '../http/shapes';
import { z } from '../http/zod';

/** `from` and `to` of every metric. */
export const WindowQuery = z.object({
  from: LocalDateShape.optional().describe(
    `The first local day of the contract; default: ${WINDOW_DAYS_DEFAULT} days before to; at most ${WINDOW_DAYS_MAX}`,
  ),
  to: LocalDateShape.optional().describe('The first day that does not count; default, and at the latest: today'),
});

const rate = (description: string) =>
  z.number().nullable().describe(`${description}, from 0 to 1; null: nothing to divide by`);

const ChannelShares = z.object(
  Object.fromEntries(
    CHANNELS.map((channel) => [
      channel,
      z.object({ licenses: z.int(), share: z.int().nullable().describe('Whole percent; all shares sum to 100') }),
    ]),
  ) as Record<(typeof CHANNELS)[number], z.ZodObject<{ licenses: z.ZodInt; share: z.ZodNullable<z.ZodInt> }>>,
);

const SUMS = {
  quota: z.object({
    total: z.int(),
    generated: z.int(),
    reserved: z.int(),
    remaining: z.int(),
    utilization: z.number().describe('Percentage generated, rounded half up to one decimal'),
  }),
  licenses: z.int().describe('Licenses that were made in the window, without test licenses'),
  velocity: z
    .object({ per_day: z.number(), per_week: z.number() })
    .describe('Licenses of the window divided by its days since the activation, not rounded'),
  channels: ChannelShares,
  executions: z.object({ inline: z.int(), background: z.int() }).describe('Licenses by how they were made'),
  attempts: z
    .object({
      total: z.int(),
      granted: z.int(),
      refused: z.int(),
      failed: z.number().describe('Refused requests and failed jobs; of a job with errors the failed part'),
      error_rate: rate('Failed of all attempts'),
    })
    .describe(
      'Requests that passed authentication, address and rate, without replays. Refusals are kept for 90 days; their time is real, also on a test clock',
    ),
  throttled: z.object({ requests: z.int(), rate: rate('Requests that exceeded a rate, of these and all attempts') }),
  finished: z
    .object({ requested: z.int(), failed: z.int(), failure_rate: rate('Licenses that could not be made') })
    .describe('Licenses of the jobs that finished in the window'),
};

const MetricsShape = z.object({
  as_of: InstantShape.describe(
    'The time of the contract, by its test clock if it has one, for which these numbers hold',
  ),
  window: z.object({
    from: LocalDateShape,
    to: LocalDateShape.describe('The first day that does not count'),
    last_day: LocalDateShape,
    timezone: z.string(),
    counted_days: z.int().describe('The days by which the velocity divides: those that began after the activation'),
  }),
  ...SUMS,
  time_to_quota: z.object({
    days: z.int().nullable().describe('Days until the quota is used up at this velocity; null: never'),
    date: LocalDateShape.nullable().describe('null also when it is more than 1,000 years away'),
  }),
  last_24_hours: z.object({
    licenses: z.int(),
    spike: z.boolean().describe('More than 20, and more than three times the velocity per day'),
  }),
  daily: z
    .array(
      z.object({
        date: LocalDateShape,
        licenses: z.int(),
        ...(Object.fromEntries(CHANNELS.map((channel) => [channel, z.int()])) as Record<
          (typeof CHANNELS)[number],
          z.ZodInt
        >),
        attempts: z.int(),
        failed: z.number(),
        throttled: z.int(),
      }),
    )
    .describe('The window by local days'),
});

export const ContractMetricsShape = z
  .object({ contract_id: Id, contract_name: z.string(), customer_id: Id.nullable() })
  .extend(MetricsShape.shape)
  .openapi('ContractMetrics');

export const CustomerMetricsShape = z
  .object({
    customer_id: Id,
    environment: EnvironmentShape,
    as_of: InstantShape.describe('The real time for which these numbers hold'),
    contracts: z.array(ContractMetricsShape).describe('Each contract by its own time zone and clock, newest first'),
    complete: z.boolean().describe('Whether these are all contracts of the customer that are not deleted'),
    sum: z
      .object({ ...SUMS, last_24_hours: z.object({ licenses: z.int() }) })
      .describe('Of these contracts; the velocity is the sum of theirs'),
  })
  .openapi('CustomerMetrics');
