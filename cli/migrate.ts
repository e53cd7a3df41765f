/** `covenant migrate`: migrates the database to the current schema. Safe to run at every deployment, also by several processes at once. */
import { Command } from 'commander';
import { migrate } from '../db/system/migration';
import { readSettings } from './settings';

export function migrateCommand(): Command {
  return new Command('migrate')
    .description('Migrate the database to the current schema. Safe to repeat, and to run by several processes at once.')
    .action(async () => {
      const { config } = readSettings(process.env);
      const applied = await migrate(config.databaseUrl);
      if (applied.length === 0) console.log('The database already has the current schema.');
      for (const migration of applied) console.log(`Applied ${migration}.`);
    });
}
