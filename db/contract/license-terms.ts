/**
 * License terms: what new licenses of a contract get. They are stored once per revision of contract and generator and never change.
 *
 * A generation request names the license terms that it was prepared with. It is granted only while the quota row of the contract names
 * the same ones (db/contract/quota.ts), so generation needs no other lock.
 */
import type { ContractFacts } from '../../domain/contract/facts';
import type { Environment } from '../../domain/base/environment';
import type { ExpiryTerms } from '../../domain/contract/expiry';
import { effectiveActivationLimit, effectiveFeatures } from '../../domain/contract/features';
import { ownExpiryRule } from '../../domain/license/license-expiry';
import type { GeneratorFacts } from '../../domain/catalogue/generator';
import type { KeyFormat } from '../../domain/catalogue/license-key';
import type { Fragment, Sql } from '../base/database';

/** Everything that is needed to generate licenses for the current revision of a contract. */
export interface GenerationProfile extends ExpiryTerms {
  contract_id: string;
  environment: Environment;
  /** Whether the contract is a pool: its licenses become available in it. */
  pooled: boolean;
  terms_id: string;
  /** The revision of the contract that the license terms belong to. */
  contract_revision: number;
  key_format: KeyFormat;
  /** Whether its licenses are shown by their certificates. */
  is_signed: boolean;
  /** The test clock of the contract; null when it uses the real time. */
  test_clock_id: string | null;
}

/**
 * A FROM list: the contract `c`, its license terms `t` and its generator `g`. It gives a row only if the terms belong to the current
 * revisions of both.
 */
export function currentTerms(sql: Sql): Fragment {
  return sql`
    contracts c
    JOIN license_terms t ON t.id = c.terms_id AND t.contract_revision = c.revision
    JOIN generators g ON g.id = c.generator_id AND g.id = t.generator_id AND g.revision = t.generator_revision`;
}

/** The current profile, or undefined while the license terms are missing or older than contract or generator. */
export async function findGenerationProfile(sql: Sql, contract_id: string): Promise<GenerationProfile | undefined> {
  const [row] = await sql<GenerationProfile[]>`
    SELECT c.id AS contract_id, c.environment, c.type = 'pool' AS pooled, t.id AS terms_id, t.contract_revision, t.key_format, t.is_signed, c.expiry, c.timezone, c.cap_expiry_at_contract_end, c.end_date,
           c.test_clock_id
    FROM ${currentTerms(sql)} WHERE c.id = ${contract_id}`;
  return row;
}

/** Stores license terms for the current revisions of a contract and its generator. Call it with the contract locked. */
export async function refreshTerms(tx: Sql, facts: ContractFacts, generator: GeneratorFacts): Promise<void> {
  const own_expiry = ownExpiryRule(facts);
  const [row] = await tx<[{ id: string }]>`
    INSERT INTO license_terms ${tx({
      contract_id: facts.id,
      contract_revision: facts.revision,
      generator_id: generator.id,
      generator_revision: generator.revision,
      key_format: tx.json({ ...generator.format }),
      features: tx.json(effectiveFeatures(generator.features, facts.feature_overrides)),
      activation_limit: effectiveActivationLimit(generator.activation_limit, facts.activation_limit),
      own_expiry: own_expiry && tx.json({ ...own_expiry }),
      device_lease_minutes: facts.device_lease_minutes,
      is_signed: generator.kind === 'signed',
    })}
    -- Updates a column of no key: an update of a key column would conflict with the foreign keys of grants in progress and deadlock.
    ON CONFLICT ON CONSTRAINT license_terms_unique DO UPDATE SET key_format = license_terms.key_format
    RETURNING id`;
  await tx`UPDATE contracts SET terms_id = ${row.id} WHERE id = ${facts.id}`;
}
