/**
 * The secrets of a data directory: created once, readable only by the owner, unchanged by restarts.
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
  /** A billing system signs its messages to `/api/v1/billing/standard/events` with it. */
  billing_secret: z.string().min(1).default(newBillingSecret),
  /** Encrypts stored keys and secrets. */
  sealing_keys: z.string().min(1).default(newSealingKeys),
});

export type Secrets = z.infer<typeof SecretsFile>;

/** Its presence marks a data directory that Covenant created. */
export const SECRETS_FILE = 'secrets.json';
const SECRET_BYTES = 32;

/**
 * Reads the secrets, or creates them in a new data directory. Adds a secret that a file of an earlier version does not
 * contain. Throws when the file is damaged.
 */
export function loadSecrets(dataDir: string): Secrets {
  const file = join(dataDir, SECRETS_FILE);
  if (!existsSync(file)) writeSecrets(file, newSecrets());
  try {
    const stored: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const secrets = SecretsFile.parse(stored);
    if (Object.keys(secrets).some((name) => !(name in (stored as object)))) writeSecrets(file, secrets);
    return secrets;
  } catch (error) {
    throw new Error(
      `${file} cannot be read; without it the database cannot be opened. \`npm run dev:reset\` removes the data and lets you start again.`,
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
    sealing_keys: newSealingKeys(),
  };
}

function newBillingSecret(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;
}

function newSealingKeys(): string {
  return `v1:${randomBytes(SECRET_BYTES).toString('base64')}`;
}
