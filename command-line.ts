/**
 * The command line of a script or a process: `--help` describes it, and an unknown argument stops it before it does anything.
 */
import { Command } from 'commander';

/** Creates a command without options. The caller adds options and then parses. `name` is the name for the user. */
export function commandLine(name: string, description: string): Command {
  return new Command(name).description(description).showHelpAfterError('(use --help to see the usage)');
}

/** Parses the arguments of a process that accepts only `--help`. */
export function parseNoArguments(name: string, description: string): void {
  commandLine(name, description).parse();
}
