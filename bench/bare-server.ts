/** Starts a server of the benchmark as a separate process, like the API, because both would share one thread otherwise. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** The programs that serve the bare sides. */
export type BareProgram = 'merged-grant-server.ts' | 'field-server.ts';

/** Starts a program for a database, and returns its origin. `end` stops it. */
export async function startBareServer(
  program: BareProgram,
  database_url: string,
): Promise<{ origin: string; end: () => void }> {
  const child = spawn(process.execPath, ['--import', 'tsx', join(__dirname, program)], {
    env: { ...process.env, DATABASE_URL: database_url },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [origin] = (await once(child.stdout, 'data')) as [Buffer];
  return { origin: origin.toString().trim(), end: () => void child.stdin.end() };
}
