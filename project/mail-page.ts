/**
 * Generates the table of docs/mail.md: every kind of mail with its occasion and its recipients, from domain/notification/kind.ts. The rest of
 * the page is written by hand. `--check` writes nothing and fails when the table is not up to date.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandLine } from '../command-line';
import { KIND_NAMES, NOTIFICATION_KINDS } from '../domain/notification/kind';
import type { NotificationKind } from '../domain/notification/kind';

export const MAIL_PAGE = join(__dirname, '../docs/mail.md');

const BEGIN =
  '<!-- Written by `npm run generate` from domain/notification/kind.ts. -->\n<!-- prettier-ignore-start -->\n';
const END = '<!-- prettier-ignore-end -->';

/** Returns the page on disk with a new table. */
export function mailPage(): string {
  const page = readFileSync(MAIL_PAGE, 'utf8');
  const [head, table] = page.split(BEGIN);
  const rest = table?.split(END)[1];
  if (rest === undefined) throw new Error('docs/mail.md does not have the marks of its table');
  return `${head}${BEGIN}\n${kindTable()}\n\n${END}${rest}`;
}

function kindTable(): string {
  const rows = KIND_NAMES.map((kind) => {
    const { when, events, to, is_optional, may_wait }: NotificationKind = NOTIFICATION_KINDS[kind];
    const cells = [
      `\`${kind}\``,
      when,
      to.map((role) => `\`${role}\``).join(', '),
      events.map((type) => `\`${type}\``).join(', '),
      is_optional ? 'yes' : '',
      may_wait ? 'yes' : '',
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    '| kind | when | to | events | can be unsubscribed | may wait for the digest |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

function main(): void {
  const { check } = commandLine('mail-page', 'Write the table of docs/mail.md from domain/notification/kind.ts.')
    .option('--check', 'write nothing, and fail when the table differs')
    .parse()
    .opts<{ check?: true }>();
  const page = mailPage();
  if (!check) {
    writeFileSync(MAIL_PAGE, page);
    return;
  }
  if (readFileSync(MAIL_PAGE, 'utf8') === page) return;
  console.error('docs/mail.md does not match domain/notification/kind.ts: run `npm run generate`.');
  process.exitCode = 1;
}

if (require.main === module) main();
