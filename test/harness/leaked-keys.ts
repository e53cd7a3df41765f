/**
 * No log and no output of a process may contain an API key, whole or cut off. The log of every API that the harness starts comes here,
 * and so does the output of its processes: the test in which one of them contains a key fails.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { containsApiKey } from '../../domain/access/api-key';
import { createLog } from '../../log';
import type { Logger } from '../../log';

/** Characters of a leak that the failure shows. */
const SHOWN_CHARS_MAX = 500;

/** The log lines of the current test that contain a key. */
const leaked: string[] = [];

afterEach(() => {
  const lines = leaked.splice(0);
  if (lines.length > 0) throw new Error(`${lines.length} log lines contain an API key: ${shown(lines.join(''))}`);
});

/** A log that writes nothing, and examines each line down to the lowest level. */
export function createExaminedLog(): Logger {
  return createLog('test', 'trace', {
    write(line: string) {
      if (containsApiKey(line)) leaked.push(line);
    },
  });
}

/** Throws when the output of a process contains an API key. */
export function expectNoApiKey(output: string, what: string): void {
  const line = output.split('\n').find(containsApiKey);
  if (line !== undefined) throw new Error(`${what} contains an API key: ${shown(line)}`);
}

/** Throws when a file in a directory of logs contains an API key. */
export function expectNoApiKeyInLogs(directory: string): void {
  for (const file of readdirSync(directory)) expectNoApiKey(readFileSync(join(directory, file), 'utf8'), file);
}

function shown(text: string): string {
  return text.slice(0, SHOWN_CHARS_MAX);
}
