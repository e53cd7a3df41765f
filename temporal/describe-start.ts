/**
 * Describes the start of a workflow for operators: one line with the title of its subject, and links to the subject in the API.
 *
 * Only a workflow that really starts keeps the description, and a starter does not know whether it will. So the titles are read for
 * every start. A start does not depend on them: without a title it names its subject by id.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { contractTitle, shownName } from '../domain/base/operator-text';
import type { ContractTitle } from '../domain/base/operator-text';

/** How long a start waits for titles; its wake-up is more important. */
const TITLES_TIMEOUT_MS = 500;

/** Reads titles by id; subjects that do not exist are missing from the result. */
type FindTitles<Title> = (ids: readonly string[]) => Promise<Map<string, Title>>;

export interface Titles {
  contracts: FindTitles<ContractTitle>;
  jobs: FindTitles<{ requested: number; contract_id: string; contract: ContractTitle }>;
  /** The names of test clocks. */
  testClocks: FindTitles<string>;
}

/** What the Temporal UI shows; both texts are Markdown. */
export interface StartDescription {
  /** Absent when the subject has no title: then the start names its id. */
  staticSummary?: string;
  staticDetails: string;
}

/** Returns a function that describes the start of any of these ids. Never throws. */
type Describe = (ids: readonly string[]) => Promise<(id: string) => StartDescription>;

export interface StartDescriber {
  contracts: Describe;
  jobs: Describe;
  testClocks: Describe;
}

export interface StartDescriberOptions {
  /** The origin of the API (`COVENANT_PUBLIC_URL`). */
  publicUrl: string;
  /** Absent when Temporal must not show names (`TEMPORAL_SHOW_NAMES`): then nothing is read. */
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
      const found = find === undefined || ids.length === 0 ? undefined : await withinTimeout(find(ids));
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

/** The result if it arrives in time; undefined when it does not or when the read fails. */
async function withinTimeout<T>(reading: Promise<T>): Promise<T | undefined> {
  const finished = new AbortController();
  try {
    return await Promise.race([reading, sleep(TITLES_TIMEOUT_MS, undefined, { signal: finished.signal })]);
  } catch {
    return undefined;
  } finally {
    finished.abort();
  }
}
