/** `covenant migrate`: brings the database to the current schema. Safe to run at every deployment, also at the same time. */
import { Command } from 'commander';
import { migrate } from '../db/system/migration';
import { readSettings } from './settings';

export function migrateCommand(): Command {
  return new Command('migrate')
    .description('Bring the database to the current schema. Safe to repeat, and to run from several places at once.')
    .action(async () => {
      const { config } = readSettings(process.env);
      const applied = await migrate(config.databaseUrl);
      if (applied.length === 0) console.log('The database is at the current schema already.');
      for (const migration of applied) console.log(`Applied ${migration}.`);
    });
}
