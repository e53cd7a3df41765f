/** The command line of operators, run as they run it: `covenant …` as a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { RUN_SOURCES } from './run-sources';

const PROJECT = join(__dirname, '..', '..');
/** A data directory that does not exist: commands find no stack of a developer. */
const NO_STACK = join(PROJECT, 'no-such-data-directory');

export interface CommandResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A finding as `covenant doctor --json` prints it. */
export interface DoctorFinding {
  check: string;
  verdict: string;
  detail: string;
  remedy: string | null;
}

/** Runs `covenant …` with these settings and no others; its data directory is empty unless given. */
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
  const ran: CommandResult = { code: null, stdout: '', stderr: '' };
  child.stdout.on('data', (text: Buffer) => (ran.stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (ran.stderr += text.toString()));
  [ran.code] = (await once(child, 'close')) as [number | null];
  return ran;
}

/** What `covenant doctor --json` printed, by its checks. */
export function parseFindings(ran: CommandResult): Map<string, DoctorFinding> {
  const { findings } = JSON.parse(ran.stdout) as { findings: DoctorFinding[] };
  return new Map(findings.map((finding) => [finding.check, finding]));
}
