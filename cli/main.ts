#!/usr/bin/env node
/** `covenant …`: the command line of operators. An expected failure is one sentence on standard error and the exit code 1. */
import { Command } from 'commander';
import { version } from '../package.json';

/* eslint-disable @typescript-eslint/no-require-imports -- an import would load every file always, and `import()` needs file extensions */

/**
 * The commands in the order in which the help lists them. Only the file of the command that runs is loaded: Temporal's client, which
 * most of them do not need, takes more than half of the time in which a command starts.
 */
const COMMANDS: Readonly<Record<string, () => Command>> = {
  migrate: () => (require('./migrate') as typeof import('./migrate')).migrateCommand(),
  admin: () => (require('./admin') as typeof import('./admin')).adminCommand(),
  import: () => (require('./import') as typeof import('./import')).importCommand(),
  people: () => (require('./people') as typeof import('./people')).peopleCommand(),
  keys: () => (require('./keys') as typeof import('./keys')).keysCommand(),
  'search-attributes': () =>
    (require('./search-attributes') as typeof import('./search-attributes')).searchAttributesCommand(),
  doctor: () => (require('./doctor') as typeof import('./doctor')).doctorCommand(),
};

async function main(): Promise<void> {
  const program = new Command('covenant')
    .description(
      'Operate Covenant. Settings come from the environment (docs/configuration.md) or, without DATABASE_URL, from the stack of `npm run dev`.',
    )
    .version(version);
  for (const load of commandsFor(process.argv[2])) program.addCommand(load());
  showHintAfterErrors(program);
  await program.parseAsync();
}

/** The named command alone, or all commands when the first argument names none: the help and errors then list all of them. */
function commandsFor(argument = ''): (() => Command)[] {
  const named = Object.hasOwn(COMMANDS, argument) ? COMMANDS[argument] : undefined;
  return named === undefined ? Object.values(COMMANDS) : [named];
}

/** A command that is added to another one does not inherit this setting. */
function showHintAfterErrors(command: Command): void {
  command.showHelpAfterError('(use --help to see the usage)');
  command.commands.forEach(showHintAfterErrors);
}

main().catch((error: unknown) => {
  const { errorSentence } = require('./failure') as typeof import('./failure');
  console.error(errorSentence(error));
  process.exitCode = 1;
});
