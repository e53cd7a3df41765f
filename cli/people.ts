/** `covenant people erase`: forgets a person who asks for it. Without `--yes` it says what would be erased and changes nothing. */
import { Command, InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { SYSTEM } from '../domain/base/actor';
import { findNow } from '../db/base/clock';
import { openDatabase } from '../db/base/database';
import type { Database } from '../db/base/database';
import { assertOwnSessions } from '../db/base/pooler';
import { CLI_LIMITS } from '../db/base/session';
import { missingMigrations } from '../db/system/migration';
import { erasePerson } from '../transactions/access/erase-person';
import type { Erasure } from '../transactions/access/erase-person';
import { CommandFailure } from './failure';
import { readSettings } from './settings';

export function peopleCommand(): Command {
  return new Command('people').description('Handle what is stored about people.').addCommand(eraseCommand());
}

function eraseCommand(): Command {
  return new Command('erase')
    .description(
      'Erase what names a person: a disabled admin, or a customer whose contracts are over. Says what it would erase; with --yes it does. It cannot be undone.',
    )
    .argument('<id>', 'the id of the admin or of the customer', uuid)
    .option('--yes', 'erase')
    .action(erase);
}

async function erase(id: string, { yes = false }: { yes?: boolean }): Promise<void> {
  const { config } = readSettings(process.env);
  const db = openDatabase(config.databaseUrl, { max: 1, application_name: 'covenant cli', limits: CLI_LIMITS });
  try {
    await assertOwnSessions(db);
    // Only then do no rows hold names that the erasure does not know of.
    if ((await missingMigrations(db)) > 0)
      throw new CommandFailure('The database is not at the current schema: run `covenant migrate` first.');
    report(id, await attempt(db, id, yes), yes);
  } finally {
    await db.end();
  }
}

/** Thrown out of a transaction in order to roll it back. */
class NothingKept extends Error {}

/** Erases; a rehearsal is the same transaction, rolled back, so it counts exactly what would be erased. */
async function attempt(db: Database, id: string, keep: boolean): Promise<Erasure> {
  let erasure: Erasure | undefined;
  const run = db.begin(async (tx) => {
    erasure = await erasePerson(tx, id, { actor: SYSTEM, now: await findNow(tx), request_id: null });
    if (!keep) throw new NothingKept();
  });
  await run.catch((error: unknown) => {
    if (!(error instanceof NothingKept)) throw error;
  });
  return erasure as Erasure;
}

function report(id: string, erasure: Erasure, kept: boolean): void {
  switch (erasure.outcome) {
    case 'erased': {
      const { names, addresses, facts, deleted_contracts, answers, billing_messages } = erasure.rows;
      console.log(`${kept ? 'Erased' : 'Would erase'} the ${erasure.kind} ${id}:`);
      console.log(`  names under which they acted: ${names}`);
      console.log(`  network addresses: ${addresses}`);
      console.log(`  audit rows about them: ${facts}`);
      console.log(`  deleted contracts that name them: ${deleted_contracts}`);
      console.log(`  kept answers that name them: ${answers}`);
      console.log(`  billing messages of their contracts: ${billing_messages}`);
      if (!kept) console.log('Nothing was changed. Run it again with --yes; it cannot be undone.');
      return;
    }
    case 'nothing_left':
      console.log(`${id} was erased before, and nothing has come since.`);
      return;
    case 'not_found':
      throw new CommandFailure(
        `No admin and no customer has the id ${id}. Find it: GET /api/v1/admins?search=… or /api/v1/customers?search=….`,
      );
    case 'admin_is_active':
      throw new CommandFailure(
        `The admin ${id} is active and would leave their name again. Disable them first: PATCH /api/v1/admins/${id} {"status": "disabled"}.`,
      );
    case 'customer_has_open_contracts':
      throw new CommandFailure(
        `The customer ${id} has contracts that are not over (${erasure.open_contracts}). End or delete them, or give them another customer (GET /api/v1/contracts?customer_id=${id}).`,
      );
  }
}

function uuid(given: string): string {
  const id = z.uuid().safeParse(given.trim().toLowerCase());
  if (!id.success) throw new InvalidArgumentError('It must be an id, such as 0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f.');
  return id.data;
}
