/**
 * Every command on a contract and its decision: one table for the API, activities and dry runs.
 *
 * A decision takes the settled facts and returns a change, a refusal, or `unchanged` when there is nothing to change. Repeating
 * a transition is no error and leaves no trace (domain.md 1.4).
 */
import { amend, withdrawAmendment } from './amendment';
import type { AmendInput, WithdrawAmendmentInput } from './amendment';
import type { ContractFacts } from './facts';
import { activate } from './creation';
import type { ActivateInput } from './creation';
import { revisionRefusal } from './decision';
import type { Decision, DecisionContext } from './decision';
import { edit } from './edit';
import type { EditInput } from './edit';
import { reinstate, remove, terminate } from './ending';
import type { DeleteInput, ReinstateInput, TerminateInput } from './ending';
import { holdForCompliance, pause, releaseFromCompliance, resume } from './hold';
import type { ComplianceHoldInput, ComplianceReleaseInput, PauseInput, ResumeInput } from './hold';
import { optOut, renew } from './renewal-command';
import type { OptOutInput, RenewInput } from './renewal-command';
import type { Refusal } from '../base/refusal';

/** The input of each command, by the name of the command. */
export interface CommandInputs {
  activate: ActivateInput;
  pause: PauseInput;
  resume: ResumeInput;
  edit: EditInput;
  renew: RenewInput;
  'opt-out': OptOutInput;
  amend: AmendInput;
  'withdraw-amendment': WithdrawAmendmentInput;
  terminate: TerminateInput;
  reinstate: ReinstateInput;
  'compliance-hold': ComplianceHoldInput;
  'compliance-release': ComplianceReleaseInput;
  delete: DeleteInput;
}
export type CommandName = keyof CommandInputs;

/** One command with its input, in the form in which a workflow receives it. */
export type ContractCommand = { [Name in CommandName]: { name: Name; input: CommandInputs[Name] } }[CommandName];

/** The outcome of a command: done, nothing to change, or refused. */
export interface CommandOutcome {
  refusal: Refusal | null;
  changed: boolean;
  /** Whether this is the stored outcome of an earlier, equal command. */
  replayed: boolean;
  /** The amendment that the command created. */
  amendment_id?: string;
}

/** The outcome of a command that was refused. */
export function refusedOutcome(refusal: Refusal): CommandOutcome {
  return { refusal, changed: false, replayed: false };
}

/** Thrown for a command with an unexpected form. It would fail again when sent again. */
export class NotACommand extends Error {
  constructor({ name }: Pick<ContractCommand, 'name'>, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`The command ${name} cannot be run: ${why}`, { cause });
  }
}

type Decide<Input> = (facts: ContractFacts, input: Input, context: DecisionContext) => Decision;

const COMMANDS: { [Name in CommandName]: Decide<CommandInputs[Name]> } = {
  activate,
  pause,
  resume,
  edit,
  renew,
  'opt-out': optOut,
  amend,
  'withdraw-amendment': withdrawAmendment,
  terminate,
  reinstate,
  'compliance-hold': holdForCompliance,
  'compliance-release': releaseFromCompliance,
  delete: remove,
};

/** Decides one command on settled facts. Throws a TypeError when there is no such command. */
export function decide(command: ContractCommand, facts: ContractFacts, context: DecisionContext): Decision {
  const stale = revisionRefusal(facts, command.input.expected_revision);
  if (stale) return stale;
  if (!Object.hasOwn(COMMANDS, command.name))
    throw new TypeError(`there is no such command; there are ${Object.keys(COMMANDS).join(', ')}`);
  const decideThis = COMMANDS[command.name] as Decide<ContractCommand['input']>;
  return decideThis(facts, command.input, context);
}

/** What must be read or locked before a command is decided. */
export interface CommandNeeds {
  /** The generator that the command would assign. */
  generator_id?: string | undefined;
  /** Whether requests must not claim quota meanwhile: a quota can be lowered only to the amount that is claimed. */
  lock_quota: boolean;
  /** Whether the test clock of the contract must not move meanwhile: another time zone moves the runs of its schedules. */
  lock_clock?: boolean;
}

/** The needs of a command. */
export function needsOf(command: ContractCommand): CommandNeeds {
  if (command.name === 'edit') {
    const { generator_id, quota, timezone } = command.input;
    return { generator_id, lock_quota: quota !== undefined, lock_clock: timezone !== undefined };
  }
  if (command.name === 'amend') return { generator_id: command.input.changes.generator_id, lock_quota: false };
  return { lock_quota: false };
}
