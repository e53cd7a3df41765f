/**
 * `covenant import`: imports a file of existing licenses through the API, follows the import, and saves its report.
 *
 * The API knows a file again, so the same command continues after an interruption: it follows the import that runs, or gets its report.
 */
import { stat } from 'node:fs/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import { JOB_STATES, isUnfinished } from '../domain/generation/generation-job';
import { DUPLICATE_RULES } from '../domain/import/import';
import type { DuplicateRule } from '../domain/import/import';
import { createApiClient } from './api-client';
import type { ApiClient } from './api-client';
import { CommandFailure } from './command-failure';
import { startProgress } from './progress-line';
import { readClientSettings } from './settings';

interface ImportOptions {
  dryRun?: true;
  duplicates: DuplicateRule;
  report?: string;
}

const Counts = z.object({ imported: z.int(), skipped: z.int(), rejected: z.int(), pending: z.int() });
const NotImported = z.object({ row: z.int(), key: z.string().nullable(), code: z.string(), message: z.string() });
const CheckedFile = z.object({ rows: z.int(), counts: Counts, not_imported: z.array(NotImported) });
const Import = CheckedFile.extend({ id: z.uuid(), state: z.enum(JOB_STATES), replayed: z.boolean().optional() });
type Import = z.infer<typeof Import>;

const MEBIBYTE = 1024 * 1024;

export function importCommand(): Command {
  return new Command('import')
    .description(
      'Import existing licenses from a CSV file into a contract (docs/migrate.md), through the API at COVENANT_PUBLIC_URL. Exits with 1 when a row is rejected.',
    )
    .argument('<contract>', 'the id of the contract', parseId)
    .argument('<file>', 'the file; one that ends with .gz is sent compressed')
    .option('--dry-run', 'show what the import would do, and change nothing')
    .addOption(
      new Option('--duplicates <rule>', 'whether a row whose key the contract has already is an error')
        .choices(DUPLICATE_RULES)
        .default('reject'),
    )
    .option('--report <path>', 'where to save what became of each row (default: the file, ending with .report.csv)')
    .addHelpText(
      'after',
      '\nThe API key of an admin is read from COVENANT_API_KEY.\n\nExample:\n  covenant import 0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f licenses.csv.gz --dry-run',
    )
    .action(runImport);
}

async function runImport(contract_id: string, file: string, options: ImportOptions): Promise<void> {
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  process.once('SIGINT', interrupt);
  const client = createApiClient(readClientSettings(process.env), interrupted.signal);
  const path = `/contracts/${contract_id}/licenses/import`;
  /** Does a part of the work. After an interruption or an expected failure, `advice` says how to go on. */
  async function step<T>(advice: { interrupted: string; failed?: string }, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (interrupted.signal.aborted) throw new CommandFailure(`Interrupted. ${advice.interrupted}`);
      if (advice.failed === undefined || !(error instanceof CommandFailure)) throw error;
      throw new CommandFailure(`${error.message} ${advice.failed}`);
    }
  }

  try {
    if (options.dryRun) {
      const unchanged = { interrupted: 'Nothing was changed.' };
      reportDryRun(await step(unchanged, () => send(client, path, file, options, CheckedFile)));
      return;
    }
    const repeat =
      'If the file had arrived completely, it is imported. Run the same command again: it continues there, or sends the file again.';
    const begun = await step({ interrupted: repeat }, () => send(client, path, file, options, Import));
    if (begun.replayed) console.error(`The file was sent before. This is its import ${begun.id}.`);
    const import_path = `${path}/${begun.id}`;
    const report = options.report ?? reportPathOf(file);
    const failed = `The import ${begun.id} continues without this command. Run the same command again to follow it and to save its report.`;
    const advice = { failed, interrupted: `${failed} To stop it: POST /api/v1${import_path}/cancel.` };
    const ended = await step(advice, async () => {
      const last = await follow(client, import_path, begun);
      await client.download(`${import_path}/report.csv`, report);
      return last;
    });
    reportImport(ended, { report, path: `/api/v1${import_path}` });
  } finally {
    process.off('SIGINT', interrupt);
  }
}

async function send<T>(
  client: ApiClient,
  path: string,
  file: string,
  { dryRun, duplicates }: ImportOptions,
  shape: z.ZodType<T>,
): Promise<T> {
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) throw new CommandFailure(`There is no file ${file}.`);
  const { size: bytes } = found;
  const progress = startProgress((sent) => `sent ${mebibytes(sent)} of ${mebibytes(bytes)} MiB`, bytes);
  try {
    const sent = { path: file, bytes, content_type: 'text/csv', is_gzip: /\.gz$/i.test(file), onSent: progress.show };
    return await client.upload(`${path}?duplicates=${duplicates}${dryRun ? '&dry_run=true' : ''}`, sent, shape);
  } finally {
    progress.end();
  }
}

/** Follows an import to its end. A stream that is closed before is opened again. */
async function follow(client: ApiClient, path: string, begun: Import): Promise<Import> {
  if (!isUnfinished(begun.state)) return begun;
  const { rows } = begun;
  const progress = startProgress((decided) => `${decided} of ${rows} rows`, rows);
  try {
    for (;;) {
      for await (const { event, data } of client.follow(`${path}/progress`)) {
        if (event !== 'progress' && event !== 'end') continue;
        const { state, counts } = Import.parse(JSON.parse(data));
        progress.show(rows - counts.pending);
        if (state === 'PAUSED') progress.say('paused, because the contract generates no licenses now');
        if (event === 'end') return await client.read(path, Import);
      }
    }
  } finally {
    progress.end();
  }
}

function reportDryRun({ rows, counts, not_imported }: z.infer<typeof CheckedFile>): void {
  const { imported, skipped, rejected } = counts;
  console.log(`Would import ${imported}, skip ${skipped} and reject ${rejected} of ${rows} rows. Nothing was changed.`);
  for (const { row, key, code, message } of not_imported)
    console.log(`  row ${row}${key === null ? '' : ` (${key})`}: ${code}: ${message}`);
  const further = skipped + rejected - not_imported.length;
  if (further > 0) console.log(`  and ${further} more, which the report of the import names`);
  if (rejected > 0) throw new CommandFailure(`${rejected} of ${rows} rows would be rejected.`);
}

function reportImport({ id, state, rows, counts }: Import, { report, path }: { report: string; path: string }): void {
  const { imported, skipped, rejected, pending } = counts;
  console.log(`Import ${id}: ${imported} imported, ${skipped} skipped and ${rejected} rejected of ${rows} rows.`);
  console.log(`What became of each row: ${report}`);
  if (pending > 0)
    throw new CommandFailure(
      `The import is ${state}, and ${pending} rows are not decided. Resume it (POST ${path}/resume), and run the same command again.`,
    );
  if (rejected > 0)
    throw new CommandFailure(
      `${rejected} of ${rows} rows were rejected. Correct them, and import them as a file of their own.`,
    );
}

function reportPathOf(file: string): string {
  return `${file.replace(/(\.csv)?(\.gz)?$/i, '')}.report.csv`;
}

function mebibytes(bytes: number): string {
  return (bytes / MEBIBYTE).toFixed(1);
}

function parseId(given: string): string {
  const id = z.uuid().safeParse(given.trim().toLowerCase());
  if (!id.success) throw new InvalidArgumentError('It must be a UUID, such as 0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f.');
  return id.data;
}
