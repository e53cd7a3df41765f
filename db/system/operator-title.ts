/** Reads the titles under which operators see contracts, jobs and test clocks, for many ids at once. */
import type { ContractTitle } from '../../domain/base/operator-text';
import type { Sql } from '../base/database';

/** The title of a job, with that of its contract. */
interface JobTitle {
  requested: number;
  contract_id: string;
  contract: ContractTitle;
}

/** Titles of contracts by id. Deleted contracts have none. */
async function findContractTitles(sql: Sql, ids: readonly string[]): Promise<Map<string, ContractTitle>> {
  const rows = await sql<(ContractTitle & { id: string })[]>`
    SELECT id, name, type, environment FROM contracts WHERE id = ANY(${[...ids]}::uuid[]) AND deleted_at IS NULL`;
  return new Map(rows.map(({ id, ...title }) => [id, title]));
}

/** Titles of jobs by id. */
async function findJobTitles(sql: Sql, ids: readonly string[]): Promise<Map<string, JobTitle>> {
  const rows = await sql<(ContractTitle & { id: string; requested: number; contract_id: string })[]>`
    SELECT g.id, g.requested, g.contract_id, c.name, c.type, c.environment
    FROM generation_jobs g JOIN contracts c ON c.id = g.contract_id WHERE g.id = ANY(${[...ids]}::uuid[])`;
  return new Map(rows.map(({ id, requested, contract_id, ...contract }) => [id, { requested, contract_id, contract }]));
}

/** Names of test clocks by id. */
async function findTestClockNames(sql: Sql, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await sql<{ id: string; name: string }[]>`
    SELECT id, name FROM test_clocks WHERE id = ANY(${[...ids]}::uuid[])`;
  return new Map(rows.map(({ id, name }) => [id, name]));
}

/** Creates functions that read the titles shown in Temporal from one database. */
export function createTitleReader(sql: Sql) {
  return {
    contracts: (ids: readonly string[]) => findContractTitles(sql, ids),
    jobs: (ids: readonly string[]) => findJobTitles(sql, ids),
    testClocks: (ids: readonly string[]) => findTestClockNames(sql, ids),
  };
}
