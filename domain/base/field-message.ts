/**
 * What is wrong with a field of a request or a message, as the end of a sentence whose subject is the field: "must be a string".
 *
 * The schemas are those of zod, whose own texts are for developers. Messages that a schema declares itself are kept.
 */
import type { z } from 'zod';

type Issue = z.core.$ZodRawIssue;
type IssueOf<Code extends Issue['code']> = Extract<Issue, { code: Code }>;

/** The types of JSON, and the whole numbers among its numbers. */
const TYPES: Partial<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'an array',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

const FORMATS: Partial<Record<string, string>> = {
  uuid: 'a UUID',
  date: 'a date, such as 2027-02-01',
  datetime: 'a date and time, such as 2027-02-01T00:00:00.000Z',
  email: 'an email address',
  url: 'a URL',
};

/** What a size counts, in the singular. */
const UNITS: Partial<Record<string, string>> = { string: 'character', array: 'item' };

/** The message of an issue, for the parameter `error` of a parse call; undefined for a kind of issue that has only zod's text. */
export function fieldMessage(issue: Issue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? REQUIRED : mustBe(TYPES[issue.expected]);
    case 'invalid_value':
      return issue.input === undefined ? REQUIRED : valueMessage(issue.values);
    case 'too_small':
      return limitMessage(issue, issue.minimum, issue.inclusive === false ? 'more than' : 'at least');
    case 'too_big':
      return limitMessage(issue, issue.maximum, issue.inclusive === false ? 'less than' : 'at most');
    case 'invalid_format':
      return formatMessage(issue);
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'unrecognized_keys':
      return 'is not a field of this request';
    case 'invalid_union':
      return unionMessage(issue);
    default:
      return undefined;
  }
}

const REQUIRED = 'is required';

function mustBe(what: string | undefined): string | undefined {
  return what === undefined ? undefined : `must be ${what}`;
}

function valueMessage(values: IssueOf<'invalid_value'>['values']): string {
  const [first, ...others] = values;
  if (others.length > 0) return `must be one of: ${values.map(String).join(', ')}`;
  return `must be ${typeof first === 'string' ? `"${first}"` : String(first)}`;
}

function limitMessage(
  { origin, exact }: IssueOf<'too_small' | 'too_big'>,
  limit: number | bigint,
  relation: string,
): string | undefined {
  if (origin === 'number' || origin === 'int') return `must be ${relation} ${limit}`;
  const unit = UNITS[origin];
  if (unit === undefined) return undefined;
  return `must have ${exact === true ? 'exactly' : relation} ${limit} ${unit}${Number(limit) === 1 ? '' : 's'}`;
}

function formatMessage(issue: IssueOf<'invalid_format'>): string | undefined {
  if (issue.format === 'regex') return `must match the pattern ${String(issue.pattern)}`;
  return mustBe(FORMATS[issue.format]);
}

/**
 * Joins the branches of a union when each of them says what the whole value must be. Of one value or several of a list, the values are
 * named once.
 */
function unionMessage(issue: IssueOf<'invalid_union'>): string | undefined {
  if (issue.input === undefined) return REQUIRED;
  const firsts = issue.errors.map(([first]) => first?.message);
  const values = firsts.find((message) => message?.startsWith('must be one of: '));
  if (values !== undefined && firsts.every((message) => message === values || message === mustBe(TYPES.array)))
    return values;
  const branches = issue.errors.map(([first, ...others]) => {
    if (first === undefined || others.length > 0 || first.path.length > 0) return undefined;
    return /^must be (?!one of)(.*)$/.exec(first.message)?.[1];
  });
  if (branches.length === 0 || branches.includes(undefined)) return undefined;
  return `must be ${[...new Set(branches)].join(' or ')}`;
}
