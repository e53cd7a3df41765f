/**
 * Recorded workflow histories: where they lie, and what a replay needs of them.
 *
 * They stand for the runs that are open in some installation when new code is deployed: code that cannot replay them would
 * leave those runs stuck. A changed workflow gets a new recording beside the old one; an old one goes only when no such run
 * can be open any more (npm run record-histories).
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import type { History } from '@temporalio/common/lib/proto-utils';

const HISTORIES = join(__dirname, '..', 'histories');

/** One recorded run. Histories do not hold the id of their workflow, so it stands beside. */
export interface RecordedHistory {
  /** `contractLifecycle/at-rest`: the type of the workflow and the case. */
  name: string;
  workflow_id: string;
  /** The history in Temporal's own JSON form. */
  history: unknown;
}

/** Every recording, by name. */
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

/** Writes one recording, without the names of processes and machines and without the place of the checkout. */
export async function saveHistory(name: string, workflow_id: string, history: History): Promise<void> {
  const file = join(HISTORIES, `${name}.json`);
  const text = JSON.stringify({ workflow_id, history: JSON.parse(historyToJSON(history)) as unknown });
  const anonymous = text.replace(/\d+@[\w.-]+/g, 'covenant').replaceAll(`${process.cwd()}/`, '');
  const { format } = await import('prettier');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, await format(anonymous, { parser: 'json', printWidth: 120 }));
}
