/**
 * Inserts licenses without a contract. They have a row of `generation_jobs` of their own, which gives them their ids, and whose execution
 * is `direct`; so lists of jobs and metrics of contracts, which read inline and background jobs, do not read it.
 */
import { storedActor } from '../../domain/base/actor';
import type { Actor } from '../../domain/base/actor';
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import type { DirectTerms } from '../../domain/license/direct-creation';
import { KEY_JOINER } from '../../domain/catalogue/license-key';
import type { Sql } from '../base/database';

/** Licenses to be inserted. */
export interface DirectCreation {
  /** The id of its job. */
  id: string;
  environment: Environment;
  terms: DirectTerms;
  count: number;
  actor: Actor;
  now: Instant;
  request_id: string | null;
}

/** Inserts the license terms and the job, without licenses. Returns the serial of the job, from which the ids follow. */
export async function insertDirectCreation(tx: Sql, creation: DirectCreation): Promise<string> {
  const { id, environment, terms, count, actor, now, request_id } = creation;
  const { generator, features, activation_limit, own_expiry, expires_at } = terms;
  const [row] = await tx<[{ serial: string }]>`
    WITH terms AS (
      INSERT INTO license_terms ${tx({
        generator_id: generator.id,
        generator_revision: generator.revision,
        key_format: tx.json({ ...generator.format }),
        features: tx.json(features),
        activation_limit,
        own_expiry: own_expiry && tx.json({ ...own_expiry }),
        is_signed: generator.kind === 'signed',
      })} RETURNING id
    ), job AS (
      INSERT INTO generation_jobs (id, environment, terms_id, execution, requested, chunk_size, state, channel, actor, expires_at,
                                   created_at, started_at, finished_at, request_id)
      SELECT ${id}, ${environment}, terms.id, 'direct', ${count}::int, ${count}::int, 'SUCCEEDED', 'ui', ${tx.json(storedActor(actor))},
             ${expires_at}::timestamptz, ${now}::timestamptz, ${now}::timestamptz, ${now}::timestamptz, ${request_id}::text
      FROM terms RETURNING id, serial
    ), chunk AS (
      INSERT INTO generation_chunks (job_id, chunk_no, licenses, created_at) SELECT id, 0, ${count}::int, ${now}::timestamptz FROM job
    )
    SELECT serial FROM job`;
  return row.serial;
}

/** Inserts licenses with these ordinals, except those whose keys exist already. Returns the ordinals that were inserted. */
export async function insertDirectLicenses(
  tx: Sql,
  serial: string,
  { ordinals, keys }: { ordinals: readonly number[]; keys: string },
): Promise<number[]> {
  const rows = await tx<{ ordinal: number }[]>`
    INSERT INTO licenses (id, key)
    SELECT (${serial}::bigint << 24) + o.ordinal, o.key
    FROM unnest(${[...ordinals]}::int[], string_to_array(${keys}, ${KEY_JOINER})) AS o (ordinal, key)
    ON CONFLICT (key) DO NOTHING RETURNING (id & 16777215)::int AS ordinal`;
  return rows.map(({ ordinal }) => ordinal);
}

/** Assigns new licenses to a customer. */
export async function insertDirectAssignment(
  tx: Sql,
  license_ids: readonly string[],
  { customer_id, at, expires_at }: { customer_id: string; at: Instant; expires_at: Instant | null },
): Promise<void> {
  await tx`
    INSERT INTO license_facts (license_id, customer_id, assigned_at, expires_at)
    SELECT id, ${customer_id}, ${at}::timestamptz, ${expires_at}::timestamptz FROM unnest(${[...license_ids]}::bigint[]) AS l (id)`;
}
