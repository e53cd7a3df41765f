/** The error for search attributes that Covenant cannot repair by itself, with the commands that an administrator runs. */
import type { SearchAttributeHealth } from './search-attributes';

/** The commands that repair attributes, one in each entry. */
export interface SearchAttributeRemedy {
  /** With the `temporal` command line, on a self-hosted server. */
  self_hosted: string[];
  /** With `tcld`, on Temporal Cloud, where attributes can be renamed but not removed. */
  cloud: string[];
}

/** Search attributes are missing and this process may not add them, or they have another type. The message is for operators. */
export class SearchAttributeProblem extends Error {
  /** The problem in one sentence. */
  readonly finding: string;
  readonly remedy: SearchAttributeRemedy;

  constructor(namespace: string, attributes: SearchAttributeHealth[], options?: ErrorOptions) {
    const finding = findingOf(namespace, attributes);
    const remedy = remedyOf(namespace, attributes);
    super(`${finding} ${remedySentence(remedy)}`, options);
    this.name = 'SearchAttributeProblem';
    this.finding = finding;
    this.remedy = remedy;
  }
}

/** The commands for attributes that are missing or have another type. */
export function remedyOf(namespace: string, attributes: SearchAttributeHealth[]): SearchAttributeRemedy {
  const mistyped = attributes.filter(({ state }) => state === 'mistyped').map(({ name }) => name);
  const temporal = `temporal operator search-attribute`;
  const tcld = `tcld namespace search-attributes`;
  return {
    self_hosted: [
      ...mistyped.map((name) => `${temporal} remove --namespace ${namespace} --name ${name}`),
      ...attributes.map(
        (each) => `${temporal} create --namespace ${namespace} --name ${each.name} --type ${typeOf(each)}`,
      ),
    ],
    cloud: [
      ...mistyped.map(
        (name) => `${tcld} rename --namespace ${namespace} --existing-name ${name} --new-name ${name}Before`,
      ),
      `${tcld} add --namespace ${namespace} ${attributes.map((each) => `--sa "${each.name}=${typeOf(each)}"`).join(' ')}`,
    ],
  };
}

function findingOf(namespace: string, attributes: SearchAttributeHealth[]): string {
  const names = attributes.map(({ name, wanted, found }) =>
    found === undefined ? `${name} (${wanted})` : `${name} (${found}, not ${wanted})`,
  );
  const problem = attributes.some(({ found }) => found !== undefined)
    ? `have another type than Covenant needs`
    : `are missing, and this process may not add them`;
  return `Search attributes of the namespace ${namespace} ${problem}: ${names.join(', ')}.`;
}

/** The commands in one sentence. */
export function remedySentence({ self_hosted, cloud }: SearchAttributeRemedy): string {
  const commands = (lines: string[]): string => lines.map((line) => `\`${line}\``).join(', ');
  return `An administrator runs ${commands(self_hosted)}; on Temporal Cloud ${commands(cloud)}, or uses its web page.`;
}

/** `KEYWORD_LIST` as `KeywordList`, the form of types in both command lines. */
function typeOf({ wanted }: SearchAttributeHealth): string {
  return wanted.toLowerCase().replace(/(?:^|_)(.)/g, (_, letter: string) => letter.toUpperCase());
}
