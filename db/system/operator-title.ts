/** What operators know contracts, jobs and test clocks by, for many of them at once. */
import type { ContractTitle } from '../../domain/base/operator-text';
import type { Sql } from '../base/database';

/** A job with the contract for which it generates. */
interface JobTitle {
  requested: number;
  contract_id: string;
  contract: ContractTitle;
}

/** By id; deleted contracts have none. */
async function findContractTitles(sql: Sql, ids: readonly string[]): Promise<Map<string, ContractTitle>> {
  const rows = await sql<(ContractTitle & { id: string })[]>`
    SELECT id, name, type, environment FROM contracts WHERE id = ANY(${[...ids]}::uuid[]) AND deleted_at IS NULL`;
  return new Map(rows.map(({ id, ...title }) => [id, title]));
}

/** By id. */
async function findJobTitles(sql: Sql, ids: readonly string[]): Promise<Map<string, JobTitle>> {
  const rows = await sql<(ContractTitle & { id: string; requested: number; contract_id: string })[]>`
    SELECT g.id, g.requested, g.contract_id, c.name, c.type, c.environment
    FROM generation_jobs g JOIN contracts c ON c.id = g.contract_id WHERE g.id = ANY(${[...ids]}::uuid[])`;
  return new Map(rows.map(({ id, requested, contract_id, ...contract }) => [id, { requested, contract_id, contract }]));
}

/** By id. */
async function findTestClockNames(sql: Sql, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await sql<{ id: string; name: string }[]>`
    SELECT id, name FROM test_clocks WHERE id = ANY(${[...ids]}::uuid[])`;
  return new Map(rows.map(({ id, name }) => [id, name]));
}

/** The titles that stand in Temporal, read from one database. */
export function createTitleReader(sql: Sql) {
  return {
    contracts: (ids: readonly string[]) => findContractTitles(sql, ids),
    jobs: (ids: readonly string[]) => findJobTitles(sql, ids),
    testClocks: (ids: readonly string[]) => findTestClockNames(sql, ids),
  };
}
