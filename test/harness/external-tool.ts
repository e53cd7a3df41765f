/**
 * Tests that need a program other than Node. Without the program they are skipped on a developer's machine and fail in
 * CI.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { EXTERNAL_TOOLS, findTool } from '../../project/external-tools';
import type { ToolName } from '../../project/external-tools';

/** Declares tests that receive the path of a program. */
export function describeWithTool(name: ToolName, tests: (path: string) => void): void {
  const tool = EXTERNAL_TOOLS.find((one) => one.name === name);
  if (tool === undefined) throw new Error(`There is no external tool ${name}.`);
  const result = findTool(tool);
  if (result.found) return describe(name, () => tests(result.path));
  if (process.env['CI'] !== 'true') return describe.skip(`${name} (${result.why})`, () => tests(''));
  test(`${name} is installed`, () => {
    throw new Error(result.why);
  });
}

/** A process that a test started. */
export interface ToolProcess {
  /** Returns the output so far. */
  output(): string;
  /** Kills the process and resolves when it has ended. */
  stop(): Promise<void>;
}

/** Starts a program. A failed start is part of `output`. */
export function startTool(
  path: string,
  args: readonly string[],
  options: { uid?: number; gid?: number } = {},
): ToolProcess {
  const child: ChildProcess = spawn(path, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const take = (text: Buffer): void => void (output += text.toString());
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      output += error.message;
      resolve();
    });
    child.once('close', () => resolve());
  });
  return {
    output: () => output,
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Runs a program to its end. Returns its exit code, null when it did not start or was killed, and its output. */
export async function runTool(
  path: string,
  args: readonly string[],
  { input, ...options }: { cwd?: string; input?: string } = {},
): Promise<{ code: number | null; output: string }> {
  const child = spawn(path, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
  // A program may end before it has read its input.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  let output = '';
  const take = (text: Buffer): void => void (output += text.toString());
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      output += error.message;
      resolve(null);
    });
    child.once('close', resolve);
  });
  return { code, output };
}
