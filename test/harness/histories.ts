/**
 * Reads and writes recorded workflow histories.
 *
 * They represent the runs that are open in an installation when new code is deployed: code that cannot replay them leaves those runs
 * stuck. A changed workflow gets a new recording next to the old one. An old recording is deleted only when no run of its kind can be
 * open any more (npm run record-histories).
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import type { History } from '@temporalio/common/lib/proto-utils';

const HISTORIES = join(__dirname, '..', 'histories');

/** One recorded run. The history itself does not contain the id of its workflow. */
export interface RecordedHistory {
  /** `contractLifecycle/at-rest`: the workflow type and the case. */
  name: string;
  workflow_id: string;
  /** The history in Temporal's JSON format. */
  history: unknown;
}

/** Loads all recordings, sorted by name. */
export function loadHistories(): RecordedHistory[] {
  return readdirSync(HISTORIES, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => readdirSync(join(HISTORIES, name)).map((file) => `${name}/${file}`))
    .sort()
    .map((file) => {
      const { workflow_id, history } = JSON.parse(readFileSync(join(HISTORIES, file), 'utf8')) as Omit<
        RecordedHistory,
        'name'
      >;
      return { name: file.replace(/\.json$/, ''), workflow_id, history };
    });
}

/** Writes one recording, without the names of processes and machines and without the path of the checkout. */
export async function saveHistory(name: string, workflow_id: string, history: History): Promise<void> {
  const file = join(HISTORIES, `${name}.json`);
  const text = JSON.stringify({ workflow_id, history: JSON.parse(historyToJSON(history)) as unknown });
  const anonymous = text.replace(/\d+@[\w.-]+/g, 'covenant').replaceAll(`${process.cwd()}/`, '');
  const { format } = await import('prettier');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, await format(anonymous, { parser: 'json', printWidth: 120 }));
}
