/** Outcomes of commands by command id, because a command may be delivered again (decisions, "Temporal, as tried"). */
import type { CommandOutcome } from '../../domain/contract/command';
import type { Instant } from '../../domain/base/instant';
import type { Sql } from '../base/database';

/** The stored outcome of a command; undefined when no command with this id was carried out. */
export async function findStoredOutcome(
  sql: Sql,
  contract_id: string,
  command_id: string,
): Promise<{ outcome: CommandOutcome; fingerprint: string } | undefined> {
  const [row] = await sql<{ outcome: CommandOutcome; fingerprint: string }[]>`
    SELECT outcome, fingerprint FROM contract_commands WHERE contract_id = ${contract_id} AND command_id = ${command_id}`;
  return row;
}

/** Whether the outcome of a command with this id is stored. */
export async function isCommandStored(sql: Sql, contract_id: string, command_id: string): Promise<boolean> {
  const stored = await sql`
    SELECT FROM contract_commands WHERE contract_id = ${contract_id} AND command_id = ${command_id}`;
  return stored.count === 1;
}

/** Whether an instant has passed by the clock of Postgres, which all senders and workers share. */
export async function isPast(sql: Sql, instant: Instant): Promise<boolean> {
  const [row] = await sql<[{ past: boolean }]>`SELECT clock_timestamp() >= ${instant}::timestamptz AS past`;
  return row.past;
}

/** Stores the outcome of a command. Call it in the transaction of the command's change. */
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

/** Deletes outcomes that are older than `days` by the time of Postgres, at most `limit`; returns how many. */
export async function deleteExpiredCommands(sql: Sql, days: number, limit: number): Promise<number> {
  const { count } = await sql`
    DELETE FROM contract_commands WHERE (contract_id, command_id) IN (
      SELECT contract_id, command_id FROM contract_commands WHERE at < now() - make_interval(days => ${days}) LIMIT ${limit})`;
  return count;
}
