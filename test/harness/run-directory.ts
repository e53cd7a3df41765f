/**
 * A directory for one test run's files. What a killed run left is removed by the next one.
 */
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identifyProcess, isRunning, type ProcessIdentity } from '../../dev/process-identity';

const PREFIX = 'covenant-test-';
const OWNER_FILE = 'owner.json';

/** Linux keeps these files in memory. A database is cloned and removed there in half the time and with a third of the computing. */
const IN_MEMORY = '/dev/shm';
/** What a whole run needs at most; containers often have 64 MiB there. */
const IN_MEMORY_FREE_BYTES = 6 * 1024 ** 3;

/** Makes an empty directory (but for the mark of its owner), which everyone may pass through and none may list. */
export function makeRunDirectory(kind: string): string {
  removeThoseOfKilledRuns();
  const directory = mkdtempSync(join(hasRoom(IN_MEMORY) ? IN_MEMORY : tmpdir(), `${PREFIX}${kind}-`));
  // As root, Postgres runs as another user, who must pass through here.
  chmodSync(directory, 0o711);
  const mark = join(directory, OWNER_FILE);
  writeFileSync(`${mark}.new`, JSON.stringify(identifyProcess(process.pid)));
  renameSync(`${mark}.new`, mark);
  return directory;
}

function removeThoseOfKilledRuns(): void {
  for (const parent of [tmpdir(), IN_MEMORY]) {
    for (const name of existsSync(parent) ? readdirSync(parent) : []) {
      const directory = join(parent, name);
      if (name.startsWith(PREFIX) && isAbandoned(directory)) rmSync(directory, { recursive: true, force: true });
    }
  }
}

function hasRoom(directory: string): boolean {
  if (!existsSync(directory)) return false;
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize >= IN_MEMORY_FREE_BYTES;
}

/** A directory without a mark belongs to a run that is just making it. */
function isAbandoned(directory: string): boolean {
  try {
    return !isRunning(JSON.parse(readFileSync(join(directory, OWNER_FILE), 'utf8')) as ProcessIdentity);
  } catch {
    return false;
  }
}
