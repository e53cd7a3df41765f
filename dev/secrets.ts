/**
 * The secrets of a data directory: made once, kept for its owner alone, the same after every restart.
 */
import { randomBytes, randomFillSync } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { newApiKey } from '../domain/access/api-key';
import { writePrivateFile } from './private-file';

const SecretsFile = z.object({
  postgres_password: z.string().min(1),
  key_pepper: z.string().min(1),
  super_admin_key: z.string().min(1),
  /** With which a billing system signs what it sends to `/api/v1/billing/standard/events`. */
  billing_secret: z.string().min(1).default(newBillingSecret),
});

export type Secrets = z.infer<typeof SecretsFile>;

/** Its presence marks a data directory as ours. */
export const SECRETS_FILE = 'secrets.json';
const SECRET_BYTES = 32;

/**
 * Reads the secrets, or makes them when the data directory is new; one that an older stack did not know yet is added.
 * Throws when the file was damaged.
 */
export function loadSecrets(dataDir: string): Secrets {
  const file = join(dataDir, SECRETS_FILE);
  if (!existsSync(file)) writeSecrets(file, newSecrets());
  try {
    const kept: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const secrets = SecretsFile.parse(kept);
    if (Object.keys(secrets).some((name) => !(name in (kept as object)))) writeSecrets(file, secrets);
    return secrets;
  } catch (error) {
    throw new Error(
      `${file} cannot be read; without it the database cannot be opened. \`npm run dev:reset\` starts afresh.`,
      {
        cause: error,
      },
    );
  }
}

function writeSecrets(file: string, secrets: Secrets): void {
  writePrivateFile(file, `${JSON.stringify(secrets, null, 2)}\n`);
}

function newSecrets(): Secrets {
  return {
    postgres_password: randomBytes(SECRET_BYTES).toString('hex'),
    key_pepper: randomBytes(SECRET_BYTES).toString('hex'),
    super_admin_key: newApiKey('admin', (bytes) => randomFillSync(bytes)).text,
    billing_secret: newBillingSecret(),
  };
}

function newBillingSecret(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;
}
