/** The commands of README.md, run as a reader pastes them: all of them in one shell. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startManagedProcess } from '../../dev/managed-process';

/** A fenced block of shell commands. */
export interface ReadmeCommands {
  /** The heading above the block. */
  section: string;
  commands: string;
  /** The block below, if README shows what the commands print; `…` stands for any text. */
  printed: string | undefined;
}

const FENCE = /^(?:#+ (?<section>.+)|```(?<language>\w*)\n(?<text>[\s\S]*?)^```)$/gm;
/** Printed between the blocks, and by no command of a README: the record separator of ASCII. */
const SEPARATOR = '\u001e';

/** The shell blocks of a document, in their order. */
export function readCommands(file: string): ReadmeCommands[] {
  const blocks: ReadmeCommands[] = [];
  let section = '';
  for (const { groups } of readFileSync(file, 'utf8').matchAll(FENCE)) {
    const { language, text = '' } = groups ?? {};
    const last = blocks.at(-1);
    if (language === undefined) section = groups?.['section'] ?? '';
    else if (language === 'sh') blocks.push({ section, commands: text, printed: undefined });
    else if (last?.section === section) last.printed ??= text;
  }
  return blocks;
}

/**
 * Runs the blocks in one `bash -eu` and returns what each printed. Throws when a command fails, or when the time is over. Keeps a log of
 * the output in `cwd`.
 */
export async function runCommands(
  blocks: readonly ReadmeCommands[],
  options: { cwd: string; env: NodeJS.ProcessEnv; timeout_ms: number },
): Promise<string[]> {
  const { cwd, env, timeout_ms } = options;
  // A command that fails inside a chain of `&&` does not end `bash -e`; the test behind each block does.
  const script = blocks.map(({ commands }) => `${commands}[ $? -eq 0 ]\n`).join(`printf '${SEPARATOR}'\n`);
  const logFile = join(cwd, 'readme.log');
  const complaints: string[] = [];
  // Its watchdog ends it with this process: a loop of README.md could wait forever.
  const shell = await startManagedProcess({
    name: 'bash',
    command: 'bash',
    args: ['-eu', '-o', 'pipefail', '-c', script],
    cwd,
    env,
    logFile,
    onLine: (line) => complaints.push(line),
    stopSignal: 'SIGKILL',
    graceMs: 0,
  });
  const timer = setTimeout(() => void shell.stop(), timeout_ms);
  const { code, signal } = await shell.exited;
  clearTimeout(timer);
  const printed = readFileSync(logFile, 'utf8').split(SEPARATOR);
  if (code === 0) return printed;
  const failed = blocks[printed.length - 1]?.commands ?? '';
  throw new Error(
    `bash ended with ${code ?? signal} in:\n${failed}\nIt printed:\n${printed.at(-1)}\n${complaints.join('\n')}`,
  );
}

/** Text that is compared without white space, because README breaks long answers into lines. */
export function withoutSpace(text: string): string {
  return text.replaceAll(/\s+/g, '');
}

/** Matches {@link withoutSpace} of what a block may print. */
export function patternOf(printed: string): RegExp {
  const parts = withoutSpace(printed).split('…');
  return new RegExp(`^${parts.map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('.*')}$`);
}
