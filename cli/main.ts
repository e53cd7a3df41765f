#!/usr/bin/env node
/** `covenant …`: the command line of operators. An expected failure is one sentence on standard error and the exit code 1. */
import { Command } from 'commander';
import { version } from '../package.json';
import { adminCommand } from './admin';
import { doctorCommand } from './doctor';
import { errorSentence } from './failure';
import { migrateCommand } from './migrate';
import { peopleCommand } from './people';
import { searchAttributesCommand } from './search-attributes';

async function main(): Promise<void> {
  const program = new Command('covenant')
    .description(
      'Operate Covenant. Settings come from the environment (docs/configuration.md) or, without DATABASE_URL, from the stack of `npm run dev`.',
    )
    .version(version);
  for (const command of [
    migrateCommand(),
    adminCommand(),
    peopleCommand(),
    searchAttributesCommand(),
    doctorCommand(),
  ]) {
    program.addCommand(command);
  }
  showHintAfterErrors(program);
  await program.parseAsync();
}

/** A command that is added to another one does not inherit this setting. */
function showHintAfterErrors(command: Command): void {
  command.showHelpAfterError('(use --help to see the usage)');
  command.commands.forEach(showHintAfterErrors);
}

main().catch((error: unknown) => {
  console.error(errorSentence(error));
  process.exitCode = 1;
});
