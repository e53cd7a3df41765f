/**
 * `npm run bench -- <benchmark>` compares the product with the best possible result, on one server in one run.
 *
 * Absolute figures depend on the machine. Ratios can be compared between machines.
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import { benchActivate } from './activate';
import { benchBilling } from './billing';
import { benchBoundaries } from './boundaries';
import { benchCertificates } from './certificates';
import { benchGeneration } from './generation';
import { benchGrab } from './grab';
import { benchImport } from './import';
import { benchInline } from './inline';
import { benchLivez } from './livez';
import { openMeasuredStack } from './measured-stack';
import type { MeasuredStack } from './measured-stack';
import { benchPages } from './pages';
import { benchPartnerCall } from './partner-call';
import { benchPeers } from './peers';
import { benchPoolGeneration } from './pool-generation';
import { createReport } from './report';
import type { Report } from './report';
import { benchRows } from './rows';
import { benchSearch } from './search';
import { benchValidate } from './validate';
import { benchWebhooks } from './webhooks';

interface CommonOptions {
  json: boolean;
  stack?: string;
  temporal: 'dev' | 'postgres';
  pairs?: number;
}

const SIZES = [10_000, 100_000, 1_000_000];
const PEERS_LICENSES = 100_000;
const CELL_SECONDS = 2;
const ROWS_LICENSES = 200_000;
const MANY_CONTRACTS = 500;
const BURST_EVENTS = 10;
const SEARCHED_LICENSES = 1_000_000;
const MATCHES = [50, 3_050, 11_631];
const STREAMS = [40, 200];
const FILE_LICENSES = 200_000;
const LIVEZ_SECONDS = 5;
const IMPORTED_LICENSES = 1_000_000;
const POOL_LICENSES = 100_000;
const VALIDATED_LICENSES = 1_000_000;
const ACTIVATED_LICENSES = 100_000;
const ENDPOINTS = [1, 10, 100];
const DELIVERIES = 10_000;
const OWED_DELIVERIES = 100_000;
const SHOWN_CONTRACTS = 10_000;
const SHOWN_LICENSES = 1_000_000;

void main();

async function main(): Promise<void> {
  const program = new Command('npm run bench --').description(
    'Compares Covenant with the best that the same server can reach. Each benchmark starts a stack of its own and removes it.',
  );
  addBenchmark(
    program,
    'generation',
    'bulk jobs, from the HTTP request to SUCCEEDED, compared with a bare loop of inserts',
  )
    .option('--sizes <counts>', 'licenses of a job, separated by commas', wholeNumbers, SIZES)
    .option('--pool', 'compare jobs of the first size for a pool with those for another contract', false)
    .action((options: CommonOptions & { sizes: number[]; pool: boolean }) =>
      runOnStack(options, (stack, report) => {
        const { sizes, pairs } = options;
        return options.pool
          ? benchPoolGeneration(stack, { licenses: sizes[0] ?? POOL_LICENSES, pairs }, report)
          : benchGeneration(stack, { sizes, pairs }, report);
      }),
    );
  program
    .command('certificates')
    .description(
      'certificates that a stream signs in a second, compared with node:crypto alone on all cores; without a server',
    )
    .option('--json', 'print one line of JSON to standard output, and the table to standard error', false)
    .addOption(new Option('--pairs <count>', 'the number of measured pairs').argParser(wholeNumber))
    .option('--seconds <seconds>', 'the duration of each side of a pair', wholeNumber, CELL_SECONDS)
    .action(({ json, ...options }: { json: boolean; seconds: number; pairs: number | undefined }) =>
      benchCertificates(options, createReport(json)),
    );
  addBenchmark(program, 'peers', 'the same job through pg-boss, graphile-worker and a bare loop')
    .option('--licenses <count>', 'licenses of the job', wholeNumber, PEERS_LICENSES)
    .action((options: CommonOptions & { licenses: number }) =>
      runOnStack(options, (stack, report) =>
        benchPeers(stack, { licenses: options.licenses, rounds: options.pairs }, report),
      ),
    );
  addBenchmark(
    program,
    'inline',
    'requests for 1 and for 50 licenses, compared with the bare insert and the bare grant',
  )
    .option('--seconds <seconds>', 'the duration of each side of a pair', wholeNumber, CELL_SECONDS)
    .action((options: CommonOptions & { seconds: number }) =>
      runOnStack(options, (stack, report) =>
        benchInline(stack, { seconds: options.seconds, pairs: options.pairs }, report),
      ),
    );
  addBenchmark(
    program,
    'partner-call',
    "rate-limited requests by a contract's API key, compared with the bare grant and with requests of an admin",
  )
    .option('--seconds <seconds>', 'the duration of each side of a pair', wholeNumber, CELL_SECONDS)
    .action((options: CommonOptions & { seconds: number }) =>
      runOnStack(options, (stack, report) =>
        benchPartnerCall(stack, { seconds: options.seconds, pairs: options.pairs }, report),
      ),
    );
  addBenchmark(
    program,
    'grab',
    'orders of one pool, compared with the bare update by id and with the bare merged statement',
  )
    .option('--licenses <count>', 'licenses of the pool', wholeNumber, POOL_LICENSES)
    .option('--seconds <seconds>', 'the duration of each side of a round', wholeNumber, CELL_SECONDS)
    .action((options: CommonOptions & { licenses: number; seconds: number }) =>
      runOnStack(options, (stack, report) => benchGrab(stack, { ...options, rounds: options.pairs }, report)),
    );
  addBenchmark(program, 'validate', 'validation of license keys, compared with the bare query and with stock Express')
    .option('--licenses <count>', 'licenses in the table', wholeNumber, VALIDATED_LICENSES)
    .option('--seconds <seconds>', 'the duration of each side of a round', wholeNumber, CELL_SECONDS)
    .action((options: CommonOptions & { licenses: number; seconds: number }) =>
      runOnStack(options, (stack, report) => benchValidate(stack, { ...options, rounds: options.pairs }, report)),
    );
  addBenchmark(program, 'activate', 'first activations of licenses on devices, compared with the bare statement')
    .option('--licenses <count>', 'licenses in the table', wholeNumber, ACTIVATED_LICENSES)
    .option('--seconds <seconds>', 'the duration of each side of a round', wholeNumber, CELL_SECONDS)
    .action((options: CommonOptions & { licenses: number; seconds: number }) =>
      runOnStack(options, (stack, report) => benchActivate(stack, { ...options, rounds: options.pairs }, report)),
    );
  addBenchmark(program, 'import', 'imports of existing licenses from a file, compared with COPY of the same rows')
    .option('--licenses <count>', 'rows of the file', wholeNumber, IMPORTED_LICENSES)
    .action((options: CommonOptions & { licenses: number }) =>
      runOnStack(options, (stack, report) =>
        benchImport(stack, { licenses: options.licenses, pairs: options.pairs }, report),
      ),
    );
  addBenchmark(program, 'webhooks', 'deliveries to a receiver on this machine, compared with a bare loop of requests')
    .option('--endpoints <counts>', 'endpoints, separated by commas', wholeNumbers, ENDPOINTS)
    .option('--deliveries <count>', 'deliveries of each round', wholeNumber, DELIVERIES)
    .option('--owed <count>', 'deliveries that are owed while licenses are requested', wholeNumber, OWED_DELIVERIES)
    .option('--seconds <seconds>', 'the duration of each side of a pair of requests', wholeNumber, CELL_SECONDS)
    .action((options: CommonOptions & { endpoints: number[]; deliveries: number; owed: number; seconds: number }) =>
      runOnStack(options, (stack, report) => benchWebhooks(stack, { ...options, rounds: options.pairs }, report)),
    );
  addBenchmark(
    program,
    'pages',
    'the admin pages in Chromium: bytes of the first load, time until lists are shown, time from input to paint',
  )
    .option('--contracts <count>', 'contracts in the lists', wholeNumber, SHOWN_CONTRACTS)
    .option('--licenses <count>', 'licenses in the table', wholeNumber, SHOWN_LICENSES)
    .action((options: CommonOptions & { contracts: number; licenses: number }) =>
      runOnStack(options, (stack, report) => benchPages(stack, { ...options, rounds: options.pairs }, report)),
    );
  addBenchmark(program, 'rows', "the cost of a license's row with foreign keys, more columns and more indexes")
    .option('--licenses <count>', 'licenses of each shape', wholeNumber, ROWS_LICENSES)
    .action((options: CommonOptions & { licenses: number }) =>
      runOnStack(options, (stack, report) =>
        benchRows(stack, { licenses: options.licenses, rounds: options.pairs }, report),
      ),
    );
  addBenchmark(program, 'billing', 'bursts of signed billing events for many contracts, compared with the bare insert')
    .option('--contracts <count>', 'contracts that receive events', wholeNumber, MANY_CONTRACTS)
    .option('--events <count>', 'events for each contract', wholeNumber, BURST_EVENTS)
    .action((options: CommonOptions & { contracts: number; events: number }) =>
      runOnStack(options, (stack, report) =>
        benchBilling(stack, { contracts: options.contracts, events: options.events, pairs: options.pairs }, report),
      ),
    );
  addBenchmark(program, 'boundaries', 'contracts with a boundary in the same second, compared with the bare update')
    .option('--contracts <count>', 'contracts that are settled', wholeNumber, MANY_CONTRACTS)
    .option('--no-temporal-alone', 'do not measure Temporal alone, which takes longer than the rest')
    .action((options: CommonOptions & { contracts: number; temporalAlone: boolean }) =>
      runOnStack(options, (stack, report) =>
        benchBoundaries(
          stack,
          { contracts: options.contracts, pairs: options.pairs, temporal_alone: options.temporalAlone },
          report,
        ),
      ),
    );
  addBenchmark(
    program,
    'search',
    'a page of the licenses whose keys have the same prefix, compared with the bare index range',
  )
    .option('--licenses <count>', 'licenses in the table, about 28 of each job', wholeNumber, SEARCHED_LICENSES)
    .option('--matches <counts>', 'numbers of keys with the same prefix, separated by commas', wholeNumbers, MATCHES)
    .action((options: CommonOptions & { licenses: number; matches: number[] }) =>
      runOnStack(options, (stack, report) =>
        benchSearch(stack, { licenses: options.licenses, matches: options.matches, pairs: options.pairs }, report),
      ),
    );
  addBenchmark(program, 'livez', '/livez while clients download CSV files or follow a job, compared with /livez alone')
    .option('--streams <counts>', 'parallel streams, separated by commas', wholeNumbers, STREAMS)
    .option('--licenses <count>', 'licenses in the downloaded file', wholeNumber, FILE_LICENSES)
    .option('--seconds <seconds>', 'the duration of each round', wholeNumber, LIVEZ_SECONDS)
    .action((options: CommonOptions & { streams: number[]; licenses: number; seconds: number }) =>
      runOnStack(options, (stack, report) =>
        benchLivez(
          stack,
          {
            streams: options.streams,
            licenses: options.licenses,
            seconds: options.seconds,
            rounds: options.pairs,
          },
          report,
        ),
      ),
    );
  try {
    await program.parseAsync();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}

function addBenchmark(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option('--json', 'print one line of JSON to standard output, and the table to standard error', false)
    .addOption(new Option('--pairs <count>', 'the number of measured pairs').argParser(wholeNumber))
    .addOption(
      new Option(
        '--temporal <server>',
        "the Temporal server: the development server on a file, or the production server on the stack's Postgres, which Go builds once in several minutes",
      )
        .choices(['dev', 'postgres'])
        .default('dev')
        .conflicts('stack'),
    )
    .option(
      '--stack <dev.json>',
      'measure a running stack; the contracts of the benchmark remain in it, so use a disposable stack',
    );
}

async function runOnStack(
  options: CommonOptions,
  run: (stack: MeasuredStack, report: Report) => Promise<void>,
): Promise<void> {
  const report = createReport(options.json);
  const choice = {
    devFile: options.stack,
    temporalStore: options.temporal === 'postgres' ? 'postgres' : 'file',
  } as const;
  const stack = await openMeasuredStack(choice, (sentence) => report.progress(sentence));
  try {
    await run(stack, report);
  } finally {
    await stack.end();
  }
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d{1,9}$/.test(text) || value === 0) throw new InvalidArgumentError('must be a whole number from 1');
  return value;
}

function wholeNumbers(text: string): number[] {
  return text.split(',').map(wholeNumber);
}
