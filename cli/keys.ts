/** `covenant keys rotate-sealing`: encrypts stored API keys, signing keys and secrets of webhooks again, with the first key of COVENANT_SEALING_KEYS. */
import { Command } from 'commander';
import { isFirstOfVersion } from '../db/access/contract-api-key';
import { openDatabase } from '../db/base/database';
import type { Database } from '../db/base/database';
import { assertOwnSessions } from '../db/base/pooler';
import { CLI_LIMITS } from '../db/base/session';
import { resealKeys, resealSigningKeys, resealWebhookSecrets } from '../transactions/access/reseal-keys';
import type { Reseal, ResealedBatch, ResealedKeys } from '../transactions/access/reseal-keys';
import { createSealer } from '../transactions/base/sealed-text';
import type { Sealer } from '../transactions/base/sealed-text';
import { CommandFailure } from './command-failure';
import { readSettings } from './settings';

export function keysCommand(): Command {
  return new Command('keys')
    .description('Manage how API keys of contracts, signing keys of products and secrets of webhooks are stored.')
    .addCommand(rotateCommand());
}

function rotateCommand(): Command {
  return new Command('rotate-sealing')
    .description(
      'Encrypt the stored API keys of contracts, signing keys of products and secrets of webhooks with the first key of COVENANT_SEALING_KEYS. Can run while everything runs, and again after an interruption.',
    )
    .option('--json', 'print one line of JSON')
    .addHelpText(
      'after',
      '\nTo replace a sealing key: add the new one behind (v1:…,v2:…) and restart every API and worker, put it in front (v2:…,v1:…) and restart them, run this command, then remove the former one.',
    )
    .action(rotate);
}

async function rotate({ json = false }: { json?: boolean }): Promise<void> {
  const { config } = readSettings(process.env);
  const sealer = createSealer(config.sealingKeys ?? []);
  if (sealer === undefined) throw new CommandFailure('COVENANT_SEALING_KEYS is not set.');
  const db = openDatabase(config.databaseUrl, { max: 1, application_name: 'covenant cli', limits: CLI_LIMITS });
  let api_keys: ResealedKeys;
  let signing_keys: ResealedKeys;
  let webhook_secrets: ResealedKeys;
  try {
    await assertOwnSessions(db);
    if (await isFirstOfVersion(db, sealer.version)) console.error(unusedSentence(sealer.version));
    api_keys = await resealAll(db, sealer, resealKeys, json);
    signing_keys = await resealAll(db, sealer, resealSigningKeys, json);
    webhook_secrets = await resealAll(db, sealer, resealWebhookSecrets, json);
  } finally {
    await db.end();
  }
  const version = sealer.version;
  const resealed = api_keys.resealed + signing_keys.resealed + webhook_secrets.resealed;
  const unreadable = {
    unreadable: api_keys.unreadable,
    unreadable_products: signing_keys.unreadable,
    unreadable_webhook_endpoints: webhook_secrets.unreadable,
  };
  if (json) console.log(JSON.stringify({ version, resealed, ...unreadable }));
  else console.log(`${resealed} keys encrypted with ${version}.`);
  const failures = [
    unreadableSentence('contracts', api_keys.unreadable),
    unreadableSentence('products', signing_keys.unreadable),
    unreadableSentence('webhook endpoints', webhook_secrets.unreadable),
  ];
  if (failures.some((sentence) => sentence !== '')) throw new CommandFailure(failures.filter(Boolean).join('\n'));
}

/** Encrypts all keys of one kind, in transactions of a few. */
async function resealAll(db: Database, sealer: Sealer, reseal: Reseal, quiet: boolean): Promise<ResealedKeys> {
  const total: ResealedKeys = { resealed: 0, unreadable: [] };
  let after: string | null = null;
  do {
    const from: string | null = after;
    const batch: ResealedBatch = await db.begin<ResealedBatch>((tx) => reseal(tx, sealer, from));
    total.resealed += batch.resealed;
    total.unreadable.push(...batch.unreadable);
    after = batch.last_id;
    if (!quiet && after !== null) console.error(`${total.resealed} keys encrypted with ${sealer.version}`);
  } while (after !== null);
  return total;
}

/** An API without the new key cannot show what is encrypted with it. This command cannot see the settings of the APIs. */
function unusedSentence(version: string): string {
  return `Warning: no API has encrypted a key with ${version} yet. If one does not have ${version} in COVENANT_SEALING_KEYS, it answers SEALING_KEY_MISSING, and a worker without it delivers no webhooks: add ${version} to all of them.`;
}

/** What a person can do about keys that cannot be opened, by their owners. */
const REMEDIES = {
  contracts: 'rotate these API keys',
  products: 'create new signing keys for these products',
  'webhook endpoints': 'rotate the secrets of these endpoints',
} as const;

/** Owners named in a message. */
const NAMED_MAX = 10;

/** Names the owners of keys that could not be opened; empty when there are none. */
function unreadableSentence(owners: keyof typeof REMEDIES, ids: readonly string[]): string {
  if (ids.length === 0) return '';
  const named = ids.slice(0, NAMED_MAX).join(', ');
  const rest = ids.length > NAMED_MAX ? ` and ${ids.length - NAMED_MAX} more` : '';
  return `The keys of ${ids.length} ${owners} could not be opened: ${named}${rest}. Add the key that encrypted them to COVENANT_SEALING_KEYS, or ${REMEDIES[owners]}.`;
}
