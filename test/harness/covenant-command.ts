/** Runs the command line `covenant …` as a separate process, as operators do, or the checks of the doctor in this process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { runChecks } from '../../cli/doctor-checks';
import type { Finding } from '../../cli/finding';
import { RUN_SOURCES } from '../../dev/run-sources';
import { expectNoApiKey } from './leaked-keys';

const PROJECT = join(__dirname, '..', '..');
/** A data directory that does not exist, so that commands do not find a developer's stack. */
const NO_STACK = join(PROJECT, 'no-such-data-directory');

/** The commands that print an API key, on standard output. */
const PRINTS_KEY: readonly string[] = ['admin create'];

export interface CommandResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/**
 * Runs `covenant …` with only these settings. The default data directory does not exist. Throws if the command prints an API key
 * where it must not.
 */
export async function runCovenant(
  args: readonly string[],
  settings: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [...RUN_SOURCES, 'cli/main.ts', ...args], {
    cwd: PROJECT,
    env: { PATH, HOME, COVENANT_DATA_DIR: NO_STACK, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const result: CommandResult = { code: null, stdout: '', stderr: '' };
  child.stdout.on('data', (text: Buffer) => (result.stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (result.stderr += text.toString()));
  [result.code] = (await once(child, 'close')) as [number | null];
  expectNoApiKey(result.stderr, `standard error of covenant ${args.join(' ')}`);
  const [noun, verb] = args;
  if (!PRINTS_KEY.includes(`${noun} ${verb}`))
    expectNoApiKey(result.stdout, `the output of covenant ${args.join(' ')}`);
  return result;
}

/** Parses the output of `covenant doctor --json`. Returns the findings by check. */
export function parseFindings(result: CommandResult): Map<string, Finding> {
  const { findings } = JSON.parse(result.stdout) as { findings: Finding[] };
  return new Map(findings.map((finding) => [finding.check, finding]));
}

/** Returns the findings of the doctor by check, for only these settings. Without a process, which takes half a second of CPU. */
export async function findWithDoctor(settings: Readonly<Record<string, string>>): Promise<Map<string, Finding>> {
  const findings = await runChecks({ COVENANT_DATA_DIR: NO_STACK, ...settings });
  return new Map(findings.map((finding) => [finding.check, finding]));
}
