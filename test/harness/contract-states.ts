/**
 * Creates a contract in each state through the API. For states that need time to pass, the contract is backdated.
 */
import { addDays } from '../../domain/base/calendar';
import type { ContractState } from '../../domain/contract/facts';
import { waitFor } from '../../dev/waiting';
import type { Database, Sql } from '../../db/base/database';
import type { TestApi } from './api';
import { sendInvoiceEvent } from './billing';
import { addContract } from './catalogue';
import type { TestCatalogue } from './catalogue';

/** The states. COMPLIANCE is a suspension for compliance, SUSPENDED one for billing. */
export type StateVariant = ContractState | 'COMPLIANCE';
export const STATE_VARIANTS = [
  'DRAFT',
  'SCHEDULED',
  'ACTIVE',
  'PAST_DUE',
  'EXPIRY_GRACE',
  'PAUSED',
  'SUSPENDED',
  'COMPLIANCE',
  'EXPIRED',
  'TERMINATED',
  'DELETED',
] as const satisfies readonly StateVariant[];

const WAIT_MS = 15_000;

/** Returns the date that is `days` days from today, in UTC. */
export function dateInDays(days: number): string {
  return addDays(new Date().toISOString().slice(0, 10), days);
}

/** Moves all dates of a contract into the past, as if it had been created earlier. */
export async function backdateContract(db: Database, id: string, days: number): Promise<void> {
  // In one transaction: otherwise the workflow could settle the contract in between and store a boundary from mixed
  // dates.
  await db.begin((tx) => shiftRows(tx, id, days));
}

async function shiftRows(tx: Sql, id: string, days: number): Promise<void> {
  await tx`
    UPDATE contracts SET
      start_date = start_date - ${days}::int, end_date = end_date - ${days}::int,
      term_start_date = term_start_date - ${days}::int, anchor_date = anchor_date - ${days}::int,
      next_boundary_at = next_boundary_at - make_interval(days => ${days}),
      settled_until = settled_until - make_interval(days => ${days}),
      activated_at = activated_at - make_interval(days => ${days}),
      terminated_at = terminated_at - make_interval(days => ${days})
    WHERE id = ${id}`;
  await tx`UPDATE contract_amendments SET effective_date = effective_date - ${days}::int WHERE contract_id = ${id}`;
  await tx`UPDATE contract_holds SET placed_at = placed_at - make_interval(days => ${days}) WHERE contract_id = ${id}`;
}

/** Waits until the stored contract has the state. */
export async function waitForState(db: Database, id: string, state: ContractState): Promise<void> {
  await waitFor(async () => (await db`SELECT FROM contracts WHERE id = ${id} AND state = ${state}`).count === 1, {
    timeout_ms: WAIT_MS,
    what: `the state ${state}`,
  });
}

/** Creates a contract with a one-year term in a state, through an API with a worker. Returns it. */
export async function createContractIn(
  api: TestApi,
  catalogue: TestCatalogue,
  situation: StateVariant,
  more: Record<string, unknown> = {},
): Promise<any> {
  const create = async (given: Record<string, unknown> = {}) =>
    addContract(api, catalogue, { term: 'P1Y', ...given, ...more });
  const sendAction = async (id: string, action: string, body: Record<string, unknown> = {}) => {
    const answer = await api.call('POST', `/contracts/${id}/${action}`, { body });
    if (answer.status !== 200) throw new Error(`the action was refused: ${answer.text}`);
  };
  const createUnpaid = async (days: number): Promise<any> => {
    const contract = await create();
    await sendInvoiceEvent(api, contract.id, { due_date: dateInDays(-days) });
    return contract;
  };
  const contract = await {
    DRAFT: () => create({ status: 'inactive' }),
    SCHEDULED: () => create({ start_date: dateInDays(30) }),
    ACTIVE: () => create(),
    PAST_DUE: () => createUnpaid(5),
    EXPIRY_GRACE: () => create({ start_date: dateInDays(-370), expiry_grace_days: 30 }),
    PAUSED: () => create(),
    SUSPENDED: () => createUnpaid(20),
    COMPLIANCE: () => create(),
    EXPIRED: () => create(),
    TERMINATED: () => create(),
    DELETED: () => create({ status: 'inactive' }),
  }[situation]();
  const { id, name } = contract;
  if (situation === 'PAUSED') await sendAction(id, 'pause');
  if (situation === 'COMPLIANCE') await sendAction(id, 'compliance-hold', { note: 'On a list.' });
  if (situation === 'TERMINATED') await sendAction(id, 'terminate', { reason: 'The customer left.' });
  if (situation === 'DELETED') await api.call('DELETE', `/contracts/${id}`, { body: { confirm_name: name } });
  if (situation === 'PAST_DUE' || situation === 'SUSPENDED') await waitForState(api.sql, id, situation);
  if (situation === 'EXPIRED') {
    await backdateContract(api.sql, id, 400);
    // The first reminder was due long ago, so any read settles the contract.
    await api.call('GET', `/contracts/${id}`);
  }
  return contract;
}
