/** `covenant search-attributes`: gives a Temporal namespace what Covenant needs. Safe to repeat. */
import { Command } from 'commander';
import { openTemporal } from '../temporal/connection';
import { findServerVersion } from '../temporal/health';
import { setUpTemporal } from '../temporal/setup';
import { taskQueues } from '../temporal/task-queues';
import { readSettings } from './settings';

/** For the whole command; a server needs a second or two for six new attributes. */
const TIMEOUT_MS = 30_000;

export function searchAttributesCommand(): Command {
  return new Command('search-attributes')
    .description('Register the search attributes and the schedule of the sweep with Temporal. Safe to repeat.')
    .action(async () => {
      const { config } = readSettings(process.env);
      const client = openTemporal(config);
      try {
        // Fails sooner than the set-up would, whose calls are tried again and again.
        await findServerVersion(client);
        const added = await client.withDeadline(Date.now() + TIMEOUT_MS, () =>
          setUpTemporal(client, taskQueues(config.taskQueuePrefix)),
        );
        const where = `the namespace ${config.temporalNamespace} at ${config.temporalAddress}`;
        if (added.search_attributes.length === 0 && !added.schedule) console.log(`Nothing was missing in ${where}.`);
        else console.log(`In ${where}:`);
        for (const name of added.search_attributes) console.log(`  added the search attribute ${name}`);
        if (added.schedule) console.log('  added the schedule of the sweep, each minute');
      } finally {
        await client.connection.close();
      }
    });
}
