/**
 * A directory for one test run's files. What a killed run left is removed by the next one.
 */
import { chmodSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identifyProcess, isRunning, type ProcessIdentity } from '../../dev/process-identity';

const PREFIX = 'covenant-test-';
const OWNER_FILE = 'owner.json';

/** Makes an empty directory (but for the mark of its owner), which everyone may pass through and none may list. */
export function makeRunDirectory(kind: string): string {
  removeThoseOfKilledRuns();
  const directory = mkdtempSync(join(tmpdir(), `${PREFIX}${kind}-`));
  // As root, Postgres runs as another user, who must pass through here.
  chmodSync(directory, 0o711);
  const mark = join(directory, OWNER_FILE);
  writeFileSync(`${mark}.new`, JSON.stringify(identifyProcess(process.pid)));
  renameSync(`${mark}.new`, mark);
  return directory;
}

function removeThoseOfKilledRuns(): void {
  for (const name of readdirSync(tmpdir())) {
    const directory = join(tmpdir(), name);
    if (name.startsWith(PREFIX) && isAbandoned(directory)) rmSync(directory, { recursive: true, force: true });
  }
}

/** A directory without a mark belongs to a run that is just making it. */
function isAbandoned(directory: string): boolean {
  try {
    return !isRunning(JSON.parse(readFileSync(join(directory, OWNER_FILE), 'utf8')) as ProcessIdentity);
  } catch {
    return false;
  }
}
