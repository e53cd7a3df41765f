/**
 * Processes with older time zone rules than the process of the test, which uses those of its Node.
 *
 * Node's time zones come from ICU, which reads the rules from `ICU_TIMEZONE_FILES_DIR` if it is set. With the rules
 * 2023c, days in Almaty begin one hour earlier than with 2024a and later (+06:00, not +05:00), and winter days in
 * Asunción one hour later than with 2025a and later (-04:00, not -03:00).
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { makeRunDirectory } from './run-directory';
import { RUN_SOURCES } from '../../dev/run-sources';
import type { ContractStep, StepResult, ProgramMessage } from './time-zone-rules-program';

export const OLDER_RULES = '2023c';

const FILE = join(__dirname, '..', 'fixtures', `time-zones-${OLDER_RULES}`, 'zoneinfo64.res.br');
const PROGRAM = join(__dirname, 'time-zone-rules-program.ts');

/** Returns the environment variable with which Node uses the older rules. */
export function olderRulesEnvironment(): { ICU_TIMEZONE_FILES_DIR: string } {
  const directory = makeRunDirectory('time-zones');
  writeFileSync(join(directory, 'zoneinfo64.res'), brotliDecompressSync(readFileSync(FILE)));
  return { ICU_TIMEZONE_FILES_DIR: directory };
}

/** A process with its own time zone rules. */
export interface RulesProcess {
  rules: string;
  /** Runs steps one at a time and returns the contract after each. Rejects when a step is refused. */
  act(...acts: ContractStep[]): Promise<StepResult[]>;
  stop(): Promise<void>;
}

/** Starts a process that is connected to a database. `node` is the path of Node. Default: the Node of the test. */
export async function startRulesProcess(
  database_url: string,
  { env, node = process.execPath }: { env?: Record<string, string>; node?: string } = {},
): Promise<RulesProcess> {
  const child = fork(PROGRAM, [database_url], {
    cwd: join(__dirname, '..', '..'),
    execPath: node,
    execArgv: [...RUN_SOURCES],
    env: { PATH: process.env['PATH'], ...env },
  });
  const ended = once(child, 'exit');
  const nextMessage = async (): Promise<ProgramMessage> => {
    const [message] = (await Promise.race([
      once(child, 'message'),
      ended.then(() => [{ failure: 'the process with its own time zone rules has ended' }]),
    ])) as [ProgramMessage];
    return message;
  };
  const start = await nextMessage();
  if (!('rules' in start)) throw new Error('the process with its own time zone rules did not start');
  return {
    rules: start.rules,
    async act(...acts) {
      const all: StepResult[] = [];
      for (const one of acts) {
        const answered = nextMessage();
        child.send(one);
        const answer = await answered;
        if (!('result' in answer)) throw new Error('failure' in answer ? answer.failure : 'no answer');
        all.push(answer.result);
      }
      return all;
    },
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
