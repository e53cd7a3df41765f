/** The domain events about the quota and the pool of a contract. */
import { z } from 'zod';
import { CONTRACT_EXAMPLE, CONTRACT_FIELDS } from './contract-event';
import { Count, DateText, EXAMPLE, Id, eventKind } from './event-kind';

const { contract_id, job_id } = EXAMPLE;

const REPLENISH_FIELDS = {
  contract_id: Id,
  code: z.string().describe('What blocks it'),
  target: Count.nullable().describe('How many licenses the pool should have'),
  available: Count,
  reserved: Count.describe('Licenses that jobs of the pool still have to generate'),
  requested: Count.describe('Licenses that were requested nevertheless'),
  remaining: Count.describe('What remains of the quota'),
};
const REPLENISH_EXAMPLE = { contract_id, target: 500, available: 80, reserved: 0, requested: 0, remaining: 0 };

export const QUOTA_EVENTS = {
  'quota.granted': eventKind(
    'The quota of a contract is raised: by an edit, a renewal or an amendment.',
    {
      ...CONTRACT_FIELDS,
      amendment_id: Id.optional(),
      effective_date: DateText.optional(),
      amount: Count.describe('What is added'),
      total: Count.describe('The quota afterwards'),
      period_label: z.string().nullable().describe('What it is for, such as Q2'),
      claimed: Count.describe('Licenses that are generated or reserved'),
      remaining: Count,
      message: z.string().describe('The same for people'),
    },
    {
      ...CONTRACT_EXAMPLE,
      reason: 'contract.updated',
      amount: 300,
      total: 500,
      period_label: 'Q2',
      claimed: 200,
      remaining: 300,
      message: 'Q2 quota activated: 300 licenses available',
    },
  ),
  'quota.threshold_reached': eventKind(
    'Claims use 80 or 100 percent of the quota.',
    {
      contract_id: Id,
      job_id: Id.describe('The job whose licenses reached it'),
      threshold: z.union([z.literal(80), z.literal(100)]).describe('In percent'),
      superseded: z.boolean().describe('Whether the same job reached a higher threshold too'),
      total: Count,
      claimed: Count,
      remaining: Count,
    },
    { contract_id, job_id, threshold: 80, superseded: false, total: 500, claimed: 412, remaining: 88 },
  ),
  'quota.runs_out_soon': eventKind(
    'By the forecast, the quota is used up within 7 days.',
    {
      contract_id: Id,
      in_days: Count,
      runs_out_on: DateText.describe('In the time zone of the contract'),
      per_day: z.number().min(0).describe('Licenses a day in the last weeks'),
      total: Count,
      claimed: Count,
      remaining: Count,
    },
    { contract_id, in_days: 5, runs_out_on: '2027-06-12', per_day: 17.5, total: 500, claimed: 412, remaining: 88 },
  ),
  'pool.low_water': eventKind(
    'The available licenses of a pool fall below its `low_water`. Written again only after there were ten percent more.',
    { contract_id: Id, available: Count, low_water: Count },
    { contract_id, available: 99, low_water: 100 },
  ),
  'pool.replenish_blocked': eventKind('A pool cannot be replenished, such as because a job failed.', REPLENISH_FIELDS, {
    ...REPLENISH_EXAMPLE,
    code: 'JOB_FAILED',
    remaining: 1_200,
  }),
  'pool.replenish_blocked_by_quota': eventKind(
    'A pool cannot be replenished up to its target, because the quota is used up.',
    REPLENISH_FIELDS,
    { ...REPLENISH_EXAMPLE, code: 'QUOTA_EXCEEDED' },
  ),
};
