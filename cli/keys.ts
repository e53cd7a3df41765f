/** `covenant keys rotate-sealing`: encrypts the API keys of contracts again, with the first key of COVENANT_SEALING_KEYS. */
import { Command } from 'commander';
import { isFirstOfVersion } from '../db/access/contract-api-key';
import { openDatabase } from '../db/base/database';
import type { Database } from '../db/base/database';
import { assertOwnSessions } from '../db/base/pooler';
import { CLI_LIMITS } from '../db/base/session';
import { resealKeys } from '../transactions/access/reseal-keys';
import type { ResealedBatch, ResealedKeys } from '../transactions/access/reseal-keys';
import { createSealer } from '../transactions/base/sealed-text';
import type { Sealer } from '../transactions/base/sealed-text';
import { CommandFailure } from './command-failure';
import { readSettings } from './settings';

export function keysCommand(): Command {
  return new Command('keys').description('Manage how API keys of contracts are stored.').addCommand(rotateCommand());
}

function rotateCommand(): Command {
  return new Command('rotate-sealing')
    .description(
      'Encrypt the stored API keys of contracts with the first key of COVENANT_SEALING_KEYS. Can run while everything runs, and again after an interruption.',
    )
    .option('--json', 'print one line of JSON')
    .addHelpText(
      'after',
      '\nTo replace a sealing key: add the new one behind (v1:…,v2:…) and restart every API, put it in front (v2:…,v1:…) and restart the APIs, run this command, then remove the former one.',
    )
    .action(rotate);
}

async function rotate({ json = false }: { json?: boolean }): Promise<void> {
  const { config } = readSettings(process.env);
  const sealer = createSealer(config.sealingKeys ?? []);
  if (sealer === undefined) throw new CommandFailure('COVENANT_SEALING_KEYS is not set.');
  const db = openDatabase(config.databaseUrl, { max: 1, application_name: 'covenant cli', limits: CLI_LIMITS });
  const total: ResealedKeys = { resealed: 0, unreadable: [] };
  try {
    await assertOwnSessions(db);
    if (await isFirstOfVersion(db, sealer.version)) console.error(unusedSentence(sealer.version));
    let after: string | null = null;
    do {
      const batch: ResealedBatch = await resealAfter(db, sealer, after);
      total.resealed += batch.resealed;
      total.unreadable.push(...batch.unreadable);
      after = batch.last_id;
      if (!json && after !== null) console.error(`${total.resealed} keys encrypted with ${sealer.version}`);
    } while (after !== null);
  } finally {
    await db.end();
  }
  if (json) console.log(JSON.stringify({ version: sealer.version, ...total }));
  else console.log(`${total.resealed} keys encrypted with ${sealer.version}.`);
  if (total.unreadable.length > 0) throw new CommandFailure(unreadableSentence(total.unreadable));
}

/** An API without the new key cannot show what is encrypted with it. This command cannot see the settings of the APIs. */
function unusedSentence(version: string): string {
  return `Warning: no API has encrypted a key with ${version} yet. If one does not have ${version} in COVENANT_SEALING_KEYS, it answers SEALING_KEY_MISSING: add ${version} to every API.`;
}

function resealAfter(db: Database, sealer: Sealer, after: string | null): Promise<ResealedBatch> {
  return db.begin<ResealedBatch>((tx) => resealKeys(tx, sealer, after));
}

/** Contracts named in a message. */
const NAMED_MAX = 10;

function unreadableSentence(contract_ids: readonly string[]): string {
  const named = contract_ids.slice(0, NAMED_MAX).join(', ');
  const rest = contract_ids.length > NAMED_MAX ? ` and ${contract_ids.length - NAMED_MAX} more` : '';
  return `The keys of ${contract_ids.length} contracts could not be opened: ${named}${rest}. Add the key that encrypted them to COVENANT_SEALING_KEYS, or rotate these API keys.`;
}
