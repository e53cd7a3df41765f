/** A search attribute that Covenant cannot put right by itself, with what an administrator of the namespace does about it. */
import type { SearchAttributeHealth } from './search-attributes';

/** The commands that put attributes right, one a line. */
export interface SearchAttributeRemedy {
  /** With Temporal's own command line, on a server of one's own. */
  self_hosted: string[];
  /** With the command line of Temporal Cloud, where attributes are renamed and never removed. */
  cloud: string[];
}

/** Search attributes are missing and may not be added by this process, or they have another type. The message is for operators. */
export class SearchAttributeProblem extends Error {
  /** What is wrong, in a sentence. */
  readonly finding: string;
  readonly remedy: SearchAttributeRemedy;

  constructor(namespace: string, attributes: SearchAttributeHealth[], options?: ErrorOptions) {
    const finding = sentenceOf(namespace, attributes);
    const remedy = remedyOf(namespace, attributes);
    super(`${finding} ${howTo(remedy)}`, options);
    this.name = 'SearchAttributeProblem';
    this.finding = finding;
    this.remedy = remedy;
  }
}

/** What an administrator does about attributes that are missing or have another type. */
export function remedyOf(namespace: string, attributes: SearchAttributeHealth[]): SearchAttributeRemedy {
  const wrong = attributes.filter(({ state }) => state === 'mistyped').map(({ name }) => name);
  const local = `temporal operator search-attribute`;
  const hosted = `tcld namespace search-attributes`;
  return {
    self_hosted: [
      ...wrong.map((name) => `${local} remove --namespace ${namespace} --name ${name}`),
      ...attributes.map(
        (each) => `${local} create --namespace ${namespace} --name ${each.name} --type ${typeOf(each)}`,
      ),
    ],
    cloud: [
      ...wrong.map(
        (name) => `${hosted} rename --namespace ${namespace} --existing-name ${name} --new-name ${name}Before`,
      ),
      `${hosted} add --namespace ${namespace} ${attributes.map((each) => `--sa "${each.name}=${typeOf(each)}"`).join(' ')}`,
    ],
  };
}

function sentenceOf(namespace: string, attributes: SearchAttributeHealth[]): string {
  const told = attributes.map(({ name, wanted, found }) =>
    found === undefined ? `${name} (${wanted})` : `${name} (${found}, not ${wanted})`,
  );
  const what = attributes.some(({ found }) => found !== undefined)
    ? `have another type than Covenant needs`
    : `are missing, and this process may not add them`;
  return `Search attributes of the namespace ${namespace} ${what}: ${told.join(', ')}.`;
}

/** The remedy in one sentence. */
export function howTo({ self_hosted, cloud }: SearchAttributeRemedy): string {
  const commands = (lines: string[]): string => lines.map((line) => `\`${line}\``).join(', ');
  return `An administrator runs ${commands(self_hosted)}; on Temporal Cloud ${commands(cloud)}, or uses its web page.`;
}

/** `KEYWORD_LIST` as `KeywordList`, the way both command lines spell types. */
function typeOf({ wanted }: SearchAttributeHealth): string {
  return wanted.toLowerCase().replace(/(?:^|_)(.)/g, (_, letter: string) => letter.toUpperCase());
}
