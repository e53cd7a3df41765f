/**
 * The command line of a script or a process: `--help` says what it does, and an argument that it does not know ends it
 * before it has done anything.
 */
import { Command } from 'commander';

/** A command without options of its own; the caller adds some, and then parses. `name` is how a user calls it. */
export function commandLine(name: string, description: string): Command {
  return new Command(name).description(description).showHelpAfterError('(add --help for what is possible)');
}

/** Parses the arguments of a process that takes none but `--help`. */
export function parseNoArguments(name: string, description: string): void {
  commandLine(name, description).parse();
}
