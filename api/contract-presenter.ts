/** How contracts are shown: rows never leave raw. */
import { lastDay, openHold, stateAt, statusOf, statusOfState } from '../domain/contract';
import type { ContractFacts } from '../domain/contract';
import { nextBoundary, settle } from '../domain/contract-boundary';
import type { Instant } from '../domain/instant';
import { quotaOf } from '../domain/quota';
import { factsOf } from '../db/contract';
import type { ContractListRow, ContractRow } from '../db/contract';
import { contractWorkflowId } from '../temporal/ids';

/** The whole contract at an instant. */
export function presentContract(row: ContractRow, now: Instant) {
  return presentFacts(settle(factsOf(row), now).facts, row, now);
}

/** The contract that the facts would be: what a dry run shows. */
export function presentFacts(facts: ContractFacts, row: Pick<ContractRow, 'reserved' | 'updated_at'>, now: Instant) {
  const hold = openHold(facts, now);
  return {
    id: facts.id,
    name: facts.name,
    type: facts.type,
    environment: facts.environment,
    product_id: facts.product_id,
    generator_id: facts.generator_id,
    customer_id: facts.customer_id,
    state: stateAt(facts, now),
    ...statusOf(facts, now),
    warnings: [],
    quota: quotaOf(facts.quota, row.reserved),
    term: {
      number: facts.term_number,
      length: facts.term_length,
      start_date: facts.start_date,
      end_date: facts.end_date,
      last_day: lastDay(facts),
    },
    expiry_grace_days: facts.expiry_grace_days,
    timezone: facts.timezone,
    next_boundary: nextBoundary(facts),
    holds: hold
      ? [
          {
            source: hold.source,
            code: hold.code,
            placed_at: hold.placed_at,
            resume_at: hold.resume_at,
            placed_by: hold.placed_by,
            note: hold.note,
          },
        ]
      : [],
    feature_overrides: facts.feature_overrides,
    activation_limit: facts.activation_limit,
    expiry: facts.expiry,
    metadata: facts.metadata,
    activated_at: facts.activated_at,
    workflow_id: contractWorkflowId(facts.id),
    revision: facts.revision,
    created_at: facts.created_at,
    created_by: facts.created_by,
    updated_at: row.updated_at,
  };
}

/** A contract in a list, from its stored state (at most a minute late, decisions 4). */
export function presentContractListItem(row: ContractListRow) {
  return {
    id: row.id,
    name: row.name,
    type: row.type,
    environment: row.environment,
    product_id: row.product_id,
    generator_id: row.generator_id,
    customer_id: row.customer_id,
    state: row.state,
    ...statusOfState(row.state, row.hold_code),
    quota: quotaOf({ total: row.quota_total, claimed: row.quota_claimed }, row.reserved),
    revision: row.revision,
    created_at: row.created_at,
    created_by: row.created_by,
    updated_at: row.updated_at,
  };
}
