/**
 * `dev.json` lists what runs in a data directory, for scripts and people. The file exists only while the stack is
 * ready.
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
  mail_url: z.string().nullable().describe('The web page of the mail catcher; null when the stack runs without one.'),
  smtp_url: z.string().nullable().describe('SMTP_URL of the mail catcher; null when the stack runs without one.'),
  mail_from: z.string().nullable().describe('MAIL_FROM of the stack; null when it sends no mail.'),
  receiver_url: z
    .string()
    .nullable()
    .describe('The page that shows webhooks, which are sent to its path /hook; null when the stack runs without one.'),
  billing_secret: z.string().describe('The secret that signs messages to /api/v1/billing/standard/events.'),
  super_admin_key: z.string().describe('The API key of the first super admin.'),
  pids: z
    .object({ api: pid, worker: pid, postgres: pid, temporal: pid.nullable() })
    .describe('The process ids of the servers; temporal is null when TEMPORAL_ADDRESS names an external server.'),
});

export type DevFile = z.infer<typeof DevFileShape>;

const DEV_FILE = 'dev.json';

/** Writes the file atomically. Only its owner can read it. */
export function writeDevFile(dataDir: string, content: DevFile): void {
  writePrivateFile(join(dataDir, DEV_FILE), `${JSON.stringify(DevFileShape.parse(content), null, 2)}\n`);
}

/** Reads the file. Returns undefined when it does not exist. */
export function readDevFile(dataDir: string): DevFile | undefined {
  let text: string;
  try {
    text = readFileSync(join(dataDir, DEV_FILE), 'utf8');
  } catch {
    return undefined;
  }
  return DevFileShape.parse(JSON.parse(text));
}

/** Removes the file if it exists. */
export function removeDevFile(dataDir: string): void {
  rmSync(join(dataDir, DEV_FILE), { force: true });
}
