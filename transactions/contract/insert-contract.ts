/** Inserts a contract, with its quota and its first revision. */
import type { Act } from '../../domain/base/edit';
import type { GeneratorFacts } from '../../domain/catalogue/generator';
import { opensReplenishment } from '../../domain/contract/auto-replenish';
import type { ContractChange } from '../../domain/contract/change';
import { copiesOf } from '../../domain/contract/copies';
import { historyOf, withRemaining } from '../../domain/contract/history';
import { NO_NUDGE } from '../../domain/contract/nudge';
import { hasRateLimits } from '../../domain/contract/rate-limits';
import { settledOn } from '../../domain/contract/time-zone-rules';
import type { Sql } from '../../db/base/database';
import { insertDomainEvents } from '../../db/contract/domain-event';
import { insertQuota, refreshGrants } from '../../db/contract/quota';
import { saveRateLimits } from '../../db/generation/rate';
import { insertContractRow } from '../../db/contract/save-contract';
import { TIME_ZONE_RULES } from '../base/time-zone-rules';
import { prepareTerms, saveHistory, storedContract } from './save-change';
import type { ChangedContract } from './changed-contract';

/** Inserts the contract that `change` creates; call it inside a transaction. */
export async function insertContract(
  tx: Sql,
  change: ContractChange,
  { actor, request_id }: Pick<Act, 'actor' | 'request_id'>,
  generator: GeneratorFacts | null,
): Promise<ChangedContract> {
  const { facts } = change;
  const history = historyOf(null, [{ change, actor }]);
  const copies = copiesOf(facts, change.at, TIME_ZONE_RULES);
  await insertContractRow(tx, facts, { ...copies, settled_on: settledOn(facts, null) });
  await insertQuota(tx, facts.id, facts.quota.total);
  await saveHistory(tx, facts, history, request_id);
  await prepareTerms(tx, facts, generator);
  await refreshGrants(tx, facts.id);
  if (hasRateLimits(facts.rate_limits)) await saveRateLimits(tx, facts.id, facts.rate_limits);
  await insertDomainEvents(tx, facts.id, withRemaining(history.events, 0));
  const opens = opensReplenishment(null, { ...facts, state: copies.state, total: facts.quota.total });
  const pool_ids = opens ? [facts.id] : [];
  const nudge = facts.activated_at === null ? NO_NUDGE : { contract_id: facts.id, job_ids: [], pool_ids };
  const clock_now = facts.test_clock_id === null ? null : change.at;
  return {
    stored: storedContract({ clock_now, reserved: 0, timer_at: null, unwoken_since: null }, facts, copies),
    facts,
    generator,
    refusal: null,
    changed: true,
    nudge,
  };
}
