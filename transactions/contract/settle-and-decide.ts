/**
 * Settles a contract and decides on it, for every transaction on a contract. Only files of this folder call it.
 *
 * It locks the row, applies every due boundary, calls the decision of `domain/`, and saves the change (`save-change.ts`). A
 * refusal still commits the boundaries that were applied before it.
 */
import { SYSTEM } from '../../domain/base/actor';
import { laterOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { sameJson } from '../../domain/base/json';
import { isRefusal, notFound } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import type { GeneratorFacts } from '../../domain/catalogue/generator';
import type { SettleContext } from '../../domain/contract/boundary';
import type { CommandNeeds } from '../../domain/contract/command';
import { consequencesOf } from '../../domain/contract/consequence';
import { boundaryMove } from '../../domain/contract/copies';
import type { Decision, DecisionContext } from '../../domain/contract/decision';
import type { ContractFacts } from '../../domain/contract/facts';
import type { ContractStep } from '../../domain/contract/history';
import { planSettling, waitsForEvents } from '../../domain/contract/interleaving';
import type { SettlePlan, Settling } from '../../domain/contract/interleaving';
import { deletedRefusal } from '../../domain/contract/operations';
import { answerChange, clearUnreachable, settleFromNow } from '../../domain/contract/verification';
import type { Sql } from '../../db/base/database';
import { countPendingBillingEvents } from '../../db/billing/billing-event';
import { resolveCustomer } from '../../db/catalogue/customer';
import { findGenerator } from '../../db/catalogue/generator';
import { lockTestClockTime } from '../../db/contract/clock';
import { factsOf, findContractWithSource, lockContract } from '../../db/contract/contract';
import type { ContractRow, ContractWithSource } from '../../db/contract/contract';
import { lockQuota } from '../../db/contract/quota';
import { TIME_ZONE_RULES } from '../base/time-zone-rules';
import type { ChangedContract, ContractAct } from './changed-contract';
import { saveChange } from './save-change';
import { findSettleContext } from './settle-context';

type Decide = (facts: ContractFacts, context: DecisionContext) => Decision;

/** The needs of a command that needs only the contract. */
const NO_NEEDS: CommandNeeds = { lock_quota: false };

/**
 * Settles a contract and applies one decision; call it inside a transaction. `needs` are what must be loaded or locked for the
 * decision. `NOT_FOUND` and `CONTRACT_DELETED` are refusals.
 */
export async function settleAndDecide(
  tx: Sql,
  act: ContractAct,
  settling: Settling,
  decide: Decide = () => 'unchanged',
  needs: CommandNeeds = NO_NEEDS,
): Promise<ChangedContract | Refusal> {
  const locked = await lockAndLoad(tx, act.id, needs);
  if (!locked) return notFound('contract', act.id);
  const { contract: row } = locked;
  if (row.deleted_at !== null) return deletedRefusal(row);

  const before = factsOf(row);
  const plan = await settlePlan(tx, row, before, settling, act.now);
  const context: SettleContext = { ...(await findSettleContext(tx, locked, plan.until)), billing: plan.billing };
  const settled = settleFromNow(plan.facts, plan.until, context);
  const now = settled.facts.settled_until;
  const recorded = [
    ...settled.changes,
    boundaryMove(row, before, settled.facts, TIME_ZONE_RULES) ?? [],
    answerChange(before, settled.facts, now) ?? [],
  ].flat();

  const { product, coterm_target } = context;
  // Null is a result too: the named generator does not exist.
  const generator = locked.checked === undefined ? locked.generator : locked.checked;
  const { open_jobs, open_holds } = row;
  const decision_context = { now, actor_id: act.actor.id, product, coterm_target, generator, open_jobs, open_holds };
  const decision = decide(settled.facts, decision_context);
  const changes = isRefusal(decision) || decision === 'unchanged' ? [] : [decision].flat();
  const decided = { ...(changes.at(-1)?.facts ?? settled.facts), settled_until: now };

  const consequence_context = { ...context, generator: context.generators.get(decided.generator_id) ?? generator };
  const consequences = consequencesOf(decided, now, consequence_context, !sameJson(before.invoices, decided.invoices));
  const follow = await followMerge(tx, before, consequences.at(-1)?.facts ?? decided);
  const facts = follow({ ...clearUnreachable(consequences.at(-1)?.facts ?? decided, now), settled_until: now });
  const steps: ContractStep[] = [
    ...recorded.map((change) => ({ change, actor: SYSTEM })),
    ...changes.map((change) => ({ change, actor: act.actor })),
    ...consequences.map((change) => ({ change, actor: SYSTEM })),
  ].map(({ change, actor }) => ({ change: { ...change, facts: follow(change.facts) }, actor }));
  const saved = await saveChange(tx, act, { row, before, facts, steps, generator: consequence_context.generator });
  return {
    ...saved,
    facts,
    generator,
    refusal: isRefusal(decision) ? decision : null,
    changed: changes.length > 0,
  };
}

/**
 * Puts the survivor in place of a customer who was merged after a command or an amendment had named it. Returns the function that does so
 * with facts.
 */
async function followMerge(
  tx: Sql,
  before: ContractFacts,
  { customer_id }: ContractFacts,
): Promise<(facts: ContractFacts) => ContractFacts> {
  if (customer_id === null || customer_id === before.customer_id) return (facts) => facts;
  const survivor = await resolveCustomer(tx, customer_id);
  if (survivor === customer_id) return (facts) => facts;
  return (facts) => (facts.customer_id === customer_id ? { ...facts, customer_id: survivor } : facts);
}

/**
 * Locks and loads the contract with its product and generator, and the generator that is checked with it (`checked`). A generator
 * that is assigned to the contract or checked against a new quota cannot change meanwhile. It is locked before the quota row, in
 * the same order as a change of the generator does (db/contract/quota.ts). The test clock is locked first, as by its own steps.
 */
async function lockAndLoad(
  tx: Sql,
  id: string,
  { generator_id, lock_quota, lock_clock = false }: CommandNeeds,
): Promise<(ContractWithSource & { checked?: GeneratorFacts | null }) | undefined> {
  if (lock_clock) await lockTestClockTime(tx, id);
  // A separate statement reads, because it sees what was committed before the locks were granted.
  if (generator_id === undefined && !lock_quota) {
    // Sent together: the second begins after the lock was granted.
    const [, found] = await Promise.all([lockContract(tx, id), findContractWithSource(tx, id)]);
    return found;
  }
  const locked = await lockContract(tx, id);
  if (!locked) return undefined;
  const checked = (await findGenerator(tx, generator_id ?? locked.generator_id, { lock: 'use' })) ?? null;
  if (lock_quota) await lockQuota(tx, id);
  const found = await findContractWithSource(tx, id);
  return found && { ...found, checked };
}

/** Plans how far to settle. Events are counted only if they would have to be applied first. */
async function settlePlan(
  tx: Sql,
  row: ContractRow,
  before: ContractFacts,
  settling: Settling,
  now: Instant,
): Promise<SettlePlan> {
  return planSettling(before, settling, {
    clock: row.clock_now ?? now,
    settled_until: laterOf(row.settled_until, before.settled_until),
    events_wait: waitsForEvents(settling) && (await countPendingBillingEvents(tx, row.id, now)) > 0,
  });
}
