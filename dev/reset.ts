/**
 * `npm run dev:reset`: removes the data directory, so that the next `npm run dev` starts afresh. Refuses while it is used.
 */
import { existsSync, readdirSync, rmSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadStackConfig } from '../config';
import { endLeftovers } from './leftovers';
import { DataDirLockedError, lockDataDir } from './lock';
import { SECRETS_FILE } from './secrets';

void reset(loadStackConfig(process.env).dataDir);

async function reset(dataDir: string): Promise<void> {
  if (!existsSync(dataDir)) return say(`There is nothing to remove: ${dataDir} does not exist.`);
  if (!existsSync(join(dataDir, SECRETS_FILE)) && readdirSync(dataDir).length > 0) {
    return refuse(`${dataDir} was not made by Covenant and is left as it is.`);
  }
  try {
    const lock = lockDataDir(dataDir);
    await endLeftovers(dataDir);
    // The lock goes last: until then no stack can start in here. The secrets go before it: they mark what is ours.
    const others = readdirSync(dataDir).filter((name) => !name.startsWith('stack.lock') && name !== SECRETS_FILE);
    for (const name of [...others, SECRETS_FILE]) rmSync(join(dataDir, name), { recursive: true, force: true });
    lock.release();
    rmdirSync(dataDir);
    say(`Removed ${dataDir}.`);
  } catch (error) {
    if (!(error instanceof DataDirLockedError)) throw error;
    refuse(`${dataDir} is in use by process ${error.pid}; stop it first.`);
  }
}

function refuse(sentence: string): void {
  say(sentence);
  process.exitCode = 1;
}

function say(sentence: string): void {
  process.stdout.write(`${sentence}\n`);
}
