/**
 * Runs steps on the contracts of a database as processes of the product do, with the time zone rules of the Node that
 * runs it. As a program it is forked with the address of the database and receives steps, one at a time.
 */
import { runCommand } from '../../transactions/contract/run-command';
import { settleByTime } from '../../transactions/contract/settle-contract';
import { findContract } from '../../db/contract/contract';
import { openDatabase } from '../../db/base/database';
import type { Database } from '../../db/base/database';
import { TIME_ZONE_RULES, applicationName } from '../../transactions/base/time-zone-rules';
import type { ContractCommand } from '../../domain/contract/command';
import type { ContractState } from '../../domain/contract/facts';
import type { Instant } from '../../domain/base/instant';
import { isRefusal } from '../../domain/base/refusal';
import { buildContract } from './contract-rows';
import type { ContractOptions } from './contract-rows';
import { TEST_ACTOR } from './contract-facts';

/** Creates a contract, or settles or changes the contract with an id at an instant. */
export type ContractStep =
  | { name: 'build'; options: ContractOptions }
  | { name: 'settle'; id: string; now: Instant }
  | { name: 'command'; id: string; now: Instant; command: ContractCommand };

/** A contract after a step. */
export interface StepResult {
  id: string;
  state: ContractState;
  next_boundary_at: Instant | null;
  time_zone_rules: string | null;
}

/** Runs one step and returns the contract after it. Throws when the step is refused. */
export async function runStep(db: Database, one: ContractStep): Promise<StepResult> {
  const id = one.name === 'build' ? (await buildContract(db, one.options)).facts.id : one.id;
  if (one.name !== 'build') await change(db, one);
  const row = await findContract(db, id);
  if (!row) throw new Error(`there is no contract ${id}`);
  const { state, next_boundary_at, time_zone_rules } = row;
  return { id, state, next_boundary_at, time_zone_rules };
}

async function change(db: Database, one: Exclude<ContractStep, { name: 'build' }>): Promise<void> {
  const command = one.name === 'command' ? one.command : undefined;
  const request = { id: one.id, actor: TEST_ACTOR, now: one.now, request_id: null };
  const changed = await db.begin((tx) =>
    command === undefined ? settleByTime(tx, request) : runCommand(tx, request, command),
  );
  const refusal = isRefusal(changed) ? changed : changed.refusal;
  if (refusal !== null) throw new Error(refusal.detail);
}

/** A message of the program: its time zone rules at its start, then the result of each step. */
export type ProgramMessage = { rules: string } | { result: StepResult } | { failure: string };

function main(url: string): void {
  const db = openDatabase(url, { max: 1, application_name: applicationName('worker') });
  const send = (message: ProgramMessage): void => void process.send?.(message);
  process.on('message', (one: ContractStep) => {
    runStep(db, one).then(
      (result) => send({ result }),
      (error: unknown) => send({ failure: String(error) }),
    );
  });
  send({ rules: TIME_ZONE_RULES });
}

if (require.main === module) main(process.argv[2] ?? '');
