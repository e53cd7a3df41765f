/**
 * Generates docs/configuration.md from the table in config.ts, so that the page always matches the code. `--check`
 * writes nothing and fails when the page on disk is not up to date.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandLine } from '../command-line';
import { CLIENT_SETTINGS, SETTINGS, STACK_SETTINGS, type Setting } from '../config';

/** The path of the page. */
export const CONFIGURATION_PAGE = join(__dirname, '../docs/configuration.md');

const HEAD = `# Configuration

<!-- Written by \`npm run generate\` from config.ts. -->

Every setting is one environment variable. An empty variable counts as not set. A process with an invalid or missing setting does not
start. Its error message names each variable, its value (secrets are masked) and the allowed values.
`;

/** Returns the page as Markdown, with one section for the servers, one for commands and one for the embedded stack. */
export function configurationPage(): string {
  return [
    HEAD,
    '## API, worker and command line\n',
    table(Object.values(SETTINGS)),
    '\n## Commands that call the API (`covenant import`)\n',
    'They need no other settings than `COVENANT_PUBLIC_URL` and:\n',
    table(Object.values(CLIENT_SETTINGS)),
    '\n## Embedded stack (`npm run dev`)\n',
    'The stack sets all settings above for the processes that it starts. It reads `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_UI_URL` and:\n',
    table(Object.values(STACK_SETTINGS)),
    '',
  ].join('\n');
}

function table(settings: readonly Setting<unknown>[]): string {
  const head = ['| Variable | Meaning | Default | Allowed | Read by |', '| --- | --- | --- | --- | --- |'];
  return [...head, ...settings.map(row)].join('\n');
}

function row(setting: Setting<unknown>): string {
  const about = setting.secret ? `${setting.about} **Secret.**` : setting.about;
  const cells = [`\`${setting.env}\``, about, defaultCell(setting), setting.allowed, setting.usedBy.join(', ')];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function defaultCell(setting: Setting<unknown>): string {
  if (setting.default === 'required') return '**required**';
  if (setting.default === 'none') return 'none';
  return 'rule' in setting.default ? setting.default.rule : `\`${setting.default.text}\``;
}

function main(): void {
  const { check } = commandLine('configuration-page', 'Write docs/configuration.md from config.ts.')
    .option('--check', 'write nothing, and fail when the page differs')
    .parse()
    .opts<{ check?: true }>();
  const page = configurationPage();
  if (!check) {
    writeFileSync(CONFIGURATION_PAGE, page);
    return;
  }
  if (readFileSync(CONFIGURATION_PAGE, 'utf8') === page) return;
  console.error('docs/configuration.md does not match config.ts: run `npm run generate`.');
  process.exitCode = 1;
}

if (require.main === module) main();
