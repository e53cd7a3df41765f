/** Commands that were carried out, by the id under which they may come again (decisions, "Temporal, as tried"). */
import type { CommandOutcome } from '../domain/contract-commands';
import type { Instant } from '../domain/instant';
import { refuse } from '../domain/refusal';
import type { Sql } from './index';

/** The stored outcome of a command, or a refusal when its id was used for another one; undefined when it is new. */
export async function findCommandOutcome(
  sql: Sql,
  contract_id: string,
  command_id: string,
  fingerprint: string,
): Promise<CommandOutcome | undefined> {
  const [row] = await sql<{ outcome: CommandOutcome; fingerprint: string }[]>`
    SELECT outcome, fingerprint FROM contract_commands WHERE contract_id = ${contract_id} AND command_id = ${command_id}`;
  if (!row) return undefined;
  if (row.fingerprint !== fingerprint)
    return { refusal: refuse('IDEMPOTENCY_KEY_REUSED'), changed: false, replayed: false };
  return { ...row.outcome, replayed: true };
}

/** Whether an instant has passed by Postgres' clock, which is one for all senders and workers. */
export async function isPast(sql: Sql, instant: Instant): Promise<boolean> {
  const [row] = await sql<[{ past: boolean }]>`SELECT clock_timestamp() >= ${instant}::timestamptz AS past`;
  return row.past;
}

/** Stores the outcome in the transaction of the change itself. */
export async function insertCommandOutcome(
  tx: Sql,
  command: { contract_id: string; command_id: string; fingerprint: string },
  outcome: CommandOutcome,
): Promise<void> {
  await tx`INSERT INTO contract_commands ${tx({
    contract_id: command.contract_id,
    command_id: command.command_id,
    fingerprint: command.fingerprint,
    outcome: tx.json(outcome as never),
  })}`;
}
