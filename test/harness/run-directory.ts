/**
 * A directory for the files of one test run. The next run removes what a killed run left.
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

/**
 * Linux keeps these files in memory. Cloning and dropping a database there takes half the time and a third of the CPU.
 */
const IN_MEMORY = '/dev/shm';
/** The most that a whole run needs. Containers often have 64 MiB there. */
const IN_MEMORY_FREE_BYTES = 6 * 1024 ** 3;

/** Creates a directory with only the file that names its owner. Other users can traverse it but not list it. */
export function makeRunDirectory(kind: string): string {
  removeAbandonedDirectories();
  const directory = mkdtempSync(join(hasSpace(IN_MEMORY) ? IN_MEMORY : tmpdir(), `${PREFIX}${kind}-`));
  // As root, Postgres runs as another user, which must be able to traverse this directory.
  chmodSync(directory, 0o711);
  const ownerFile = join(directory, OWNER_FILE);
  writeFileSync(`${ownerFile}.new`, JSON.stringify(identifyProcess(process.pid)));
  renameSync(`${ownerFile}.new`, ownerFile);
  return directory;
}

function removeAbandonedDirectories(): void {
  for (const parent of [tmpdir(), IN_MEMORY]) {
    for (const name of existsSync(parent) ? readdirSync(parent) : []) {
      const directory = join(parent, name);
      if (name.startsWith(PREFIX) && isAbandoned(directory)) rmSync(directory, { recursive: true, force: true });
    }
  }
}

function hasSpace(directory: string): boolean {
  if (!existsSync(directory)) return false;
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize >= IN_MEMORY_FREE_BYTES;
}

/** A directory without an owner file belongs to a run that is just creating it. */
function isAbandoned(directory: string): boolean {
  try {
    return !isRunning(JSON.parse(readFileSync(join(directory, OWNER_FILE), 'utf8')) as ProcessIdentity);
  } catch {
    return false;
  }
}
