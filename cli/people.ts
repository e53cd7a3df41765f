/** `covenant people erase`: erases the data of a person. Without `--yes` it prints what would be erased and changes nothing. */
import { Command, InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { SYSTEM } from '../domain/base/actor';
import { findNow } from '../db/base/clock';
import { openDatabase } from '../db/base/database';
import type { Database } from '../db/base/database';
import { assertOwnSessions } from '../db/base/pooler';
import { CLI_LIMITS } from '../db/base/session';
import { countMissingMigrations } from '../db/system/migration';
import { erasePerson } from '../transactions/access/erase-person';
import type { Erasure } from '../transactions/access/erase-person';
import { CommandFailure } from './command-failure';
import { readSettings } from './settings';

export function peopleCommand(): Command {
  return new Command('people')
    .description('Manage the personal data of admins and customers.')
    .addCommand(eraseCommand());
}

function eraseCommand(): Command {
  return new Command('erase')
    .description(
      'Erase the personal data of a disabled admin, or of a customer whose contracts have ended. Without --yes, only print what would be erased. This cannot be undone.',
    )
    .argument('<id>', 'the id of the admin or of the customer', parseId)
    .option('--yes', 'erase the data')
    .action(erase);
}

async function erase(id: string, { yes = false }: { yes?: boolean }): Promise<void> {
  const { config } = readSettings(process.env);
  const db = openDatabase(config.databaseUrl, { max: 1, application_name: 'covenant cli', limits: CLI_LIMITS });
  try {
    await assertOwnSessions(db);
    // In an older schema, rows could hold names that the erasure does not know.
    if ((await countMissingMigrations(db)) > 0)
      throw new CommandFailure('The database does not have the current schema. Run `covenant migrate` first.');
    report(id, await runErasure(db, id, yes), yes);
  } finally {
    await db.end();
  }
}

/** Thrown to roll back the transaction of a dry run. */
class DryRunRollback extends Error {}

/** Erases. A dry run is the same transaction, rolled back, so it counts exactly what would be erased. */
async function runErasure(db: Database, id: string, commit: boolean): Promise<Erasure> {
  let erasure: Erasure | undefined;
  const run = db.begin(async (tx) => {
    erasure = await erasePerson(tx, id, { actor: SYSTEM, now: await findNow(tx), request_id: null });
    if (!commit) throw new DryRunRollback();
  });
  await run.catch((error: unknown) => {
    if (!(error instanceof DryRunRollback)) throw error;
  });
  return erasure as Erasure;
}

function report(id: string, erasure: Erasure, committed: boolean): void {
  switch (erasure.outcome) {
    case 'erased': {
      const { names, addresses, facts, deleted_contracts, answers, billing_messages, import_rows } = erasure.rows;
      const { managed, managed_facts, managed_answers, recipients, mail_settings } = erasure.rows;
      console.log(`${committed ? 'Erased' : 'Would erase'} the ${erasure.kind} ${id}:`);
      console.log(`  names of the person as an actor: ${names}`);
      console.log(`  network addresses: ${addresses}`);
      console.log(`  audit rows about the person: ${facts}`);
      console.log(`  deleted contracts that name the person: ${deleted_contracts}`);
      console.log(`  customers and contracts with the person as a contact: ${managed}`);
      console.log(`  audit rows about such customers and contracts: ${managed_facts}`);
      console.log(`  stored responses that name the person: ${answers + managed_answers}`);
      console.log(`  recipients of mail: ${recipients}`);
      console.log(`  settings of mail, with their audit rows: ${mail_settings}`);
      console.log(`  billing messages of the contracts: ${billing_messages}`);
      console.log(`  rows of imports that were not deleted yet: ${import_rows}`);
      if (erasure.arriving_files > 0) console.log(arrivingSentence(erasure.arriving_files));
      if (!committed) console.log('Nothing was changed. Run it again with --yes to erase. This cannot be undone.');
      return;
    }
    case 'nothing_left':
      console.log(`${id} was already erased, and no new personal data exists.`);
      return;
    case 'not_found':
      throw new CommandFailure(
        `No admin and no customer has the id ${id}. Find the id with GET /api/v1/admins?search=… or /api/v1/customers?search=….`,
      );
    case 'admin_is_active':
      throw new CommandFailure(
        `The admin ${id} is active, so new audit rows would contain the name again. Disable the admin first: PATCH /api/v1/admins/${id} {"status": "disabled"}.`,
      );
    case 'customer_is_merged':
      throw new CommandFailure(
        `The customer ${id} was merged into ${erasure.merged_into}. Erase that one: it erases both.`,
      );
    case 'customer_has_open_contracts':
      throw new CommandFailure(
        `The customer ${id} has contracts that have not ended (${erasure.open_contracts}). End or delete them, or assign them to another customer (GET /api/v1/contracts?customer_id=${id}).`,
      );
  }
}

/** Rows that arrive after an erasure are new data, as if the file had been sent later. */
function arrivingSentence(files: number): string {
  return `Files of imports that are arriving now: ${files}. Their further rows can name the person again, as a new customer. When these imports have ended, search for the address (GET /api/v1/customers?search=…), and erase that customer too.`;
}

function parseId(given: string): string {
  const id = z.uuid().safeParse(given.trim().toLowerCase());
  if (!id.success) throw new InvalidArgumentError('It must be a UUID, such as 0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f.');
  return id.data;
}
