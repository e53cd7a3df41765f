/** `covenant search-attributes`: sets up a Temporal namespace for Covenant. Safe to repeat. */
import { Command } from 'commander';
import { openTemporal } from '../temporal/connection';
import { findServerVersion } from '../temporal/health';
import { remedyOf, SearchAttributeProblem } from '../temporal/search-attribute-problem';
import type { SearchAttributeRemedy } from '../temporal/search-attribute-problem';
import { setUpTemporal } from '../temporal/setup';
import type { SetUp } from '../temporal/setup';
import { taskQueues } from '../temporal/task-queues';
import { CommandFailure } from './command-failure';
import { readSettings } from './settings';

/** The timeout of the whole command. A server needs a second or two to add all attributes. */
const TIMEOUT_MS = 30_000;

export function searchAttributesCommand(): Command {
  return new Command('search-attributes')
    .description('Register the search attributes and the schedule of the sweep with Temporal. Safe to repeat.')
    .action(async () => {
      const { config } = readSettings(process.env);
      const client = openTemporal(config);
      try {
        // Fails fast when the server cannot be reached; the calls of the set-up are retried.
        await findServerVersion(client);
        const setUp = await client.withDeadline(Date.now() + TIMEOUT_MS, () =>
          setUpTemporal(client, taskQueues(config.taskQueuePrefix)),
        );
        report(setUp, `the namespace ${config.temporalNamespace} at ${config.temporalAddress}`);
        const unknown = setUp.search_attributes.filter(({ state }) => state === 'unknown');
        if (unknown.length === 0) return;
        console.log('  not checked, because this client has no permission to list search attributes:');
        console.log(`    ${unknown.map(({ name }) => name).join(', ')}`);
        console.log(`  An administrator of the namespace can add the missing ones:`);
        console.log(commandsOf(remedyOf(config.temporalNamespace, unknown)));
      } catch (error) {
        throw withAdminCommands(error);
      } finally {
        await client.connection.close();
      }
    });
}

function report({ added, schedule, search_attributes }: SetUp, where: string): void {
  if (added.length > 0 || schedule) console.log(`In ${where}:`);
  else if (search_attributes.every(({ state }) => state === 'registered'))
    console.log(`Nothing was missing in ${where}.`);
  else console.log(`Nothing was added in ${where}:`);
  for (const name of added) console.log(`  added the search attribute ${name}`);
  if (schedule) console.log('  added the schedule of the sweep, each minute');
}

/** Adds the commands for an administrator to the error about search attributes that this process may not add. */
function withAdminCommands(error: unknown): unknown {
  if (error instanceof SearchAttributeProblem)
    return new CommandFailure(
      `${error.finding}\nAn administrator of the namespace can run:\n${commandsOf(error.remedy)}`,
    );
  return error;
}

function commandsOf({ self_hosted, cloud }: SearchAttributeRemedy): string {
  const indented = (lines: string[]): string => lines.map((line) => `    ${line}`).join('\n');
  return `  on a self-hosted server\n${indented(self_hosted)}\n  on Temporal Cloud, or in its web UI\n${indented(cloud)}`;
}
