/**
 * What a start says to operators: one line that names the subject, and links to it in the API.
 *
 * Only what really starts keeps it, and no starter knows whether it does: so the titles are read for each start. A start
 * does not depend on them: without titles it names its subject by id.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { contractTitle, shownName } from '../domain/base/operator-text';
import type { ContractTitle } from '../domain/base/operator-text';

/** How long a start waits for titles; the wake-up that it carries matters more. */
const TITLES_TIMEOUT_MS = 500;

/** Reads titles by id, for as many subjects as there are. */
type FindTitles<Title> = (ids: readonly string[]) => Promise<Map<string, Title>>;

export interface Titles {
  contracts: FindTitles<ContractTitle>;
  jobs: FindTitles<{ requested: number; contract_id: string; contract: ContractTitle }>;
  /** Their names. */
  testClocks: FindTitles<string>;
}

/** As the UI of Temporal shows it; both are Markdown. */
export interface StartDescription {
  /** Absent when the subject has no title: the start then names its id. */
  staticSummary?: string;
  staticDetails: string;
}

/** Answers, for any of the ids that were given, how its start is described. Never throws. */
type Describe = (ids: readonly string[]) => Promise<(id: string) => StartDescription>;

export interface StartDescriber {
  contracts: Describe;
  jobs: Describe;
  testClocks: Describe;
}

export interface StartDescriberOptions {
  /** The origin of the API (`COVENANT_PUBLIC_URL`). */
  publicUrl: string;
  /** Left out where names must not stand in Temporal (`TEMPORAL_SHOW_NAMES`): then nothing is read. */
  titles?: Titles | undefined;
}

export function createStartDescriber({ publicUrl, titles }: StartDescriberOptions): StartDescriber {
  const link = (text: string, path: string): string => `[${text}](${publicUrl}/api/v1${path})`;
  const contractLinks = (id: string): string[] => [
    link('Contract', `/contracts/${id}`),
    link('activity', `/contracts/${id}/activity`),
    link('timeline', `/contracts/${id}/timeline`),
    link('jobs', `/jobs?contract_id=${id}`),
  ];

  function describeBy<Title>(
    find: FindTitles<Title> | undefined,
    describe: (id: string, title: Title | undefined) => StartDescription,
  ): Describe {
    return async (ids) => {
      const found = find === undefined || ids.length === 0 ? undefined : await inTime(find(ids));
      return (id) => describe(id, found?.get(id));
    };
  }

  return {
    contracts: describeBy(titles?.contracts, (id, title) => ({
      ...(title === undefined ? {} : { staticSummary: contractTitle(title) }),
      staticDetails: contractLinks(id).join(' · '),
    })),
    jobs: describeBy(titles?.jobs, (id, title) => ({
      ...(title === undefined
        ? {}
        : { staticSummary: `${title.requested} licenses: ${contractTitle(title.contract)}` }),
      staticDetails: [
        link('Generation job', `/jobs/${id}`),
        ...(title === undefined ? [] : contractLinks(title.contract_id)),
      ].join(' · '),
    })),
    testClocks: describeBy(titles?.testClocks, (id, name) => ({
      ...(name === undefined ? {} : { staticSummary: `Test clock: ${shownName(name)}` }),
      staticDetails: link('Test clock', `/test-clocks/${id}`),
    })),
  };
}

/** What was read within the limit; undefined when it takes longer or fails. */
async function inTime<T>(reading: Promise<T>): Promise<T | undefined> {
  const enough = new AbortController();
  try {
    return await Promise.race([reading, sleep(TITLES_TIMEOUT_MS, undefined, { signal: enough.signal })]);
  } catch {
    return undefined;
  } finally {
    enough.abort();
  }
}
