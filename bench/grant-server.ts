/** Starts the merged grant behind a bare `node:http` server (bench/merged-grant-server.ts). */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createApiClient } from './api-client';
import type { ApiClient } from './api-client';

/** Starts the server for a database. `end` stops it. */
export async function startGrantServer(database_url: string): Promise<{ client: ApiClient; end: () => void }> {
  const child = spawn(process.execPath, ['--import', 'tsx', join(__dirname, 'merged-grant-server.ts')], {
    env: { ...process.env, DATABASE_URL: database_url },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [origin] = (await once(child.stdout, 'data')) as [Buffer];
  const client = createApiClient(origin.toString().trim(), '');
  return {
    client,
    end: () => {
      client.close();
      child.stdin.end();
    },
  };
}
