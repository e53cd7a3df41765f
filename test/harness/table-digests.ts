/**
 * Digests of all tables, to check that an operation writes nothing.
 */
import type { Sql } from '../../db/base/database';

/** Returns the row count and an MD5 of the rows for each table. */
export async function readTableDigests(sql: Sql): Promise<Record<string, string>> {
  const tables = await sql<
    { name: string }[]
  >`SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`;
  const counts = await Promise.all(
    tables.map(async ({ name }) => {
      // The time of a key's last use changes with every request.
      const ignored = name === 'admin_api_keys' ? sql`- 'last_used_at'` : sql``;
      const [row] = await sql<[{ count: string; content: string | null }]>`
        SELECT count(*) AS count, md5(string_agg(md5((to_jsonb(t) ${ignored})::text), '' ORDER BY md5((to_jsonb(t) ${ignored})::text))) AS content
        FROM ${sql(name)} t`;
      return [name, `${row.count} rows, ${row.content ?? 'none'}`] as const;
    }),
  );
  return Object.fromEntries(counts);
}
