/**
 * `dev.json`: what runs in a data directory, for scripts and people. It is there exactly while the stack is ready.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writePrivateFile } from './private-file';

const pid = z.number().int().positive();

const DevFileShape = z.object({
  api_url: z.string().describe('The origin of the API, without a path.'),
  docs_url: z.string().describe('The API documentation.'),
  temporal_address: z.string().describe('host:port of the Temporal frontend.'),
  temporal_ui_url: z.string().describe('The web UI of Temporal.'),
  database_url: z.string().describe('The database with user and password.'),
  mail_url: z.string().nullable().describe('The page of the mail catcher; null when the stack runs without one.'),
  billing_secret: z.string().describe('Signs what a billing system sends to /api/v1/billing/standard/events.'),
  super_admin_key: z.string().describe('The API key of the first super admin.'),
  pids: z
    .object({ api: pid, worker: pid, postgres: pid, temporal: pid.nullable() })
    .describe('The servers themselves; temporal is null when TEMPORAL_ADDRESS named one that runs elsewhere.'),
});

export type DevFile = z.infer<typeof DevFileShape>;

const DEV_FILE = 'dev.json';

/** Writes the file whole, readable for its owner alone. */
export function writeDevFile(dataDir: string, content: DevFile): void {
  writePrivateFile(join(dataDir, DEV_FILE), `${JSON.stringify(DevFileShape.parse(content), null, 2)}\n`);
}

/** What the file says, or undefined when there is none. */
export function readDevFile(dataDir: string): DevFile | undefined {
  let text: string;
  try {
    text = readFileSync(join(dataDir, DEV_FILE), 'utf8');
  } catch {
    return undefined;
  }
  return DevFileShape.parse(JSON.parse(text));
}

/** Removes the file; nothing happens when there is none. */
export function removeDevFile(dataDir: string): void {
  rmSync(join(dataDir, DEV_FILE), { force: true });
}
