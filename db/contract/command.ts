/** Commands that were carried out, by the id under which they may come again (decisions, "Temporal, as tried"). */
import type { CommandOutcome } from '../../domain/contract/command';
import type { Instant } from '../../domain/base/instant';
import { refuse } from '../../domain/base/refusal';
import { lockContract } from './contract';
import { beginLocked } from '../base/database';
import type { Database, Sql } from '../base/database';

/** How long the lock of a contract is awaited in order to settle what became of a command. */
const SETTLE_WAIT_MS = 1_000;

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

/** Whether the outcome of a command with this id is stored. */
export async function isCommandStored(sql: Sql, contract_id: string, command_id: string): Promise<boolean> {
  const stored = await sql`
    SELECT FROM contract_commands WHERE contract_id = ${contract_id} AND command_id = ${command_id}`;
  return stored.count === 1;
}

/** Whether an instant has passed by Postgres' clock, which is one for all senders and workers. */
export async function isPast(sql: Sql, instant: Instant): Promise<boolean> {
  const [row] = await sql<[{ past: boolean }]>`SELECT clock_timestamp() >= ${instant}::timestamptz AS past`;
  return row.past;
}

/**
 * What became of a command whose sender did not hear it: its stored outcome, or the refusal `COMMAND_EXPIRED`. Ask after its
 * deadline. Who carries it out locks the contract, stores the outcome, checks the deadline, and commits; so under that lock
 * nothing is under way, and what is not stored then is never carried out.
 * @throws Error before the deadline, and when the contract stays locked
 */
export function settleCommand(
  db: Database,
  command: { contract_id: string; command_id: string; fingerprint: string; deadline: Instant },
): Promise<CommandOutcome> {
  const { contract_id, command_id, fingerprint, deadline } = command;
  const settle = async (tx: Sql): Promise<CommandOutcome> => {
    await lockContract(tx, contract_id);
    const stored = await findCommandOutcome(tx, contract_id, command_id, fingerprint);
    if (stored) return stored;
    if (!(await isPast(tx, deadline))) throw new Error(`the command may be carried out until ${deadline}`);
    return { refusal: refuse('COMMAND_EXPIRED', { deadline }), changed: false, replayed: false };
  };
  return beginLocked(db, [{ table: 'contracts', id: contract_id }], settle, SETTLE_WAIT_MS);
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

/** Deletes outcomes that are older than so many days by the time of Postgres, at most `limit`; answers how many. */
export async function deleteExpiredCommands(sql: Sql, days: number, limit: number): Promise<number> {
  const { count } = await sql`
    DELETE FROM contract_commands WHERE (contract_id, command_id) IN (
      SELECT contract_id, command_id FROM contract_commands WHERE at < now() - make_interval(days => ${days}) LIMIT ${limit})`;
  return count;
}
