/** Generators in Postgres. */
import type { Environment } from '../domain/environment';
import type { GeneratorFacts } from '../domain/generator';
import type { Instant } from '../domain/instant';
import type { Sql } from './index';

export interface GeneratorRow extends GeneratorFacts {
  environment: Environment;
  created_at: Instant;
  updated_at: Instant;
}

/** A generator that was not deleted. */
export async function findGenerator(sql: Sql, id: string): Promise<GeneratorRow | undefined> {
  const [row] = await sql<GeneratorRow[]>`SELECT * FROM generators WHERE id = ${id} AND deleted_at IS NULL`;
  return row;
}
