/**
 * `npm run dev:reset` removes the data directory, so that the next `npm run dev` starts with an empty one. It asks for
 * confirmation, requires `--yes` without a terminal, and refuses while a stack uses the directory.
 */
import { existsSync, readdirSync, rmSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { commandLine } from '../command-line';
import { loadStackConfig } from '../config';
import { endOrphanedProcesses } from './orphaned-processes';
import { DataDirLockedError, lockDataDir } from './lock';
import { SECRETS_FILE } from './secrets';

void main();

async function main(): Promise<void> {
  const { yes } = commandLine(
    'npm run dev:reset --',
    'Remove the data of `npm run dev`: database, workflows, mails, logs and keys in .covenant/ (COVENANT_DATA_DIR).',
  )
    .option('--yes', 'do not ask')
    .parse()
    .opts<{ yes?: true }>();
  const { dataDir } = loadStackConfig(process.env);
  if (!existsSync(dataDir)) return print(`Nothing to remove: ${dataDir} does not exist.`);
  if (!existsSync(join(dataDir, SECRETS_FILE)) && readdirSync(dataDir).length > 0) {
    return printFailure(`${dataDir} was not created by Covenant and is not changed.`);
  }
  if (yes || (await confirm(dataDir))) await reset(dataDir);
}

/** Asks for confirmation at the terminal. Without a terminal, prints which option to add. */
async function confirm(dataDir: string): Promise<boolean> {
  if (!process.stdin.isTTY) {
    printFailure(`This removes ${dataDir} with all its data. To confirm, run: npm run dev:reset -- --yes`);
    return false;
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(`Remove ${dataDir} with all its data? [y/N] `);
  terminal.close();
  if (/^y(es)?$/i.test(answer.trim())) return true;
  printFailure('Nothing was removed.');
  return false;
}

async function reset(dataDir: string): Promise<void> {
  try {
    const lock = lockDataDir(dataDir);
    await endOrphanedProcesses(dataDir);
    // The lock is removed last: until then no stack can start here. The secrets file is removed before it, because its
    // presence marks a directory that Covenant created.
    const others = readdirSync(dataDir).filter((name) => !name.startsWith('stack.lock') && name !== SECRETS_FILE);
    for (const name of [...others, SECRETS_FILE]) rmSync(join(dataDir, name), { recursive: true, force: true });
    lock.release();
    rmdirSync(dataDir);
    print(`Removed ${dataDir}.`);
  } catch (error) {
    if (!(error instanceof DataDirLockedError)) throw error;
    printFailure(`${dataDir} is in use by process ${error.pid}; stop it first.`);
  }
}

function printFailure(sentence: string): void {
  print(sentence);
  process.exitCode = 1;
}

function print(sentence: string): void {
  process.stdout.write(`${sentence}\n`);
}
